"""Derivatives of cross entropies of logits, which keep the logits and no logarithms.

y = -sum q log p with p = softmax(x). The formulas of the cotangents of x are in
backends/cross_entropy.py, because a GPU has a kernel for each."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, give_forward


def cross_entropy_x(xp: Any, g: Array, x: Array, labels: Array, *, axis: int) -> Array:
    """dx_i = g (p_i sum q - q_i)."""
    return xp.cross_entropy_cotangent(g, x, labels, axis=axis)


def cross_entropy_labels(xp: Any, g: Array, x: Array, labels: Array, *, axis: int) -> Array:
    """dq_i = -g log p_i."""
    g = xp.expand_dims(g, axis=axis)
    return 0 - xp.zero_where_zero(g * xp.label_logarithms(x, labels, axis=axis), g)


def cross_entropy_x_tangent(xp: Any, t: Array, x: Array, labels: Array, *, axis: int) -> Array:
    """dy = sum_i q_i (sum p dx - dx_i)."""
    d = xp.expand_dims(_mean(xp, t, x, axis), axis=axis) - t
    return xp.sum(xp.zero_where_zero(labels * d, d), axis=axis)


def cross_entropy_labels_tangent(xp: Any, t: Array, x: Array, labels: Array, *, axis: int) -> Array:
    """dy = -sum dq log p."""
    terms = xp.zero_where_zero(t * xp.label_logarithms(x, labels, axis=axis), t)
    return 0 - xp.sum(terms, axis=axis)


def sparse_cross_entropy_x(
    xp: Any, g: Array, x: Array, indices: Array, *, axis: int, ignored: int | None
) -> Array:
    """dx_i = g (p_i - 1 if i is chosen, else g p_i); 0 where nothing is."""
    return xp.sparse_cross_entropy_cotangent(g, x, indices, axis=axis, ignored=ignored)


def sparse_cross_entropy_x_tangent(
    xp: Any, t: Array, x: Array, indices: Array, *, axis: int, ignored: int | None
) -> Array:
    """dy = sum p dx - dx at what is chosen; 0 where nothing is."""
    skipped = indices < 0
    if ignored is not None:
        skipped = skipped | (indices == ignored)
    places = xp.expand_dims(xp.where(skipped, 0, indices), axis=axis)
    taken = xp.squeeze(xp.take_along_axis(t, places, axis=axis), axis=axis)
    return xp.where(skipped, 0, _mean(xp, t, x, axis) - taken)


def _mean(xp: Any, t: Array, x: Array, axis: int) -> Array:
    """sum p t."""
    return xp.sum(xp.zero_where_zero(xp.softmax(x, axis=(axis,)) * t, t), axis=axis)


give("cross_entropy", x=cross_entropy_x, labels=cross_entropy_labels)
give_forward("cross_entropy", x=cross_entropy_x_tangent, labels=cross_entropy_labels_tangent)
give("sparse_cross_entropy", x=sparse_cross_entropy_x)
give_forward("sparse_cross_entropy", x=sparse_cross_entropy_x_tangent)
