"""Memory for results, used again when nobody holds the former result any more.

Fresh memory is slow: the system hands it out page by page, at the first touch. Everything that sees
an array, a view or an exported buffer too, holds a reference to it, so counting references tells
whether it may be written over."""

from __future__ import annotations

import sys

import numpy as np

from .._typing import Array, DType, Shape

__all__ = ["WORTH_BYTES", "Recycled"]

WORTH_BYTES = 1 << 17  # below, an allocator hands out the same memory again by itself
_KEPT = 2  # a Variable's value, and the one before it


class Recycled:
    """Arrays of one shape and dtype; a call gives one that nobody else sees.

    Not for several threads at once."""

    def __init__(self, shape: Shape, dtype: DType) -> None:
        self._form = (shape, dtype)
        self._kept: list[Array] = []

    def __call__(self) -> Array:
        """An array, its contents left as they are."""
        for place in range(len(self._kept)):
            if sys.getrefcount(self._kept[place]) == _ALONE:
                return self._kept[place]
        new = np.empty(*self._form)
        if _ALONE:
            self._kept = [*self._kept, new][-_KEPT:]
        return new


def _count_of_one() -> int:
    """What the interpreter counts, in the very expression above, for one reference.

    0 where it does not count, or where threads run at the same time."""
    if not hasattr(sys, "getrefcount") or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return 0
    kept = Recycled((1,), np.uint8)
    kept._kept = [np.empty(1)]
    for place in range(1):
        return sys.getrefcount(kept._kept[place])
    return 0


_ALONE = _count_of_one()
