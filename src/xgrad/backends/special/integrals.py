"""Derivatives of erfcx and of the complete elliptic integral, any order."""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Array

__all__ = ["ellipk", "ellipkm1", "ellipkm1_derivative", "erfcx_derivative"]

_DEPTH = 60  # of the continued fraction
_AGM_STEPS = 14
_TERMS = 60  # of the series of K
# ((1/2)_k / k!)^2
_ELLIPTIC = [math.comb(2 * k, k) ** 2 / 16**k for k in range(100)]


def erfcx_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of e^(x^2) erfc(x): (-2)^n n! W_n with W_n = e^(x^2) i^n erfc(x).

    From 2 n W_n = W_(n-2) - 2 x W_(n-1), DLMF 7.18.7, upwards where that does not cancel, and
    as a continued fraction elsewhere."""
    large = xp.where(x < 2, 2, x)
    ratio = xp.zeros_like(x)
    product = xp.ones_like(x)
    for k in range(_DEPTH, -1, -1):
        ratio = 1 / (2 * large + 2 * (k + 1) * ratio)
        if k <= order:
            product = product * ratio
    fraction = 2 / math.sqrt(math.pi) * product
    small = xp.where(x < 2, x, 2)
    before, current = 2 / math.sqrt(math.pi) * xp.ones_like(x), xp.erfcx(small)
    for k in range(1, order + 1):
        before, current = current, (before - 2 * small * current) / (2 * k)
    return (-2) ** order * math.factorial(order) * xp.where(x < 2, current, fraction)


def ellipk(xp: Any, x: Array) -> Array:
    """K(x), the complete elliptic integral of the first kind of the parameter m = x."""
    return xp.ellipkm1(1 - x)


def ellipkm1(xp: Any, x: Array) -> Array:
    """K(1 - x)."""
    return ellipkm1_derivative(xp, x, order=0)


def ellipkm1_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of K(1 - x), x > 0, where K(m) is the complete elliptic integral.

    The arithmetic-geometric mean gives K and its first derivative, DLMF 19.8.5 and 19.8.6, and
    the differential equation 19.4.8 the others; near x = 1 the series of K in m = 1 - x does."""
    m = 1 - x
    near = xp.abs(m) < 0.5
    away = xp.where(near, 0.25, x) + 0.0  # no -0.0, which is no negative number here
    derivatives = _agm_derivatives(xp, away)
    for k in range(order - 1):
        last, current = derivatives[-2:]
        following = (k + 0.5) ** 2 * last - (k + 1) * (0.5 - away) * (2 * current)
        derivatives.append(following / (away * (1 - away)))
    if order:
        derivatives[order] = xp.where(away == math.inf, 0, derivatives[order])
    m = xp.where(near, m, 0)
    series = xp.zeros_like(m)
    for k in range(_TERMS + order, order - 1, -1):
        series = series * m + _ELLIPTIC[k] * math.perm(k, order)
    return xp.where(near, (-1) ** order * math.pi / 2 * series, derivatives[order])


def _agm_derivatives(xp: Any, p: Array) -> list[Array]:
    """K(1 - p) and its derivative in p."""
    root = xp.sqrt(p)
    a, b = (1 + root) / 2, xp.sqrt(root)
    c, ratio = (1 - root) / 2, 0.5 / (1 + root)  # ratio is c / m, which stays exact at m = 0
    total, weight = 0.5 - c * ratio, 1
    for _ in range(_AGM_STEPS):
        weight *= 2
        a, b, previous = (a + b) / 2, xp.sqrt(a) * xp.sqrt(b), c
        c, ratio = c * c / (4 * a), previous * ratio / (4 * a)
        total = total - weight * (c * ratio)
    k = math.pi / 2 / a
    # At 0, which no mean leaves, K is infinite.
    return [xp.where(p == 0, math.inf, k), -k * total / (2 * p)]
