"""CUDA kernels that a GPU needs because nothing may be read back: guards against 0 times infinity.

On the host a look at the result decides whether there is anything to guard against; here a kernel
looks, element by element, and repairs what it finds. One launch each."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from .._typing import Array

__all__ = ["absorbing_matmul", "zero_where_zero"]

# `r - r == 0` asks whether r is finite, in a way that real, complex and half numbers understand.
ZERO_WHERE_ZERO = "y = (r - r == T(0) || g != G(0)) ? r : T(0);"

# The product without the terms in which the cotangent is zero, where the whole is not finite.
WITHOUT_ZEROS = """
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


def zero_where_zero(xp: Any, r: Array, g: Array) -> Array:
    """r, with 0 where g is 0 and r is not finite (portable.py)."""
    return _kernel("T r, G g", "T y", ZERO_WHERE_ZERO, "xgrad_zero_where_zero")(r, g)


def absorbing_matmul(xp: Any, x1: Array, x2: Array, *, zeros: int) -> Array:
    """matmul where a zero of operand number `zeros` times anything is zero (contraction.py)."""
    y = xp.matmul(x1, x2)
    if y.size == 0:
        return y
    stack = y.shape[:-2]
    x1 = xp.broadcast_to(x1.astype(y.dtype, copy=False), stack + x1.shape[-2:])
    x2 = xp.broadcast_to(x2.astype(y.dtype, copy=False), stack + x2.shape[-2:])
    sizes = (x1.shape[-2], x2.shape[-1], x1.shape[-1])
    _kernel(
        "raw T x1, raw T x2, int64 rows, int64 columns, int64 inner, int32 zeros",
        "T y",
        WITHOUT_ZEROS,
        "xgrad_without_zeros",
    )(x1, x2, *sizes, zeros, y)
    return y


@functools.cache
def _kernel(inputs: str, outputs: str, operation: str, name: str) -> Any:
    return importlib.import_module("cupy").ElementwiseKernel(inputs, outputs, operation, name)
