"""Derivatives of the error functions and of the normal distribution: exponentials of squares.

The scaled ones, erfcx and log_ndtr, fall like powers; their derivatives are those of erfcx, which
are functions of their own because every formula in terms of erfcx cancels. DLMF 7.2 and 7.10."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, is_complex

_SLOPE = 2 / math.sqrt(math.pi)
_ROOT2 = math.sqrt(2)
_ROOT_2PI = math.sqrt(2 * math.pi)


def erfcx_x(xp: Any, g: Array, x: Array) -> Array:
    """y = e^(x^2) erfc(x);  dy/dx = 2 x y - 2 / sqrt(pi)."""
    if is_complex(xp, x):
        return g * (2 * x * xp.erfcx(x) - _SLOPE)
    return g * xp.erfcx_derivative(x, order=1)


def log_ndtr_x(xp: Any, g: Array, x: Array) -> Array:
    """dy/dx = density / ndtr(x), below 0 by erfcx, which overflows above."""
    low = x < 0
    tail = 2 / _ROOT_2PI / xp.erfcx(xp.where(low, x, 0) / -_ROOT2)
    inside = xp.where(low, 0, x)
    return g * xp.where(low, tail, xp.exp(inside * inside / -2) / _ROOT_2PI / xp.ndtr(inside))


give("erf", x=lambda xp, g, x: g * (_SLOPE * xp.exp(-x * x)))
give("erfc", x=lambda xp, g, x: g * (-_SLOPE * xp.exp(-x * x)))
give("erfcx", x=erfcx_x)
give(
    "erfcx_derivative",
    x=lambda xp, g, x, *, order: g * xp.erfcx_derivative(x, order=order + 1),
)
give("erfinv", x=lambda xp, g, y: g * (xp.exp(y * y) / _SLOPE))
give("erfcinv", x=lambda xp, g, y: g * (xp.exp(y * y) / -_SLOPE))
give("ndtr", x=lambda xp, g, x: g * (xp.exp(x * x / -2) / _ROOT_2PI))
give("ndtri", x=lambda xp, g, y: g * (_ROOT_2PI * xp.exp(y * y / 2)))
give("log_ndtr", x=log_ndtr_x)
