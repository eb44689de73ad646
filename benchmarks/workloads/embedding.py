"""Rows of a table: a gather, and a sum of what falls on the same row on the way back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, table: Any) -> Any:
    """Compute the mean square error of the rows that are looked up."""
    rows, target = constants
    difference = ops.take_rows(table, rows) - target
    return ops.mean(difference * difference)


def by_hand(constants: Arrays, table: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: sorted by row, neighbours are added up, which is faster than np.add.at."""
    rows, target = constants
    difference = table[rows] - target
    g = difference * (2 / difference.size)
    order = np.argsort(rows, kind="stable")
    found, starts = np.unique(rows[order], return_index=True)
    gradient = np.zeros_like(table)
    gradient[found] = np.add.reduceat(g[order], starts, axis=0)
    return np.mean(difference * difference), (gradient,)


def make(count: int = 20_000, width: int = 64, rows: int = 4096) -> Gradient:
    """Draw so many numbers of rows, and a table."""
    random = np.random.default_rng(5)
    table = random.normal(size=(rows, width)).astype(np.float32)
    target = random.normal(size=(count, width)).astype(np.float32)
    return Gradient(
        "embedding", f"{count:,} x {width} out of {rows:,} rows, mean square error",
        [table], loss, by_hand, [random.integers(0, rows, count), target],
    )  # fmt: skip
