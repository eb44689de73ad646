"""Cross entropies of logits, one per row along an axis, in the standard's functions.

`labels` are probabilities of the shape of the logits, `indices` whole numbers of the shape without the
axis. Cotangents are written in the logits, so nothing but these is kept. Every function takes the
namespace first and serves any library (portable.py says how)."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array

__all__ = [
    "cross_entropy",
    "cross_entropy_cotangent",
    "label_logarithms",
    "sparse_cross_entropy",
    "sparse_cross_entropy_cotangent",
]


def cross_entropy(xp: Any, x: Array, labels: Array, *, axis: int) -> Array:
    """-sum(labels * log_softmax(x)); a label 0 where that is -inf adds nothing."""
    return 0 - xp.sum(labels * label_logarithms(xp, x, labels, axis=axis), axis=axis)  # never -0


def label_logarithms(xp: Any, x: Array, labels: Array, *, axis: int) -> Array:
    """log_softmax(x), and 0 where that is -inf and the label 0."""
    logarithms = xp.log_softmax(x, axis=(axis,))
    nothing = (labels == 0) & (logarithms == -math.inf)
    return xp.where(nothing, xp.zeros_like(logarithms), logarithms)


def cross_entropy_cotangent(xp: Any, g: Array, x: Array, labels: Array, *, axis: int) -> Array:
    """g (softmax(x) sum labels - labels): what a cotangent is before it; 0 where g is 0."""
    total = xp.sum(labels, axis=axis, keepdims=True)
    p = xp.softmax(x, axis=(axis,))
    g = xp.expand_dims(g, axis=axis)
    return xp.zero_where_zero(g * (xp.zero_where_zero(p * total, total) - labels), g)


def sparse_cross_entropy(
    xp: Any, x: Array, indices: Array, *, axis: int, ignored: int | None
) -> Array:
    """-log_softmax(x) at indices; 0 where these are the ignored one, NaN at other negative ones."""
    skipped, chosen = _chosen(xp, indices, ignored)
    logarithms = xp.log_softmax(x, axis=(axis,))
    taken = xp.take_along_axis(logarithms, xp.expand_dims(chosen, axis=axis), axis=axis)
    losses = 0 - xp.squeeze(taken, axis=axis)
    none = xp.zeros_like(losses)
    wrong = indices < 0
    if ignored is None:
        return xp.where(wrong, none + math.nan, losses)
    kept = xp.where(skipped, none, losses)
    return xp.where(wrong & (indices != ignored), none + math.nan, kept)


def sparse_cross_entropy_cotangent(
    xp: Any, g: Array, x: Array, indices: Array, *, axis: int, ignored: int | None
) -> Array:
    """g (softmax(x) - 1 at indices): what a cotangent is before it; 0 where nothing is chosen."""
    skipped, chosen = _chosen(xp, indices, ignored)
    g = xp.expand_dims(xp.where(skipped, xp.zeros_like(g), g), axis=axis)
    p = xp.softmax(x, axis=(axis,))
    places = xp.expand_dims(chosen, axis=axis)
    hot = xp.scatter_along_axis(g, places, axis=axis, size=x.shape[axis])
    return xp.zero_where_zero(p * g, g) - hot


def _chosen(xp: Any, indices: Array, ignored: int | None) -> tuple[Array, Array]:
    """Which rows choose nothing, and what the others choose."""
    skipped = indices < 0
    if ignored is not None:
        skipped = skipped | (indices == ignored)
    return skipped, xp.where(skipped, xp.zeros_like(indices), indices)
