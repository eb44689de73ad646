"""Associated Legendre functions without the factor that has no derivative at the ends.

P_v^m(x) is (1 - x^2)^(|m| / 2) times a function that is smooth at x = 1, and for whole v at x = -1
too. There it is a number in closed form, DLMF 14.8.1 and 14.8.2."""

from __future__ import annotations

from typing import Any

from ..._typing import Array

__all__ = ["lpmv_quotient"]


def lpmv_quotient(xp: Any, m: Array, v: Array, x: Array) -> Array:
    """P_v^m(x) / (1 - x^2)^(|m| / 2)."""
    size = xp.abs(m)
    scale = xp.pow(1 - x * x, size / 2)
    v = xp.maximum(v, -1 - v)  # which has the same function
    turned = 1 - 2 * xp.remainder(size, 2)
    constant = xp.where(m < 0, 1, turned * xp.poch(v - size + 1, 2 * size))
    constant = constant / (xp.exp2(size) * xp.gamma(size + 1))
    parity = xp.where(x < 0, 1 - 2 * xp.remainder(v + size, 2), xp.ones_like(x))
    regular = (x > 0) | (v == xp.floor(v))
    at_end = (scale == 0) & regular
    return xp.where(at_end, parity * constant, xp.lpmv(m, v, x) / xp.where(at_end, 1, scale))
