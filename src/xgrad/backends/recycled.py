"""Memory for results, used again when nobody holds the former result any more.

Fresh memory is slow: the system hands it out page by page, at the first touch. Everything that sees
an array, a view or an exported buffer too, holds a reference to it, so counting references tells
whether it may be written over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, DType, Shape

__all__ = ["WORTH_BYTES", "Recycled"]

WORTH_BYTES = 1 << 17  # below, an allocator hands out the same memory again by itself
_KEPT = 2  # a Variable's value, and the one before it


class Recycled:
    """Arrays of one shape and dtype; a call gives one that nobody else sees.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype
    beside : callable, optional
        Makes views of an array, or what writes into it; a call gives a tuple of the array and these,
        which are made once for each array.

    Notes
    -----
    Not for several threads at once."""

    def __init__(
        self,
        shape: Shape,
        dtype: DType,
        beside: Callable[[Array], tuple[Any, ...]] | None = None,
    ) -> None:
        self._form = (shape, dtype)
        self._beside = beside
        self._kept: list[tuple[Array, Any]] = []
        self._counts: list[int] = []  # of references, while nobody else sees the array

    def __call__(self) -> Any:
        """An array, its contents left as they are, and what is beside it."""
        for place in range(len(self._kept)):
            if self._count(place) == self._counts[place]:
                return self._kept[place][1]
        new = np.empty(*self._form)
        given = new if self._beside is None else (new, *self._beside(new))
        if _CAN_COUNT:
            self._kept = [*self._kept, (new, given)][-_KEPT:]
            kept = self._kept[-1]
            del new, given
            self._counts = [*self._counts, self._count(-1)][-_KEPT:]
            return kept[1]
        return given

    def _count(self, place: int) -> int:
        """What the interpreter counts, which is more than there are by as many as this takes."""
        return sys.getrefcount(self._kept[place][0])


_CAN_COUNT = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()
