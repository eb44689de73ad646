"""Derivatives of the gamma, beta and zeta functions: the polygamma functions.

Differences of polygamma functions are computed as such. At the poles of the gamma function its
reciprocal and what is made of it have finite derivatives, by the reflection formula, DLMF 5.5.3."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, is_complex, refuse

_ORDER = "it is defined for whole orders only"


def rgamma_x(xp: Any, g: Array, x: Array, y: Array) -> Array:
    """y = 1 / Gamma(x);  dy/dx = -psi(x) / Gamma(x)."""
    if is_complex(xp, x):
        return -g * (xp.digamma(x) * y)
    return g * _rgamma_slope(xp, x)


def poch_x(xp: Any, g: Array, x: Array, m: Array, y: Array) -> Array:
    """y = Gamma(x + m) / Gamma(x);  dy/dx = y (psi(x + m) - psi(x))."""
    end = x + m
    # Where x passes a zero of the product, 1 / Gamma(x) has one; below 0 reflect both.
    across = y * xp.digamma(end) + xp.gamma(end) * _rgamma_slope(xp, x)
    poles = _sinpi(xp, end) * _sinpi(xp, x)
    cotangents = xp.where(poles == 0, 0, math.pi * _sinpi(xp, m) / xp.where(poles == 0, 1, poles))
    below = y * (_digamma_difference(xp, 1 - x, -m) + cotangents)
    above = y * _digamma_difference(xp, x, m)
    return g * xp.where(x > 0, above, xp.where(end > 0, across, below))


def binom_n(xp: Any, g: Array, n: Array, k: Array, y: Array) -> Array:
    """y = Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1));  dy/dn = y (psi(n + 1) - psi(n - k + 1))."""
    rest = n - k + 1
    outside = y * xp.digamma(n + 1) + xp.gamma(n + 1) * xp.rgamma(k + 1) * _rgamma_slope(xp, rest)
    return g * xp.where(rest > 0.5, y * _digamma_difference(xp, rest, k), outside)


def binom_k(xp: Any, g: Array, n: Array, k: Array, y: Array) -> Array:
    """The same for k: dy/dk = y (psi(n - k + 1) - psi(k + 1))."""
    chosen, rest = k + 1, n - k + 1
    left = _rgamma_slope(xp, chosen) * xp.rgamma(rest)
    right = xp.rgamma(chosen) * _rgamma_slope(xp, rest)
    inside = y * _digamma_difference(xp, chosen, n - 2 * k)
    at_poles = xp.gamma(n + 1) * (left - right)
    return g * xp.where((chosen > 0.5) & (rest > 0.5), inside, at_poles)


def zeta_derivative_q(xp: Any, g: Array, x: Array, q: Array, *, order: int) -> Array:
    """The derivative of zeta in q is -x zeta(x + 1, q), here differentiated in x too."""
    slope = -x * xp.zeta_derivative(x + 1, q, order=order)
    if order:
        slope = slope - order * xp.zeta_derivative(x + 1, q, order=order - 1)
    return g * slope


def riemann_zeta_x(xp: Any, g: Array, x: Array) -> Array:
    """The sum over k > 0 of -log(k) k^-x, and for x < 0 by the functional equation, DLMF 25.4.1:
    zeta(x) = 2 (2 pi)^(x - 1) sin(pi x / 2) Gamma(1 - x) zeta(1 - x)."""
    negative = x < 0
    reflected = 1 - xp.where(negative, x, -xp.ones_like(x))
    one = xp.ones_like(x)
    sine, cosine = _sinpi(xp, (1 - reflected) / 2), _sinpi(xp, (2 - reflected) / 2)
    value = xp.zeta(reflected, one)
    slope = xp.zeta_derivative(reflected, one, order=1)
    bracket = (math.log(2 * math.pi) - xp.digamma(reflected)) * value - slope
    scale = 2 * xp.gamma(reflected) * xp.exp(-math.log(2 * math.pi) * reflected)
    left = scale * (sine * bracket + math.pi / 2 * cosine * value)
    right = xp.zeta_derivative(xp.where(negative, one + 1, x), one, order=1)
    return g * xp.where(negative, left, right)


def _digamma_difference(xp: Any, x: Array, d: Array) -> Array:
    """psi(x + d) - psi(x), without cancellation where both are positive."""
    positive = (x > 0) & (x + d > 0)
    exact = xp.polygamma_difference(xp.where(positive, x, 1), xp.where(positive, d, 0), order=0)
    return xp.where(positive, exact, xp.digamma(x + d) - xp.digamma(x))


def _rgamma_slope(xp: Any, x: Array) -> Array:
    """The derivative of 1 / Gamma(x), which is Gamma(1 - x) sin(pi x) / pi."""
    left = x < 0.5
    reflected = xp.where(left, 1 - x, xp.ones_like(x))
    cosine = _sinpi(xp, x + 0.5)
    inner = cosine - xp.digamma(reflected) * _sinpi(xp, x) / math.pi
    right = xp.where(left, xp.ones_like(x), x)
    return xp.where(left, xp.gamma(reflected) * inner, -xp.digamma(right) * xp.rgamma(right))


def _sinpi(xp: Any, x: Array) -> Array:
    """sin(pi x), exactly 0 at whole numbers."""
    whole = xp.round(x)
    sign = 1 - 2 * xp.remainder(whole, 2)
    return sign * xp.sin(math.pi * (x - whole))


give("gamma", x=lambda xp, g, x, y: g * (y * xp.digamma(x)))
give("gammaln", x=lambda xp, g, x: g * xp.digamma(x))
give("loggamma", x=lambda xp, g, x: g * xp.digamma(x))
give("rgamma", x=rgamma_x)
give("digamma", x=lambda xp, g, x: g * xp.polygamma(xp.ones_like(x), x))
give("polygamma", x=lambda xp, g, n, x: g * xp.polygamma(n + 1, x))
refuse("polygamma", n=_ORDER)
give(
    "polygamma_difference",
    x=lambda xp, g, x, d, *, order: g * xp.polygamma_difference(x, d, order=order + 1),
    d=lambda xp, g, x, d, *, order: g * xp.polygamma((order + 1) * xp.ones_like(x + d), x + d),
)
give(
    "beta",
    a=lambda xp, g, a, b, y: -g * (y * _digamma_difference(xp, a, b)),
    b=lambda xp, g, a, b, y: -g * (y * _digamma_difference(xp, b, a)),
)
give(
    "betaln",
    a=lambda xp, g, a, b: -g * _digamma_difference(xp, a, b),
    b=lambda xp, g, a, b: -g * _digamma_difference(xp, b, a),
)
give("poch", x=poch_x, m=lambda xp, g, x, m, y: g * (y * xp.digamma(x + m)))
give("binom", n=binom_n, k=binom_k)
give(
    "zeta",
    x=lambda xp, g, x, q: g * xp.zeta_derivative(x, q, order=1),
    q=lambda xp, g, x, q: -g * (x * xp.zeta(x + 1, q)),
)
give(
    "zeta_derivative",
    x=lambda xp, g, x, q, *, order: g * xp.zeta_derivative(x, q, order=order + 1),
    q=zeta_derivative_q,
)
give("riemann_zeta", x=riemann_zeta_x)
give("zetac", x=riemann_zeta_x)
