"""Derivatives of elementwise functions whose partial derivative depends on the data.

One factor per operand, which serves both modes: the cotangent or the tangent times it. Where the
factor is not finite and the cotangent zero, the edge makes zero of the product."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, give_forward, is_complex, nonzero_or_one

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)


def abs_x(xp: Any, g: Array, x: Array, y: Array) -> Array:
    """y = |x|;  dy = Re(conj(x) dx) / |x|, and 0 at 0."""
    if is_complex(xp, x):
        return g * (xp.conj(x) / nonzero_or_one(xp, y))
    return g * xp.sign(x)


def complex_sign_x(xp: Any, g: Array, x: Array, y: Array) -> Array:
    """y = x / |x|;  dy = i y Im(conj(y) dx) / |x|, a turn only, and 0 at 0."""
    return complex_sign_tangent(xp, g, x, xp.conj(y))


def complex_sign_tangent(xp: Any, t: Array, x: Array, y: Array) -> Array:
    """The same; backward, y and its conjugate change places."""
    turn = xp.imag(t * xp.conj(y)) / nonzero_or_one(xp, xp.abs(x))
    return y * (turn * 1j)


def atan2_x1(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = atan2(x1, x2);  dy/dx1 = x2 / (x1^2 + x2^2), and 0 at the origin."""
    radius = nonzero_or_one(xp, xp.hypot(x1, x2))  # squares would underflow
    return g * (x2 / radius / radius)


def atan2_x2(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = atan2(x1, x2);  dy/dx2 = -x1 / (x1^2 + x2^2), and 0 at the origin."""
    return -atan2_x1(xp, g, x2, x1)


def logaddexp_x1(xp: Any, g: Array, x1: Array, y: Array) -> Array:
    """y = log(e^x1 + e^x2);  dy/dx1 = e^(x1 - y), and 0 where y is infinite."""
    return xp.where(xp.isinf(y), 0, g * xp.exp(x1 - y))


def logaddexp_x2(xp: Any, g: Array, x2: Array, y: Array) -> Array:
    """The same for the second operand."""
    return logaddexp_x1(xp, g, x2, y)


def pow_x1(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = x1^x2;  dy/dx1 = x2 x1^(x2 - 1), and 0 where x2 = 0, whatever x1 is."""
    # Where x1 is 0 or NaN; elsewhere the formula gives 0, and the right derivatives of that 0.
    undefined = (x2 == 0) & ((x1 == 0) | xp.isnan(x1))
    return g * (x2 * xp.pow(xp.where(undefined, xp.ones_like(x1), x1), x2 - 1))


def pow_x2(xp: Any, g: Array, x1: Array, x2: Array, y: Array) -> Array:
    """y = x1^x2;  dy/dx2 = y log x1, and 0 for a real base that is not positive."""
    defined = x1 != 0 if is_complex(xp, x1) else x1 > 0
    logarithm = xp.log(xp.where(defined, x1, xp.ones_like(x1)))
    return xp.where(defined, g * (y * logarithm), 0)


def power_x(xp: Any, g: Array, x: Array, *, exponent: float) -> Array:
    """y = x^n;  dy/dx = n x^(n - 1), and 0 for n = 0."""
    if exponent == 0:
        return xp.zeros_like(g)
    if exponent == 1:
        return g
    if exponent == 2:
        return g * (x + x)
    return g * (exponent * xp.power(x, exponent=exponent - 1))


give("abs", x=abs_x)
give("acos", x=lambda xp, g, x: -g / xp.sqrt(1 - x * x))
give("acosh", x=lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)))
give("asin", x=lambda xp, g, x: g / xp.sqrt(1 - x * x))
give("asinh", x=lambda xp, g, x: g / xp.sqrt(x * x + 1))
give("atan", x=lambda xp, g, x: g / (x * x + 1))
give("atan2", x1=atan2_x1, x2=atan2_x2)
give("atanh", x=lambda xp, g, x: g / (1 - x * x))
give("complex_sign", x=complex_sign_x)
give_forward("complex_sign", x=complex_sign_tangent)
give(
    "copysign",
    x1=lambda xp, g, x1, x2: xp.where(xp.signbit(x1) == xp.signbit(x2), g, -g),
    x2=lambda xp, g: xp.zeros_like(g),
)
give("cos", x=lambda xp, g, x: -g * xp.sin(x))
give("cosh", x=lambda xp, g, x: g * xp.sinh(x))
give("divide", x1=lambda xp, g, x2: g / x2, x2=lambda xp, g, x2, y: -g * (y / x2))
give("exp", x=lambda xp, g, y: g * y)
give("expm1", x=lambda xp, g, y: g * (y + 1))
give(
    "hypot",
    x1=lambda xp, g, x1, y: g * (x1 / nonzero_or_one(xp, y)),
    x2=lambda xp, g, x2, y: g * (x2 / nonzero_or_one(xp, y)),
)
give("log", x=lambda xp, g, x: g / x)
give("log10", x=lambda xp, g, x: g / (x * _LN10))
give("log1p", x=lambda xp, g, x: g / (1 + x))
give("log2", x=lambda xp, g, x: g / (x * _LN2))
give("logaddexp", x1=logaddexp_x1, x2=logaddexp_x2)
give("multiply", x1=lambda xp, g, x2: g * x2, x2=lambda xp, g, x1: g * x1)
give("pow", x1=pow_x1, x2=pow_x2)
give("power", x=power_x)
give("reciprocal", x=lambda xp, g, y: -g * (y * y))
give("remainder", x1=lambda xp, g: g, x2=lambda xp, g, x1, x2: -g * xp.floor_divide(x1, x2))
give("sin", x=lambda xp, g, x: g * xp.cos(x))
give("sinh", x=lambda xp, g, x: g * xp.cosh(x))
give("sqrt", x=lambda xp, g, y: g / (y + y))
give("square", x=lambda xp, g, x: g * (x + x))
give("tan", x=lambda xp, g, y: g * (y * y + 1))
give("tanh", x=lambda xp, g, y: g - g * y * y)
