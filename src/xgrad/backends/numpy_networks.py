"""The parts of neural networks on NumPy, where a fresh large array costs more than arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array
from . import activations, networks
from .numpy_buffers import Form, written
from .numpy_ufuncs import UFUNCS, activation_of

__all__ = ["Networks", "shifted", "sums_along"]


class Networks:
    """Where numpy has something faster than the portable functions."""

    @staticmethod
    def relu(x: Array) -> Array:
        return UFUNCS["relu"](x) if UFUNCS and x.dtype.char in "fd" else np.maximum(x, 0)

    def relu_cotangent(xp: Any, g: Array, y: Array) -> Array:
        if UFUNCS and g.dtype == y.dtype and y.dtype.char in "fd":
            return UFUNCS["relu_cotangent"](g, y)
        return activations.relu_cotangent(xp, g, y)

    def activate(xp: Any, x: Array, *, function: str) -> Array:
        ufunc = activation_of("activate", function, x.dtype)
        return activations.activate(xp, x, function=function) if ufunc is None else ufunc(x)

    def activate_cotangent(xp: Any, g: Array, *terms: Array, function: str) -> Array:
        x = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        ufunc = activation_of("activate_cotangent", function, x.dtype)
        if ufunc is None or g.dtype != x.dtype:
            return activations.activate_cotangent(xp, g, x, function=function)
        return ufunc(g, x)

    def softmax(
        xp: Any,
        x: Array,
        *,
        axis: tuple[int, ...],
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            if x.ndim == 0 or 0 in x.shape or x.dtype.kind == "c":
                return written(networks.softmax(xp, x, axis=axis), out)
            (room,) = scratch or (None,)
            powers = shifted(x, axis, out, room)
            np.exp(powers, out=powers)
            powers /= np.add.reduce(powers, axis=axis, keepdims=True, out=room)
            return powers

    def log_softmax(
        xp: Any,
        x: Array,
        *,
        axis: tuple[int, ...],
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            if x.ndim == 0 or 0 in x.shape or x.dtype.kind == "c":
                return written(networks.log_softmax(xp, x, axis=axis), out)
            room, powers = scratch or (None, None)
            y = shifted(x, axis, out, room)
            total = np.add.reduce(np.exp(y, out=powers), axis=axis, keepdims=True, out=room)
            y -= np.log(total, out=total)
            return y


def sums_along(x: Any, axis: Any) -> list[Form]:
    """The form of a sum along axes that stay, with length 1."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    gone = {a % len(x.shape) for a in axes}
    return [Form(tuple([1 if i in gone else n for i, n in enumerate(x.shape)]), x.dtype)]


def shifted(x: Array, axis: Any, out: Array | None = None, room: Array | None = None) -> Array:
    """x less the largest along axes, as far as that is finite; `room` is for the largest."""
    shift = np.maximum.reduce(x, axis=axis, keepdims=True, out=room)
    if not np.isfinite(shift).all():
        shift = np.where(np.isfinite(shift), shift, np.zeros_like(shift))
    return np.subtract(x, shift, out=out)
