"""Kernels that take a row per block: softmax, its logarithm, standardize, cotangents, logsumexp.

A row is read from memory once (its second and third reading find it in the cache) and the result written
once; as a composition each takes five to seven passes. Threads take every 256th element, and their
results meet in a tree, in the same order every time. Values at infinities and NaNs are those of
networks.py and portable.py, which also serve whatever is no row of floats."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .._typing import Array
from . import networks, portable
from .cupy_raw import raw_kernel

__all__ = ["NAMES", "PRELUDE", "THREADS", "TOTAL", "TYPES", "Rows", "as_rows", "source_of"]

TYPES = {"f": "float", "d": "double"}
THREADS = 256

# What rows are computed with; T is their dtype.
PRELUDE = """
typedef TYPE T;

template <typename Combine>
__device__ T over_block(T value, T* shared, Combine combine) {
    shared[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half)
            shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    const T result = shared[0];
    __syncthreads();
    return result;
}

struct Largest {  // a NaN stays one
    __device__ T operator()(T a, T b) const { return (a != a || a > b) ? a : b; }
};

// 0 where g is 0 and r is not finite (rules/edges.py).
__device__ T guarded(T r, T g) { return (r - r == T(0) || g != T(0)) ? r : T(0); }

struct Sum {
    __device__ T operator()(T a, T b) const { return a + b; }
};
"""
# The largest of a row of x, as far as it is finite, and the sum of exponentials less that.
TOTAL = """
    __shared__ T shared[256];
    const T* row = x + blockIdx.x * columns;
    const Largest larger;
    T most = row[threadIdx.x < columns ? threadIdx.x : 0];
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) most = larger(most, row[i]);
    most = over_block(most, shared, larger);
    const T shift = most - most == T(0) ? most : T(0);
    T total = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) total += exp(row[i] - shift);
    total = over_block(total, shared, Sum());
"""
_FORWARD = """
extern "C" __global__ void NAME(const T* __restrict__ x, T* __restrict__ y, long long columns) {
    TOTAL
    RESULT
}
"""
_BACKWARD = """
extern "C" __global__ void NAME(
    const T* __restrict__ g, const T* __restrict__ y, T* __restrict__ r, long long columns
) {
    __shared__ T shared[256];
    g += blockIdx.x * columns;
    y += blockIdx.x * columns;
    r += blockIdx.x * columns;
    T total = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) total += TERM;
    total = over_block(total, shared, Sum());
    for (long long i = threadIdx.x; i < columns; i += blockDim.x)
        r[i] = TERM - guarded(FACTOR * total, total);
}
"""
_MOMENTS = """
    __shared__ T shared[256];
    x += blockIdx.x * columns;
    r += blockIdx.x * columns;
    T total = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) total += x[i];
    const T mean = over_block(total, shared, Sum()) / T(columns);
    total = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x)
        total += (x[i] - mean) * (x[i] - mean);
    const T scale = sqrt(over_block(total, shared, Sum()) / T(columns) + T(epsilon));
"""
_STANDARDIZE = """
extern "C" __global__ void NAME(
    const T* __restrict__ x, T* __restrict__ r, long long columns, double epsilon
) {
    MOMENTS
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) r[i] = (x[i] - mean) / scale;
}
"""
_STANDARDIZE_COTANGENT = """
extern "C" __global__ void NAME(
    const T* __restrict__ g, const T* __restrict__ x, T* __restrict__ r, long long columns,
    double epsilon
) {
    MOMENTS
    g += blockIdx.x * columns;
    T sum = T(0);
    total = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) {
        sum += g[i];
        total += guarded(g[i] * ((x[i] - mean) / scale), g[i]);
    }
    const T shift = over_block(sum, shared, Sum()) / T(columns);
    const T inner = over_block(total, shared, Sum()) / T(columns);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) {
        const T part = g[i] - shift - guarded((x[i] - mean) / scale * inner, inner);
        r[i] = guarded(part / scale, part);
    }
}
"""
_EACH = """T* target = y + blockIdx.x * columns;
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) target[i] = VALUE;"""
_RESULTS = {
    "softmax": _EACH.replace("VALUE", "exp(row[i] - shift) / total"),
    "log_softmax": "const T rest = log(total);\n    "
    + _EACH.replace("VALUE", "(row[i] - shift) - rest"),
    "logsumexp": "if (threadIdx.x == 0) y[blockIdx.x] = log(total) + shift;",
}


# What is summed, and what the sum is multiplied with.
_TERMS = {
    "softmax_cotangent": ("guarded(g[i] * y[i], g[i])", "y[i]"),
    "log_softmax_cotangent": ("g[i]", "exp(y[i])"),
}
_STANDARD = {"standardize": _STANDARDIZE, "standardize_cotangent": _STANDARDIZE_COTANGENT}
NAMES = (*_RESULTS, *_TERMS, *_STANDARD)


def source_of(name: str, character: str) -> str:
    """The text of a kernel for a dtype, by numpy's character."""
    if name in _TERMS:
        term, factor = _TERMS[name]
        kernel = _BACKWARD.replace("TERM", term).replace("FACTOR", factor)
    elif name in _STANDARD:
        kernel = _STANDARD[name].replace("MOMENTS", _MOMENTS)
    else:
        kernel = _FORWARD.replace("TOTAL", TOTAL).replace("RESULT", _RESULTS[name])
    text = PRELUDE + kernel.replace("NAME", f"xgrad_{name}")
    return text.replace("TYPE", TYPES[character])


class Rows:
    """What cupy's backend has a kernel for; a part of its `Own`."""

    def softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
        rows = as_rows(xp, x, axis)
        if rows is None:
            return networks.softmax(xp, x, axis=axis)
        return _run("softmax", xp._namespace.empty_like(rows), rows).reshape(x.shape)

    def log_softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
        rows = as_rows(xp, x, axis)
        if rows is None:
            return networks.log_softmax(xp, x, axis=axis)
        return _run("log_softmax", xp._namespace.empty_like(rows), rows).reshape(x.shape)

    def softmax_cotangent(xp: Any, g: Array, y: Array, *, axis: Any) -> Array:
        rows = _pair(xp, g, y, axis)
        if rows is None:
            return networks.softmax_cotangent(xp, g, y, axis=axis)
        return _run("softmax_cotangent", xp._namespace.empty_like(rows[0]), *rows).reshape(y.shape)

    def log_softmax_cotangent(xp: Any, g: Array, y: Array, *, axis: Any) -> Array:
        rows = _pair(xp, g, y, axis)
        if rows is None:
            return networks.log_softmax_cotangent(xp, g, y, axis=axis)
        made = xp._namespace.empty_like(rows[0])
        return _run("log_softmax_cotangent", made, *rows).reshape(y.shape)

    def standardize(xp: Any, x: Array, *, axis: tuple[int, ...], epsilon: float) -> Array:
        rows = as_rows(xp, x, axis)
        if rows is None:
            return networks.standardize(xp, x, axis=axis, epsilon=epsilon)
        made = xp._namespace.empty_like(rows)
        return _run("standardize", made, rows, more=(np.float64(epsilon),)).reshape(x.shape)

    def standardize_cotangent(
        xp: Any, g: Array, x: Array, *, axis: tuple[int, ...], epsilon: float
    ) -> Array:
        rows = _pair(xp, g, x, axis)
        if rows is None:
            return networks.standardize_cotangent(xp, g, x, axis=axis, epsilon=epsilon)
        made = xp._namespace.empty_like(rows[0])
        more = (np.float64(epsilon),)
        return _run("standardize_cotangent", made, *rows, more=more).reshape(x.shape)

    def logsumexp(xp: Any, x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        rows = as_rows(xp, x, axis)
        if rows is None:
            return portable.logsumexp(xp, x, axis=axis, keepdims=keepdims)
        y = _run("logsumexp", xp._namespace.empty(rows.shape[:1], dtype=x.dtype), rows)
        left = x.shape[: x.ndim - _count(x, axis)]
        return y.reshape(left + (1,) * (x.ndim - len(left)) if keepdims else left)


def _count(x: Array, axis: Any) -> int:
    return x.ndim if axis is None else 1 if isinstance(axis, int) else len(axis)


def as_rows(xp: Any, x: Array, axis: Any) -> Array | None:
    """x as rows along the axes, contiguous; None where they are not the last ones."""
    count = _count(x, axis)
    axes = axis if isinstance(axis, tuple) else range(x.ndim) if axis is None else (axis,)
    last = set(range(x.ndim - count, x.ndim))
    if x.dtype.char not in TYPES or 0 in x.shape or not count or {a % x.ndim for a in axes} != last:
        return None
    columns = math.prod(x.shape[x.ndim - count :])
    return xp._namespace.ascontiguousarray(x).reshape(-1, columns)


def _pair(xp: Any, g: Array, y: Array, axis: Any) -> tuple[Array, Array] | None:
    if g.dtype != y.dtype or g.shape != y.shape:
        return None
    rows, others = as_rows(xp, g, axis), as_rows(xp, y, axis)
    return None if rows is None or others is None else (rows, others)


def _run(name: str, result: Array, *rows: Array, more: tuple[Any, ...] = ()) -> Array:
    count, columns = rows[0].shape
    kernel = _kernel(name, rows[0].dtype.char)
    kernel((count,), (THREADS,), (*rows, result, np.int64(columns), *more))
    return result


@functools.cache
def _kernel(name: str, character: str) -> Any:
    return raw_kernel(source_of(name, character), f"xgrad_{name}")
