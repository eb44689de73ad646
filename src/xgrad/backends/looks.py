"""Sums of products of NumPy arrays by BLAS, which takes them in one pass over memory.

The sum of squares is the cheapest look at an array: it is finite only if all elements are, and what
overflows is looked at with care by whoever asks. Long arrays are taken in rows, each too short for OpenBLAS
to share it out among threads. They would wait for each other to begin and to end: microseconds at best, and on a
busy machine, where one of them has lost its core, twenty milliseconds instead of five microseconds. Rows
are also what keeps digits: no sum of more than a row is added up one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array

__all__ = ["ALONE", "product_sum", "square_sum"]

ALONE = 10_000  # up to which OpenBLAS starts no threads
_ROW = 8192


def square_sum(x: Array) -> Any:
    """The sum of the squares of a flat array; of the squared moduli where it is long and complex."""
    return x.dot(x) if x.size <= ALONE else product_sum(x, x)


def product_sum(x: Array, y: Array) -> Any:
    """The sum of the products of two flat arrays; x is conjugated where it is long and complex."""
    if x.size <= ALONE:
        return x.dot(y)
    whole = x.size - x.size % _ROW
    rows = np.vecdot(x[:whole].reshape(-1, _ROW), y[:whole].reshape(-1, _ROW))
    return np.add.reduce(rows) + x[whole:].dot(y[whole:])
