"""Activations by name, of one array or of a sum, in the standard's functions and those of special/.

Cotangents of `activate` are written in what it was given, because sigmoid's tails have no digits left
in the result; those of relu and tanh, `squash`, in the result, so nothing else is kept. Every function
takes the namespace first and serves any library (portable.py says how)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._typing import Array

__all__ = [
    "ACTIVATED",
    "GELU_CUBE",
    "GELU_SCALE",
    "REACH",
    "SQUASHED",
    "activate",
    "activate_cotangent",
    "activate_sum",
    "relu_cotangent",
    "squash_cotangent",
    "squash_sum",
]

ACTIVATED = ("gelu", "gelu_tanh", "sigmoid", "silu")
SQUASHED = ("relu", "tanh")

# 0.5 x (1 + tanh(u)) is x expit(2 u).
GELU_SCALE = 2.0 * math.sqrt(2.0 / math.pi)
GELU_CUBE = 0.044715 * GELU_SCALE  # Hendrycks and Gimpel's, a constant of the definition
# Where the factor of x is 0 or 1 to any precision. Further out x is no part of what is multiplied with
# 0, so that infinite x give limits, and x^2 is finite.
REACH = {"gelu": 200.0, "gelu_tanh": 32.0, "silu": 12000.0}
_ROOT_2PI = math.sqrt(2 * math.pi)


def activate(xp: Any, x: Array, *, function: str) -> Array:
    """The function of a name in `ACTIVATED`."""
    if function == "sigmoid":
        return xp.expit(x)
    reach = REACH[function]
    x = xp.where(x < -reach, -reach, x)
    if function == "gelu":
        return x * xp.ndtr(x)
    if function == "silu":
        return x * xp.expit(x)
    inner = xp.where(x > reach, reach, x)
    return x * xp.expit(inner * (GELU_SCALE + GELU_CUBE * (inner * inner)))


def activate_sum(xp: Any, terms: Sequence[Array], *, function: str) -> Array:
    """The same of the sum of two arrays."""
    x1, x2 = terms
    return activate(xp, x1 + x2, function=function)


def activate_cotangent(xp: Any, g: Array, *terms: Array, function: str) -> Array:
    """g times the derivative at the sum of terms: what a cotangent is before it; 0 where g is 0."""
    x = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    return xp.zero_where_zero(g * _derivative(xp, x, function), g)


def squash_sum(xp: Any, terms: Sequence[Array], *, function: str) -> Array:
    """The function of a name in `SQUASHED` of the sum of two arrays."""
    x1, x2 = terms
    return xp.relu(x1 + x2) if function == "relu" else xp.tanh(x1 + x2)


def squash_cotangent(xp: Any, g: Array, y: Array, *, function: str) -> Array:
    """g times the derivative where the result is y; 0 where g or the derivative is 0."""
    if function == "tanh":
        return xp.zero_where_zero(g - g * y * y, g)
    return xp.relu_cotangent(g, y)


def relu_cotangent(xp: Any, g: Array, y: Array) -> Array:
    """g where y > 0, else 0.

    A product with the mask: where masks are irregular, `where` takes ten times as long."""
    mask = xp.astype(y > 0, g.dtype)
    return xp.zero_where_zero(g * mask, mask)


def _derivative(xp: Any, x: Array, function: str) -> Array:
    if function != "sigmoid":
        x = _within_reach(xp, x, REACH[function])
    if function == "gelu":
        return xp.ndtr(x) + x * (xp.exp(x * x / -2) / _ROOT_2PI)
    if function == "gelu_tanh":
        square = x * x
        u, slope = x * (GELU_SCALE + GELU_CUBE * square), GELU_SCALE + 3 * GELU_CUBE * square
    else:
        u, slope = x, None
    s = xp.expit(u)
    tails = s * xp.expit(-u)  # s (1 - s), with its digits
    if function == "sigmoid":
        return tails
    return s + x * tails if slope is None else s + x * tails * slope


def _within_reach(xp: Any, x: Array, reach: float) -> Array:
    """x, or the bound that it is beyond, which has no slope."""
    return xp.where(xp.abs(x) > reach, reach * xp.sign(x), x)
