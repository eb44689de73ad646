"""Derivatives of the incomplete gamma and beta functions, their inverses, and Student's distribution.

In x they are densities in closed form. In their shapes they are integrals, `gammainc_derivative`
and `betainc_derivative`, of any order. An inverse follows from both: dF/dx dx + dF/da da = dp."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, refuse


def gamma_density_a(xp: Any, g: Array, a: Array, x: Array, y: Array) -> Array:
    """y = x^(a - 1) e^-x / Gamma(a);  dy/da = y (log x - psi(a))."""
    return g * (xp.xlogy(y, x) - y * xp.digamma(a))


def gamma_density_x(xp: Any, g: Array, a: Array, x: Array, y: Array) -> Array:
    """dy/dx = y ((a - 1) / x - 1), where x = 0 by the density with a - 1."""
    at_zero = (x == 0) & (a >= 1)
    lower = xp.where(at_zero, a - 1, xp.ones_like(a))
    inside = y * ((a - 1) / xp.where(at_zero, 1, x) - 1)
    return g * xp.where(at_zero, xp.gamma_density(lower, x) - y, inside)


def gammainc_derivative_x(xp: Any, g: Array, a: Array, x: Array, *, order: int) -> Array:
    """The density differentiated in a, by the recurrence D_(n+1) = sum C(n, i) L_(i+1) D_(n-i)
    with L_i the derivatives of its logarithm."""
    density = xp.gamma_density(a, x)
    logarithms = [xp.log(x) - xp.digamma(a)]
    logarithms += [-xp.polygamma(k * xp.ones_like(a), a) for k in range(1, order)]
    derivatives = [xp.ones_like(density)]
    for n in range(order):
        derivatives.append(
            sum(math.comb(n, i) * logarithms[i] * derivatives[n - i] for i in range(n + 1))
        )
    return g * xp.where(x == 0, 0, density * derivatives[order])


def beta_density_a(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """y = x^(a - 1) (1 - x)^(b - 1) / B(a, b);  dy/da = y (log x - psi(a) + psi(a + b))."""
    return g * (xp.xlogy(y, x) + y * xp.polygamma_difference(a, b, order=0))


def beta_density_b(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """dy/db = y (log(1 - x) - psi(b) + psi(a + b))."""
    return g * (xp.xlog1py(y, -x) + y * xp.polygamma_difference(b, a, order=0))


def beta_density_x(xp: Any, g: Array, a: Array, b: Array, x: Array, y: Array) -> Array:
    """dy/dx = y ((a - 1) / x - (b - 1) / (1 - x)), at the ends by the densities with a - 1, b - 1."""
    n = a + b - 1
    at_zero, at_one = (x == 0) & (a >= 1), (x == 1) & (b >= 1)
    lower_a, lower_b = xp.where(at_zero, a - 1, a), xp.where(at_one, b - 1, b)
    first = y * (a - 1) / xp.where(at_zero, 1, x)
    second = y * (b - 1) / xp.where(at_one, 1, 1 - x)
    first = xp.where(at_zero, n * xp.beta_density(lower_a, b, x), first)
    second = xp.where(at_one, n * xp.beta_density(a, lower_b, x), second)
    return g * (first - second)


def betainc_derivative_x(
    xp: Any, g: Array, a: Array, b: Array, x: Array, *, orders: tuple[int, int]
) -> Array:
    """The density differentiated in a and b, by the same recurrence in two variables."""
    density = xp.beta_density(a, b, x)
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
    return g * xp.where((x == 0) | (x == 1), 0, density * derivatives[orders])


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
    is 0 and sign(t) has no slope, it is t times the derivative of the density."""
    square = t * t
    half = 0.5 * xp.ones_like(square / df)
    near = square < df
    w = xp.where(near, square / (df + square), half)
    z = xp.where(near, half, df / (df + square))
    inner = xp.betainc_derivative(half, df / 2, w, orders=(0, 1))
    tail = xp.betainc_derivative(df / 2, half, z, orders=(1, 0))
    shape = xp.sign(t) / 4 * xp.where(near, inner, -tail)
    density = _student_density(xp, df, t)
    growth = xp.polygamma_difference(df / 2, 0.5 + 0 * df, order=0) - 1 / df
    return xp.where(t == 0, t / 2 * density * growth, shape - t / (2 * df) * density)


def _student_density(xp: Any, df: Array, t: Array) -> Array:
    """The density, (1 + t^2 / df)^(-(df + 1) / 2) / (sqrt(df) B(1/2, df / 2))."""
    half = 0.5 * xp.ones_like(df)
    exponent = (df + 1) / 2 * xp.log1p(t * t / df)
    return xp.exp(-exponent - xp.betaln(half, df / 2) - 0.5 * xp.log(df))


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
