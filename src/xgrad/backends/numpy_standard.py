"""A mean of 0 and a variance of 1 along the last axes of NumPy arrays, where that was compiled (_rows.c)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._speedups import compiled
from .._typing import Array
from . import networks
from .numpy_buffers import written

__all__ = ["Standards", "compiled_rows"]

compiled_rows: Any = compiled("xgrad.backends._rows")


class Standards:
    """Where numpy has something faster than the portable functions."""

    def standardize(
        xp: Any,
        x: Array,
        *,
        axis: tuple[int, ...],
        epsilon: float,
        out: Array | None = None,
    ) -> Array:
        if not _are_rows(x, axis):
            return written(networks.standardize(xp, x, axis=axis, epsilon=epsilon), out)
        return _run(compiled_rows.standardize, (x,), axis, epsilon, out)

    def standardize_cotangent(
        xp: Any,
        g: Array,
        x: Array,
        *,
        axis: tuple[int, ...],
        epsilon: float,
        out: Array | None = None,
    ) -> Array:
        if not _are_rows(x, axis) or g.dtype != x.dtype or g.shape != x.shape:
            r = networks.standardize_cotangent(xp, g, x, axis=axis, epsilon=epsilon)
            return written(r, out)
        return _run(compiled_rows.standardize_cotangent, (g, x), axis, epsilon, out)


def _are_rows(x: Array, axis: tuple[int, ...]) -> bool:
    """Whether axes are the last ones of something compiled loops are for."""
    last = list(range(x.ndim - len(axis), x.ndim))
    fits = compiled_rows is not None and x.dtype.char in "fd" and x.size > 0 and len(axis) > 0
    return fits and sorted([a % x.ndim for a in axis]) == last


def _run(
    gufunc: Any, arrays: tuple[Array, ...], axis: tuple[int, ...], epsilon: float, out: Array | None
) -> Array:
    shape, number = arrays[0].shape, arrays[0].dtype.type(epsilon)
    if len(axis) == 1:
        return gufunc(*arrays, number, out=out)
    width = math.prod(shape[len(shape) - len(axis) :])
    rows = [a.reshape(-1, width) for a in arrays]
    target = None if out is None else out.reshape(-1, width)
    y: Array = gufunc(*rows, number, out=target)
    return np.reshape(y, shape) if out is None else out
