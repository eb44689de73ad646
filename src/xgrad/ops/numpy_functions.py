"""NumPy's functions that compute something the standard lacks, or that take other arguments.

Under NumPy's names; those that only move elements are in numpy_shapes.py. Each is a composition of
the standard's functions, and as differentiable as they are. Arguments that are not here have no
counterpart; numpy_protocols.py says so when they are used."""

from __future__ import annotations

import math
from typing import Any

from .._typing import SCALAR_TYPES, Axis, DType
from ..core.casting import dtype_kind
from ..core.operators import scalar_like
from .numpy_shapes import as_operand, diagonal, ravel
from .rule_namespace import rule_namespace as xp

# fmt: off
__all__ = [
    "allclose",
    "angle",
    "argsort",
    "around",
    "array_equal",
    "average",
    "cbrt",
    "clip",
    "cumprod",
    "cumsum",
    "deg2rad",
    "degrees",
    "divmod",
    "dot",
    "exp2",
    "fix",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "imag",
    "inner",
    "isclose",
    "iscomplexobj",
    "isrealobj",
    "kron",
    "logaddexp2",
    "matvec",
    "median",
    "nan_to_num",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "outer",
    "ptp",
    "rad2deg",
    "radians",
    "real",
    "round",
    "sort",
    "std",
    "trace",
    "trapezoid",
    "unique",
    "var",
    "vdot",
    "vecmat",
    "where",
]
# fmt: on


# -- elementwise -----------------------------------------------------------------------------------


def _pair(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = (x if type(x) in SCALAR_TYPES else xp.asarray(x) for x in (a, b))
    return scalar_like(a, b), scalar_like(b, a)


def angle(z: Any, deg: bool = False) -> Any:
    """The argument of complex numbers."""
    z = xp.asarray(z)
    turned = xp.atan2(imag(z), real(z))
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
    x1, x2 = _pair(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller one; a NaN loses."""
    x1, x2 = _pair(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.minimum(x1, x2)))


def fmod(x1: Any, x2: Any) -> Any:
    """The remainder with the sign of x1."""
    x1, x2 = _pair(x1, x2)
    return x1 - xp.trunc(x1 / x2) * x2


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below zero, 1 above, x2 at it."""
    x1, x2 = _pair(x1, x2)
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
    x1, x2 = _pair(x1, x2)
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


def isclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether |a - b| is at most atol + rtol |b|."""
    a, b = _pair(a, b)
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


# -- reductions ------------------------------------------------------------------------------------


def average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    """The weighted mean."""
    if weights is None:
        return xp.mean(a, axis=axis, keepdims=keepdims)
    weights = xp.asarray(weights)
    if weights.ndim == 1 and isinstance(axis, int):
        a = xp.asarray(a)
        weights = xp.reshape(weights, tuple(-1 if i == axis % a.ndim else 1 for i in range(a.ndim)))
    weights = xp.broadcast_to(weights, a.shape)
    total = xp.sum(weights, axis=axis, keepdims=keepdims)
    return xp.sum(a * weights, axis=axis, keepdims=keepdims) / total


def median(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The middle one of the sorted elements, or the mean of the two."""
    dims = xp.asarray(a).ndim
    axes = tuple(range(dims)) if axis is None else (axis % dims,)
    rows = xp.sort(ravel(a) if axis is None else xp.moveaxis(a, axis, -1), axis=-1)
    n = rows.shape[-1]
    middle = xp.mean(rows[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    return xp.expand_dims(middle, axis=axes) if keepdims else middle


def nanmax(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element that is not NaN."""
    return xp.max(xp.where(xp.isnan(a), -math.inf, a), axis=axis, keepdims=keepdims)


def nanmin(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest element that is not NaN."""
    return xp.min(xp.where(xp.isnan(a), math.inf, a), axis=axis, keepdims=keepdims)


def nansum(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum of the elements that are not NaN."""
    return xp.sum(xp.where(xp.isnan(a), 0.0, a), axis=axis, keepdims=keepdims)


def nanmean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean of the elements that are not NaN."""
    count = xp.sum(xp.astype(~xp.isnan(a), a.dtype), axis=axis, keepdims=keepdims)
    return nansum(a, axis, keepdims) / count


def ptp(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element."""
    options = {"axis": axis, "keepdims": keepdims}
    return xp.max(a, **options) - xp.min(a, **options)


def std(
    a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    """The standard deviation, under either of NumPy's names for the correction."""
    return xp.std(a, axis=axis, correction=correction or ddof, keepdims=keepdims)


def var(
    a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    """The variance, under either of NumPy's names for the correction."""
    return xp.var(a, axis=axis, correction=correction or ddof, keepdims=keepdims)


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral by the trapezoidal rule."""
    y = xp.moveaxis(xp.asarray(y), axis, -1)
    step = dx if x is None else xp.diff(xp.asarray(x))
    return xp.sum(step * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


# -- cumulative, sorting, searching ----------------------------------------------------------------


def cumprod(a: Any, axis: int | None = None, dtype: DType = None) -> Any:
    """Products of the first elements; flattened without an axis."""
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    return xp.cumulative_prod(a, axis=axis, dtype=dtype)


def cumsum(a: Any, axis: int | None = None, dtype: DType = None) -> Any:
    """Sums of the first elements; flattened without an axis."""
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    return xp.cumulative_sum(a, axis=axis, dtype=dtype)


def sort(a: Any, axis: int | None = -1, *, stable: bool = True) -> Any:
    """Sorted along an axis; flattened where the axis is None."""
    return xp.sort(ravel(a)) if axis is None else xp.sort(a, axis=axis, stable=stable)


def argsort(a: Any, axis: int | None = -1, *, stable: bool = True) -> Any:
    """The indices that sort along an axis; flattened where the axis is None."""
    return xp.argsort(ravel(a)) if axis is None else xp.argsort(a, axis=axis, stable=stable)


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Any:
    """The distinct elements, and what else is asked for."""
    found = xp.unique_all(ar)
    wanted = (True, return_index, return_inverse, return_counts)
    parts = tuple(part for part, want in zip(found, wanted, strict=True) if want)
    return parts if len(parts) > 1 else parts[0]


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """A choice between x and y, or without them the places where the condition holds."""
    if x is None and y is None:
        return xp.nonzero(condition)
    return xp.where(*(as_operand(value) for value in (condition, x, y)))


# -- products --------------------------------------------------------------------------------------


def dot(a: Any, b: Any) -> Any:
    """The last axis of a with the second last of b; a product of scalars."""
    a, b = _pair(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


def inner(a: Any, b: Any) -> Any:
    """The last axis of a with the last of b."""
    a, b = _pair(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: b times each element of a, as blocks."""
    a, b = _pair(a, b)
    ndim = max(a.ndim, b.ndim)
    left, right = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    a = xp.reshape(a, tuple(n for size in left for n in (size, 1)))
    b = xp.reshape(b, tuple(n for size in right for n in (1, size)))
    return xp.reshape(a * b, tuple(m * n for m, n in zip(left, right, strict=True)))


def matvec(x1: Any, x2: Any) -> Any:
    """Stacks of matrices times stacks of vectors."""
    return xp.matmul(x1, xp.expand_dims(x2, axis=-1))[..., 0]


def vecmat(x1: Any, x2: Any) -> Any:
    """Stacks of conjugated vectors times stacks of matrices."""
    x1 = xp.conj(x1) if iscomplexobj(x1) else x1
    return xp.matmul(xp.expand_dims(x1, axis=-2), x2)[..., 0, :]


def outer(a: Any, b: Any) -> Any:
    """Every element of a times every element of b."""
    return xp.expand_dims(ravel(a), axis=1) * xp.expand_dims(ravel(b), axis=0)


def vdot(a: Any, b: Any) -> Any:
    """The dot product of the flattened arrays, a conjugated."""
    return xp.vecdot(ravel(a), ravel(b))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return xp.sum(diagonal(a, offset, axis1, axis2), axis=-1)
