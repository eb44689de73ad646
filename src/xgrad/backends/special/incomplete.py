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
_NORMAL = 1e14  # the shape from where a gamma distribution is normal but for rounding

Orders = tuple[int, int]
Pair = tuple[Array, Array]
Table = dict[Orders, Array]


def betainc(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """I_x(a, b), NaN outside of the domain."""
    outside = (a < 0) | (b < 0) | (x < 0) | (x > 1) | (a + b == 0)
    inside = betainc_derivative(xp, a, b, x, orders=(0, 0))
    at_end = ((x == 0) | (x == 1)) & ~xp.isnan(a + b)
    return xp.where(outside, math.nan, xp.where(at_end, x, inside))


def gammainc_derivative(xp: Any, a: Array, x: Array, *, order: int) -> Array:
    """The order-th derivative in a of P(a, x), the lower tail; DLMF 8.2.4."""
    a, x = xp.broadcast_arrays(a, x)
    lower = x < xp.maximum(a, xp.full_like(a, 0.5))
    side = xp.where(lower, xp.ones_like(x), -xp.ones_like(x))
    # Near a = 0 there are two scales: P(a, x) = P(a + 1, x) + x^a e^-x / Gamma(a + 1). The upper
    # tail has the factor 1 / Gamma(a) = a / Gamma(a + 1) there.
    small, first = a < 1, a
    shape = xp.where(small, a + 1, a)
    a = xp.where(lower, shape, a)
    logarithms = {(1, 0): _log_less_digamma(xp, shape, x)}
    logarithms |= {(k, 0): -_polygamma(xp, k - 1, shape) for k in range(2, order + 1)}
    c = _NEGLIGIBLE / x
    half = (a - x - _NEGLIGIBLE / 2) / a
    end = xp.where(
        lower,
        xp.sqrt(half * half + 2 * _NEGLIGIBLE / a) - half,  # as e^-u >= (2 - u) / (2 + u)
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
    below = 0.0
    if order:
        below = -order * _leibniz(factors, moments, (order - 1, 0))
    total = xp.where(lower, total + xp.where(small, factors[order, 0] / x, 0), total)
    total = xp.where(small & ~lower, (first * total + below) / x, total)
    if order:
        total = xp.where(shape > _NORMAL, _of_large_shapes(shape, x, factors, order) / x, total)
    density = gamma_density(xp, shape, x)
    flat = (x == 0) | (x == math.inf) | (density == 0)
    total = xp.where(flat, 0 * density, total * x * density)
    outside = (first < 0) | xp.isnan(first) | ((first == 0) & (x == 0))
    total = xp.where(outside, math.nan, total)
    return xp.where(lower, total, 1 + total) if order == 0 else total


def _of_large_shapes(a: Array, x: Array, factors: Table, order: int) -> Array:
    """The derivative over the density: that of P in a is -(1 + (x - a) / 2a), but for terms of 1 / a.

    The gamma distribution is all but normal there, and phi loses its digits."""
    total = 0.0
    for k in range(order):
        slope = 0.5 * (1 + x / a) if k == 0 else 0.5 * x / a * ((-1 / a) ** k * math.factorial(k))
        total = total - math.comb(order - 1, k) * factors[order - 1 - k, 0] * slope
    return total


def _log_less_digamma(xp: Any, a: Array, x: Array) -> Array:
    """log x - psi(a), which cancels where both are large; as in rules/special_incomplete.py."""
    near = (a > 1e4) & (xp.abs(x - a) < a / 2)
    large = xp.where(near, a, 1e4)
    square = 1 / (large * large)
    rest = 0.5 / large + square * (1 / 12 - square / 120)
    ratio = xp.log1p(xp.where(near, x - a, 0) / large)
    return xp.where(near, ratio + rest, xp.log(x) - xp.digamma(a))


def betainc_derivative(xp: Any, a: Array, b: Array, x: Array, *, orders: Orders) -> Array:
    """The derivative of orders (m, n) in a and b of I_x(a, b), the lower tail; DLMF 8.17.2."""
    a, b, x = xp.broadcast_arrays(a, b, x)
    y, small_a, small_b = 1 - x, a < 1, b < 1
    half = xp.full_like(x, 0.5)
    lower = x * xp.maximum(b, half) < y * xp.maximum(a, half)
    side = xp.where(lower, xp.ones_like(x), -xp.ones_like(x))
    # Near a = 0 there are two scales: I_x(a, b) = I_x(a + 1, b) + x^a y^b / (a B(a, b)). The other
    # shape is a factor there, 1 / Gamma(b) = b / Gamma(b + 1).
    shifted, factored = xp.where(lower, a, b) < 1, xp.where(lower, b, a) < 1
    before, raised = (a, b), (xp.where(small_a, a + 1, a), xp.where(small_b, b + 1, b))
    a, b = xp.where(lower, raised[0], a), xp.where(lower, b, raised[1])
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
    # Of shapes that are both small n may be tiny: Gamma(n) is Gamma(n + 1) / n there.
    total, both = before[0] + before[1], small_a & small_b
    less = (xp.where(both, before[0], before[0] - 1), xp.where(both, before[1], before[1] - 1))
    rests = (xp.where(small_a & ~lower, less[1], b), xp.where(small_b & lower, less[0], a))
    factors = _exponential(_beta_logarithms(xp, raised, rests, n, x, orders), orders)
    rests = (xp.where(small_a, less[1], before[1]), xp.where(small_b, less[0], before[0]))
    beside = _beta_logarithms(xp, raised, rests, xp.where(both, total + 1, total), x, orders)
    for i, j in beside:
        power = (-1) ** (i + j) * math.factorial(i + j - 1) * total ** -(i + j)
        beside[i, j] = beside[i, j] + xp.where(both, power, 0)
    rest = _exponential(beside, orders)

    def relative(m: int, n: int) -> Array:
        """The tail without the density, differentiated."""
        return _leibniz(factors, moments, (m, n)) + xp.where(shifted, rest[m, n] / total / part, 0)

    value = relative(*orders)
    last = 0.0
    for place, is_own in enumerate((lower, ~lower)):
        if orders[place]:
            fewer = orders[0] - (place == 0), orders[1] - (place == 1)
            last = last + xp.where(is_own, 0, orders[place] * relative(*fewer))
    other = xp.where(lower, before[1], before[0])
    value = side * xp.where(factored, other * value + last, value)
    density = beta_density(xp, *raised, x)
    scale = density * xp.where(factored, part / n, x * y)
    value = xp.where((density == 0) | (x == 0) | (y == 0), 0, scale * value)
    corner = ((before[0] == 0) & (x == 0)) | ((before[1] == 0) & (y == 0)) | (total == 0)
    outside = xp.isnan(density) | (xp.minimum(*before) < 0) | corner
    value = xp.where(outside, math.nan, value)
    return xp.where(lower, value, 1 + value) if orders == (0, 0) else value


def _beta_logarithms(
    xp: Any, shapes: Pair, rests: Pair, n: Array, x: Array, orders: Orders
) -> Table:
    """The derivatives of log x^a (1 - x)^b Gamma(n) / (Gamma(shape) Gamma(shape)).

    n grows with a and with b; `rests` are the differences between n and the shapes."""
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
    return table


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
