"""Derivatives of exponential and elliptic integrals, of other functions that are integrals or
solutions of differential equations, and of elementary ones with a removable singularity."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, is_complex, refuse

_DEGREE = math.pi / 180
_ORDER = "it is defined for whole orders only"


def expn_x(xp: Any, g: Array, n: Array, x: Array, y: Array) -> Array:
    """dE_n/dx = -E_(n-1), and E_0 = e^-x / x; DLMF 8.19.13."""
    below = xp.expn(xp.where(n > 0, n - 1, n), x)
    return -g * xp.where(n > 0, below, y * (1 + 1 / x))


def spence_x(xp: Any, g: Array, x: Array) -> Array:
    """dy/dx = log(x) / (1 - x), and -1 at 1."""
    if is_complex(xp, x):
        return g * (xp.log(x) / (1 - x))
    far = x < 0.5
    near = xp.log1prel(xp.where(far, 0, x - 1), order=0)
    return g * xp.where(far, xp.log(x) / xp.where(far, 1 - x, 1), -near)


def lpmv_x(xp: Any, g: Array, m: Array, v: Array, x: Array) -> Array:
    """sqrt(1 - x^2) dP/dx = ((v + m) (v - m + 1) P^(m-1) - P^(m+1)) / 2; DLMF 14.10.

    At the ends, where that is 0 / 0, P_v(x) with m = 0 has the slope v (v + 1) / 2 x^(v+1)."""
    factor = (v + m) * (v - m + 1)
    lower = xp.lpmv(xp.where(factor == 0, m, m - 1), v, x)  # P^(m-1) may be infinite where it is 0
    change = factor * lower - xp.lpmv(m + 1, v, x)
    at_end = (x * x == 1) & (m == 0)
    inside = change / (2 * xp.sqrt(xp.where(at_end, 1, 1 - x * x)))
    return g * xp.where(at_end, v * (v + 1) / 2 * xp.pow(x, v + 1), inside)


def hyp1f1_x(xp: Any, g: Array, a: Array, b: Array, x: Array) -> Array:
    """dM(a, b, x)/dx = a / b M(a + 1, b + 1, x); DLMF 13.3.15."""
    return g * (a / b * xp.hyp1f1(a + 1, b + 1, x))


give("exp1", x=lambda xp, g, x: -g * (xp.exp(-x) / x))
give("expi", x=lambda xp, g, x: g * (xp.exp(x) / x))
give("expn", x=expn_x)
refuse("expn", n=_ORDER)
give("ellipk", x=lambda xp, g, x: -g * xp.ellipkm1_derivative(1 - x, order=1))
give("ellipkm1", x=lambda xp, g, x: g * xp.ellipkm1_derivative(x, order=1))
give(
    "ellipkm1_derivative",
    x=lambda xp, g, x, *, order: g * xp.ellipkm1_derivative(x, order=order + 1),
)
give("spence", x=spence_x)
give("hyp1f1", x=hyp1f1_x)
refuse("hyp1f1", a="it has no closed form", b="it has no closed form")
give("lpmv", x=lpmv_x)
refuse("lpmv", m=_ORDER, v="it has no closed form")

give("cbrt", x=lambda xp, g, y: g / (3 * y * y))
give("exp2", x=lambda xp, g, y: g * (math.log(2) * y))
give("exp10", x=lambda xp, g, y: g * (math.log(10) * y))
give("exprel", x=lambda xp, g, x: g * xp.exprel_derivative(x, order=1))
give("sinc", x=lambda xp, g, x: g * xp.sinc_derivative(x, order=1))
give("exprel_derivative", x=lambda xp, g, x, *, order: g * xp.exprel_derivative(x, order=order + 1))
give("log1prel", x=lambda xp, g, x, *, order: g * xp.log1prel(x, order=order + 1))
give("sinc_derivative", x=lambda xp, g, x, *, order: g * xp.sinc_derivative(x, order=order + 1))
give("cosm1", x=lambda xp, g, x: -g * xp.sin(x))
give("sindg", x=lambda xp, g, x: g * (_DEGREE * xp.cosdg(x)))
give("cosdg", x=lambda xp, g, x: -g * (_DEGREE * xp.sindg(x)))
give("tandg", x=lambda xp, g, y: g * (_DEGREE * (1 + y * y)))
give("cotdg", x=lambda xp, g, y: -g * (_DEGREE * (1 + y * y)))
