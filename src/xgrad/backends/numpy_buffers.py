"""Where functions on NumPy write, if they are told: results, and what they need in between.

A function that is given no memory makes its own. A recorded program (compile/memory.py) asks ahead,
by `Form`, what a function needs in between, and gives it memory that others use at other times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .._typing import Array, DType, Shape

__all__ = ["Form", "Space", "bytes_for", "bytes_form", "copied", "space_for", "written"]


class Form(NamedTuple):
    """An array to be, contiguous."""

    shape: Shape
    dtype: DType

    def bytes(self) -> int:
        """How many it takes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class Space:
    """Memory that arrays are cut from, one after the other; when it is used up, they are new.

    Parameters
    ----------
    given : sequence of array
        The memory, if there is some, as one array of bytes."""

    def __init__(self, given: Sequence[Array] = ()) -> None:
        self._raw = given[0] if given else None
        self._used = 0

    def empty(self, shape: Shape, dtype: DType) -> Array:
        """An array with whatever is in it."""
        found = self._cut(shape, dtype)
        return np.empty(shape, dtype) if found is None else found

    def zeros(self, shape: Shape, dtype: DType) -> Array:
        """An array of zeros."""
        found = self._cut(shape, dtype)
        if found is None:
            return np.zeros(shape, dtype)
        found.fill(0)
        return found

    def again(self) -> Space:
        """What is left of it now: for one use of it after the other."""
        rest = Space()
        rest._raw, rest._used = self._raw, self._used
        return rest

    def _cut(self, shape: Shape, dtype: DType) -> Array | None:
        if self._raw is None:
            return None
        try:
            found: Array = np.ndarray(shape, dtype, self._raw, self._used)
        except TypeError:  # it is not as large as that
            return None
        self._used += _aligned(found.nbytes)
        return found


def space_for(forms: Iterable[Form]) -> list[Form]:
    """The memory that a `Space` takes for arrays of some forms."""
    size = bytes_for(forms)
    return [bytes_form(size)] if size else []


def bytes_for(forms: Iterable[Form]) -> int:
    """How many bytes a `Space` takes for arrays of some forms."""
    return sum(_aligned(form.bytes()) for form in forms)


def bytes_form(size: int) -> Form:
    """So many bytes."""
    return Form((size,), np.dtype(np.uint8))


def _aligned(size: int) -> int:
    return -(-size // 64) * 64


def written(y: Array, out: Array | None) -> Array:
    """A result, copied to where it is wanted."""
    if out is None or out is y:
        return y
    np.copyto(out, y)
    return out


def copied(x: Array, out: Array | None) -> Array:
    """x in rows that lie side by side, to be written over."""
    if out is None:
        return np.array(x, order="C")
    np.copyto(out, x)
    return out
