"""Hurwitz's zeta function, its derivatives in the exponent, and what is written with it.

The formula of Euler and Maclaurin, DLMF 25.11.28, whose terms are powers times polynomials in x."""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Array
from ...errors import DTypeError

__all__ = ["polygamma", "riemann_zeta", "zeta_derivative", "zetac"]

_TERMS = 14
_LEFT = -0.25  # between 0, whose mirror image is the pole, and where the terms of the sum cancel
# B_2j / (2j)! for j = 1 ... 12
_BERNOULLI = [
    b / math.factorial(2 * j)
    for j, b in enumerate(
        (
            1 / 6,
            -1 / 30,
            1 / 42,
            -1 / 30,
            5 / 66,
            -691 / 2730,
            7 / 6,
            -3617 / 510,
            43867 / 798,
            -174611 / 330,
            854513 / 138,
            -236364091 / 2730,
        ),
        start=1,
    )
]


def polygamma(xp: Any, n: Array, x: Array) -> Array:
    """The n-th derivative of the digamma function; DLMF 5.15.1."""
    if xp.isdtype(x.dtype, "complex floating"):
        raise DTypeError(
            f"polygamma: x {tuple(x.shape)} {x.dtype} must be real. Derivatives of digamma, and "
            "second ones of gamma, loggamma and rgamma, need it too, so those of complex numbers have "
            "none. Use real numbers, or xg.custom_gradient with a derivative of your own."
        )
    sign = 2 * xp.remainder(n, 2) - 1
    return xp.where(n == 0, xp.digamma(x), sign * xp.gamma(n + 1) * xp.zeta(n + 1, x))


def riemann_zeta(xp: Any, x: Array) -> Array:
    """zeta(x, 1), for x < -1/4 by the functional equation; DLMF 25.4.1."""
    left = x < _LEFT
    mirror = xp.where(left, 1 - x, 2)
    value = zeta_derivative(xp, mirror, xp.ones_like(x), order=0)
    power, factorial = -math.log(2 * math.pi) * mirror, xp.gamma(mirror)
    beyond = xp.exp(xp.gammaln(mirror) + power)
    scale = xp.where(factorial == math.inf, beyond, factorial * xp.exp(power))
    place = xp.remainder(x, 4)
    wave = xp.sin(math.pi / 2 * place)
    wave = xp.where(xp.remainder(place, 2) == 0, xp.zeros_like(x), 2 * wave * scale * value)
    right = zeta_derivative(xp, xp.where(left, 2, x), xp.ones_like(x), order=0)
    return xp.where(left, wave, right)


def zetac(xp: Any, x: Array) -> Array:
    """riemann_zeta(x) - 1, whose sum begins with 2^-x."""
    left = x < _LEFT
    tail = zeta_derivative(xp, xp.where(left, 2, x), 2 * xp.ones_like(x), order=0)
    return xp.where(left, xp.riemann_zeta(x) - 1, tail)


def zeta_derivative(xp: Any, x: Array, q: Array, *, order: int) -> Array:
    """The order-th derivative in x of the sum over k of (q + k)^-x, for q > 0 and x > -10."""
    total = 0 * q * xp.where(xp.isinf(x), 0, x)
    for k in range(_TERMS):
        base = q + k
        total = total + (-xp.log(base)) ** order * xp.pow(base, -x)
    w = q + _TERMS
    last = xp.pow(w, 1 - x)
    x = xp.where(last == 0, 2, x)  # where nothing is left of the rest, which would overflow
    rest = [(-1) ** i / (x - 1) ** (i + 1) for i in range(order + 1)]
    rest[0] = rest[0] + 0.5 / w
    # Taylor coefficients in x of x (x + 1) ... (x + 2j - 2), one factor after the other.
    rising = [x, xp.ones_like(x), *[0 * x for _ in range(order)]][: order + 1]
    power = 1 / (w * w)
    for j, coefficient in enumerate(_BERNOULLI):
        rest = [r + coefficient * power * c for r, c in zip(rest, rising, strict=True)]
        power = power / (w * w)
        for factor in (x + (2 * j + 1), x + (2 * j + 2)):
            shifted = [0 * x, *rising[:-1]]
            rising = [c * factor + s for c, s in zip(rising, shifted, strict=True)]
    tail = xp.zeros_like(total)
    for i in range(order + 1):
        weight = math.comb(order, i) * math.factorial(order - i)
        tail = tail + weight * (-xp.log(w)) ** i * rest[order - i]
    return total + tail * last
