"""Reductions: sum, prod, logsumexp, extrema, standard deviation.

`mean` and `var` are compositions. Zeros in a product, ties in an extremum and a vanishing deviation
all have their exact (sub)gradient."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array, Axis
from .shared import (
    attained,
    counted,
    give,
    give_forward,
    is_complex,
    is_half,
    kept,
    nonzero_or_one,
    normal_axes,
    products_of_others,
    spread,
)


def sum_x(xp: Any, g: Array, x_spec: Any, *, axis: Axis) -> Array:
    """Every element counts once."""
    shape = x_spec.shape
    if axis is None and g.ndim == 0:
        return xp.broadcast_to(g, shape)
    return xp.broadcast_to(xp.reshape(g, kept(shape, axis)), shape)


def extremum_x(xp: Any, g: Array, x: Array, y: Array, *, axis: Axis) -> Array:
    """y = max x or min x;  the elements that attain it share the cotangent equally."""
    winners, share = _shares(xp, x, y, axis)
    return xp.where(winners, spread(xp, g, x.shape, axis) * share, 0)


def extremum_tangent(xp: Any, t: Array, x: Array, y: Array, *, axis: Axis, keepdims: bool) -> Array:
    """dy is the mean of dx over the elements that attain y."""
    winners, share = _shares(xp, x, y, axis)
    return xp.sum(xp.where(winners, t * share, 0), axis=axis, keepdims=keepdims)


def _shares(xp: Any, x: Array, y: Array, axis: Axis) -> tuple[Array, Array]:
    """Which elements attain y, and the share of each, one over how many they are."""
    winners = attained(xp, x, spread(xp, y, x.shape, axis))
    ones, one = counted(xp, winners, x.dtype)
    return winners, one / xp.sum(ones, axis=axis, keepdims=True)


def logsumexp_x(xp: Any, g: Array, x: Array, y: Array, *, axis: Axis) -> Array:
    """y = log sum e^x;  dy/dx = e^(x - y), a softmax that cannot overflow."""
    g = spread(xp, g, x.shape, axis)
    return xp.zero_where_zero(g * _softmax(xp, x, y, axis), g)


def logsumexp_tangent(
    xp: Any, t: Array, x: Array, y: Array, *, axis: Axis, keepdims: bool
) -> Array:
    """dy is the mean of dx, weighted by a softmax."""
    r = xp.zero_where_zero(t * _softmax(xp, x, y, axis), t)
    return xp.sum(r, axis=axis, keepdims=keepdims)


def _softmax(xp: Any, x: Array, y: Array, axis: Axis) -> Array:
    """e^(x - y), where y is log sum e^x; infinite x share it, and nothing does where y is -inf."""
    y = spread(xp, y, x.shape, axis)
    if is_complex(xp, x):
        return xp.exp(x - xp.where(xp.isfinite(y), y, 0))
    infinite = x == math.inf
    ones, one = counted(xp, infinite, x.dtype)
    share = one / nonzero_or_one(xp, xp.sum(ones, axis=axis, keepdims=True))
    finite = xp.exp(x - xp.where(y == -math.inf, 0, y))
    if is_half(x.dtype):  # in which y is rounded by so much that the sum is not 1
        finite = xp.where(infinite, 0, finite)
        finite = finite / nonzero_or_one(xp, xp.sum(finite, axis=axis, keepdims=True))
    return xp.where(infinite, share, finite)


def prod_x(xp: Any, g: Array, x: Array, *, axis: Axis) -> Array:
    """y = prod x;  dy/dx_i is the product of the others."""
    axes = normal_axes(axis, x.ndim)
    others = tuple(i for i in range(x.ndim) if i not in axes)
    order = (*others, *axes)
    moved = xp.permute_dims(x, order)
    rows = xp.reshape(moved, (*moved.shape[: len(others)], _count(moved.shape[len(others) :])))
    others_product = xp.reshape(products_of_others(xp, rows), moved.shape)
    inverse = tuple(sorted(range(x.ndim), key=order.__getitem__))
    g = spread(xp, g, x.shape, axis)
    return xp.zero_where_zero(g * xp.permute_dims(others_product, inverse), g)


def std_x(xp: Any, g: Array, x: Array, y: Array, *, axis: Axis, correction: float) -> Array:
    """y = std x;  dy/dx_i = conj(x_i - mean) / ((n - correction) y), and 0 where y = 0."""
    g = spread(xp, g, x.shape, axis)
    return xp.zero_where_zero(g * _std_factor(xp, x, y, axis, correction), g)


def std_tangent(
    xp: Any, t: Array, x: Array, y: Array, *, axis: Axis, correction: float, keepdims: bool
) -> Array:
    """dy is the sum of dx times the same factor."""
    r = xp.zero_where_zero(t * _std_factor(xp, x, y, axis, correction), t)
    return xp.sum(r, axis=axis, keepdims=keepdims)


def _std_factor(xp: Any, x: Array, y: Array, axis: Axis, correction: float) -> Array:
    count = _count(tuple(x.shape[a] for a in normal_axes(axis, x.ndim)))
    deviation = x - xp.mean(x, axis=axis, keepdims=True)
    deviation = xp.conj(deviation) if is_complex(xp, x) else deviation
    freedom = max(count - correction, 0.0)
    return deviation / (spread(xp, nonzero_or_one(xp, y), x.shape, axis) * freedom)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


give("sum", x=sum_x)
give("logsumexp", x=logsumexp_x)
give("max", x=extremum_x)
give("min", x=extremum_x)
give("prod", x=prod_x)
give("std", x=std_x)
give_forward("logsumexp", x=logsumexp_tangent)
give_forward("max", x=extremum_tangent)
give_forward("min", x=extremum_tangent)
give_forward("std", x=std_tangent)
