"""How threads share a convolution on NumPy, and where the zeros around its examples are.

Threads take examples, or rows of pictures where those are few; the zeros are put around some examples at a
time, in memory that the next ones use again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape
from .numpy_buffers import Form, Space
from .numpy_padding import Padding, framed, framed_shape, is_part, middles
from .numpy_phases import Rows
from .workers import run_shares, thread_count

__all__ = ["BYTES", "Layout", "layout_of"]

BYTES = 1 << 20  # of examples with the zeros around them, of each thread

# Of a share: its number, framed examples, which examples those are, and which rows are to be done.
Work = Callable[[int, Array, slice, Rows], None]


class Layout(NamedTuple):
    """How examples are divided among threads.

    Attributes
    ----------
    padding : tuple of pairs
        What an array gets around it.
    shares : int
        Of how many threads.
    by_rows : bool
        Whether threads take rows of every example, or all of some.
    frame : tuple of int
        The shape of some examples with zeros around them: of all, or of as many as a thread has at a
        time; nothing if there are none.
    """

    padding: Padding
    shares: int
    by_rows: bool
    frame: Shape

    def run(self, x: Array, work: Work, space: Space) -> None:
        """Call ``work(share, framed examples, which examples, which rows)`` until all is done."""
        if not self.frame or self.by_rows:
            whole = framed(x, self.padding, 0, space)
            if whole.strides[-1] != whole.itemsize and whole.shape[-1] != 1:
                whole = np.ascontiguousarray(whole)

            def share(number: int) -> None:
                if self.by_rows:
                    work(number, whole, slice(None), Rows(number, self.shares))
                else:
                    some = self._examples(len(x), number)
                    work(number, whole[some], some, Rows())

        else:
            frames = [space.zeros(self.frame, x.dtype) for _ in range(self.shares)]
            count = self.frame[0]

            def share(number: int) -> None:
                inside, given = middles(frames[number], x, self.padding)
                some = self._examples(len(x), number)
                for i in range(some.start, some.stop, count):
                    part = slice(i, min(i + count, some.stop))
                    many = part.stop - i
                    inside[:many] = given[part]
                    work(number, frames[number][:many], part, Rows())

        run_shares(share, self.shares)

    def _examples(self, many: int, number: int) -> slice:
        return slice(many * number // self.shares, many * (number + 1) // self.shares)

    def needs(self, dtype: Any) -> list[Form]:
        """The memory that it takes."""
        if not self.frame:
            return []
        return [Form(self.frame, dtype)] * (1 if self.by_rows else self.shares)


def layout_of(x: Any, padding: Padding, rows: int, is_large: bool) -> Layout:
    """For something with a shape and a dtype, and so many rows of results; threads if it is large."""
    threads = thread_count() if is_large else 1
    return _divided(tuple(x.shape), np.dtype(x.dtype).itemsize, padding, rows, threads, BYTES)


@functools.lru_cache
def _divided(
    shape: Shape, itemsize: int, padding: Padding, rows: int, threads: int, most_bytes: int
) -> Layout:
    examples = max(1, shape[0])
    by_rows = examples < threads and rows > examples
    shares = min(threads, rows if by_rows else examples)
    if is_part(padding):
        return Layout(padding, shares, by_rows, ())
    frame = framed_shape(shape, padding)
    if not by_rows:
        size = math.prod(frame[1:]) * itemsize
        count = max(1, min(most_bytes // max(1, size), -(-examples // shares)))
        frame = (count, *frame[1:])
    return Layout(padding, shares, by_rows, frame)
