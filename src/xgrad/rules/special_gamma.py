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


def beta_a(xp: Any, g: Array, a: Array, b: Array, y: Array) -> Array:
    """y = Gamma(a) Gamma(b) / Gamma(n) with n = a + b;  dy/da = y (psi(a) - psi(n)).

    For n <= 0, y = M sin(pi n) with M = Gamma(a) Gamma(b) Gamma(1 - n) / pi, which is taken where the
    sine is closer to a zero than a and b are to poles."""
    n = a + b
    poles = xp.minimum(xp.abs(_sinpi(xp, a)), xp.abs(_sinpi(xp, b)))
    mirrored = (n <= 0) & (xp.abs(_sinpi(xp, n)) < poles / 2)
    inside = [xp.where(mirrored, part, safe) for part, safe in ((a, 0.25), (b, -0.5))]
    cosine = math.pi * _sinpi(xp, n + 0.5)
    slope = _mirrored_beta(xp, *inside) * cosine - y * _digamma_difference(xp, a, 1 - n - a)
    # Elsewhere y is 0 at infinity only, and flat.
    outside = xp.where(y == 0, 0, -y * _digamma_difference(xp, a, b))
    return g * xp.where(mirrored, slope, outside)


def _mirrored_beta(xp: Any, a: Array, b: Array) -> Array:
    """M of `beta_a`, by the beta function of positive numbers."""
    small, large = xp.minimum(a, b), xp.maximum(a, b)
    other = 1 - a - b
    one = xp.beta(xp.where(large > 0, large, 1), other) / _sinpi(xp, small)
    below = xp.where(large > 0, -0.5, large)
    sines = _sinpi(xp, small) * _sinpi(xp, below)
    both = math.pi / (other * xp.beta(1 - small, 1 - below) * sines)
    return xp.where(large > 0, one, both)


def betaln_a(xp: Any, g: Array, a: Array, b: Array) -> Array:
    """dy/da = psi(a) - psi(a + b), and nothing where a and b are poles of Gamma."""
    poles = _is_pole(xp, a) & _is_pole(xp, b)
    return -g * (_digamma_difference(xp, a, b) * xp.where(poles, math.nan, xp.ones_like(a + b)))


def poch_x(xp: Any, g: Array, x: Array, m: Array, y: Array) -> Array:
    """y = Gamma(x + m) / Gamma(x);  dy/dx = y (psi(x + m) - psi(x)).

    Where both are below 0, y = poch(1 - x - m, m) sin(pi x) / sin(pi (x + m)), whose second factor
    has the slope pi sin(pi m) / sin(pi (x + m))^2, and is constant where m is whole."""
    end = x + m
    # Where x passes a zero of the product, 1 / Gamma(x) has one.
    across = y * xp.digamma(end) + xp.gamma(end) * _rgamma_slope(xp, x)
    sine, step = _sinpi(xp, end), _sinpi(xp, m)
    both = (sine == 0) & (step == 0)
    turn = math.pi * step / xp.where(both, 1, sine * sine)
    turn = xp.where(both, _steep(xp, step, both), turn)
    below = y * _digamma_difference(xp, 1 - x, -m) + xp.poch(1 - end, m) * turn
    above = y * _digamma_difference(xp, x, m)
    return g * xp.where(x > 0, above, xp.where(end > 0, across, below))


def binom_n(xp: Any, g: Array, n: Array, k: Array, y: Array) -> Array:
    """y = Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1));  dy/dn = y (psi(n + 1) - psi(n - k + 1))."""
    rest = n - k + 1
    factor = _gamma_quotient(xp, n + 1, k + 1)
    outside = y * xp.digamma(n + 1) + factor * _rgamma_slope(xp, rest)
    return g * xp.where(rest > 0.5, y * _digamma_difference(xp, rest, k), outside)


def binom_k(xp: Any, g: Array, n: Array, k: Array, y: Array) -> Array:
    """The same for k: dy/dk = y (psi(n - k + 1) - psi(k + 1))."""
    chosen, rest = k + 1, n - k + 1
    left = _rgamma_slope(xp, chosen) * _gamma_quotient(xp, n + 1, rest)
    right = _rgamma_slope(xp, rest) * _gamma_quotient(xp, n + 1, chosen)
    inside = y * _digamma_difference(xp, chosen, n - 2 * k)
    # Next to a pole on one side, the slope of the other is as it is anywhere.
    left = xp.where(chosen > 0.5, -y * xp.digamma(xp.where(chosen > 0.5, chosen, 1)), left)
    right = xp.where(rest > 0.5, -y * xp.digamma(xp.where(rest > 0.5, rest, 1)), right)
    return g * xp.where((chosen > 0.5) & (rest > 0.5), inside, left - right)


def _gamma_quotient(xp: Any, x: Array, y: Array) -> Array:
    """Gamma(x) / Gamma(y), which may be finite where they are not."""
    positive = (x > 0) & (y > 0)
    start = xp.where(positive, y, 1)
    ratio = xp.poch(start, xp.where(positive, x - y, 0))
    return xp.where(positive, ratio, xp.gamma(x) * xp.rgamma(y))


def zeta_derivative_q(xp: Any, g: Array, x: Array, q: Array, *, order: int) -> Array:
    """The derivative of zeta in q is -x zeta(x + 1, q), here differentiated in x too."""
    slope = -x * xp.zeta_derivative(x + 1, q, order=order)
    if order:
        slope = slope - order * xp.zeta_derivative(x + 1, q, order=order - 1)
    return g * slope


def riemann_zeta_x(xp: Any, g: Array, x: Array) -> Array:
    """The sum over k > 0 of -log(k) k^-x, and to the left by the functional equation, DLMF 25.4.1:
    zeta(x) = 2 (2 pi)^(x - 1) sin(pi x / 2) Gamma(1 - x) zeta(1 - x), away from the pole at 1 - x = 1."""
    left = x < -0.25
    reflected = 1 - xp.where(left, x, -xp.ones_like(x))
    one = xp.ones_like(x)
    sine, cosine = _sinpi(xp, (1 - reflected) / 2), _sinpi(xp, (2 - reflected) / 2)
    value = xp.zeta(reflected, one)
    slope = xp.zeta_derivative(reflected, one, order=1)
    bracket = (math.log(2 * math.pi) - xp.digamma(reflected)) * value - slope
    power, factorial = -math.log(2 * math.pi) * reflected, xp.gamma(reflected)
    beyond = xp.exp(xp.gammaln(reflected) + power)
    scale = 2 * xp.where(factorial == math.inf, beyond, factorial * xp.exp(power))
    mirrored = scale * (sine * bracket + math.pi / 2 * cosine * value)
    direct = xp.zeta_derivative(xp.where(left, one + 1, x), one, order=1)
    return g * xp.where(left, mirrored, direct)


def _digamma_difference(xp: Any, x: Array, d: Array) -> Array:
    """psi(x + d) - psi(x), without cancellation where both are positive, or both are not.

    Those are reflected, DLMF 5.5.4; the cotangents cancel where d is whole, at the poles too."""
    end = x + d
    positive, mirrored = (x > 0) & (end > 0), (x <= 0) & (end <= 0)
    start = xp.where(positive, x, xp.where(mirrored, 1 - x, 1))
    step = xp.where(positive, d, xp.where(mirrored, -d, 0))
    exact = xp.polygamma_difference(start, step, order=0)
    sines, turn = _sinpi(xp, end) * _sinpi(xp, x), _sinpi(xp, d)
    whole = (sines == 0) & (turn == 0)
    at_poles = xp.where(turn == 0, xp.ones_like(turn), math.nan)
    cotangents = math.pi * turn / (sines + xp.where(sines == 0, at_poles, 0))
    cotangents = xp.where(whole, _steep(xp, turn, whole), cotangents)
    exact = exact + xp.where(mirrored, cotangents, 0)
    return xp.where(positive | mirrored, exact, xp.digamma(end) - xp.digamma(x))


def _rgamma_slope(xp: Any, x: Array) -> Array:
    """The derivative of 1 / Gamma(x), which is Gamma(1 - x) sin(pi x) / pi."""
    left = x < 0.5
    reflected = xp.where(left, 1 - x, xp.ones_like(x))
    cosine = _sinpi(xp, x + 0.5)
    inner = cosine - xp.digamma(reflected) * _sinpi(xp, x) / math.pi
    # Far to the right it is flat: psi(x) would be infinity times 0.
    right = xp.where(left | (x > 1e3), 1e3, x)
    return xp.where(left, xp.gamma(reflected) * inner, -xp.digamma(right) * xp.rgamma(right))


def _steep(xp: Any, turn: Array, at_poles: Array) -> Array:
    """0 where turn is, with an infinite slope: at poles what cancels for whole numbers only."""
    return xp.sqrt(xp.where(at_poles, turn, 1))


def _is_pole(xp: Any, x: Array) -> Array:
    """Where Gamma(x) has a pole."""
    return (x <= 0) & (x == xp.floor(x))


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
    a=beta_a,
    b=lambda xp, g, a, b, y: beta_a(xp, g, b, a, y),
)
give(
    "betaln",
    a=betaln_a,
    b=lambda xp, g, a, b: betaln_a(xp, g, b, a),
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
