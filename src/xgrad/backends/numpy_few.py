"""Few channels or outputs on NumPy, which do not fill vectors: something else is taken instead, or too.

Where each channel has a window of its own, positions side by side are taken as channels, too, as many as fill
vectors. What is left of an axis is done by its last positions, of which some were done already. Sums over
positions for few outputs are turned: columns are what lies side by side in the window."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array

__all__ = ["Loop", "convolve_few", "correlate_few", "correlate_turned", "positions_at_once"]

Loop = Callable[[Array, Array, Array], None]


def positions_at_once(channels: int, length: int, lanes: int, least: int) -> int:
    """How many positions of an axis fill vectors; one if channels fill the least, and none otherwise."""
    many = min(length, lanes // math.gcd(lanes, channels))
    if channels < lanes <= many * channels:
        return many
    return int(channels >= least)


def convolve_few(loop: Loop, many: int, seen: Array, weights: Array, y: Array) -> None:
    """Call ``loop(seen, weights, y)`` for so many positions at once, for which weights are repeated."""
    axis, length = y.ndim - 2, y.shape[-2]
    for start, count in ((0, length // many), (length - many, int(length % many > 0))):
        if count:
            some = _blocks(seen, axis, many, start, count)
            loop(some, weights, _blocks(y, axis, many, start, count))


def correlate_few(loop: Loop, many: int, seen: Array, given: Array, totals: Array) -> None:
    """Call ``loop(seen, given, totals)`` for so many positions at once, and sum over these."""
    axis, length = given.ndim - 2, given.shape[-2]
    rest = length % many
    last = (length - many, 1, many - rest)
    for start, count, done in ((0, length // many, 0), last if rest else (0, 0, 0)):
        if count:
            sums = np.zeros((len(totals), many, totals.shape[-1]), totals.dtype)
            flat = sums.reshape(len(totals), -1)
            some = _blocks(seen, axis, many, start, count)
            loop(some, _blocks(given, axis, many, start, count), flat)
            totals += np.add.reduce(sums[:, done:], axis=1)


def correlate_turned(loop: Loop, seen: Array, given: Array, totals: Array) -> None:
    """Call ``loop(given, part of what is seen, turned totals)`` for each row of the window.

    Where such rows do not lie side by side, nothing is turned."""
    axes, outputs = given.ndim - 2, given.shape[-1]
    if seen.shape[-2] > 1 and seen.strides[-2] != seen.shape[-1] * seen.itemsize:
        loop(seen, given, totals)
        return
    alone = given[(..., *[None] * axes, slice(None))]  # as seen by a window of one element
    rows = seen.shape[axes + 1 : -2]
    sums = np.zeros((outputs, totals.shape[0]), totals.dtype)
    run = math.prod(seen.shape[-2:])
    for number, row in enumerate(np.ndindex(rows)):
        part = seen[(slice(None),) * (axes + 1) + row]
        part = as_strided(part, (*part.shape[:-2], run), (*part.strides[:-2], seen.itemsize))
        loop(alone, part, sums[:, number * run : (number + 1) * run])
    totals += sums.T


def _blocks(x: Array, axis: int, many: int, start: int, count: int) -> Array:
    """So many positions of an axis, which lie side by side, as one with all their channels."""
    begin = x[(slice(None),) * axis + (slice(start, None),)]
    shape, strides = [*x.shape], [*x.strides]
    shape[axis], shape[-1] = count, many * shape[-1]
    strides[axis], strides[-1] = many * strides[axis], x.itemsize
    return as_strided(begin, shape, strides)
