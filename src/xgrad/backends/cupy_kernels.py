"""CUDA kernels, one launch each, as cupy's ElementwiseKernel compiles them when they are first used.

Guards against 0 times infinity are here because nothing may be read back: on the host a look at the
result decides whether there is anything to guard against; here a thread looks at its element and
repairs it. Segments are what scatters are made of (cupy_scatter.py)."""

from __future__ import annotations

import functools
from typing import Any

from .._typing import Array
from .cupy_raw import elementwise_kernel

__all__ = ["SOURCES", "absorbing_matmul", "combine_segments", "kernel", "zero_where_zero"]

# `r - r == 0` asks whether r is finite, in a way that real, complex and half numbers understand.
_ZERO_WHERE_ZERO = "y = (r - r == T(0) || g != G(0)) ? r : T(0);"

# The product without the terms in which the cotangent is zero, where the whole is not finite.
_WITHOUT_ZEROS = """
    if (!(y - y == T(0))) {
        long long column = i % columns, row = i / columns % rows, stack = i / (rows * columns);
        T total = T(0);
        for (long long k = 0; k < inner; ++k) {
            const T a = x1[(stack * rows + row) * inner + k];
            const T b = x2[(stack * inner + k) * columns + column];
            if ((zeros ? b : a) != T(0)) total += a * b;
        }
        y = total;
    }"""

# Every element of y and the elements of v that belong to it, in the order in which they were given.
_SEGMENTS = """
    const long long slot = i / width, column = i % width;
    T total = y;
    for (long long k = first[slot]; k < first[slot + 1]; ++k) {
        const T value = v[order[k] * width + column];
        COMBINE
    }
    y = total;"""
_COMBINE = {
    "add": "total += value;",
    "multiply": "total *= value;",
    "max": "if (value > total || value != value) total = value;",
    "min": "if (value < total || value != value) total = value;",
}

# Name of the kernel: inputs, outputs, operation.
SOURCES = {
    "xgrad_zero_where_zero": ("T r, G g", "T y", _ZERO_WHERE_ZERO),
    "xgrad_without_zeros": (
        "raw T x1, raw T x2, int64 rows, int64 columns, int64 inner, int32 zeros",
        "T y",
        _WITHOUT_ZEROS,
    ),
} | {
    f"xgrad_segments_{mode}": (
        "raw T v, raw int64 order, raw int64 first, int64 width",
        "T y",
        _SEGMENTS.replace("COMBINE", text),
    )
    for mode, text in _COMBINE.items()
}


def zero_where_zero(xp: Any, r: Array, g: Array) -> Array:
    """r, with 0 where g is 0 and r is not finite (portable.py)."""
    return kernel("xgrad_zero_where_zero")(r, g) if r.size else r


def absorbing_matmul(xp: Any, x1: Array, x2: Array, *, zeros: int) -> Array:
    """matmul where a zero of operand number `zeros` times anything is zero (contraction.py)."""
    y = xp.matmul(x1, x2)
    if y.size == 0:
        return y
    stack = y.shape[:-2]
    x1 = xp.broadcast_to(x1.astype(y.dtype, copy=False), stack + x1.shape[-2:])
    x2 = xp.broadcast_to(x2.astype(y.dtype, copy=False), stack + x2.shape[-2:])
    sizes = (x1.shape[-2], x2.shape[-1], x1.shape[-1])
    kernel("xgrad_without_zeros")(x1, x2, *sizes, zeros, y)
    return y


def combine_segments(out: Array, rows: Array, order: Array, first: Array, mode: str) -> None:
    """Combine row i of out with rows[order[first[i]:first[i + 1]]], in place.

    `out` and `rows` are (n, columns); `order` and `first` are int64."""
    kernel(f"xgrad_segments_{mode}")(rows, order, first, rows.shape[1], out)


@functools.cache
def kernel(name: str) -> Any:
    """The kernel of a name in `SOURCES`."""
    return elementwise_kernel(*SOURCES[name], name)
