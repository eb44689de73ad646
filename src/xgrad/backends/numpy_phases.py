"""What windows see of an array, and which of them see each place of it.

The transpose of a convolution is one for each phase: places with the same rest on division by the strides are
seen by the same elements of the window."""

from __future__ import annotations

import functools
import itertools
import math
from typing import NamedTuple

from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Shape
from .convolution import Steps
from .numpy_padding import Padding

__all__ = ["Phase", "Rows", "View", "phases_of", "view_of"]


class View(NamedTuple):
    """How windows see an array: from where, how many, and how they go on, for each axis of positions."""

    starts: Shape
    counts: Shape
    strides: Shape
    window: Shape
    dilation: Shape

    def seen(self, x: Array, rows: Rows) -> Array:
        """``(examples, *positions, *window, channels)`` of some rows, without a copy."""
        some = rows(self)
        first, *inner, last = x.strides
        starts = (self.starts[0] + some.start * self.strides[0], *self.starts[1:])
        begin = x[(slice(None), *[slice(start, None) for start in starts])]
        shape = (len(x), some.stop - some.start, *self.counts[1:], *self.window, x.shape[-1])
        moves = [n * s for n, s in zip(inner, self.strides, strict=True)]
        spreads = [n * d for n, d in zip(inner, self.dilation, strict=True)]
        return as_strided(begin, shape, (first, *moves, *spreads, last), writeable=False)


class Rows(NamedTuple):
    """A share of the first axis of positions, as that of every view is divided."""

    number: int = 0
    of: int = 1

    def __call__(self, view: View) -> slice:
        count = view.counts[0]
        return slice(count * self.number // self.of, count * (self.number + 1) // self.of)


def view_of(steps: Steps, window: Shape, counts: Shape) -> View:
    """How the windows of a convolution see an array with its zeros, at so many positions."""
    return View((0,) * len(window), counts, steps.strides, window, steps.dilation)


class Phase(NamedTuple):
    """Places with the same rest on division by the strides, which see the same elements of kernels.

    Attributes
    ----------
    view : View or None
        What they see of what is given, with its frame; None where it is nothing.
    taps : tuple of slice
        Which elements of the kernel, the last one first.
    places : tuple of slice
        Where they are, examples first.
    """

    view: View | None
    taps: tuple[slice, ...]
    places: tuple[slice, ...]


@functools.lru_cache
def phases_of(
    given: Shape, window: Shape, shape: Shape, steps: Steps
) -> tuple[Padding, list[Phase]]:
    """The zeros around what is given, and what is seen in it.

    The place i is seen by the element k of a window at position q where i = q stride + k dilation -
    padding. With i + padding = m stride + rest, that is q = m - (k dilation - rest) / stride."""
    starts = [before for before, _ in steps.padding]
    numbers = zip(shape[1:-1], window, steps.strides, steps.dilation, starts, strict=True)
    axes = [_of_axis(*each) for each in numbers]
    padding = []
    for count, phases in zip(given[1:-1], axes, strict=True):
        seen = [axis for axis in phases if axis.taps]
        first = min([axis.start for axis in seen], default=0)
        last = max([axis.last for axis in seen], default=0)
        padding.append((max(0, -first), max(0, last - count + 1)))
    found = []
    for each in itertools.product(*axes):
        places = (slice(None), *[axis.places for axis in each])
        if not all(axis.taps for axis in each):
            found.append(Phase(None, (), places))
            continue
        view = View(
            tuple([axis.start + before for axis, (before, _) in zip(each, padding, strict=True)]),
            tuple([axis.length for axis in each]),
            (1,) * len(window),
            tuple([axis.taps for axis in each]),
            tuple([axis.spread for axis in each]),
        )
        found.append(Phase(view, tuple([axis.elements for axis in each]), places))
    return tuple(padding), found


class _Axis(NamedTuple):
    """A phase of one axis: how many places, and from where on what they see with how many taps."""

    places: slice
    length: int
    start: int
    taps: int
    spread: int
    elements: slice

    @property
    def last(self) -> int:
        """The last of what is seen."""
        return self.start + self.length - 1 + (self.taps - 1) * self.spread


def _of_axis(size: int, window: int, stride: int, dilation: int, before: int) -> list[_Axis]:
    common = math.gcd(stride, dilation)
    step, spread = stride // common, dilation // common
    phases = []
    for first in range(min(stride, size)):
        places = slice(first, None, stride)
        length = len(range(first, size, stride))
        m, rest = divmod(first + before, stride)
        k = next((k for k in range(min(step, window)) if (k * dilation - rest) % stride == 0), None)
        if k is None:
            phases.append(_Axis(places, length, 0, 0, 1, slice(0)))
            continue
        taps = len(range(k, window, step))
        start = m - (k * dilation - rest) // stride - (taps - 1) * spread
        elements = slice(k + (taps - 1) * step, k - step if k >= step else None, -step)
        phases.append(_Axis(places, length, start, taps, spread, elements))
    return phases
