"""A look at a NumPy array: its sum of squares, which is finite only if all its elements are.

That is the cheapest pass over memory there is, and no more is asked of it: what overflows is looked
at with care by whoever asks. Long arrays are taken in rows, each too short for OpenBLAS to share it out
among threads. They would wait for each other to begin and to end: microseconds at best, and on a
busy machine, where one of them has lost its core, twenty milliseconds instead of five microseconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array

__all__ = ["square_sum"]

_ALONE = 10_000  # up to which OpenBLAS starts no threads
_ROW = 8192


def square_sum(x: Array) -> Any:
    """The sum of the squares of a flat array; of the squared moduli where it is long and complex."""
    if x.size <= _ALONE:
        return x.dot(x)
    whole = x.size - x.size % _ROW
    rows = x[:whole].reshape(-1, _ROW)
    rest = x[whole:]
    return np.add.reduce(np.vecdot(rows, rows)) + rest.dot(rest)
