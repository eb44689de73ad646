"""NumPy's reductions, products and sorting that the standard lacks, or whose arguments differ."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Axis, DType
from .numpy_elementwise import iscomplexobj
from .numpy_shapes import as_pair, diagonal, ravel
from .rule_namespace import rule_namespace as xp

__all__ = [
    "argsort",
    "average",
    "cumprod",
    "cumsum",
    "dot",
    "inner",
    "kron",
    "matvec",
    "median",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "outer",
    "ptp",
    "sort",
    "std",
    "trace",
    "trapezoid",
    "unique",
    "var",
    "vdot",
    "vecmat",
]


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


# -- products --------------------------------------------------------------------------------------


def dot(a: Any, b: Any) -> Any:
    """The last axis of a with the second last of b; a product of scalars."""
    a, b = as_pair(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


def inner(a: Any, b: Any) -> Any:
    """The last axis of a with the last of b."""
    a, b = as_pair(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: b times each element of a, as blocks."""
    a, b = as_pair(a, b)
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
