"""Bessel functions of any integer order, and derivatives of the exponentially scaled ones.

J_n and I_n follow from the orders 0 and 1 by the recurrence, and from the power series where that
cancels. The scaled ones are integrals of a positive function,
e^-x I_0(x) = 1/pi int_0^pi e^(-x (1 - cos s)) ds  and  e^x K_0(x) = int_0^inf e^(-x (cosh s - 1)) ds,
and so are their derivatives, up to sign: the trapezoidal rule is exact for them to rounding."""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Array

__all__ = ["bessel_i", "bessel_j", "i0e_derivative", "k0e_derivative"]

_NEGLIGIBLE = 40.0  # e^-40 is nothing in double precision
_STEPS = 32


def bessel_j(xp: Any, x: Array, *, n: int) -> Array:
    """J_n(x), for n >= 0; DLMF 10.2.2 and 10.6.1."""
    return _by_recurrence(xp, x, n, -1, xp.j0, xp.j1, 1.5)


def bessel_i(xp: Any, x: Array, *, n: int) -> Array:
    """I_n(x), for n >= 0; DLMF 10.25.2 and 10.29.1."""
    if n < 2:
        return xp.i1(x) if n else xp.i0(x)
    value = _by_recurrence(xp, x, n, 1, xp.i0, xp.i1, 8.0)
    alike = xp.i1(x) if n % 2 else xp.i0(x)
    return xp.where(xp.isinf(alike), alike, value)


def _by_recurrence(
    xp: Any, x: Array, n: int, sign: int, zeroth: Any, first: Any, small: float
) -> Array:
    if n < 2:
        return (zeroth, first)[n](x)
    near = xp.abs(x) < small
    away = xp.where(near, xp.ones_like(x), x)
    lower, upper = zeroth(away), first(away)
    for k in range(1, n):
        lower, upper = upper, sign * (lower - 2 * k / away * upper)
    half = xp.where(near, x / 2, xp.zeros_like(x))
    square = sign * half * half
    total = xp.ones_like(x)
    for k in range(40, 0, -1):
        total = 1 + total * square / (k * (k + n))
    return xp.where(near, half**n / math.factorial(n) * total, upper)


def i0e_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of e^-x I_0(x), for x >= 0."""
    far = x > _NEGLIGIBLE / 2  # where the integrand is negligible before pi
    # Where 1 - cos u, which is 2 sin(u / 2)^2, is so large.
    half = xp.asin(xp.sqrt(_NEGLIGIBLE / 2 / xp.where(far, x, _NEGLIGIBLE)))
    end = xp.where(far, 2 * half, math.pi)
    step = end / _STEPS
    total = _trapezoid(xp, x, step, order, lambda u: 2 * xp.sin(u / 2) ** 2)
    value = (-1) ** order * total * step / math.pi
    return xp.where(x == math.inf, xp.zeros_like(x), value)


def k0e_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of e^x K_0(x), for x > 0."""
    large = xp.where(x < 1, 1, x)
    step = 2 * xp.asinh(xp.sqrt(_NEGLIGIBLE / 2 / large)) / _STEPS
    total = _trapezoid(xp, large, step, order, lambda u: 2 * xp.sinh(u / 2) ** 2)
    integral = xp.where(x == math.inf, xp.zeros_like(x), (-1) ** order * total * step)
    # Below 1 nothing cancels: with w(2x) = e^x K_0(x), Kummer's equation; DLMF 13.3.22 and 13.2.1.
    small = xp.where(x < 1, x, 1) + 0.0  # no -0.0
    beside = xp.where(small < 1e-20, 0, xp.k0e(small))
    derivatives = [xp.k0e(small), beside - xp.k1e(small)]
    for k in range(order - 1):
        last, current = derivatives[-2:]
        derivatives.append(((2 * k + 1) * last + (2 * small - k - 1) * current) / small)
    return xp.where(x < 1, derivatives[order], integral)


def _trapezoid(xp: Any, x: Array, step: Array, order: int, f: Any) -> Array:
    """The sum of f^n e^(-x f) at the multiples of a step, half of the ends."""
    total = 0 * x + (0.5 if order == 0 else 0.0)
    for k in range(1, _STEPS + 1):
        value = f(k * step)
        term = value**order * xp.exp(-x * value)
        total = total + (term if k < _STEPS else term / 2)
    return total
