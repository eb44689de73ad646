"""Special functions that are a few of the standard's, for libraries that lack them.

Each is as exact as the functions in it: differences that cancel are written another way. Domains
and special points are SciPy's."""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Array

__all__ = [
    "beta",
    "betaincc",
    "betainccinv",
    "binom",
    "boxcox",
    "boxcox1p",
    "cbrt",
    "cosdg",
    "cosm1",
    "cotdg",
    "entr",
    "erfcinv",
    "exp2",
    "exp10",
    "expit",
    "gamma",
    "gamma_draw",
    "gammasgn",
    "inv_boxcox",
    "inv_boxcox1p",
    "kl_div",
    "log_expit",
    "log_ndtr",
    "loggamma",
    "logit",
    "ndtr",
    "poch",
    "pseudo_huber",
    "rel_entr",
    "rgamma",
    "sindg",
    "softplus",
    "spence",
    "stdtr",
    "stdtrit",
    "tandg",
    "xlog1py",
    "xlogy",
]

_ROOT2 = math.sqrt(2.0)


# -- logistic functions and entropies ----------------------------------------------------------


def expit(xp: Any, x: Array) -> Array:
    """1 / (1 + e^-x)."""
    return 1 / (1 + xp.exp(-x))


def logit(xp: Any, x: Array) -> Array:
    """log(x / (1 - x)), near 1/2 by an inverse hyperbolic tangent."""
    return xp.where(xp.abs(x - 0.5) < 0.2, 2 * xp.atanh(2 * x - 1), xp.log(x) - xp.log1p(-x))


def log_expit(xp: Any, x: Array) -> Array:
    """log(expit(x))."""
    return -xp.softplus(-x)


def softplus(xp: Any, x: Array) -> Array:
    """log(1 + e^x)."""
    return xp.logaddexp(x, xp.zeros_like(x))


def xlogy(xp: Any, x1: Array, x2: Array) -> Array:
    """x1 log(x2), and 0 where x1 is 0."""
    return xp.where((x1 == 0) & ~xp.isnan(x2), 0 * x1, x1 * xp.log(x2))


def xlog1py(xp: Any, x1: Array, x2: Array) -> Array:
    """x1 log(1 + x2), and 0 where x1 is 0."""
    return xp.where((x1 == 0) & ~xp.isnan(x2), 0 * x1, x1 * xp.log1p(x2))


def entr(xp: Any, x: Array) -> Array:
    """-x log(x), -inf for x < 0."""
    return xp.where(x < 0, -math.inf, -xp.xlogy(x, x))


def rel_entr(xp: Any, x1: Array, x2: Array) -> Array:
    """x1 log(x1 / x2) for positive ones, 0 for x1 = 0, else inf."""
    near = xp.abs(x1 - x2) < x2 / 2
    logarithm = xp.where(near, xp.log1p((x1 - x2) / x2), xp.log(x1) - xp.log(x2))
    value = xp.where(x1 == 0, 0 * x1, x1 * logarithm)
    outside = (x1 < 0) | (x2 < 0) | ((x1 > 0) & (x2 == 0))
    return xp.where(outside & ~xp.isnan(x1) & ~xp.isnan(x2), math.inf, value)


def kl_div(xp: Any, x1: Array, x2: Array) -> Array:
    """rel_entr(x1, x2) - x1 + x2."""
    entropy = xp.rel_entr(x1, x2)
    return xp.where(xp.isinf(entropy), entropy, entropy - x1 + x2)


def pseudo_huber(xp: Any, delta: Array, r: Array) -> Array:
    """delta^2 (sqrt(1 + (r / delta)^2) - 1)."""
    ratio = r / xp.where(delta == 0, 1, delta)
    value = delta * delta * xp.expm1(0.5 * xp.log1p(ratio * ratio))
    return xp.where(delta < 0, math.inf, value)


# -- powers ------------------------------------------------------------------------------------


def boxcox(xp: Any, x: Array, lmbda: Array) -> Array:
    """(x^lmbda - 1) / lmbda, and log(x) for lmbda = 0."""
    return _boxcox(xp, xp.log(x), lmbda)


def boxcox1p(xp: Any, x: Array, lmbda: Array) -> Array:
    """boxcox(1 + x, lmbda), exact for small x."""
    return _boxcox(xp, xp.log1p(x), lmbda)


def _boxcox(xp: Any, logarithm: Array, lmbda: Array) -> Array:
    inside = logarithm * xp.exprel_derivative(lmbda * logarithm, order=0)
    at_zero = xp.where(lmbda > 0, -1 / lmbda, -math.inf)
    return xp.where(logarithm == -math.inf, at_zero, inside)


def inv_boxcox(xp: Any, x: Array, lmbda: Array) -> Array:
    """(lmbda x + 1)^(1 / lmbda), and e^x for lmbda = 0."""
    return xp.exp(x * xp.log1prel(lmbda * x, order=0))


def inv_boxcox1p(xp: Any, x: Array, lmbda: Array) -> Array:
    """inv_boxcox(x, lmbda) - 1, exact for small x."""
    return xp.expm1(x * xp.log1prel(lmbda * x, order=0))


def cbrt(xp: Any, x: Array) -> Array:
    """The real cube root."""
    return xp.sign(x) * xp.abs(x) ** (1 / 3)


def exp2(xp: Any, x: Array) -> Array:
    """2^x."""
    return xp.pow(2 * xp.ones_like(x), x)


def exp10(xp: Any, x: Array) -> Array:
    """10^x."""
    return xp.pow(10 * xp.ones_like(x), x)


# -- angles in degrees -------------------------------------------------------------------------


def cosm1(xp: Any, x: Array) -> Array:
    """cos(x) - 1."""
    return -2 * xp.sin(x / 2) ** 2


def sindg(xp: Any, x: Array) -> Array:
    """The sine of an angle in degrees."""
    return _wave(xp, x, 0)


def cosdg(xp: Any, x: Array) -> Array:
    """The cosine of an angle in degrees."""
    return _wave(xp, x, 1)


def tandg(xp: Any, x: Array) -> Array:
    """The tangent of an angle in degrees."""
    return _wave(xp, x, 0) / _wave(xp, x, 1)


def cotdg(xp: Any, x: Array) -> Array:
    """The cotangent of an angle in degrees."""
    return _wave(xp, x, 1) / _wave(xp, x, 0)


def _wave(xp: Any, x: Array, quarter: int) -> Array:
    """sin(x + 90 quarter) in degrees, exact at the multiples of 90."""
    turns = xp.round(x / 90)
    angle = (x - 90 * turns) * (math.pi / 180)
    place = xp.remainder(turns + quarter, 4)
    wave = xp.where(xp.remainder(place, 2) == 0, xp.sin(angle), xp.cos(angle))
    return xp.where(place < 2, wave, -wave)


# -- the normal distribution -------------------------------------------------------------------


def ndtr(xp: Any, x: Array) -> Array:
    """erfc(-x / sqrt(2)) / 2."""
    return xp.erfc(x / -_ROOT2) / 2


def log_ndtr(xp: Any, x: Array) -> Array:
    """log(ndtr(x)), in the lower tail by the scaled error function."""
    low = xp.where(x < -1, x, -xp.ones_like(x))
    high = xp.where(x < -1, xp.zeros_like(x), x)
    tail = xp.log(xp.erfcx(low / -_ROOT2) / 2) - low * low / 2
    return xp.where(x < -1, tail, xp.log1p(-xp.erfc(high / _ROOT2) / 2))


def erfcinv(xp: Any, x: Array) -> Array:
    """The inverse of erfc, which is that of ndtr."""
    return xp.ndtri(x / 2) / -_ROOT2


# -- the gamma function and its kin ------------------------------------------------------------


def gamma(xp: Any, x: Array) -> Array:
    """Gamma(x), from its logarithm and sign."""
    return xp.gammasgn(x) * xp.exp(xp.gammaln(x))


def rgamma(xp: Any, x: Array) -> Array:
    """1 / Gamma(x), 0 at the poles."""
    return xp.where(_is_pole(xp, x), 0 * x, xp.gammasgn(x) * xp.exp(-xp.gammaln(x)))


def gamma_draw(xp: Any, a: Array, x: Array) -> Array:
    """x, which was drawn from the gamma distribution of a."""
    return x


def gammasgn(xp: Any, x: Array) -> Array:
    """The sign of Gamma(x): that of x at 0, NaN at the other poles."""
    floor = xp.floor(x)
    sign = xp.where(xp.remainder(floor, 2) == 0, xp.ones_like(x), -xp.ones_like(x))
    sign = xp.where(x == floor, math.nan, sign)
    sign = xp.where(x == 0, xp.copysign(xp.ones_like(x), x), sign)
    return xp.where(x > 0, xp.ones_like(x), xp.where(xp.isnan(x), x, sign))


def loggamma(xp: Any, x: Array) -> Array:
    """log(Gamma(x)), NaN for x < 0."""
    return xp.where(x < 0, math.nan, xp.gammaln(x))


def beta(xp: Any, a: Array, b: Array) -> Array:
    """Gamma(a) Gamma(b) / Gamma(a + b), at two poles of the quotient the limit."""
    n, large = a + b, xp.maximum(a, b)
    sign = xp.gammasgn(a) * xp.gammasgn(b) * xp.gammasgn(n)
    infinite, zero = _is_pole(xp, a) | _is_pole(xp, b), _is_pole(xp, n)
    both = infinite & zero & (large > 0)
    sign = xp.where(infinite | zero, xp.ones_like(n), sign)
    sign = xp.where(both, 1 - 2 * xp.remainder(large, 2), sign)
    return sign * xp.exp(xp.betaln(a, b))


def poch(xp: Any, x: Array, m: Array) -> Array:
    """Gamma(x + m) / Gamma(x), of two poles the limit in x."""
    end = x + m
    at_pole = _is_pole(xp, x)
    both = at_pole & _is_pole(xp, end)
    start, stop = xp.where(both, 1 - end, x), xp.where(both, 1 - x, end)
    sign = xp.where(both, 1 - 2 * xp.remainder(m, 2), xp.gammasgn(stop) * xp.gammasgn(start))
    ratio = sign * xp.exp(xp.gammaln(stop) - xp.gammaln(start))
    ratio = xp.where(at_pole & ~both, xp.zeros_like(ratio), ratio)
    ratio = xp.where(_is_pole(xp, end) & ~at_pole, math.inf, ratio)
    return xp.where(m == 0, xp.ones_like(ratio), ratio)


def _is_pole(xp: Any, x: Array) -> Array:
    """Where Gamma(x) has a pole."""
    return (x <= 0) & (x == xp.floor(x))


def binom(xp: Any, n: Array, k: Array) -> Array:
    """Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1))."""
    return 1 / ((n + 1) * xp.beta(1 + n - k, 1 + k))


# -- incomplete beta function, Student's distribution, dilogarithm -----------------------------


def betaincc(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """1 - I_x(a, b) = I_(1 - x)(b, a)."""
    return xp.betainc(b, a, 1 - x)


def betainccinv(xp: Any, a: Array, b: Array, p: Array) -> Array:
    """The x with betaincc(a, b, x) = p."""
    return 1 - xp.betaincinv(b, a, p)


def stdtr(xp: Any, df: Array, t: Array) -> Array:
    """Student's distribution function, by the side on which the incomplete beta function is small."""
    square = t * t
    near = square < df
    inner = xp.betainc(0.5 + 0 * df, df / 2, square / (df + square)) / 2
    tail = xp.betainc(df / 2, 0.5 + 0 * df, df / (df + square)) / 2
    upper = xp.where(t < 0, 0 * tail, xp.ones_like(tail))
    return xp.where(near, 0.5 + xp.sign(t) * inner, upper - xp.sign(t) * tail)


def stdtrit(xp: Any, df: Array, p: Array) -> Array:
    """The inverse of stdtr in t, the same way."""
    middle = xp.abs(2 * p - 1)
    near = middle < 0.5
    w = xp.betaincinv(0.5 + 0 * df, df / 2, xp.where(near, middle, 0.25))
    smaller = xp.where(p < 0.5, p, 1 - p)
    z = xp.betaincinv(df / 2, 0.5 + 0 * df, 2 * smaller)
    size = xp.where(near, xp.sqrt(df * w / (1 - w)), xp.sqrt(df * (1 - z) / z))
    return xp.sign(p - 0.5) * size


# B_2j / (2j + 1)! for j = 1 ... 12
_DEBYE = [
    b / math.factorial(2 * j + 1)
    for j, b in enumerate(
        (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798),
        start=1,
    )
]


def spence(xp: Any, x: Array) -> Array:
    """The dilogarithm of 1 - x, moved to 1/2 <= x <= 1; DLMF 25.12.4 and 25.12.6."""
    large = x > 1
    inner = xp.where(large, 1 / x, x)
    low = inner < 0.5
    u = -xp.log(xp.where(low, 1 - inner, inner))
    square = u * u
    series = 0 * u
    for coefficient in reversed(_DEBYE):
        series = (series + coefficient) * square
    value = u * (1 - u / 4 + series)
    reflected = math.pi**2 / 6 - xp.xlogy(xp.log1p(-inner), inner) - value
    value = xp.where(low, reflected, value)
    return xp.where(large, -value - xp.log(x) ** 2 / 2, value)
