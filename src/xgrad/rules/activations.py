"""Derivatives of activations by name, one rule for all of them and for all terms of a sum.

The formulas are in backends/activations.py, because a GPU has one kernel for each. They guard zero
cotangents themselves, so the edge need not look again."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..core.instructions import primitive
from . import special_error, special_logistic  # noqa: F401 - derivatives are made of theirs
from .shared import give


def activate_x(xp: Any, g: Array, x: Array, *, function: str) -> Array:
    """y = f(x);  dx = g f'(x)."""
    return xp.activate_cotangent(g, x, function=function)


def activate_sum_terms(
    xp: Any, g: Array, terms: tuple[Array, Array], *, function: str
) -> tuple[Array, Array]:
    """y = f(x1 + x2);  dx1 = dx2 = g f'(x1 + x2)."""
    r = xp.activate_cotangent(g, *terms, function=function)
    return r, r


def squash_sum_terms(xp: Any, g: Array, y: Array, *, function: str) -> tuple[Array, Array]:
    """y = max(x1 + x2, 0) or tanh(x1 + x2);  dx1 = dx2 = g (y > 0), or g (1 - y^2)."""
    r = xp.squash_cotangent(g, y, function=function)
    return r, r


give("activate", x=activate_x)
give("activate_sum", terms=activate_sum_terms)
give("squash_sum", terms=squash_sum_terms)
for _name in ("activate", "activate_sum", "squash_sum"):
    primitive(_name).guarded = False
