"""Counting in bins: constants, but for the weights, in which the counts are linear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._arguments import as_int
from ...core.spec import describe
from ...errors import ArgumentError, ShapeError
from ..rule_namespace import rule_namespace as xp
from .operands import is_floating, operands, tensor, tensors
from .refused import no_counterpart
from .shapes import ravel

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """How many there are of each number, or the sum of their weights, which is differentiable."""
    x, weights = operands(x, weights)
    x = tensor(x)
    if x.size and int(xp.min(x)) < 0:
        raise ArgumentError("numpy.bincount: x must not be negative anywhere. Use x - xg.min(x).")
    minlength = as_int(minlength, "numpy.bincount", "minlength")
    if minlength < 0:
        raise ArgumentError(f"numpy.bincount: minlength must not be negative, but is {minlength}.")
    size = max(minlength, int(xp.max(x)) + 1 if x.size else 0)
    ones = xp.ones_like(x, dtype="int64") if weights is None else tensor(weights)
    return xp.scatter(xp.zeros((size,), dtype=ones.dtype, device=x.device), x, ones, mode="add")


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of the bins, which are constants."""
    if isinstance(bins, str):
        raise no_counterpart(f"numpy.histogram with bins={bins!r}")
    a, bins = operands(a, bins)
    a = ravel(a)
    a = xp.stop_gradient(a if is_floating(a) else xp.astype(a, "float64"))
    if getattr(bins, "ndim", 0):
        edges = xp.stop_gradient(tensor(bins))
        if edges.ndim > 1 or bool(xp.any(edges[:-1] > edges[1:])):
            raise ArgumentError(
                f"numpy.histogram: bins {describe(edges)} must be one row of edges that do not "
                "decrease. Use xg.sort."
            )
        return edges
    count = as_int(bins, "numpy.histogram", "bins")
    if count < 1:
        raise ArgumentError(f"numpy.histogram: bins must be at least 1, but is {count}.")
    low, high = _limits(a) if range is None else (float(range[0]), float(range[1]))
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ArgumentError(
            f"numpy.histogram: range must be finite and increase, but is {(low, high)}. Use range= "
            "for the part of a that is."
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return xp.linspace(low, high, count + 1, dtype=a.dtype, device=a.device)


def _limits(a: Any) -> tuple[float, float]:
    return (float(xp.min(a)), float(xp.max(a))) if a.size else (0.0, 1.0)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> Any:
    """The counts in bins and the edges: constants, but for the weights."""
    a = tensor(a)
    edges = histogram_bin_edges(a, bins, range)
    if weights is not None:
        weights = tensors(weights, a)[0]
        if weights.shape != a.shape:
            raise ShapeError(
                f"numpy.histogram: weights {describe(weights)} must have the shape of a "
                f"{describe(a)}."
            )
        weights = ravel(weights)
    points = xp.reshape(a, (-1, 1))
    counts, (edges,) = histogramdd(points, [edges], density=density, weights=weights)
    return (xp.astype(counts, "int64") if weights is None and not density else counts), edges


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    """The counts in rectangles and the edges on both axes."""
    pairs = xp.stack([ravel(part) for part in tensors(x, y)], axis=1)
    if not isinstance(bins, (list, tuple)) or len(bins) != 2:
        bins = [bins, bins]
    counts, (first, second) = histogramdd(pairs, bins, range, density, weights)
    return counts, first, second


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    """The counts in boxes and the edges on each axis: constants, but for the weights."""
    points = (
        tensor(sample) if not isinstance(sample, Sequence) else xp.stack(tensors(*sample), axis=1)
    )
    points = xp.reshape(points, (-1, 1)) if points.ndim == 1 else points
    points = xp.stop_gradient(points)
    count, dims = points.shape
    bins = [bins] * dims if not isinstance(bins, (list, tuple)) else bins
    if len(bins) != dims:
        raise ArgumentError(f"numpy.histogramdd: {len(bins)} bins for {dims} axes. Use one each.")
    limits = [None] * dims if range is None else range
    every = [histogram_bin_edges(points[:, i], bins[i], limits[i]) for i in _numbers(dims)]
    sizes = [edges.shape[0] - 1 for edges in every]
    place, inside = _boxes(points, every, sizes)
    values = (
        xp.ones((count,), dtype="float64", device=points.device)
        if weights is None
        else tensors(weights, points)[0]
    )
    if values.shape != (count,):
        raise ShapeError(
            f"numpy.histogramdd: weights {describe(values)} must be one per point, which are {count}."
        )
    values = xp.where(inside, values, 0)
    total = math.prod(sizes)
    found = xp.scatter(
        xp.zeros((total,), dtype=values.dtype, device=points.device), place, values, mode="add"
    )
    found = xp.reshape(found, tuple(sizes))
    if density:
        for i, edges in enumerate(every):
            found = found / xp.reshape(
                xp.diff(edges), tuple(-1 if j == i else 1 for j in _numbers(dims))
            )
        found = found / xp.sum(values)
    return found, tuple(every)


_numbers = range


def _boxes(points: Any, every: list[Any], sizes: list[int]) -> tuple[Any, Any]:
    """The flat number of the box of each point, 0 for those outside, and which are inside.

    The last bin of each axis includes its upper edge."""
    place: Any = 0
    inside: Any = True
    for i, edges in enumerate(every):
        column = points[:, i]
        number = xp.searchsorted(edges, column, side="right") - 1
        number = xp.where(column == edges[-1], sizes[i] - 1, number)
        inside = inside & (number >= 0) & (number < sizes[i])
        place = place * sizes[i] + number
    return xp.where(inside, place, 0), inside
