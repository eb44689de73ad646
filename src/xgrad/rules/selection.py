"""Elementwise functions whose partial derivatives are constants or masks: nothing to guard.

Ties share: whatever attains the maximum or minimum gets an equal part of the cotangent, and a NaN
attains it before anything else. At its bounds `clip` passes everything to x."""

from __future__ import annotations

from typing import Any

from .._typing import SCALAR_TYPES, Array
from ..core.instructions import primitive
from .shared import attained, give


def maximum_x1(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """y = max(x1, x2)."""
    if type(x2) in SCALAR_TYPES and x2 == x2:  # noqa: PLR0124 - not NaN
        return _beside_number(xp, g, x1, x2, x1 < x2)
    return _extremum_x1(xp, g, x1, x2, y)


def minimum_x1(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """y = min(x1, x2)."""
    if type(x2) in SCALAR_TYPES and x2 == x2:  # noqa: PLR0124 - not NaN
        return _beside_number(xp, g, x1, x2, x1 > x2)
    return _extremum_x1(xp, g, x1, x2, y)


def _beside_number(xp: Any, g: Array, x1: Array, x2: Any, lost: Array) -> Array:
    """The same, told by what was given: in bfloat16 the number is rounded, and y is not equal to it."""
    tie = x1 == x2
    if xp.surely_false(tie):
        return xp.where(lost, 0, g)
    return xp.where(lost, 0, xp.where(tie, g / 2, g))


def _extremum_x1(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """dy/dx1 is 1 where x1 attains y, 1/2 where both do."""
    winners = attained(xp, x1, y)
    both = winners & attained(xp, x2, y)
    if xp.surely_false(both):
        return xp.where(winners, g, 0)
    return xp.where(winners, xp.where(both, g / 2, g), 0)


def maximum_x2(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """The same for the second operand."""
    return maximum_x1(xp, g, x2, x1, y)


def minimum_x2(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """The same for the second operand."""
    return minimum_x1(xp, g, x2, x1, y)


give("add", x1=lambda xp, g: g, x2=lambda xp, g: g)
give(
    "clip_lower",
    x=lambda xp, g, x, bound: xp.where(x < bound, 0, g),
    bound=lambda xp, g, x, bound: xp.where(x < bound, g, 0),
)
give(
    "clip_upper",
    x=lambda xp, g, x, bound: xp.where(x > bound, 0, g),
    bound=lambda xp, g, x, bound: xp.where(x > bound, g, 0),
)
give("conj", x=lambda xp, g: xp.conj(g))
give("imag", x=lambda xp, g: g * -1j)
give("maximum", x1=maximum_x1, x2=maximum_x2)
give("minimum", x1=minimum_x1, x2=minimum_x2)
give("negative", x=lambda xp, g: -g)
give("positive", x=lambda xp, g: g)
give("real", x=lambda xp, g: g)
give("subtract", x1=lambda xp, g: g, x2=lambda xp, g: -g)
give(
    "where",
    x1=lambda xp, g, condition: xp.where(condition, g, 0),
    x2=lambda xp, g, condition: xp.where(condition, 0, g),
)
give(
    "zero_where_zero",
    r=lambda xp, c, r, g: xp.where(xp.isfinite(r) | (g != 0), c, 0),
    g=lambda xp, c: xp.zeros_like(c),
)
primitive("zero_where_zero").guarded = False
