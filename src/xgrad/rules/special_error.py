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
_REACH = 1e3  # whose square is far beyond where e^-x is 0


def erfcx_x(xp: Any, g: Array, x: Array) -> Array:
    """y = e^(x^2) erfc(x);  dy/dx = 2 x y - 2 / sqrt(pi)."""
    if is_complex(xp, x):
        return g * (2 * x * xp.erfcx(x) - _SLOPE)
    return g * xp.erfcx_derivative(x, order=1)


def log_ndtr_x(xp: Any, g: Array, x: Array) -> Array:
    """dy/dx = density / ndtr(x), below 0 by erfcx, which overflows above, and far below by its series."""
    low, far = x < 0, x < -1e4
    tail = 2 / _ROOT_2PI / xp.erfcx(xp.where(low & ~far, x, 0) / -_ROOT2)
    below = xp.where(far, x, -1)
    small = 1 / below
    tail = xp.where(far, -below - small * (1 - 2 * (small * small)), tail)
    inside = xp.where(low, 0, x)
    return g * xp.where(low, tail, _gauss(xp, inside, 2) / _ROOT_2PI / xp.ndtr(inside))


def _gauss(xp: Any, x: Array, width: float) -> Array:
    """e^(-x^2 / width), which is flat where it is 0: its slope would be infinity times that."""
    if not is_complex(xp, x):
        x = xp.where(xp.abs(x) > _REACH, _REACH, x)
    return xp.exp(x * x / -width)


give("erf", x=lambda xp, g, x: g * (_SLOPE * _gauss(xp, x, 1)))
give("erfc", x=lambda xp, g, x: g * (-_SLOPE * _gauss(xp, x, 1)))
give("erfcx", x=erfcx_x)
give(
    "erfcx_derivative",
    x=lambda xp, g, x, *, order: g * xp.erfcx_derivative(x, order=order + 1),
)
give("erfinv", x=lambda xp, g, y: g * (xp.exp(y * y) / _SLOPE))
give("erfcinv", x=lambda xp, g, y: g * (xp.exp(y * y) / -_SLOPE))
give("ndtr", x=lambda xp, g, x: g * (_gauss(xp, x, 2) / _ROOT_2PI))
give("ndtri", x=lambda xp, g, y: g * (_ROOT_2PI * xp.exp(y * y / 2)))
give("log_ndtr", x=log_ndtr_x)
