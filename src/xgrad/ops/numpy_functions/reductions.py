"""Sums, products, extrema, means, deviations, over all, some or the chosen elements.

``where=`` chooses elements, ``initial=`` takes part as one more."""

from __future__ import annotations

import builtins
import math
from typing import Any

from ..._typing import Axis, DType
from ...backends.base import dtype_name
from ...core.casting import dtype_kind
from ...errors import ArgumentError, DTypeError
from ..data_types import narrowed, widened
from ..rule_namespace import rule_namespace as xp
from .operands import arrays, as_axes, is_floating, masked, operands, tensor
from .shapes import ravel

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]


def sum(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum of the elements."""
    a = masked(a, where, 0)
    total = xp.sum(a, axis=axis, dtype=dtype, keepdims=keepdims)
    return total if initial is None else total + _start(initial, total)


def _start(initial: Any, like: Any) -> Any:
    """What a reduction begins with; where whole numbers or truth values are reduced, one of them."""
    kind = dtype_kind(like.dtype)
    if kind not in ("integer", "bool") or (kind == "integer" and type(initial) is int):
        return initial
    return xp.astype(arrays(initial, like)[0], like.dtype, copy=False)


def prod(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product of the elements."""
    a = masked(a, where, 1)
    total = xp.prod(a, axis=axis, dtype=dtype, keepdims=keepdims)
    return total if initial is None else total * _start(initial, total)


def max(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The largest element."""
    return _extremum("max", a, axis, keepdims, initial, where)


def min(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The smallest element."""
    return _extremum("min", a, axis, keepdims, initial, where)


amax = max
amin = min


def _extremum(name: str, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    if where is not True and initial is None:
        raise ArgumentError(
            f"numpy.{name} with where= needs initial=, because there may be nothing to choose from."
        )
    a = tensor(a)
    if initial is not None:
        initial = _start(initial, a)
        a = masked(a, where, initial)
        pair = xp.maximum if name == "max" else xp.minimum
        if 0 in (a.shape[i] for i in as_axes(axis, a.ndim, f"numpy.{name}")):
            return xp.astype(sum(a, axis, keepdims=keepdims) + initial, a.dtype, copy=False)
        return pair(getattr(xp, name)(a, axis=axis, keepdims=keepdims), initial)
    return getattr(xp, name)(a, axis=axis, keepdims=keepdims)


def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element."""
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


def all(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    """Whether all elements are true."""
    a = masked(_truth(tensor(a)), where, True)
    return xp.all(a, axis=axis, keepdims=keepdims)


def any(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    """Whether any element is true."""
    a = masked(_truth(tensor(a)), where, False)
    return xp.any(a, axis=axis, keepdims=keepdims)


def _truth(a: Any) -> Any:
    return a != 0 if dtype_kind(a.dtype) == "complex" else xp.astype(a, "bool")


def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the first of the largest elements is."""
    return xp.argmax(tensor(a), axis=axis, keepdims=keepdims)


def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the first of the smallest elements is."""
    return xp.argmin(tensor(a), axis=axis, keepdims=keepdims)


def count_nonzero(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """How many elements are not zero."""
    return xp.count_nonzero(tensor(a), axis=axis, keepdims=keepdims)


def mean(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    """The mean; of integers in float64."""
    a = _for_mean(a, dtype)
    if not is_floating(a):  # which NumPy rounds towards zero
        return xp.astype(mean(a, axis, keepdims=keepdims, where=where), a.dtype)
    if where is True:
        return xp.mean(a, axis=axis, keepdims=keepdims)
    wide = widened(a)
    y = sum(wide, axis, keepdims=keepdims, where=where) / _count(wide, axis, keepdims, where)
    return narrowed(y, wide, a)


def var(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float = 0,
) -> Any:
    """The variance, under either of NumPy's names for the correction."""
    a = _for_deviation(a, dtype, "var")
    correction = correction or ddof
    real = not xp.isdtype(a.dtype, "complex floating")
    if where is True and mean is None and real:
        return xp.var(a, axis=axis, correction=correction, keepdims=keepdims)
    wide = widened(a)
    centre = _mean(wide, axis, keepdims=True, where=where) if mean is None else mean
    gap = wide - centre
    squares = gap * gap if real else xp.real(gap) ** 2 + xp.imag(gap) ** 2
    count = _count(wide, axis, keepdims, where) - correction
    count = builtins.max(count, 0) if where is True else xp.maximum(count, 0)
    y = sum(squares, axis, keepdims=keepdims, where=where) / count
    return narrowed(y, wide, a)


def std(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float = 0,
) -> Any:
    """The standard deviation, under either of NumPy's names for the correction."""
    a = _for_deviation(a, dtype, "std")
    correction = correction or ddof
    if where is True and mean is None and not xp.isdtype(a.dtype, "complex floating"):
        return xp.std(a, axis=axis, correction=correction, keepdims=keepdims)
    square = var(a, axis, ddof=correction, keepdims=keepdims, where=where, mean=mean)
    # The slope of the root at zero is infinite; that of a deviation is zero there.
    return xp.where(square == 0, square, xp.sqrt(xp.where(square == 0, 1.0, square)))


_mean = mean


def _for_mean(a: Any, dtype: DType) -> Any:
    a = tensor(a)
    if dtype is not None:
        return xp.astype(a, dtype, copy=False)
    return a if is_floating(a) else xp.astype(a, "float64")


def _for_deviation(a: Any, dtype: DType, function: str) -> Any:
    a = _for_mean(a, dtype)
    if not is_floating(a):
        raise DTypeError(
            f"numpy.{function}: dtype must be floating, but is {dtype_name(a.dtype)}. Use astype for "
            "the result."
        )
    return a


def _count(a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    """How many elements each mean is of, in the dtype of a."""
    if where is True:
        return math.prod(a.shape[i] for i in as_axes(axis, a.ndim, "mean"))
    chosen = xp.broadcast_to(xp.astype(tensor(where), "int64"), a.shape)
    count = xp.astype(xp.sum(chosen, axis=axis, keepdims=keepdims), a.dtype)
    return xp.real(count)


def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """The weighted mean, and the sum of the weights if asked for."""
    if weights is None:
        a = _for_mean(a, None)
        found = mean(a, axis, keepdims=keepdims)
        count = xp.full_like(found, _count(a, axis, keepdims, True))
        return (found, count) if returned else found
    a, weights = (_for_mean(x, None) for x in operands(a, weights))
    if weights.shape != a.shape:
        axes = as_axes(axis, a.ndim, "numpy.average")
        sizes = [a.shape[i] if i in axes else 1 for i in range(a.ndim)]
        weights = xp.permute_dims(weights, tuple(sorted(range(len(axes)), key=axes.__getitem__)))
        weights = xp.broadcast_to(xp.reshape(weights, tuple(sizes)), a.shape)
    dtype = xp.result_type(a, weights)
    total = xp.sum(weights, axis=axis, dtype=dtype, keepdims=keepdims)
    found = xp.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (found, total) if returned else found


# -- cumulative ------------------------------------------------------------------------------------


def cumsum(a: Any, axis: int | None = None, dtype: DType = None, out: Any = None) -> Any:
    """Sums of the first elements; flattened without an axis."""
    a, axis = (ravel(a), 0) if axis is None else (tensor(a), axis)
    return xp.cumulative_sum(a, axis=axis, dtype=dtype)


def cumprod(a: Any, axis: int | None = None, dtype: DType = None, out: Any = None) -> Any:
    """Products of the first elements; flattened without an axis."""
    a, axis = (ravel(a), 0) if axis is None else (tensor(a), axis)
    return xp.cumulative_prod(a, axis=axis, dtype=dtype)


def cumulative_sum(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: DType = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    """Sums of the first elements, from none on if asked for."""
    return xp.cumulative_sum(tensor(x), axis=axis, dtype=dtype, include_initial=include_initial)


def cumulative_prod(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: DType = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    """Products of the first elements, from none on if asked for."""
    return xp.cumulative_prod(tensor(x), axis=axis, dtype=dtype, include_initial=include_initial)
