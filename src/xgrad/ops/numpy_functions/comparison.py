"""Questions about values and dtypes; complex parts; rounding; NaN into numbers."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import as_int
from ...backends import quiet
from ...core.casting import dtype_kind
from .. import non_finite
from ..rule_namespace import rule_namespace as xp
from .operands import arrays, floating, is_floating, tensor
from .ufuncs import rad2deg

__all__ = [
    "allclose",
    "angle",
    "around",
    "array_equal",
    "array_equiv",
    "fix",
    "imag",
    "isclose",
    "iscomplex",
    "iscomplexobj",
    "isneginf",
    "isposinf",
    "isreal",
    "isrealobj",
    "nan_to_num",
    "real",
    "real_if_close",
    "round",
]


def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |a - b| is at most atol + rtol |b|."""
    # Differences of unsigned integers are right in floating ones only.
    a, b = map(floating, arrays(a, b))
    with quiet():
        near = xp.isfinite(b) & (xp.abs(a - b) <= atol + rtol * xp.abs(b))
    near = near | (a == b)
    return near | (xp.isnan(a) & xp.isnan(b)) if equal_nan else near


def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close."""
    return bool(xp.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether shapes and all elements are equal."""
    a1, a2 = arrays(a1, a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return bool(xp.all(same | (xp.isnan(a1) & xp.isnan(a2)) if equal_nan else same))


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether all elements are equal where the arrays are broadcast."""
    a1, a2 = arrays(a1, a2)
    try:
        xp.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(xp.all(a1 == a2))


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return dtype_kind(tensor(x).dtype) == "complex"


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def iscomplex(x: Any) -> Any:
    """Where there is an imaginary part."""
    return imag(x) != 0


def isreal(x: Any) -> Any:
    """Where there is none."""
    return imag(x) == 0


def isposinf(x: Any, out: Any = None) -> Any:
    """Where the value is plus infinity."""
    return tensor(x) == math.inf


def isneginf(x: Any, out: Any = None) -> Any:
    """Where the value is minus infinity."""
    return tensor(x) == -math.inf


def imag(val: Any) -> Any:
    """The imaginary part; zeros for real numbers."""
    val = tensor(val)
    return xp.imag(val) if iscomplexobj(val) else xp.zeros_like(val)


def real(val: Any) -> Any:
    """The real part."""
    val = tensor(val)
    return xp.real(val) if iscomplexobj(val) else val


def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part if all imaginary parts are small; the values are looked at."""
    a = tensor(a)
    if not iscomplexobj(a):
        return a
    limit = tol * float(xp.finfo(a.dtype).eps) if tol > 1 else tol
    return xp.real(a) if bool(xp.all(xp.abs(xp.imag(a)) < limit)) else a


def angle(z: Any, deg: bool = False) -> Any:
    """The argument of complex numbers."""
    z = tensor(z)
    if iscomplexobj(z):
        turned = xp.atan2(xp.imag(z), xp.real(z))
    else:
        z = z if is_floating(z) else xp.astype(z, "float64")
        turned = xp.where(xp.isnan(z), math.nan, xp.where(z < 0, math.pi, xp.zeros_like(z)))
    return rad2deg(turned) if deg else turned


def fix(x: Any, out: Any = None) -> Any:
    """Rounded towards zero."""
    return xp.trunc(tensor(x))


def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Rounded to a number of decimals: a constant."""
    a = tensor(a)
    decimals = as_int(decimals, "numpy.round", "decimals")
    if not decimals:
        return xp.round(a)
    scale = 10.0 ** abs(decimals)
    if is_floating(a) or dtype_kind(a.dtype) == "bool":
        return xp.round(a * scale) / scale if decimals > 0 else xp.round(a / scale) * scale
    return a if decimals > 0 else xp.astype(xp.round(a / scale) * scale, a.dtype)


around = round


def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Finite numbers in the place of NaN and infinities."""
    x = tensor(x)
    return non_finite.nan_to_num(x, nan, posinf, neginf) if is_floating(x) else x
