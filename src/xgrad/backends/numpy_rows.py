"""Reductions over leading axes on NumPy, where few elements stay.

NumPy adds one row after another, and each costs a call of its inner loop: rows of 16 elements take
eight times as long as they need, rows of 4 forty times. So several rows are taken for one, their
sums are added up in the end, and more of them are added apart from each other, which loses fewer
digits (N. J. Higham, The accuracy of floating point summation, SIAM J. Sci. Comput. 14, 1993)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array, DType
from . import numpy_halves
from .numpy_halves import is_half

__all__ = ["MANY", "Reductions", "reduced"]

MANY = 1 << 13  # elements; below, what is saved is less than what it costs
_FEW_ROWS = 512
_WIDE = 1024  # elements of what is taken for a row
_NARROW = 512  # of a row; longer ones are long enough
_DTYPES = "fdFD"


class Reductions:
    """The part of numpy's `Own` that takes axes away."""

    @staticmethod
    def sum(x: Array, *, axis: Any = None, dtype: DType = None, keepdims: Any = False) -> Array:
        if x.size < MANY and x.itemsize != 2:
            return np.add.reduce(x, axis, dtype, None, keepdims)  # type: ignore[call-overload]
        return reduced(np.add, x, axis, dtype, None, keepdims)

    @staticmethod
    def prod(x: Array, *, axis: Any = None, dtype: DType = None, keepdims: Any = False) -> Array:
        if x.size < MANY and x.itemsize != 2:
            return np.multiply.reduce(x, axis, dtype, None, keepdims)  # type: ignore[call-overload]
        return reduced(np.multiply, x, axis, dtype, None, keepdims)

    @staticmethod
    def max(x: Array, *, axis: Any = None, keepdims: Any = False) -> Array:
        return reduced(np.maximum, x, axis, None, None, keepdims)

    @staticmethod
    def min(x: Array, *, axis: Any = None, keepdims: Any = False) -> Array:
        return reduced(np.minimum, x, axis, None, None, keepdims)


def reduced(
    ufunc: np.ufunc, x: Array, axis: Any, dtype: Any, out: Array | None, keepdims: bool
) -> Array:
    """``ufunc.reduce(x, axis, dtype, out, keepdims)`` for sums, products and extrema."""
    if x.size >= MANY and axis is not None and dtype is None and x.flags.c_contiguous:
        width = _width(x, axis)
        if width:
            y = _of_rows(ufunc, x.reshape(-1, width))
            shape = x.shape[_count(axis) :]
            y = y.reshape((1,) * _count(axis) + shape if keepdims else shape)
            if out is None:
                return y
            np.copyto(out, y)
            return out
    if dtype is None and is_half(x):
        return numpy_halves.reduced(ufunc, x, axis, keepdims, out)
    reduce: Any = ufunc.reduce
    return reduce(x, axis, dtype, out, keepdims)


def _count(axis: Any) -> int:
    return len(axis) if isinstance(axis, tuple) else 1


def _width(x: Array, axis: Any) -> int:
    """How many elements stay, if the first axes go, and it pays; else 0."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    count = len(axes)
    if not 0 < count < x.ndim or sorted([a % x.ndim for a in axes]) != list(range(count)):
        return 0
    width = 1
    for n in x.shape[count:]:
        width *= n
    fits = 1 < width <= _NARROW and x.size >= _FEW_ROWS * width and x.dtype.char in _DTYPES
    return width if fits else 0


def _of_rows(ufunc: np.ufunc, x: Array) -> Array:
    rows, width = x.shape
    together = max(1, _WIDE // width)
    count = rows // together
    y = ufunc.reduce(x[: count * together].reshape(count, together * width))
    y = ufunc.reduce(y.reshape(together, width))
    rest = x[count * together :]
    return ufunc(y, ufunc.reduce(rest), out=y) if len(rest) else y
