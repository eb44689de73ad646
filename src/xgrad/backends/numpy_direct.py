"""Convolutions on NumPy without copies of windows, where they were compiled (_convolutions.c).

Here the work is laid out: kernels are packed by vectors of outputs, arrays get the zeros around them some
examples at a time, and threads take examples, or rows of pictures where those are few."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._speedups import compiled
from .._typing import Array, Shape
from .convolution import Steps
from .numpy_buffers import Form, Space
from .numpy_padding import Padding, framed, framed_shape, is_part, middles
from .numpy_phases import Rows, phases_of, view_of
from .workers import run_shares, thread_count

__all__ = [
    "can_convolve",
    "convolve",
    "convolve_input",
    "convolve_kernel",
    "needs_of_convolve",
    "needs_of_input",
    "needs_of_kernel",
]

compiled_convolutions: Any = compiled("xgrad.backends._convolutions")

LARGE = 1 << 24  # products, for which threads are worth their while
BYTES = 1 << 20  # of examples with the zeros around them, of each thread


def _vector_bytes() -> int:
    return 0 if compiled_convolutions is None else int(compiled_convolutions.vector_bytes())


def can_convolve(x1: Any, x2: Any) -> bool:
    """Whether this is for something with such dtypes."""
    dtype = np.dtype(x1.dtype)
    return dtype == x2.dtype and dtype.char in "fd" and dtype.isnative and _vector_bytes() > 0


def convolve(x: Array, kernel: Array, y: Array, steps: Steps, space: Space) -> None:
    """Write the convolution of the channels of a group."""
    if not (y.size and kernel.size):
        y.fill(0)
        return
    view = view_of(steps, kernel.shape[:-2], y.shape[1:-1])
    packed = _packed(kernel, space)

    def run(_: int, part: Array, examples: slice, rows: Rows) -> None:
        compiled_convolutions.convolve(view.seen(part, rows), packed, y[examples, rows(view)])

    work = kernel.size * math.prod(y.shape[:-1])
    _layout_of(x, steps.padding, y.shape[1], work).run(x, run, space)


def convolve_input(x: Array, kernel: Array, y: Array, steps: Steps, space: Space) -> None:
    """Write what goes back through the convolution of a group: one for each phase of the strides."""
    if not (x.size and kernel.size):
        y.fill(0)
        return
    padding, phases = phases_of(x.shape, kernel.shape[:-2], y.shape, steps)
    if any(phase.view is None for phase in phases):
        y.fill(0)
    parts = [
        (phase.view, _packed(kernel[phase.taps].swapaxes(-1, -2), space), y[phase.places])
        for phase in phases
        if phase.view is not None
    ]

    def run(_: int, part: Array, examples: slice, rows: Rows) -> None:
        for view, packed, target in parts:
            seen, into = view.seen(part, rows), target[examples, rows(view)]
            compiled_convolutions.convolve(seen, packed, into)

    work = kernel.size * math.prod(x.shape[:-1])
    _layout_of(x, padding, y.shape[1], work).run(x, run, space)


def convolve_kernel(
    x: Array, given: Array, y: Array, window: Shape, steps: Steps, space: Space
) -> None:
    """Write sums over positions of a group: rows ``(elements of the window and channels, outputs)``."""
    if not (given.size and x.size):
        y.fill(0)
        return
    if given.strides[-1] != given.itemsize:
        given = np.ascontiguousarray(given)
    view = view_of(steps, window, given.shape[1:-1])
    work = y.size * math.prod(given.shape[:-1])
    layout = _layout_of(x, steps.padding, given.shape[1], work)
    totals = [y, *[space.empty(y.shape, y.dtype) for _ in range(layout.shares - 1)]]
    for total in totals:
        total.fill(0)

    def run(share: int, part: Array, examples: slice, rows: Rows) -> None:
        compiled_convolutions.correlate(
            view.seen(part, rows), given[examples, rows(view)], totals[share]
        )

    layout.run(x, run, space)
    for total in totals[1:]:
        y += total


# -- kernels -----------------------------------------------------------------------------------


def _packed(kernel: Array, space: Space) -> Array:
    """All rows of two vectors of outputs, then of the next two, and at last what is left as one or two.

    What is no output there is as the last one, so that it raises nothing by itself."""
    *rows, outputs = kernel.shape
    vector = _lanes(kernel.dtype)
    if kernel.flags.c_contiguous and outputs in (vector, 2 * vector):
        return kernel
    whole, left = divmod(outputs, 2 * vector)
    packed = space.empty(_packed_shape(kernel.shape, kernel.dtype), kernel.dtype)
    if whole:
        columns = whole * 2 * vector
        head = packed[: math.prod(rows) * columns].reshape(whole, *rows, 2 * vector)
        axes = (*range(1, len(rows) + 1), 0, len(rows) + 1)
        head.transpose(axes)[...] = kernel[..., :columns].reshape(*rows, whole, 2 * vector)
    if left:
        tail = packed[math.prod(rows) * whole * 2 * vector :].reshape(*rows, -1)
        tail[..., :left] = kernel[..., -left:]
        tail[..., left:] = kernel[..., -1:]
    return packed


def _lanes(dtype: Any) -> int:
    return _vector_bytes() // int(np.dtype(dtype).itemsize)


def _packed_shape(shape: Shape, dtype: Any) -> Shape:
    *rows, outputs = shape
    vector = _lanes(dtype)
    return (math.prod(rows) * (-(-outputs // vector) * vector),)


# -- examples and threads ----------------------------------------------------------------------


class _Layout(NamedTuple):
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

    def run(self, x: Array, each: _Each, space: Space) -> None:
        """Call ``each(share, framed examples, which examples, which rows)`` until all is done."""
        if not self.frame or self.by_rows:
            whole = framed(x, self.padding, 0, space)
            if whole.strides[-1] != whole.itemsize and whole.shape[-1] != 1:
                whole = np.ascontiguousarray(whole)

            def share(number: int) -> None:
                if self.by_rows:
                    each(number, whole, slice(None), Rows(number, self.shares))
                else:
                    some = self._examples(len(x), number)
                    each(number, whole[some], some, Rows())

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
                    each(number, frames[number][:many], part, Rows())

        run_shares(share, self.shares)

    def _examples(self, many: int, number: int) -> slice:
        return slice(many * number // self.shares, many * (number + 1) // self.shares)

    def needs(self, dtype: Any) -> list[Form]:
        """The memory that it takes."""
        if not self.frame:
            return []
        return [Form(self.frame, dtype)] * (1 if self.by_rows else self.shares)


_Each = Callable[[int, Array, slice, Rows], None]


def _layout_of(x: Any, padding: Padding, rows: int, work: int) -> _Layout:
    """For something with a shape and a dtype, and so many rows of results and products."""
    threads = thread_count() if work > LARGE else 1
    examples = max(1, x.shape[0])
    by_rows = examples < threads and rows > examples
    shares = min(threads, rows if by_rows else examples)
    if is_part(padding):
        return _Layout(padding, shares, by_rows, ())
    frame = framed_shape(x.shape, padding)
    if not by_rows:
        size = math.prod(frame[1:]) * np.dtype(x.dtype).itemsize
        count = max(1, min(BYTES // max(1, size), -(-examples // shares)))
        frame = (count, *frame[1:])
    return _Layout(padding, shares, by_rows, frame)


# -- what they need in between -----------------------------------------------------------------


def needs_of_convolve(x: Any, kernel: Any, steps: Steps) -> list[Form]:
    """For a group, as something with shapes and dtypes."""
    counts = steps.positions(x.shape[1:-1], kernel.shape[:-2])
    work = math.prod((*kernel.shape, x.shape[0], *counts))
    layout = _layout_of(x, steps.padding, counts[0], work)
    return [_packed_form(kernel.shape, kernel.dtype), *layout.needs(x.dtype)]


def needs_of_input(x: Any, kernel: Any, size: Shape, steps: Steps) -> list[Form]:
    """For a group, as something with shapes and dtypes."""
    *window, depth, outputs = kernel.shape
    shape = (x.shape[0], *size, depth)
    padding, phases = phases_of(x.shape, tuple(window), shape, steps)
    layout = _layout_of(x, padding, size[0], math.prod((*kernel.shape, *x.shape[:-1])))
    packed = [
        _packed_form((*phase.view.window, outputs, depth), kernel.dtype)
        for phase in phases
        if phase.view is not None
    ]
    return [*packed, *layout.needs(x.dtype)]


def needs_of_kernel(x: Any, given: Any, window: Shape, steps: Steps) -> list[Form]:
    """For a group, as something with shapes and dtypes."""
    shape = (math.prod(window) * x.shape[-1], given.shape[-1])
    work = math.prod((*shape, *given.shape[:-1]))
    layout = _layout_of(x, steps.padding, given.shape[1], work)
    return [*[Form(shape, x.dtype)] * (layout.shares - 1), *layout.needs(x.dtype)]


def _packed_form(shape: Shape, dtype: Any) -> Form:
    return Form(_packed_shape(shape, dtype), dtype)
