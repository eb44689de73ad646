"""Sums, products and means along axes, with TensorFlow's arguments and dtypes."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._convert import as_tensor, as_tensors, static
from ._tables import followed

__all__ = [
    "accumulate_n",
    "add_n",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "reduce_euclidean_norm",
    "reduce_mean",
    "reduce_prod",
    "reduce_sum",
]


@followed
def add_n(inputs: Any, name: str | None = None) -> Any:
    """Add a list of tensors of one shape."""
    total, *others = as_tensors(list(inputs))
    for x in others:
        total = xg.add(total, x)
    return total if others else xg.asarray(total)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """Do the same as `add_n`."""
    return add_n(inputs, name)


@followed
def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
    **former: Any,
) -> Any:
    """Sum along axes; integers keep their dtype."""
    x, axis, keepdims = _reduction(input_tensor, axis, keepdims, former)
    return xg.sum(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


@followed
def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
    **former: Any,
) -> Any:
    """Multiply along axes; integers keep their dtype."""
    x, axis, keepdims = _reduction(input_tensor, axis, keepdims, former)
    return xg.prod(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


@followed
def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
    **former: Any,
) -> Any:
    """Take the mean along axes; that of integers is an integer, rounded towards zero."""
    x, axis, keepdims = _reduction(input_tensor, axis, keepdims, former)
    if xg.isdtype(x.dtype, "integral"):
        mean = xg.mean(xg.astype(x, xg.float64), axis=axis, keepdims=keepdims)
        return xg.astype(xg.trunc(mean), x.dtype)
    return xg.mean(x, axis=axis, keepdims=keepdims)


@followed
def reduce_euclidean_norm(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Any:
    """Take the square root of the sum of squares along axes; its gradient at 0 is 0."""
    x = as_tensor(input_tensor)
    return xg.linalg.vector_norm(x, axis=static(axis), keepdims=keepdims)


@followed
def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Sum up along an axis; `exclusive` leaves each element itself out."""
    return _cumulative(xg.cumulative_sum, x, axis, exclusive, reverse)


@followed
def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply up along an axis; `exclusive` leaves each element itself out."""
    return _cumulative(xg.cumulative_prod, x, axis, exclusive, reverse)


@followed
def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = xg.int64,
    name: str | None = None,
) -> Any:
    """Count what is not zero along axes."""
    count = xg.count_nonzero(as_tensor(input), axis=static(axis), keepdims=keepdims)
    return xg.astype(count, dtype)


def _reduction(x: Any, axis: Any, keepdims: bool, former: dict[str, Any]) -> tuple[Any, Any, bool]:
    """The arguments of a reduction, by what TensorFlow 1 called them too."""
    axis = former.pop("reduction_indices", axis)
    keepdims = former.pop("keep_dims", keepdims)
    if former:
        raise TypeError(f"unexpected arguments: {', '.join(former)}. Use axis and keepdims.")
    return as_tensor(x), static(axis), bool(keepdims)


def _cumulative(f: Any, x: Any, axis: Any, exclusive: bool, reverse: bool) -> Any:
    x, axis = as_tensor(x), static(axis)
    x = xg.flip(x, axis=axis) if reverse else x
    y = f(x, axis=axis, dtype=x.dtype, include_initial=exclusive)
    if exclusive:
        key = [slice(None)] * y.ndim
        key[axis] = slice(None, -1)
        y = y[tuple(key)]
    return xg.flip(y, axis=axis) if reverse else y
