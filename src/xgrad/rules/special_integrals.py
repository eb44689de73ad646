"""Derivatives of exponential and elliptic integrals, of other functions that are integrals or
solutions of differential equations, and of elementary ones with a removable singularity."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, is_complex, refuse

_DEGREE = math.pi / 180
_ORDER = "it is defined for whole orders only"


def _exponential_over(xp: Any, exponent: Array, x: Array) -> Array:
    """e^(+-x) / x. Of two infinite terms of its derivatives one counts: at 0, and where it overflows."""
    exponential = xp.where(xp.abs(x) < 1e-20, 1, xp.exp(exponent))
    return exponential / xp.where(exponential == math.inf, xp.sign(x), x)


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
    # At 0 nothing counts but the logarithm, and that of a quotient would.
    return g * xp.where(far, xp.log(x) / xp.where(far & (x != 0), 1 - x, 1), -near)


def lpmv_x(xp: Any, g: Array, m: Array, v: Array, x: Array) -> Array:
    """y = s^(n/2) q with s = 1 - x^2, n = |m| and q smooth at the ends;
    dy/dx = s^(n/2) dq/dx - n x s^(n/2 - 1) q."""
    n, s = xp.abs(m), 1 - x * x
    scale = xp.pow(s, n / 2)
    below = xp.pow(s, xp.where(n == 0, 0, n / 2 - 1))
    # Where n is 0 the quotient may be infinite at x = -1.
    bent = xp.where(n == 0, 0, n * x * below * xp.lpmv_quotient(m, v, x))
    return lpmv_quotient_x(xp, g * scale, m, v, x) - g * bent


def lpmv_quotient_x(xp: Any, g: Array, m: Array, v: Array, x: Array) -> Array:
    """dq_m/dx = -q_(m+1), and (v + m) (v - m + 1) q_(m-1) for m < 0; DLMF 14.10."""
    degree = xp.maximum(v, -1 - v)
    constant = (degree == xp.floor(degree)) & (m >= degree)
    factor = xp.where(m < 0, (v + m) * (v - m + 1), xp.where(constant, 0, -xp.ones_like(m)))
    order = xp.where(m < 0, m - 1, m + 1)
    # Where the factor is 0, P^(m-1) and the cotangent may be infinite.
    slope = factor * xp.lpmv_quotient(xp.where(factor == 0, m, order), v, x)
    return xp.where(factor == 0, 0, g * slope)


def hyp1f1_x(xp: Any, g: Array, a: Array, b: Array, x: Array) -> Array:
    """dM(a, b, x)/dx = a / b M(a + 1, b + 1, x); DLMF 13.3.15."""
    return g * (a / b * xp.hyp1f1(a + 1, b + 1, x))


give("exp1", x=lambda xp, g, x: -g * _exponential_over(xp, -x, x + 0.0))
give("expi", x=lambda xp, g, x: g * _exponential_over(xp, x, x))
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
give("lpmv_quotient", x=lpmv_quotient_x)
for _name in ("lpmv", "lpmv_quotient"):
    refuse(_name, m=_ORDER, v="it has no closed form")

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
