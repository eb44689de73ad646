"""Adding and otherwise combining rows at repeated indices, on NumPy.

``ufunc.at`` is fast for flat arrays only, by a factor of four for rows of 64. Compiled (_loops.c) it is
a loop; else, a sparse matrix times the rows is faster by several times. All add in the same order."""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array
from .indices import Slot, fill_key, flat_positions
from .numpy_buffers import Form, written

__all__ = ["FEW", "add_at", "add_rows", "combine", "places_from", "places_of_rows", "sums_of_rows"]

FEW = 2048  # below, what is saved is less than what it costs to save it
_BLOCK = 1 << 15
_MANY = 1 << 15  # elements for which a sparse matrix pays
_SPARSE_DTYPES = "fdFD"


def add_at(out: Array, x: Array, indices: tuple[Array, ...], key: Any) -> None:
    """Add x to a contiguous array at a key with index arrays, every time a place comes up."""
    if isinstance(key, Slot) and indices[0].ndim == 1:
        add_rows(out, indices[0], x, 0)
    elif x.size < FEW or any(index.dtype == np.bool for index in indices):
        np.add.at(out, fill_key(key, indices), x)
    else:
        flat = flat_positions(np, out.shape, key, indices, "cpu")
        np.add.at(out.reshape(-1), flat.reshape(-1), x.reshape(-1))


def combine(ufunc: np.ufunc, out: Array, indices: Array, updates: Array, axis: int) -> None:
    """``out[indices] = ufunc(out[indices], updates)`` along an axis of a contiguous `out`.

    A block of flat indices stays in the cache."""
    axis %= out.ndim
    width = math.prod(out.shape[axis + 1 :])
    if out.ndim == 1 or updates.size < FEW or width == 0:
        ufunc.at(np.moveaxis(out, axis, 0), indices, np.moveaxis(updates, axis, 0))
        return
    size = out.shape[axis]
    indices = places_from(indices, size, axis)
    flat, columns = out.reshape(-1), np.arange(width)
    stacks = updates.reshape(-1, indices.size, width)
    group = max(1, _BLOCK // max(1, indices.size * width))
    block = max(1, _BLOCK // width)
    for first in range(0, len(stacks), group):
        numbers = np.arange(first, min(first + group, len(stacks)))[:, None, None]
        for start in range(0, indices.size, block):
            part = slice(start, start + block)
            places = (numbers * size + indices[part, None]) * width + columns
            values = stacks[first : first + group, part]
            ufunc.at(flat, places.reshape(-1), values.reshape(-1))


def add_rows(out: Array, indices: Array, rows: Array, axis: int) -> None:
    """Add rows at repeated indices to a contiguous array."""
    if is_compiled(indices, rows, axis) and _add_compiled(out, indices, rows, kept=True):
        return
    sums = _sums_of_rows(indices, rows, axis, out.shape[axis]) if rows.dtype == out.dtype else None
    if sums is None:
        combine(np.add, out, indices, rows, axis)
    else:
        out += sums


def sums_of_rows(
    indices: Array,
    rows: Array,
    axis: int,
    size: int,
    out: Array | None = None,
    scratch: Sequence[Array] = (),
) -> Array:
    """The same, added to zeros along an axis of a size."""
    if is_compiled(indices, rows, axis):
        fits = out is not None and out.flags.c_contiguous
        table = out if fits else np.empty((size, *rows.shape[1:]), rows.dtype)
        if _add_compiled(table, indices, rows, kept=False):
            return written(table, out)
    if out is not None and scratch and _add_columns() is not None:
        return _into(indices, rows, out, scratch[0])
    sums = _sums_of_rows(indices, rows, axis, size)
    if sums is None:
        shape = list(rows.shape)
        shape[axis] = size
        sums = np.zeros(shape, rows.dtype)
        combine(np.add, sums, indices, rows, axis)
    return written(sums, out)


def places_of_rows(indices: Any, rows: Any, axis: int) -> list[Form]:
    """What `sums_of_rows` needs to write many rows of floats straight to where they are wanted."""
    if is_compiled(indices, rows, axis):
        return []
    rank, count = len(rows.shape), math.prod(indices.shape)
    floats = np.dtype(rows.dtype).char in _SPARSE_DTYPES
    fits = floats and rank > 1 and axis % rank == 0 and count < np.iinfo(np.int32).max
    many = math.prod(rows.shape) >= _MANY
    return [Form((count,), np.dtype(np.int32))] if fits and many else []


def is_compiled(indices: Any, rows: Any, axis: int) -> bool:
    """Whether rows are added by a compiled loop; of arrays, or of what has their shapes and dtypes."""
    rank = len(rows.shape)
    if not rank or axis % rank:
        return False
    return bool(_sweeps().can_scatter(np.dtype(rows.dtype), np.dtype(indices.dtype)))


def _add_compiled(table: Array, indices: Array, rows: Array, *, kept: bool) -> bool:
    """Add rows by the compiled loop for them, if they are as it wants them and all indices are inside."""
    if rows.dtype != table.dtype or not rows.size:
        return False
    add = _adder(rows.dtype, math.prod(table.shape[1:]), kept)
    return add(0, rows.size, (), (np.ascontiguousarray(rows), indices), (table,)) is not None


@functools.lru_cache(maxsize=256)
def _adder(dtype: Any, width: int, kept: bool) -> Any:
    """A compiled loop for rows of a width."""
    sweeps = _sweeps()
    step = sweeps.SweepStep(sweeps.Scattering(width, kept), ("x", "i", "t"))
    inputs = [sweeps.Vector("x", dtype), sweeps.Vector("i", np.dtype(np.intp), aside=True)]
    outputs = [sweeps.Vector("t", dtype, aside=True)]
    return sweeps.sweep([step], inputs, outputs, [], sweeps.block_of([dtype]), lambda *_: None)


@functools.cache
def _sweeps() -> Any:
    """The compiled loops, which are not loaded before somebody adds rows."""
    return importlib.import_module(".numpy_sweeps", __package__)


def _into(indices: Array, rows: Array, out: Array, places: Array) -> Array:
    """The product of a sparse matrix of ones with rows, as below, without new memory.

    SciPy's own `@` makes its result, which would have to be copied."""
    size, count = len(out), indices.size
    width = math.prod(out.shape[1:])
    _check_bounds(indices, size, 0)
    np.copyto(places, indices.reshape(-1), casting="unsafe")
    if places.min() < 0:
        places[places < 0] += size
    out.fill(0)
    starts, ones = _columns(count, rows.dtype)
    flat = (rows.reshape(-1), out.reshape(-1))
    _add_columns()(size, count, width, starts, places, ones, *flat)
    return out


@functools.lru_cache(maxsize=4)
def _columns(count: int, dtype: Any) -> tuple[Array, Array]:
    """Where columns of one element begin, and their elements."""
    return np.arange(count + 1, dtype=np.int32), np.ones(count, dtype)


def _sums_of_rows(indices: Array, rows: Array, axis: int, size: int) -> Array | None:
    """Many rows are the product of a sparse matrix of ones with them, where SciPy is; else None."""
    fits = rows.dtype.char in _SPARSE_DTYPES and rows.ndim > 1 and axis % rows.ndim == 0
    sparse = _scipy_sparse() if fits and rows.size >= _MANY else None
    if sparse is None:
        return None
    count = indices.size
    ones, starts = np.ones(count, rows.dtype), np.arange(count + 1)
    matrix = sparse.csc_array((ones, places_from(indices, size, 0), starts), shape=(size, count))
    sums = matrix @ rows.reshape(count, -1)
    return sums.reshape(size, *rows.shape[1:])


def places_from(indices: Array, size: int, axis: int) -> Array:
    """Indices that count from the beginning."""
    _check_bounds(indices, size, axis)
    places = indices.astype(np.intp)
    places[places < 0] += size
    return places


def _check_bounds(indices: Array, size: int, axis: int) -> None:
    if indices.size and not -size <= indices.min() <= indices.max() < size:
        raise IndexError(f"an index is out of bounds for axis {axis} with size {size}")


@functools.cache
def _add_columns() -> Any:
    """The loop under SciPy's products of sparse matrices; None where it is not to be found."""
    try:
        return importlib.import_module("scipy.sparse._sparsetools").csc_matvecs
    except (ImportError, AttributeError):
        return None


@functools.cache
def _scipy_sparse() -> Any:
    """SciPy's sparse arrays; None where it is not installed."""
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError:
        return None
