"""Derivatives of the incomplete gamma and beta functions with respect to their shapes, any order.

Shapes enter the integrals as powers, so their derivatives are moments of logarithms. With the limit
of the integral as the origin, t = x e^-u, the integrand is e^phi(u) times powers of logarithms,
where phi is concave and falls from 0: Gauss's rule on the interval where e^phi counts is exact to
rounding, all of its terms have one sign, and no step depends on the data. Whichever side of the
mean x is on, that tail is integrated. The order 0 gives the functions themselves."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._typing import Array
from .stirling import beta_density, gamma_density, polygamma_difference

__all__ = ["betainc", "betainc_derivative", "gammainc_derivative"]

_NODES = 64
_NEGLIGIBLE = 45.0  # e^-45 is nothing in double precision
_NEWTON_STEPS = 8

Orders = tuple[int, int]
Pair = tuple[Array, Array]
Table = dict[Orders, Array]


def betainc(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """I_x(a, b), NaN outside of the domain."""
    outside = (a <= 0) | (b <= 0) | (x < 0) | (x > 1)
    return xp.where(outside, math.nan, betainc_derivative(xp, a, b, x, orders=(0, 0)))


def gammainc_derivative(xp: Any, a: Array, x: Array, *, order: int) -> Array:
    """The order-th derivative in a of P(a, x), the lower tail; DLMF 8.2.4."""
    a, x = xp.broadcast_arrays(a, x)
    lower = x < xp.maximum(a, xp.full_like(a, 0.5))
    side = xp.where(lower, xp.ones_like(x), -xp.ones_like(x))
    # Near a = 0 there are two scales: P(a, x) = P(a + 1, x) + x^a e^-x / Gamma(a + 1).
    shifted = lower & (a < 1)
    a = xp.where(shifted, a + 1, a)
    logarithms = {(1, 0): xp.log(x) - xp.digamma(a)}
    logarithms |= {(k, 0): -_polygamma(xp, k - 1, a) for k in range(2, order + 1)}
    c = _NEGLIGIBLE / x
    half = a - x - _NEGLIGIBLE / 2
    end = xp.where(
        lower,
        (xp.sqrt(half * half + 2 * _NEGLIGIBLE * a) - half) / a,  # as e^-u >= (2 - u) / (2 + u)
        xp.log1p(c + xp.sqrt(2 * c)),  # as phi <= -x (e^u - 1 - u)
    )
    moments = _moments(
        xp,
        lambda u: -side * a * u - x * xp.expm1(-side * u),
        lambda u: side * (x * xp.exp(-side * u) - a),
        lambda u: (-side * u, u),
        end,
        (order, 0),
    )
    factors = _exponential(logarithms, (order, 0))
    total = side * _leibniz(factors, moments, (order, 0))
    total = total + xp.where(shifted, factors[order, 0] / x, 0)
    total = total * x * gamma_density(xp, a, x)
    total = xp.where((x > 0) & (x < math.inf), total, 0 * a)
    return xp.where(lower, total, 1 + total) if order == 0 else total


def betainc_derivative(xp: Any, a: Array, b: Array, x: Array, *, orders: Orders) -> Array:
    """The derivative of orders (m, n) in a and b of I_x(a, b), the lower tail; DLMF 8.17.2."""
    a, b, x = xp.broadcast_arrays(a, b, x)
    y = 1 - x
    half = xp.full_like(x, 0.5)
    lower = x * xp.maximum(b, half) < y * xp.maximum(a, half)
    side = xp.where(lower, xp.ones_like(x), -xp.ones_like(x))
    # Near a = 0 there are two scales: I_x(a, b) = I_x(a + 1, b) + x^a y^b / (a B(a, b)).
    shifted = xp.where(lower, a, b) < 1
    before = (a, b)
    a, b = xp.where(shifted & lower, a + 1, a), xp.where(shifted & ~lower, b + 1, b)
    n = a + b
    shape, part = xp.where(lower, a, b), xp.where(lower, x, y)

    def phi(u: Array) -> Array:
        return -shape * u - n * xp.log1p(part * xp.expm1(-u))

    def slope(u: Array) -> Array:
        return n * part / (part + (1 - part) * xp.exp(u)) - shape

    def logarithms(u: Array) -> tuple[Array, Array]:
        other = -xp.log1p(part * xp.expm1(-u))
        own = other - u
        return xp.where(lower, own, other), xp.where(lower, other, own)

    off, curvature = shape - n * part, n * x * y / math.e
    near = (xp.sqrt(off * off + 2 * _NEGLIGIBLE * curvature) - off) / curvature
    far = (_NEGLIGIBLE - n * xp.log1p(-part)) / shape
    end = xp.where(near <= 1, xp.minimum(near, far), far)
    moments = _moments(xp, phi, slope, logarithms, end, orders)
    total = _leibniz(_beta_factors(xp, (a, b), (b, a), n, x, orders), moments, orders)
    first, second = before
    rests = (xp.where(lower, second - 1, second), xp.where(lower, first, first - 1))
    n = first + second
    term = _beta_factors(xp, (a, b), rests, n, x, orders)[orders]
    total = total + xp.where(shifted, term / (n * part), 0)
    total = side * total * x * y * beta_density(xp, a, b, x)
    total = xp.where((x > 0) & (y > 0), total, 0 * n)
    return xp.where(lower, total, 1 + total) if orders == (0, 0) else total


def _beta_factors(xp: Any, shapes: Pair, rests: Pair, n: Array, x: Array, orders: Orders) -> Table:
    """The derivatives of f = x^a (1 - x)^b Gamma(n) / (Gamma(a) Gamma(b)), divided by f.

    n grows with a and with b; `rests` are the differences between n and these."""
    table: Table = {}
    for i, j in _below(orders):
        if i and j:
            table[i, j] = _polygamma(xp, i + j - 1, n)
        elif i:
            table[i, j] = polygamma_difference(xp, shapes[0], rests[0], order=i - 1)
        elif j:
            table[i, j] = polygamma_difference(xp, shapes[1], rests[1], order=j - 1)
    if (1, 0) in table:
        table[1, 0] = table[1, 0] + xp.log(x)
    if (0, 1) in table:
        table[0, 1] = table[0, 1] + xp.log1p(-x)
    return _exponential(table, orders)


def _polygamma(xp: Any, n: int, x: Array) -> Array:
    return xp.polygamma(xp.full_like(x, n), x)


def _moments(
    xp: Any,
    phi: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    logarithms: Callable[[Array], tuple[Array, Array]],
    end: Array,
    orders: Orders,
) -> Table:
    """The integrals of e^phi times powers of two logarithms up to these orders, from 0 to infinity.

    `end` is where phi is negligible, or beyond: from there Newton's method comes closer and never
    goes too far, because phi is concave."""
    for _ in range(_NEWTON_STEPS):
        end = end - (phi(end) + _NEGLIGIBLE) / slope(end)
    table: Table = dict.fromkeys(_below(orders), 0 * end)
    for node, weight in _gauss():
        u = end * node
        mass = weight * xp.exp(phi(u))
        first, second = logarithms(u) if orders != (0, 0) else (u, u)
        for i, j in table:
            table[i, j] = table[i, j] + mass * (first**i * second**j)
    return {place: total * end for place, total in table.items()}


@functools.cache
def _gauss() -> tuple[tuple[float, float], ...]:
    """Nodes and weights of Gauss's rule on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return tuple(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def _below(orders: Orders) -> list[Orders]:
    return list(itertools.product(range(orders[0] + 1), range(orders[1] + 1)))


def _exponential(logarithms: Table, orders: Orders) -> Table:
    """The derivatives of e^f divided by e^f, from those of f: complete Bell polynomials."""
    table: Table = {(0, 0): 1.0}
    for i, j in _below(orders)[1:]:
        # One derivative fewer of f' e^f, in whichever variable there is one.
        di, dj = (1, 0) if i else (0, 1)
        table[i, j] = sum(
            math.comb(i - di, p)
            * math.comb(j - dj, q)
            * logarithms[p + di, q + dj]
            * table[i - di - p, j - dj - q]
            for p, q in _below((i - di, j - dj))
        )
    return table


def _leibniz(first: Table, second: Table, orders: Orders) -> Array:
    """A derivative of a product."""
    m, n = orders
    total = 0.0
    for i, j in _below(orders):
        total = total + math.comb(m, i) * math.comb(n, j) * first[i, j] * second[m - i, n - j]
    return total
