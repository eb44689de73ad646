"""Sorting follows its permutation: the cotangent goes back by the inverse one, a gather."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, give_forward


def sort_x(xp: Any, g: Array, x: Array, *, axis: int, descending: bool, stable: bool) -> Array:
    """y = x[order];  dx = g[inverse of order]."""
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    inverse = xp.argsort(order, axis=axis, stable=False)
    return xp.take_along_axis(g, inverse, axis=axis)


def sort_tangent(
    xp: Any, t: Array, x: Array, *, axis: int, descending: bool, stable: bool
) -> Array:
    """dy = dx[order]."""
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    return xp.take_along_axis(t, order, axis=axis)


give("sort", x=sort_x)
give_forward("sort", x=sort_tangent)
