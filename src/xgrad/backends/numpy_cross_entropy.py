"""Cross entropies on NumPy: in one buffer, because a fresh large array costs more than an exponential.

What is not finite, and what is no row of floats, is left to the portable functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._typing import Array
from . import cross_entropy as portable
from .numpy_networks import shifted

__all__ = ["CrossEntropies"]


class CrossEntropies:
    """Where numpy has something faster; parts of its `Own`."""

    def cross_entropy(xp: Any, x: Array, labels: Array, *, axis: int) -> Array:
        if _are_floats(x, labels):
            logarithms = xp.log_softmax(x, axis=(axis,))
            with np.errstate(invalid="ignore"):
                np.multiply(logarithms, labels, out=logarithms)
                losses = 0 - np.add.reduce(logarithms, axis=axis)
            if np.isfinite(losses).all():
                return losses
        with np.errstate(invalid="ignore"):
            return portable.cross_entropy(xp, x, labels, axis=axis)

    def cross_entropy_cotangent(xp: Any, g: Array, x: Array, labels: Array, *, axis: int) -> Array:
        if _are_floats(x, labels, g):
            powers, total = _powers(x, axis)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                g = np.expand_dims(g, axis)
                factor = g * (np.add.reduce(labels, axis=axis, keepdims=True) / total)
            if _are_normal(total) and np.isfinite(factor).all():
                powers *= factor
                powers -= labels * g
                return powers
            g = np.squeeze(g, axis)
        with np.errstate(invalid="ignore"):
            return portable.cross_entropy_cotangent(xp, g, x, labels, axis=axis)

    def sparse_cross_entropy(
        xp: Any, x: Array, indices: Array, *, axis: int, ignored: int | None
    ) -> Array:
        places = _places(x, indices, axis, ignored)
        if places is None:
            with np.errstate(invalid="ignore"):
                return portable.sparse_cross_entropy(xp, x, indices, axis=axis, ignored=ignored)
        with np.errstate(invalid="ignore"):
            powers = shifted(x, axis)
        chosen = powers[places]
        total = np.add.reduce(np.exp(powers, out=powers), axis=axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(total) - chosen

    def sparse_cross_entropy_cotangent(
        xp: Any, g: Array, x: Array, indices: Array, *, axis: int, ignored: int | None
    ) -> Array:
        places = _places(x, indices, axis, ignored)
        if places is not None and g.dtype == x.dtype:
            powers, total = _powers(x, axis)
            if _are_normal(total) and np.isfinite(g).all():
                powers *= np.expand_dims(g, axis) / total
                powers[places] -= g
                return powers
        with np.errstate(invalid="ignore"):
            return portable.sparse_cross_entropy_cotangent(
                xp, g, x, indices, axis=axis, ignored=ignored
            )


def _are_floats(x: Array, *others: Array) -> bool:
    """Whether all are of one floating dtype, and there is something to compute."""
    return x.size > 0 and x.dtype.kind == "f" and all(y.dtype == x.dtype for y in others)


def _places(x: Array, indices: Array, axis: int, ignored: int | None) -> Any:
    """A key of what the indices choose along the last axis; None where some choose nothing."""
    if not _are_floats(x) or axis != x.ndim - 1 or ignored is not None:
        return None
    if indices.size and indices.min() < 0:
        return None
    return (*np.indices(indices.shape, sparse=True), indices)


def _powers(x: Array, axis: int) -> tuple[Array, Array]:
    """The exponentials of what is shifted, in fresh memory, and their sum."""
    with np.errstate(invalid="ignore"):
        powers = shifted(x, axis)
    np.exp(powers, out=powers)
    return powers, np.add.reduce(powers, axis=axis, keepdims=True)


def _are_normal(total: Array) -> bool:
    """Whether sums of exponentials are finite and not zero."""
    return bool(total.min() > 0 and total.max() < math.inf)
