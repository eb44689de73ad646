"""Derivatives of quotients that have a removable singularity: h(x) / x with h(0) = 0.

From x q = h follows x q^(n) + n q^(n-1) = h^(n), which is exact away from 0 and cancels near it;
there a power series takes over. Any order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..._typing import Array

__all__ = ["exprel", "exprel_derivative", "log1prel", "sinc", "sinc_derivative"]


def exprel(xp: Any, x: Array) -> Array:
    """(e^x - 1) / x."""
    return exprel_derivative(xp, x, order=0)


def sinc(xp: Any, x: Array) -> Array:
    """sin(pi x) / (pi x)."""
    return sinc_derivative(xp, x, order=0)


def exprel_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of (e^x - 1) / x, the integral of s^n e^(s x) over [0, 1]."""
    near = xp.abs(x) < 3
    u = xp.where(near, xp.abs(x), xp.zeros_like(x))
    # For x < 0 the integral from the other end, so that all terms are positive.
    rising = _series(u, [1 / (order + 1 + k) / math.factorial(k) for k in range(32)])
    falling = [1.0 / (order + 1)]
    for k in range(1, 32):
        falling.append(falling[-1] / (order + 1 + k))
    series = xp.where(x < 0, xp.exp(-u) * _series(u, falling), rising)
    away = xp.where(near, xp.ones_like(x), x)
    exponential = xp.exp(away)
    quotient = _recurrence(away, xp.expm1(away) / away, order, lambda _: exponential)
    quotient = xp.where(exponential == math.inf, exponential, quotient)
    return xp.where(near, series, quotient)


def log1prel(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of log(1 + x) / x."""
    near = xp.abs(x) < 0.5
    u = xp.where(near, x, xp.zeros_like(x))
    series = _log_series(u, order)
    away = xp.where(near, xp.ones_like(x), x)

    def slope(n: int) -> Array:
        return (-1) ** (n - 1) * math.factorial(n - 1) / (1 + away) ** n

    return xp.where(near, series, _recurrence(away, xp.log1p(away) / away, order, slope))


def sinc_derivative(xp: Any, x: Array, *, order: int) -> Array:
    """The order-th derivative of sin(pi x) / (pi x)."""
    u = math.pi * x
    near = xp.abs(x) < 0.5
    small = xp.where(near, u, xp.zeros_like(u))
    away = xp.where(near, xp.ones_like(x), x)
    whole = 0 if xp.isdtype(x.dtype, "complex floating") else 2 * xp.round(away / 2)
    turned = math.pi * (away - whole)
    waves = (xp.sin(turned), xp.cos(turned), -xp.sin(turned), -xp.cos(turned))
    quotient = _recurrence(
        math.pi * away, waves[0] / (math.pi * away), order, lambda n: waves[n % 4]
    )
    return math.pi**order * xp.where(near, _sine_series(small, order), quotient)


def _recurrence(x: Array, quotient: Array, order: int, slope: Callable[[int], Array]) -> Array:
    for n in range(1, order + 1):
        quotient = (slope(n) - n * quotient) / x
    return quotient


def _series(x: Array, coefficients: list[float]) -> Array:
    """A power series, the constant term first."""
    total = 0 * x + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def _log_series(x: Array, order: int) -> Array:
    """sum over k of (-1)^(n+k) (n+k)! / (k! (n+k+1)) x^k, for |x| < 1/2."""
    return _series(
        x,
        [
            (-1) ** (order + k) * math.perm(order + k, order) / (order + k + 1)
            for k in range(60 + 4 * order)
        ],
    )


def _sine_series(x: Array, order: int) -> Array:
    """The order-th derivative of sin(x) / x = sum (-1)^j x^2j / (2j + 1)!."""
    coefficients = [0.0] * 36
    for j in range(20):
        if 0 <= 2 * j - order < len(coefficients):
            coefficients[2 * j - order] = (
                (-1) ** j * math.perm(2 * j, order) / math.factorial(2 * j + 1)
            )
    return _series(x, coefficients)
