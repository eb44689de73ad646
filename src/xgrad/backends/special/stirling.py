"""Densities of the gamma and beta distributions, and what else Stirling's formula makes exact.

Written with logarithms of gamma functions they lose as many digits as their arguments have. Here
the large parts are taken away on paper: with s(a) the remainder of Stirling's series and
D(a, m) = a log(a / m) + m - a, both small, a density is a root times exp(-s - D).
(C. Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.)"""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Array

__all__ = ["beta_density", "betaln", "gamma_density", "polygamma_difference"]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_LARGE = 12.0  # from here on the series below are exact to double precision
_TINY = 1e-150  # where x times the density may underflow
# B_2k / (2k (2k - 1)) for k = 1 ..., the coefficients of Stirling's series; DLMF 5.11.1.
_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)
# B_2k / (2k) for k = 1 ..., those of the digamma function; DLMF 5.11.2.
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)


def gamma_density(xp: Any, a: Array, x: Array) -> Array:
    """x^(a - 1) e^-x / Gamma(a): the derivative of gammainc with respect to x.

    NaN outside its domain. For a < 1 it is a / x times the density of a + 1, which cannot overflow."""
    exponent = stirling_remainder(xp, a) + deviance(xp, a, x, x - a)
    inside = xp.sqrt(a / (2 * math.pi)) / x * xp.exp(-exponent)
    near_zero = xp.pow(x, a - 1) * xp.exp(-xp.gammaln(a))
    density = xp.where(x <= _TINY, near_zero, inside)
    small = a * (xp.pow(x, a) * xp.exp(-x - xp.gammaln(a + 1))) / x
    density = xp.where(a < 1, small, density)
    at_zero = xp.where(a < 1, math.inf, xp.where(a == 1, xp.ones_like(x), 0))
    density = xp.where(x == 0, at_zero, density)
    density = xp.where((a == math.inf) | (x == math.inf), 0, density)
    density = xp.where(a == 0, 0, density)
    small = xp.minimum(a, x)
    return xp.where((small >= 0) & (small < math.inf), density, math.nan)


def beta_density(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """x^(a - 1) (1 - x)^(b - 1) / B(a, b): the derivative of betainc with respect to x.

    NaN outside its domain. For a < 1 it is a / ((a + b) x) times the density of a + 1, for b < 1 by the same in 1 - x."""
    n, y = a + b, 1 - x
    first, second = xp.where(a < 1, a + 1, a), xp.where(b < 1, b + 1, b)
    density = _beta_density_above(xp, first, second, x)
    density = xp.where(a < 1, density * (a / n) / x, density)
    density = xp.where(b < 1, density * (b / (first + b)) / y, density)
    density = xp.where((a == math.inf) | (b == math.inf), 0, density)
    density = xp.where(x == 0, _density_at_end(xp, a, b), density)
    density = xp.where(y == 0, _density_at_end(xp, b, a), density)
    density = xp.where((a == 0) | (b == 0), 0, density)
    # What steps at an end has no derivative there.
    outside = (xp.minimum(a, b) < 0) | (x < 0) | (y < 0) | xp.isnan(n + x)
    step = ((b == math.inf) & ((x == 0) | (a == math.inf))) | ((a == math.inf) & (y == 0))
    return xp.where(outside | step, math.nan, density)


def _density_at_end(xp: Any, a: Array, b: Array) -> Array:
    """The density where x is 0."""
    return xp.where(a < 1, math.inf, xp.where(a == 1, b, 0))


def _beta_density_above(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """The density where a and b are 1 or more and 0 < x < 1."""
    n, y = a + b, 1 - x
    off = b * x - a * y  # n x - a, and minus n y - b
    exponent = stirling_remainder(xp, a) + stirling_remainder(xp, b) - stirling_remainder(xp, n)
    exponent = exponent + deviance(xp, a, n * x, off) + deviance(xp, b, n * y, -off)
    inside = xp.sqrt(a / n * (b / (2 * math.pi))) / (x * y) * xp.exp(-exponent)
    power = xp.pow(x, a - 1)
    near_zero = xp.where(power == 0, 0, power * xp.exp(-betaln(xp, a, b)))
    return xp.where(x <= _TINY, near_zero, inside)


def betaln(xp: Any, a: Array, b: Array) -> Array:
    """log |B(a, b)|, by Stirling's formula where the sum of logarithms of gamma functions cancels."""
    n = a + b
    small, large = xp.minimum(a, b), xp.maximum(a, b)
    # |B(a, b)| = |B(1 - n, b)| for whole b > 0, at the poles of Gamma(a) and Gamma(n) by the limit.
    mirrored = (n <= 0) & (large > 0) & (large == xp.floor(large))
    small, n = xp.where(mirrored, 1 - n, small), xp.where(mirrored, 1 - small, n)
    small, large = xp.minimum(small, large), xp.maximum(small, large)
    rest = stirling_remainder(xp, large) - stirling_remainder(xp, n)
    powers = -small * xp.log1p(large / small) - large * xp.log1p(small / large)
    stirling = stirling_remainder(xp, small) + rest + powers + _HALF_LOG_2PI
    stirling = stirling - 0.5 * xp.log(small / n * large)
    quotient = rest - (large - 0.5) * xp.log1p(small / large) - small * xp.log(n) + small
    plain = xp.gammaln(small) + xp.gammaln(large) - xp.gammaln(n)
    negative = xp.where(n > _LARGE, xp.gammaln(small) + quotient, plain)
    value = xp.where(large > _LARGE, xp.where(small > 0, stirling, negative), plain)
    # Of two poles of Gamma one is left. B(a, b) behaves as Gamma(a) b^-a for large b.
    poles = (a <= 0) & (a == xp.floor(a)) & (b <= 0) & (b == xp.floor(b))
    value = xp.where(poles | ((large == math.inf) & (small <= 0)), math.inf, value)
    return xp.where((large == math.inf) & (small > 0), -math.inf, value)


def stirling_remainder(xp: Any, a: Array) -> Array:
    """s(a) = log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2), for a > 0."""
    large = xp.where(a < _LARGE, _LARGE, a)
    series = _polynomial(_STIRLING, 1 / (large * large)) / large
    plain = xp.gammaln(a) - (a - 0.5) * xp.log(a) + a - _HALF_LOG_2PI
    return xp.where(a < _LARGE, plain, series)


def deviance(xp: Any, a: Array, mean: Array, off: Array) -> Array:
    """D = a log(a / mean) + mean - a, given also the difference mean - a, which may be small."""
    relative, ratio = off / a, mean / a
    logarithm = xp.where((ratio > 0) & (ratio < math.inf), xp.log(ratio), xp.log(mean) - xp.log(a))
    far = off - a * logarithm
    return xp.where(xp.abs(relative) < 0.5, -a * log1p_minus_x(xp, relative), far)


def log1p_minus_x(xp: Any, x: Array) -> Array:
    """log(1 + x) - x for |x| < 1/2, by the series of 2 artanh(x / (2 + x))."""
    z = x / (2 + x)
    square = z * z
    series = _polynomial(tuple(1 / (2 * k + 3) for k in range(18)), square)
    return z * (2 * square * series - x)


def polygamma_difference(xp: Any, x: Array, d: Array, *, order: int) -> Array:
    """psi^(order)(x + d) - psi^(order)(x) for positive x and x + d, however small d is.

    The recurrence moves both to where the asymptotic series holds, whose terms are subtracted as
    powers of 1 + d / x. DLMF 5.15.5 and 5.11.2."""
    sign = (-1) ** order
    factorial = math.factorial(order)
    total = xp.zeros_like(x + d)
    start = x
    for _ in range(math.ceil(_LARGE)):
        total = total - sign * factorial * _power_difference(xp, start, d, order + 1)
        start = start + 1
    leading = -sign * math.factorial(order - 1) if order else 1
    if order:
        total = total + leading * _power_difference(xp, start, d, order)
    else:
        total = total + xp.log1p(d / start)
    total = total - sign * factorial / 2 * _power_difference(xp, start, d, order + 1)
    for k, coefficient in enumerate(_DIGAMMA, start=1):
        rising = math.prod(range(2 * k, 2 * k + order))
        term = _power_difference(xp, start, d, 2 * k + order)
        total = total - sign * coefficient * rising * term
    return total


def _power_difference(xp: Any, x: Array, d: Array, n: int) -> Array:
    """(x + d)^-n - x^-n without cancellation."""
    return xp.expm1(-n * xp.log1p(d / x)) * x**-n


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """The polynomial with these coefficients, the constant one first."""
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total
