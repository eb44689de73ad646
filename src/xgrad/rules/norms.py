"""Norms of vectors, with the subgradient 0 at 0.

The orders 0, 1 and infinity are made of other functions (ops/norms.py)."""

from __future__ import annotations

from typing import Any

from .._typing import Array, Axis
from .shared import give, give_forward, is_complex, nonzero_or_one, spread


def vector_norm_x(xp: Any, g: Array, x: Array, y: Array, *, axis: Axis, ord: float) -> Array:
    """y = (sum |x_i|^p)^(1/p);  dy/d|x_i| = (|x_i| / y)^(p - 1), and 0 where y is 0."""
    g = spread(xp, g, x.shape, axis)
    return xp.zero_where_zero(g * _slopes(xp, x, y, axis, ord), g)


def vector_norm_tangent(
    xp: Any, t: Array, x: Array, y: Array, *, axis: Axis, keepdims: bool, ord: float
) -> Array:
    """The sum of slopes times tangents; of complex numbers only the real part counts."""
    r = xp.zero_where_zero(t * _slopes(xp, x, y, axis, ord), t)
    return xp.sum(xp.real(r) if is_complex(xp, r) else r, axis=axis, keepdims=keepdims)


def _slopes(xp: Any, x: Array, y: Array, axis: Axis, ord: float) -> Array:
    """0 where y is 0, and for p < 1 where x_i is 0: there it rises with both signs."""
    y = spread(xp, y, x.shape, axis)
    scaled = x / nonzero_or_one(xp, y)
    if is_complex(xp, x):
        scaled = xp.conj(scaled)
    if ord > 0 and ord % 2 == 0:  # a polynomial in x and 1 / y, so zeros need no care
        squares = xp.real(scaled * xp.conj(scaled)) if is_complex(xp, x) else scaled * scaled
        slopes = scaled if ord == 2 else scaled * squares ** ((ord - 2) / 2)
    else:
        there = scaled != 0
        size = xp.where(there, xp.abs(scaled), 1)
        slopes = xp.where(there, scaled * size ** (ord - 2), 0)
    return xp.where(y == 0, 0, slopes)


give("vector_norm", x=vector_norm_x)
give_forward("vector_norm", x=vector_norm_tangent)
