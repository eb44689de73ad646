"""Cross entropies as CUDA kernels, one forward and one backward: a block of threads per row of logits.

Nothing but the logits is kept: the way back finds the largest of a row and the sum of exponentials
again, which costs a reading of what is in the cache. Values at infinities, NaNs and labels that choose
nothing are those of cross_entropy.py, which also serves what is no row of floats."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._typing import Array
from . import cross_entropy as portable
from .cupy_raw import raw_kernel
from .cupy_rows import PRELUDE, THREADS, TOTAL, TYPES, as_rows
from .options import options

__all__ = ["INDICES", "NAMES", "CrossEntropies", "source_of"]

INDICES = {"int32": "int", "int64": "long long"}

_DENSE = """
extern "C" __global__ void NAME(
    const T* __restrict__ x, const T* __restrict__ labels, T* __restrict__ y, long long columns
) {
    TOTAL
    const T rest = log(total);
    labels += blockIdx.x * columns;
    T sum = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) {
        const T value = (row[i] - shift) - rest;
        const bool infinite = value < T(0) && !(value - value == T(0));
        if (!(infinite && labels[i] == T(0))) sum += labels[i] * value;
    }
    sum = over_block(sum, shared, Sum());
    if (threadIdx.x == 0) y[blockIdx.x] = T(0) - sum;
}
"""
_DENSE_COTANGENT = """
extern "C" __global__ void NAME(
    const T* __restrict__ g, const T* __restrict__ x, const T* __restrict__ labels,
    T* __restrict__ r, long long columns
) {
    TOTAL
    labels += blockIdx.x * columns;
    r += blockIdx.x * columns;
    T sum = T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) sum += labels[i];
    sum = over_block(sum, shared, Sum());
    const T seed = g[blockIdx.x];
    for (long long i = threadIdx.x; i < columns; i += blockDim.x) {
        const T part = guarded(exp(row[i] - shift) / total * sum, sum);
        r[i] = guarded(seed * (part - labels[i]), seed);
    }
}
"""
_SPARSE = """
extern "C" __global__ void NAME(
    const T* __restrict__ x, const INDEX* __restrict__ indices, T* __restrict__ y,
    long long columns, int ignores, long long ignored
) {
    TOTAL
    if (threadIdx.x == 0) {
        const long long place = indices[blockIdx.x];
        T value = T(0);
        if (!(ignores && place == ignored))
            value = place < 0 ? T(0) / T(0) : log(total) - (row[place % columns] - shift);
        y[blockIdx.x] = value;
    }
}
"""
_SPARSE_COTANGENT = """
extern "C" __global__ void NAME(
    const T* __restrict__ g, const T* __restrict__ x, const INDEX* __restrict__ indices,
    T* __restrict__ r, long long columns, int ignores, long long ignored
) {
    TOTAL
    r += blockIdx.x * columns;
    const long long label = indices[blockIdx.x];
    const bool chosen = label >= 0 && !(ignores && label == ignored);
    const long long place = chosen ? label % columns : -1;
    const T seed = chosen ? g[blockIdx.x] : T(0);
    for (long long i = threadIdx.x; i < columns; i += blockDim.x)
        r[i] = guarded(exp(row[i] - shift) / total * seed, seed) - (i == place ? seed : T(0));
}
"""
_SOURCES = {
    "cross_entropy": _DENSE,
    "cross_entropy_cotangent": _DENSE_COTANGENT,
    "sparse_cross_entropy": _SPARSE,
    "sparse_cross_entropy_cotangent": _SPARSE_COTANGENT,
}
NAMES = tuple(_SOURCES)


def source_of(name: str, character: str, index: str = "int64") -> str:
    """The text of a kernel for logits of numpy's character and indices of a dtype."""
    text = _SOURCES[name].replace("TOTAL", TOTAL).replace("NAME", f"xgrad_{name}")
    return (PRELUDE + text).replace("TYPE", TYPES[character]).replace("INDEX", INDICES[index])


class CrossEntropies:
    """What cupy's backend has a kernel for; parts of its `Own`."""

    def cross_entropy(xp: Any, x: Array, labels: Array, *, axis: int) -> Array:
        rows = _rows(xp, axis, x, labels)
        if rows is None:
            return portable.cross_entropy(xp, x, labels, axis=axis)
        y = xp._namespace.empty(x.shape[:-1], dtype=x.dtype)
        return _run("cross_entropy", rows, (*rows, y))

    def cross_entropy_cotangent(xp: Any, g: Array, x: Array, labels: Array, *, axis: int) -> Array:
        rows = _rows(xp, axis, x, labels)
        if rows is None or g.dtype != x.dtype:
            return portable.cross_entropy_cotangent(xp, g, x, labels, axis=axis)
        g = xp._namespace.ascontiguousarray(g)
        return _run("cross_entropy_cotangent", rows, (g, *rows, _like(xp, x)))

    def sparse_cross_entropy(
        xp: Any, x: Array, indices: Array, *, axis: int, ignored: int | None
    ) -> Array:
        rows = None if options.check_indices else _rows(xp, axis, x)
        if rows is None:
            return portable.sparse_cross_entropy(xp, x, indices, axis=axis, ignored=ignored)
        places = _places(xp, indices)
        y = xp._namespace.empty(x.shape[:-1], dtype=x.dtype)
        return _run("sparse_cross_entropy", rows, (*rows, places, y), places, ignored)

    def sparse_cross_entropy_cotangent(
        xp: Any, g: Array, x: Array, indices: Array, *, axis: int, ignored: int | None
    ) -> Array:
        rows = _rows(xp, axis, x)
        if rows is None or g.dtype != x.dtype:
            return portable.sparse_cross_entropy_cotangent(
                xp, g, x, indices, axis=axis, ignored=ignored
            )
        g, places = xp._namespace.ascontiguousarray(g), _places(xp, indices)
        arrays = (g, *rows, places, _like(xp, x))
        return _run("sparse_cross_entropy_cotangent", rows, arrays, places, ignored)


def _rows(xp: Any, axis: int, *arrays: Array) -> tuple[Array, ...] | None:
    """Arrays of one dtype and shape as rows along the axis; None where it is not the last."""
    first = arrays[0]
    if any(x.dtype != first.dtype or x.shape != first.shape for x in arrays):
        return None
    found = [as_rows(xp, x, axis) for x in arrays]
    return None if found[0] is None else tuple(found)


def _places(xp: Any, indices: Array) -> Array:
    if indices.dtype.name not in INDICES:
        indices = indices.astype(np.int64)
    return xp._namespace.ascontiguousarray(indices)


def _like(xp: Any, x: Array) -> Array:
    return xp._namespace.empty(x.shape, dtype=x.dtype)


def _run(
    name: str,
    rows: tuple[Array, ...],
    arrays: tuple[Array, ...],
    places: Array | None = None,
    ignored: int | None = None,
) -> Array:
    """Run a kernel, the last of whose arrays is the result."""
    count, columns = rows[0].shape
    index = "int64"
    numbers: tuple[Any, ...] = ()
    if places is not None:
        index = places.dtype.name
        numbers = (np.int32(ignored is not None), np.int64(ignored or 0))
    kernel = _kernel(name, rows[0].dtype.char, index)
    kernel((count,), (THREADS,), (*arrays, np.int64(columns), *numbers))
    return arrays[-1]


@functools.cache
def _kernel(name: str, character: str, index: str) -> Any:
    return raw_kernel(source_of(name, character, index), f"xgrad_{name}")
