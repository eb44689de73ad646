"""The parts of neural networks on NumPy, where a fresh large array costs more than arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array
from . import networks

__all__ = ["Networks", "shifted"]


class Networks:
    """Where numpy has something faster than the portable functions."""

    @staticmethod
    def relu(x: Array) -> Array:
        return np.maximum(x, 0)

    def softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            if x.ndim == 0 or 0 in x.shape or x.dtype.kind == "c":
                return networks.softmax(xp, x, axis=axis)
            powers = shifted(x, axis)
            np.exp(powers, out=powers)
            powers /= np.add.reduce(powers, axis=axis, keepdims=True)
            return powers

    def log_softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            if x.ndim == 0 or 0 in x.shape or x.dtype.kind == "c":
                return networks.log_softmax(xp, x, axis=axis)
            y = shifted(x, axis)
            y -= np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True))
            return y


def shifted(x: Array, axis: Any) -> Array:
    """x less the largest along axes, as far as that is finite, in fresh memory."""
    shift = np.maximum.reduce(x, axis=axis, keepdims=True)
    if not np.isfinite(shift).all():
        shift = np.where(np.isfinite(shift), shift, np.zeros_like(shift))
    return x - shift
