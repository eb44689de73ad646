"""Reading and writing parts: getitem and put, take and index_add, along an axis: closed pairs.

Index arrays are operands without a derivative."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array, Shape
from ..core.instructions import primitive
from .cumulative import reversed_recurrence
from .edges import sum_to_shape
from .shared import along, attained, give


def setitem_value(
    xp: Any, g: Array, value_spec: Any, indices: tuple[Array, ...], *, key: Any
) -> Array:
    """The part of g that value was written to; of repeated indices only the last was."""
    part = xp.getitem(g, *indices, key=key)
    whole = [index for index in indices if not xp.isdtype(index.dtype, "bool")]
    if whole:
        none, count = _numbers(xp, whole[0], part.shape)
        written = xp.setitem(xp.broadcast_to(none, g.shape), count, *indices, key=key)
        part = xp.where(xp.getitem(written, *indices, key=key) == count, part, 0)
    return sum_to_shape(xp, part, value_spec.shape)


def _numbers(xp: Any, index: Array, shape: Shape) -> tuple[Array, Array]:
    """Zero, and an array that counts from 1: integers, which floats of 16 bits cannot count."""
    none = xp.sum(xp.zeros_like(index))
    ones = xp.broadcast_to(none + 1, (math.prod(shape),))
    return none, xp.reshape(xp.cumulative_sum(ones, axis=0), shape)


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
        factor = xp.scatter(xp.ones_like(g), indices, updates, axis=axis, mode="multiply")
        return xp.zero_where_zero(g * factor, g)
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
        none, count = _numbers(xp, indices, indices.shape)
        last = xp.broadcast_to(none, (x.shape[axis],))
        last = xp.scatter(last, indices, count, axis=0, mode="set")
        is_last = xp.take(last, indices, axis=0) == count
        shape = tuple(-1 if i == axis % g.ndim else 1 for i in range(g.ndim))
        return xp.where(xp.reshape(is_last, shape), taken, 0)
    if mode == "multiply":
        others = _others_product(xp, x, indices, updates, axis)
        return xp.zero_where_zero(taken * others, taken)
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
    """For each update the product of x and the other updates of the same place.

    Sorted by place: those before times those after, so that zeros are exact, to any order."""
    if indices.shape[0] == 0:
        return updates
    places = xp.where(indices < 0, indices + x.shape[axis], indices)
    order = xp.argsort(places, stable=True)
    places = xp.take(places, order, axis=0)
    rows = xp.take(updates, order, axis=axis)
    joined = xp.concat([places[1:] == places[:-1], places[:1] != places[:1]])
    after = _products_of_later(xp, rows, joined, axis)
    joined = xp.flip(xp.concat([joined[-1:], joined[:-1]]), axis=0)
    before = xp.flip(_products_of_later(xp, xp.flip(rows, axis=axis), joined, axis), axis=axis)
    others = xp.take(x, places, axis=axis) * before * after
    return xp.take(others, xp.argsort(order), axis=axis)


def _products_of_later(xp: Any, rows: Array, joined: Array, axis: int) -> Array:
    """For each row the product of those after it, as long as each is `joined` to the next."""
    shape = tuple(-1 if i == axis % rows.ndim else 1 for i in range(rows.ndim))
    joined = xp.reshape(joined, shape)
    first, rest = (along(rows.ndim, axis, part) for part in (slice(0, 1), slice(1, None)))
    factor = xp.concat([rows[rest], rows[first]], axis=axis)
    term = xp.where(joined, xp.zeros_like(rows), xp.ones_like(rows))
    return reversed_recurrence(xp, factor, term, axis, cut=~joined)


give(
    "getitem",
    x=lambda xp, g, x_spec, indices, *, key: xp.put(g, *indices, key=key, shape=x_spec.shape),
)
primitive("getitem").adder = lambda xp, total, g, indices, *, key: xp.put_into(
    total, g, *indices, key=key
)
give("put", x=lambda xp, g, indices, *, key: xp.getitem(g, *indices, key=key))
give(
    "setitem",
    x=lambda xp, g, indices, *, key: xp.setitem(g, 0, *indices, key=key),
    value=setitem_value,
)
for _name in ("take", "take_sparse"):
    give(
        _name,
        x=lambda xp, g, x_spec, indices, *, axis: xp.index_add(
            g, indices, axis=axis, size=x_spec.shape[axis]
        ),
    )
primitive("take").adder = lambda xp, total, g, indices, *, axis: xp.index_add_into(
    total, g, indices, axis=axis
)
primitive("take_sparse").sparse = True
give("index_add", x=lambda xp, g, indices, *, axis: xp.take(g, indices, axis=axis))
give("take_along_axis", x=take_along_axis_x)
give(
    "scatter_along_axis",
    x=lambda xp, g, indices, *, axis: xp.take_along_axis(g, indices, axis=axis),
)
give("scatter", x=scatter_x, updates=scatter_updates)
