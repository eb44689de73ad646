"""Derivatives of the incomplete gamma and beta functions, their inverses, and Student's distribution.

In x they are densities in closed form. In their shapes they are integrals, `gammainc_derivative`
and `betainc_derivative`, of any order. An inverse follows from both: dF/dx dx + dF/da da = dp."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, refuse

_LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)
_NORMAL = 1e20  # from where Student's density has the digits of the normal one
_TINY = 1e-20  # where a density may underflow that its derivative does not


def gamma_density_a(xp: Any, g: Array, a: Array, x: Array, y: Array) -> Array:
    """y = x^(a - 1) e^-x / Gamma(a);  dy/da = y (log x - psi(a)).

    Where a is small, y = a h with h the density of a + 1 divided by x;  dy/da = h + a dh/da."""
    small, at_zero = (a < 1) & (x > 0), x == 0
    shape = xp.where(small, a + 1, xp.where(a == math.inf, 1, a))
    inside = xp.where(at_zero | (x == math.inf), 1, x)
    slope = _log_less_digamma(xp, shape, inside)
    below = xp.gamma_density(xp.where(small, shape, 1), x) / inside * (1 + a * slope)
    # At 0 nothing counts but the logarithm.
    above = xp.where(at_zero, xp.xlogy(y, xp.where(at_zero, x, 1)), y * slope)
    return g * xp.where(small, below, above)


def _log_less_digamma(xp: Any, a: Array, x: Array) -> Array:
    """log x - psi(a), by log a - psi(a) = 1 / (2 a) + ... where both are large; DLMF 5.11.2."""
    near = (a > 1e4) & (xp.abs(x - a) < a / 2)
    large = xp.where(near, a, 1e4)
    square = 1 / (large * large)
    rest = 0.5 / large + square * (1 / 12 - square / 120)
    ratio = xp.log1p(xp.where(near, x - a, 0) / large)
    return xp.where(near, ratio + rest, xp.log(x) - xp.digamma(a))


def gamma_density_x(xp: Any, g: Array, a: Array, x: Array, y: Array) -> Array:
    """dy/dx = y (a - 1 - x) / x, where x is tiny by the density with a - 1."""
    tiny = (x <= _TINY) & (a >= 1)
    lower = xp.where(tiny, a - 1, xp.ones_like(a))
    flat = tiny | (a == math.inf) | (x == math.inf)
    size = xp.where(flat, 1, xp.abs(x))  # which has no -0.0
    inside = y * xp.where(flat, 0, (a - 1 - x) / size)
    return g * xp.where(tiny, xp.gamma_density(lower, x) - y, inside)


def gammainc_derivative_x(xp: Any, g: Array, a: Array, x: Array, *, order: int) -> Array:
    """The density differentiated in a, by the recurrence D_(n+1) = sum C(n, i) L_(i+1) D_(n-i)
    with L_i the derivatives of its logarithm, where a is small those for a + 1."""
    small = a < 1
    shape = xp.where(small, a + 1, a)
    logarithms = [_log_less_digamma(xp, shape, x)]
    logarithms += [-xp.polygamma(k * xp.ones_like(a), shape) for k in range(1, order)]
    density = xp.gamma_density(shape, x)
    derivatives = [xp.ones_like(density)]
    for n in range(order):
        derivatives.append(
            sum(math.comb(n, i) * logarithms[i] * derivatives[n - i] for i in range(n + 1))
        )
    below = (a * derivatives[order] + order * derivatives[order - 1]) / xp.where(small, x, 1)
    inside = density * xp.where(small, below, derivatives[order])
    at_zero = xp.where(a > 1, xp.zeros_like(a), (-1) ** order * math.inf)
    return g * xp.where(x == 0, at_zero, xp.where(density == 0, 0, inside))


def beta_density_a(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """y = x^(a - 1) (1 - x)^(b - 1) / B(a, b);  dy/da = y (log x - psi(a) + psi(a + b))."""
    above = xp.beta_density(a + 1, b, x)
    inside = xp.where(x == 0, 1, x)
    return g * _beta_density_slope(xp, a, b, y, above / inside, xp.log(inside), x == 0)


def beta_density_b(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """dy/db = y (log(1 - x) - psi(b) + psi(a + b))."""
    above = xp.beta_density(a, b + 1, x)
    inside = xp.where(x == 1, 0, x)
    return g * _beta_density_slope(xp, b, a, y, above / (1 - inside), xp.log1p(-inside), x == 1)


def _beta_density_slope(
    xp: Any, a: Array, b: Array, y: Array, above: Array, logarithm: Array, at_end: Array
) -> Array:
    """The slope in a, where a is small that of y = a / n h with n = a + b and h the density of a + 1
    divided by x. At the end nothing counts but the logarithm."""
    small, n = (a < 1) & ~at_end, a + b
    infinite = n == math.inf
    start, step = xp.where(infinite, 1, a), xp.where(infinite, 0, b)
    start = xp.where(small, start + 1, start)
    slope = logarithm + xp.polygamma_difference(start, step, order=0)
    below = xp.where(small, above / n, 0) * (b / n + a * slope)
    return xp.where(small, below, xp.where(at_end, xp.xlogy(y, xp.zeros_like(y)), y * slope))


def beta_density_x(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """dy/dx = y ((a - 1) / x - (b - 1) / (1 - x)), at the ends by the densities with a - 1, b - 1."""
    at_zero, at_one = (x <= _TINY) & (a >= 1), (x == 1) & (b >= 1)
    lower_a, lower_b = xp.where(at_zero, a - 1, a), xp.where(at_one, b - 1, b)
    first = y * (a - 1) / xp.where(at_zero, 1, xp.abs(x))
    second = y * (b - 1) / xp.where(at_one, 1, 1 - x)
    first = xp.where(at_zero, (a - 1 + b) * xp.beta_density(lower_a, b, x), first)
    second = xp.where(at_one, (a + (b - 1)) * xp.beta_density(a, lower_b, x), second)
    # Where one end is infinite the other does not count, and beside infinite shapes all is flat.
    first = xp.where((x == 1) & (b < 1), 0, first)
    second = xp.where((x == 0) & (a < 1), 0, second)
    return g * xp.where(a + b == math.inf, y, first - second)


def betainc_derivative_x(
    xp: Any, g: Array, a: Array, b: Array, x: Array, *, orders: tuple[int, int]
) -> Array:
    """The density differentiated in a and b, by the same recurrence in two variables."""
    density = xp.beta_density(a, b, x)
    if sum(orders) == 1:
        return (beta_density_a if orders[0] else beta_density_b)(xp, g, a, b, x, density)
    derivatives = {(0, 0): xp.ones_like(density)}
    logarithms = {}
    for m in range(orders[0] + 1):
        for n in range(orders[1] + 1):
            if (m, n) == (0, 0):
                continue
            logarithms[m, n] = _log_beta_density(xp, a, b, x, m, n)
            i, j = (m - 1, n) if m else (m, n - 1)
            derivatives[m, n] = sum(
                math.comb(i, p)
                * math.comb(j, q)
                * logarithms[p + m - i, q + n - j]
                * derivatives[i - p, j - q]
                for p in range(i + 1)
                for q in range(j + 1)
            )
    slope = xp.where(density == 0, 0, density * derivatives[orders])
    for order, at_end in zip(orders, (x == 0, x == 1), strict=True):
        if order:
            slope = xp.where(at_end & (density > 0), (-1) ** order * math.inf, slope)
    return g * slope


def _log_beta_density(xp: Any, a: Array, b: Array, x: Array, m: int, n: int) -> Array:
    """The derivative of orders m and n in a and b of the logarithm of the density."""
    if m and n:
        return xp.polygamma((m + n - 1) * xp.ones_like(a + b), a + b)
    if m:
        difference = xp.polygamma_difference(a, b, order=m - 1)
        return difference + xp.log(x) if m == 1 else difference
    difference = xp.polygamma_difference(b, a, order=n - 1)
    return difference + xp.log1p(-x) if n == 1 else difference


def gammaincinv_a(xp: Any, g: Array, a: Array, y: Array) -> Array:
    """P(a, y) = p;  dy/da = -(dP/da) / (dP/dy), and 0 at y = 0, which does not move."""
    ratio = xp.gammainc_derivative(a, y, order=1) / xp.gamma_density(a, y)
    return -g * xp.where(y == 0, 0, ratio)


def gamma_draw_a(xp: Any, g: Array, a: Array, y: Array) -> Array:
    """As gammaincinv's: a draw keeps its place in the distribution when a changes.

    Where y is tiny, P(a, y) = y^a / Gamma(a + 1), and the density may overflow."""
    tiny = y < 1e-20
    drawn = xp.where(tiny, xp.ones_like(y), y)
    small = xp.where(tiny & (y > 0), y, xp.ones_like(y))
    near = -g * (small * (xp.log(small) - xp.digamma(a + 1)) / a)
    return xp.where(tiny, xp.where(y > 0, near, 0), gammaincinv_a(xp, g, a, drawn))


def betaincinv_a(xp: Any, g: Array, a: Array, b: Array, y: Array) -> Array:
    """I_y(a, b) = p;  dy/da = -(dI/da) / (dI/dy), and 0 at the ends, which do not move."""
    ratio = xp.betainc_derivative(a, b, y, orders=(1, 0)) / xp.beta_density(a, b, y)
    return -g * xp.where((y == 0) | (y == 1), 0, ratio)


def betaincinv_b(xp: Any, g: Array, a: Array, b: Array, y: Array) -> Array:
    """The same for b."""
    ratio = xp.betainc_derivative(a, b, y, orders=(0, 1)) / xp.beta_density(a, b, y)
    return -g * xp.where((y == 0) | (y == 1), 0, ratio)


def stdtr_df(xp: Any, g: Array, df: Array, t: Array) -> Array:
    """dy/ddf of Student's distribution function."""
    return g * _student_slope(xp, df, t)


def _student_slope(xp: Any, df: Array, t: Array) -> Array:
    """With z = df / (df + t^2) the upper tail is I_z(df / 2, 1/2) / 2, and the other part has
    w = 1 - z: the derivative in the shape, of whichever is small, and that in z. At t = 0, where it
    is 0 and sign(t) has no slope, it is t times the derivative of the density. Where df is large that
    cancels, and two terms of the expansion in 1 / df remain (Fisher's), divided by the density."""
    density = _student_density(xp, df, t)
    square, share = t * t, 1 / df
    large = df > 1e4 * (1 + square)
    ratio = (square + 1) / 4 + square * (1 - square) * share / 12
    expansion = density * (t * share) * (share * ratio)
    df = xp.where(large, 1, df)
    half = 0.5 * xp.ones_like(square / df)
    near = square < df
    w = xp.where(near, square / (df + square), half)
    z = xp.where(near, half, df / (df + square))
    inner = xp.betainc_derivative(half, df / 2, w, orders=(0, 1))
    tail = xp.betainc_derivative(df / 2, half, z, orders=(1, 0))
    shape = xp.sign(t) / 4 * xp.where(near, inner, -tail)
    growth = xp.polygamma_difference(df / 2, 0.5 + 0 * df, order=0) - 1 / df
    inside = xp.where(t == 0, t / 2 * density * growth, shape - t / (2 * df) * density)
    return xp.where(large, expansion, inside)


def _student_density(xp: Any, df: Array, t: Array) -> Array:
    """The density, (1 + t^2 / df)^(-(df + 1) / 2) / (sqrt(df) B(1/2, df / 2)), or the normal one."""
    normal = df > _NORMAL
    df = xp.where(normal, 1, df)
    half = 0.5 * xp.ones_like(df)
    exponent = (df + 1) / 2 * xp.log1p(t * t / df) + xp.betaln(half, df / 2) + 0.5 * xp.log(df)
    return xp.exp(-xp.where(normal, t * t / 2 + _LOG_ROOT_2PI, exponent))


give(
    "gammainc",
    a=lambda xp, g, a, x: g * xp.gammainc_derivative(a, x, order=1),
    x=lambda xp, g, a, x: g * xp.gamma_density(a, x),
)
give(
    "gammaincc",
    a=lambda xp, g, a, x: -g * xp.gammainc_derivative(a, x, order=1),
    x=lambda xp, g, a, x: -g * xp.gamma_density(a, x),
)
give(
    "gammainc_derivative",
    a=lambda xp, g, a, x, *, order: g * xp.gammainc_derivative(a, x, order=order + 1),
    x=gammainc_derivative_x,
)
give("gamma_density", a=gamma_density_a, x=gamma_density_x)
give("gamma_draw", a=gamma_draw_a)
refuse("gamma_draw", x="what is drawn is a constant that only moves with a")
give("gammaincinv", a=gammaincinv_a, p=lambda xp, g, a, y: g / xp.gamma_density(a, y))
give("gammainccinv", a=gammaincinv_a, p=lambda xp, g, a, y: -g / xp.gamma_density(a, y))
give(
    "betainc",
    a=lambda xp, g, a, b, x: g * xp.betainc_derivative(a, b, x, orders=(1, 0)),
    b=lambda xp, g, a, b, x: g * xp.betainc_derivative(a, b, x, orders=(0, 1)),
    x=lambda xp, g, a, b, x: g * xp.beta_density(a, b, x),
)
give(
    "betaincc",
    a=lambda xp, g, a, b, x: -g * xp.betainc_derivative(a, b, x, orders=(1, 0)),
    b=lambda xp, g, a, b, x: -g * xp.betainc_derivative(a, b, x, orders=(0, 1)),
    x=lambda xp, g, a, b, x: -g * xp.beta_density(a, b, x),
)
give(
    "betainc_derivative",
    a=lambda xp, g, a, b, x, *, orders: (
        g * xp.betainc_derivative(a, b, x, orders=(orders[0] + 1, orders[1]))
    ),
    b=lambda xp, g, a, b, x, *, orders: (
        g * xp.betainc_derivative(a, b, x, orders=(orders[0], orders[1] + 1))
    ),
    x=betainc_derivative_x,
)
give("beta_density", a=beta_density_a, b=beta_density_b, x=beta_density_x)
give(
    "betaincinv",
    a=betaincinv_a,
    b=betaincinv_b,
    p=lambda xp, g, a, b, y: g / xp.beta_density(a, b, y),
)
give(
    "betainccinv",
    a=betaincinv_a,
    b=betaincinv_b,
    p=lambda xp, g, a, b, y: -g / xp.beta_density(a, b, y),
)
give("stdtr", df=stdtr_df, t=lambda xp, g, df, t: g * _student_density(xp, df, t))
give(
    "stdtrit",
    df=lambda xp, g, df, y: -g * (_student_slope(xp, df, y) / _student_density(xp, df, y)),
    p=lambda xp, g, df, y: g / _student_density(xp, df, y),
)
