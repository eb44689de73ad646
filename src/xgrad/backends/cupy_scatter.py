"""Scatters for cupy: sums, products and extrema of what goes to the same place.

cupy's `add.at` takes atomic additions, which come in any order, and neither complex nor small
integers; its `maximum.at` of float64 compares in float32. So sums are atomic only where nobody
minds (`options.deterministic`); everything else goes through segments: positions are sorted, and a
thread per element of the result takes what belongs to it, in order."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array, Shape
from .cupy_kernels import combine_segments
from .indices import Slot, fill_key, flat_positions, full_key
from .options import options

__all__ = [
    "index_add",
    "put",
    "refuse_key",
    "refuse_outside",
    "scatter",
    "scatter_along_axis",
    "setitem",
]

_ATOMIC = "iIlLqQefd"  # the dtypes of cupy.add.at


def index_add(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
    """Zeros with the slices of x added at 1-d indices of an axis."""
    refuse_outside(xp, "index_add", indices, size, axis)
    rows = xp.moveaxis(x, axis, 0)
    out = _sums(xp, rows.reshape(rows.shape[0], math.prod(rows.shape[1:])), indices, size)
    return xp.moveaxis(out.reshape(size, *rows.shape[1:]), 0, axis)


def scatter_along_axis(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
    """Zeros of `size` along an axis with x added at indices of the shape of x, or broadcast to it."""
    refuse_outside(xp, "scatter_along_axis", indices, size, axis)
    axis %= x.ndim
    shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
    positions = _non_negative(xp, xp.broadcast_to(indices, x.shape), size)
    positions = positions * math.prod(shape[axis + 1 :])
    for i, n in enumerate(x.shape):
        if i != axis:
            steps = xp.arange(n, device=x.device) * math.prod(shape[i + 1 :])
            positions = positions + steps.reshape((-1,) + (1,) * (x.ndim - 1 - i))
    return _flat_sums(xp, x, positions, shape)


def put(xp: Any, x: Array, *indices: Array, key: Any, shape: Shape) -> Array:
    """Zeros of a shape with x added at a key."""
    if not indices or any(index.dtype == bool for index in indices):
        out = xp.zeros(shape, dtype=x.dtype, device=x.device)
        if all(index.dtype == bool for index in indices):
            out[fill_key(key, indices)] = x  # nothing is there twice
        else:
            _add_at(xp, out, fill_key(key, indices), x)
        return out
    refuse_key(xp, "put", shape, key, indices)
    parts = full_key(key, len(shape))
    if isinstance(parts[0], Slot) and all(part == slice(None) for part in parts[1:]):
        rows = x.reshape(indices[0].size, math.prod(shape[1:]))
        return _sums(xp, rows, indices[0].reshape(-1), shape[0]).reshape(shape)
    return _flat_sums(xp, x, flat_positions(xp, shape, key, indices, x.device), shape)


def setitem(xp: Any, x: Array, value: Any, *indices: Array, key: Any) -> Array:
    """x with value at a key; of repeated indices the last holds, as in numpy."""
    refuse_key(xp, "setitem", x.shape, key, indices)
    anywhere = getattr(value, "ndim", 0) == 0 or not indices
    if anywhere or any(index.dtype == bool for index in indices):
        out = x.copy()
        out[fill_key(key, indices)] = value
        return out
    flat = flat_positions(xp, x.shape, key, indices, x.device)
    if value.ndim > flat.ndim:
        value = value.reshape(value.shape[value.ndim - flat.ndim :])
    values = xp.broadcast_to(value, flat.shape).reshape(-1)
    return _with_last(xp, x.reshape(-1), flat.reshape(-1), values).reshape(x.shape)


def scatter(xp: Any, x: Array, indices: Array, updates: Array, *, axis: int, mode: str) -> Array:
    """x with the slices of updates put at 1-d indices of an axis."""
    refuse_outside(xp, "scatter", indices, x.shape[axis], axis)
    rows, updates = xp.moveaxis(x, axis, 0), xp.moveaxis(updates, axis, 0)
    if mode == "set":
        return xp.moveaxis(_with_last(xp, rows, indices, updates), 0, axis)
    width = math.prod(rows.shape[1:])
    out = xp.copy(rows).reshape(rows.shape[0], width)
    values = updates.astype(x.dtype, copy=False).reshape(updates.shape[0], width)
    if values.size:
        _combine(xp, out, values, indices, mode)
    return xp.moveaxis(out.reshape(rows.shape), 0, axis)


# -- sums ------------------------------------------------------------------------------------------


def _flat_sums(xp: Any, x: Array, positions: Array, shape: Shape) -> Array:
    flat = xp.broadcast_to(positions, x.shape).reshape(-1)
    return _sums(xp, x.reshape(-1, 1), flat, math.prod(shape)).reshape(shape)


def _sums(xp: Any, rows: Array, positions: Array, size: int) -> Array:
    """Zeros (size, columns) with rows added at positions."""
    out = xp.zeros((size, rows.shape[1]), dtype=rows.dtype, device=rows.device)
    if not rows.size:
        return out
    if options.deterministic:
        _combine(xp, out, rows, positions, "add")
    else:
        _add_at(xp, out, positions, rows)
    return out


def _add_at(xp: Any, out: Array, key: Any, x: Array) -> None:
    if out.dtype.kind == "c":
        _add_at(xp, out.real, key, x.real)
        _add_at(xp, out.imag, key, x.imag)
    elif out.dtype.char in _ATOMIC:
        xp._namespace.add.at(out, key, x)
    else:
        wide = out.astype(xp.int64)
        xp._namespace.add.at(wide, key, x.astype(xp.int64))
        out[...] = wide


def _combine(xp: Any, out: Array, rows: Array, positions: Array, mode: str) -> None:
    """Combine each row of out, which is contiguous, with the rows that go there, in their order."""
    size = out.shape[0]
    positions = _non_negative(xp, positions, size)
    order = xp._namespace.argsort(positions, stable=True)
    bounds = xp.arange(size + 1, dtype=xp.int64, device=out.device)
    first = xp._namespace.searchsorted(positions[order], bounds)
    combine_segments(out, rows, order, first, mode)


def _with_last(xp: Any, x: Array, indices: Array, rows: Array) -> Array:
    """x with rows at indices, the last of them where an index is repeated."""
    if rows.shape[0] == 0:
        return x.copy()
    last = xp.zeros((x.shape[0],), dtype=xp.int32, device=x.device)
    numbers = xp.arange(1, rows.shape[0] + 1, dtype=xp.int32, device=x.device)
    xp._namespace.maximum.at(last, indices, numbers)
    written = (last > 0).reshape((-1,) + (1,) * (x.ndim - 1))
    return xp.where(written, rows[xp.maximum(last - 1, 0)].astype(x.dtype), x)


def _non_negative(xp: Any, indices: Array, size: int) -> Array:
    indices = indices.astype(xp.int64, copy=False)
    return xp.where(indices < 0, indices + size, indices)


# -- indices that are out of range -----------------------------------------------------------------


def refuse_outside(xp: Any, name: str, indices: Array, size: int, axis: int) -> None:
    """Raise IndexError for indices that numpy would refuse, if that was asked for."""
    if not options.check_indices or not indices.size or indices.dtype == bool:
        return
    least, most = int(indices.min()), int(indices.max())
    if least < -size or most >= size:
        raise IndexError(
            f"{name}: the indices are from {least} to {most}, but axis {axis} has {size} elements. "
            "Use indices of that range; without xg.cuda.check_indices, CUDA takes them modulo the "
            "size."
        )


def refuse_key(xp: Any, name: str, shape: Shape, key: Any, indices: tuple[Array, ...]) -> None:
    """The same for the index arrays of a key."""
    if not options.check_indices or not indices or any(i.dtype == bool for i in indices):
        return
    sizes = iter(enumerate(shape))
    for part in full_key(key, len(shape)):
        if part is None or part is Ellipsis:
            continue
        axis, size = next(sizes)
        if isinstance(part, Slot):
            refuse_outside(xp, name, indices[part.number], size, axis)
