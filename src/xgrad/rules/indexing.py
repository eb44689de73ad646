"""Reading and writing parts: getitem and put, take and index_add, along an axis: closed pairs.

Index arrays are operands without a derivative."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .edges import sum_to_shape
from .shared import attained, give


def setitem_value(
    xp: Any, g: Array, value_spec: Any, indices: tuple[Array, ...], *, key: Any
) -> Array:
    """The part of g that value was written to; of repeated indices only the last was."""
    part = xp.getitem(g, *indices, key=key)
    if any(not xp.isdtype(index.dtype, "bool") for index in indices):
        count = xp.cumulative_sum(xp.reshape(xp.ones_like(part), (-1,)), axis=0)
        count = xp.reshape(count, part.shape)
        written = xp.setitem(xp.zeros_like(g), count, *indices, key=key)
        part = xp.where(xp.getitem(written, *indices, key=key) == count, part, 0)
    return sum_to_shape(xp, part, value_spec.shape)


def take_along_axis_x(xp: Any, g: Array, x_spec: Any, indices: Array, *, axis: int) -> Array:
    """Add g where it was taken from; axes of x that were broadcast are summed."""
    size = x_spec.shape[axis]
    added = xp.scatter_along_axis(g, indices, axis=axis, size=size)
    return sum_to_shape(xp, added, x_spec.shape)


def scatter_x(
    xp: Any, g: Array, x: Array, indices: Array, updates: Array, y: Array, *, axis: int, mode: str
) -> Array:
    """What is left of x's share after the updates."""
    if mode == "add":
        return g
    if mode == "set":
        hits = xp.scatter(xp.zeros_like(g), indices, xp.ones_like(updates), axis=axis, mode="set")
        return xp.where(hits == 0, g, 0)
    if mode == "multiply":
        return g * xp.scatter(xp.ones_like(g), indices, updates, axis=axis, mode="multiply")
    winners = attained(xp, x, y)
    return xp.where(winners, g / _contenders(xp, winners, indices, updates, y, axis), 0)


def scatter_updates(
    xp: Any, g: Array, x: Array, indices: Array, updates: Array, y: Array, *, axis: int, mode: str
) -> Array:
    """The cotangent where each update went, times what it was combined with."""
    taken = xp.take(g, indices, axis=axis)
    if mode == "add":
        return taken
    if mode == "set":
        count = xp.cumulative_sum(xp.ones_like(updates), axis=axis)
        last = xp.scatter(xp.zeros_like(g), indices, count, axis=axis, mode="set")
        return xp.where(xp.take(last, indices, axis=axis) == count, taken, 0)
    if mode == "multiply":
        return taken * _others_product(xp, x, indices, updates, axis)
    winners = attained(xp, updates, xp.take(y, indices, axis=axis))
    contenders = _contenders(xp, attained(xp, x, y), indices, updates, y, axis)
    return xp.where(winners, xp.take(g / contenders, indices, axis=axis), 0)


def _contenders(
    xp: Any, winners: Array, indices: Array, updates: Array, y: Array, axis: int
) -> Array:
    """How many values attain each element of y: x itself and updates."""
    among = xp.astype(attained(xp, updates, xp.take(y, indices, axis=axis)), y.dtype)
    return xp.scatter(xp.astype(winners, y.dtype), indices, among, axis=axis, mode="add")


def _others_product(xp: Any, x: Array, indices: Array, updates: Array, axis: int) -> Array:
    """For each update the product of x and the other updates of the same place, zeros included."""
    zero = updates == 0
    nonzero = xp.where(zero, xp.ones_like(updates), updates)
    product = xp.scatter(x, indices, nonzero, axis=axis, mode="multiply")
    zeros = xp.scatter(
        xp.zeros_like(x), indices, xp.astype(zero, x.dtype), axis=axis, mode="add"
    )
    others = xp.take(product, indices, axis=axis) / nonzero
    zeros = xp.take(zeros, indices, axis=axis) - xp.astype(zero, x.dtype)
    return xp.where(zeros == 0, others, 0)


give(
    "getitem",
    x=lambda xp, g, x_spec, indices, *, key: xp.put(g, *indices, key=key, shape=x_spec.shape),
)
give("put", x=lambda xp, g, indices, *, key: xp.getitem(g, *indices, key=key))
give(
    "setitem",
    x=lambda xp, g, indices, *, key: xp.setitem(g, 0, *indices, key=key),
    value=setitem_value,
)
give(
    "take",
    x=lambda xp, g, x_spec, indices, *, axis: xp.index_add(
        g, indices, axis=axis, size=x_spec.shape[axis]
    ),
)
give("index_add", x=lambda xp, g, indices, *, axis: xp.take(g, indices, axis=axis))
give("take_along_axis", x=take_along_axis_x)
give(
    "scatter_along_axis",
    x=lambda xp, g, indices, *, axis: xp.take_along_axis(g, indices, axis=axis),
)
give("scatter", x=scatter_x, updates=scatter_updates)
