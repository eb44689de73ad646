"""NumPy's elementwise functions that the standard lacks, or whose arguments differ.

These and those of numpy_reductions.py and numpy_shapes.py have NumPy's names, and are compositions
of the standard's functions, as differentiable as they are. Arguments that are not here have no
counterpart; numpy_protocols.py says so when they are used."""

from __future__ import annotations

import math
from typing import Any

from ..backends import quiet
from ..core.casting import dtype_kind
from .numpy_shapes import as_operand, as_pair
from .rule_namespace import rule_namespace as xp

__all__ = [
    "allclose",
    "angle",
    "around",
    "array_equal",
    "cbrt",
    "clip",
    "deg2rad",
    "degrees",
    "divmod",
    "exp2",
    "fix",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "imag",
    "isclose",
    "iscomplexobj",
    "isrealobj",
    "logaddexp2",
    "nan_to_num",
    "rad2deg",
    "radians",
    "real",
    "round",
    "where",
]


def angle(z: Any, deg: bool = False) -> Any:
    """The argument of complex numbers."""
    z = xp.asarray(z)
    turned = xp.atan2(xp.imag(z), xp.real(z)) if iscomplexobj(z) else xp.zeros_like(z)
    turned = turned if iscomplexobj(z) else xp.where(z < 0, math.pi, turned)
    return rad2deg(turned) if deg else turned


def cbrt(x: Any) -> Any:
    """The real cube root."""
    return xp.sign(x) * xp.abs(x) ** (1 / 3)


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Between two bounds, under either of NumPy's pairs of names."""
    return xp.clip(a, a_min if min is None else min, a_max if max is None else max)


def deg2rad(x: Any) -> Any:
    """Degrees in radians."""
    return x * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    """Radians in degrees."""
    return x * (180 / math.pi)


degrees = rad2deg
radians = deg2rad


def divmod(x1: Any, x2: Any) -> Any:
    """Quotient, rounded down, and remainder."""
    return xp.floor_divide(x1, x2), xp.remainder(x1, x2)


def exp2(x: Any) -> Any:
    """2**x."""
    return xp.pow(2.0, x)


def fix(x: Any) -> Any:
    """Rounded towards zero."""
    return xp.trunc(x)


def fmax(x1: Any, x2: Any) -> Any:
    """The larger one; a NaN loses."""
    x1, x2 = as_pair(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller one; a NaN loses."""
    x1, x2 = as_pair(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.minimum(x1, x2)))


def fmod(x1: Any, x2: Any) -> Any:
    """The remainder with the sign of x1."""
    x1, x2 = as_pair(x1, x2)
    return x1 - xp.trunc(x1 / x2) * x2


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below zero, 1 above, x2 at it."""
    x1, x2 = as_pair(x1, x2)
    return xp.where(x1 == 0, x2, xp.astype(x1 > 0, x1.dtype))


def imag(val: Any) -> Any:
    """The imaginary part; zeros for real numbers."""
    return xp.imag(val) if iscomplexobj(val) else xp.zeros_like(val)


def real(val: Any) -> Any:
    """The real part."""
    return xp.real(val) if iscomplexobj(val) else xp.asarray(val)


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return dtype_kind(xp.asarray(x).dtype) == "complex"


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), without overflow."""
    x1, x2 = as_pair(x1, x2)
    return xp.logaddexp(x1 * math.log(2), x2 * math.log(2)) / math.log(2)


def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Finite numbers in the place of NaN and infinities."""
    limits = xp.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    x = xp.where(xp.isnan(x), nan, x)
    return xp.where(xp.isinf(x), xp.where(x > 0, xp.full_like(x, high), low), x)


def round(a: Any, decimals: int = 0) -> Any:
    """Rounded to a number of decimals: a constant."""
    return xp.round(a * 10**decimals) / 10**decimals if decimals else xp.round(a)


around = round


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |a - b| is at most atol + rtol |b|."""
    a, b = as_pair(a, b)
    with quiet():
        near = xp.isfinite(b) & (xp.abs(a - b) <= atol + rtol * xp.abs(b))
    near = near | (a == b)
    return near | (xp.isnan(a) & xp.isnan(b)) if equal_nan else near


def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close."""
    return bool(xp.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether shapes and all elements are equal."""
    a1, a2 = xp.asarray(a1), xp.asarray(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return bool(xp.all(same | (xp.isnan(a1) & xp.isnan(a2)) if equal_nan else same))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """A choice between x and y, or without them the places where the condition holds."""
    if x is None and y is None:
        return xp.nonzero(condition)
    return xp.where(*(as_operand(value) for value in (condition, x, y)))
