"""Convolutions on NumPy without copies of windows, where they were compiled (_convolutions.c).

Here kernels are packed by vectors of outputs, and groups taken one after the other; numpy_layout.py shares the
work among threads. Where each channel has a window and an output of its own, all are taken at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .._speedups import compiled
from .._typing import Array, Shape
from .convolution import Steps
from .numpy_buffers import Form, Space
from .numpy_layout import layout_of
from .numpy_phases import Rows, phases_of, view_of

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

LARGE = (
    1 << 24
)  # products, for which threads are worth their while; and a quarter of channel by channel


def can_convolve(x1: Any, x2: Any, channels: int, outputs: int, steps: Steps) -> bool:
    """Whether this is for operands of such dtypes, so many channels and outputs."""
    dtype = np.dtype(x1.dtype)
    if dtype != x2.dtype or dtype.char not in "fd" or not dtype.isnative:
        return False
    many_small = channels == steps.groups > 1 and outputs > channels
    return _vector_bytes() > 0 and not many_small


def convolve(x: Array, kernel: Array, steps: Steps, out: Array | None, space: Space) -> Array:
    """A convolution, as in convolution.py."""
    *window, _, outputs = kernel.shape
    counts = steps.positions(x.shape[1:-1], tuple(window))
    y = np.empty((x.shape[0], *counts, outputs), x.dtype) if out is None else out
    if not (y.size and kernel.size):
        y.fill(0)
        return y
    view = view_of(steps, tuple(window), counts)
    for part in _parts(x.shape[-1], outputs, steps, x.dtype):
        again = space.again()
        weights, target = kernel[..., part.outputs], y[..., part.outputs]
        packed, write = _packed(weights, again, part.each), _writer(part.each)

        def run(_: int, seen: Array, examples: slice, rows: Rows) -> None:
            write(view.seen(seen, rows), packed, target[examples, rows(view)])  # noqa: B023

        large = part.is_large(weights.size * math.prod(y.shape[:-1]))
        some = x[..., part.inputs]
        layout_of(some, steps.padding, counts[0], large).run(some, run, again)
    return y


def convolve_input(
    g: Array, kernel: Array, steps: Steps, size: Shape, out: Array | None, space: Space
) -> Array:
    """Its transpose in x: one convolution for each phase of the strides."""
    *window, depth, outputs = kernel.shape
    shape = (g.shape[0], *size, depth * steps.groups)
    y = np.empty(shape, g.dtype) if out is None else out
    if not (g.size and kernel.size):
        y.fill(0)
        return y
    padding, phases = phases_of(g.shape, tuple(window), shape, steps)
    if any(phase.view is None for phase in phases):
        y.fill(0)
    for part in _parts(shape[-1], outputs, steps, g.dtype):
        again = space.again()
        weights, target = kernel[..., part.outputs], y[..., part.inputs]
        turned = weights if part.each else weights.swapaxes(-1, -2)
        jobs = [
            (phase.view, _packed(turned[phase.taps], again, part.each), target[phase.places])
            for phase in phases
            if phase.view is not None
        ]
        write = _writer(part.each)

        def run(_: int, seen: Array, examples: slice, rows: Rows) -> None:
            for view, packed, into in jobs:  # noqa: B023
                write(view.seen(seen, rows), packed, into[examples, rows(view)])  # noqa: B023

        large = part.is_large(weights.size * math.prod(g.shape[:-1]))
        given = g[..., part.outputs]
        layout_of(given, padding, size[0], large).run(given, run, again)
    return y


def convolve_kernel(
    x: Array, g: Array, steps: Steps, window: Shape, out: Array | None, space: Space
) -> Array:
    """Its transpose in the kernel: sums over positions."""
    depth, outputs = x.shape[-1] // steps.groups, g.shape[-1]
    y = np.empty((*window, depth, outputs), x.dtype) if out is None else out
    if not (g.size and x.size):
        y.fill(0)
        return y
    if g.strides[-1] != g.itemsize:
        g = np.ascontiguousarray(g)
    view = view_of(steps, window, g.shape[1:-1])
    rows_of_y = y.reshape(-1, outputs)
    for part in _parts(x.shape[-1], outputs, steps, x.dtype):
        again = space.again()
        some, given = x[..., part.inputs], g[..., part.outputs]
        target = rows_of_y[:, part.outputs]
        large = part.is_large(target.size * math.prod(g.shape[:-1]))
        layout = layout_of(some, steps.padding, g.shape[1], large)
        totals = [target, *[again.empty(target.shape, y.dtype) for _ in range(layout.shares - 1)]]
        for total in totals:
            total.fill(0)
        add = compiled_convolutions.correlate_each if part.each else compiled_convolutions.correlate

        def run(share: int, seen: Array, examples: slice, rows: Rows) -> None:
            add(view.seen(seen, rows), given[examples, rows(view)], totals[share])  # noqa: B023

        layout.run(some, run, again)
        for total in totals[1:]:
            target += total
    return y


# -- groups ------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """Channels and outputs that are taken at once: of a group, or of all channels by themselves."""

    inputs: slice
    outputs: slice
    each: bool

    def is_large(self, products: int) -> bool:
        """Whether threads are worth their while."""
        return products > (LARGE // 4 if self.each else LARGE)


def _parts(channels: int, outputs: int, steps: Steps, dtype: Any) -> Iterator[_Part]:
    groups = steps.groups
    if channels == outputs == groups and channels >= _lanes(dtype):
        yield _Part(slice(None), slice(None), True)
        return
    depth, width = channels // groups, outputs // groups
    for i in range(groups):
        inputs, columns = slice(i * depth, (i + 1) * depth), slice(i * width, (i + 1) * width)
        yield _Part(inputs, columns, False)


# -- kernels -----------------------------------------------------------------------------------


def _packed(kernel: Array, space: Space, each: bool) -> Array:
    """All rows of two vectors of outputs, then of the next two, and at last what is left as one or two.

    What is no output there is as the last one, so that it raises nothing by itself. Weights of each
    channel by itself stay in order."""
    if each:
        return np.ascontiguousarray(kernel)
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


def _writer(each: bool) -> Any:
    return compiled_convolutions.convolve_each if each else compiled_convolutions.convolve


def _vector_bytes() -> int:
    return 0 if compiled_convolutions is None else int(compiled_convolutions.vector_bytes())


def _lanes(dtype: Any) -> int:
    return _vector_bytes() // int(np.dtype(dtype).itemsize)


def _packed_shape(shape: Shape, dtype: Any) -> Shape:
    *rows, outputs = shape
    vector = _lanes(dtype)
    return (math.prod(rows) * (-(-outputs // vector) * vector),)


# -- what they need in between -----------------------------------------------------------------


def needs_of_convolve(x: Any, kernel: Any, steps: Steps) -> list[Form]:
    """For something with shapes and dtypes."""
    *window, _, outputs = kernel.shape
    counts = steps.positions(x.shape[1:-1], tuple(window))
    part, some, weights = _first_part(x, kernel, x.shape[-1], outputs, steps)
    large = part.is_large(math.prod((*weights.shape, x.shape[0], *counts)))
    layout = layout_of(some, steps.padding, counts[0], large)
    return [*_packed_forms(weights, part.each), *layout.needs(x.dtype)]


def needs_of_input(g: Any, kernel: Any, steps: Steps, size: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    *window, depth, outputs = kernel.shape
    shape = (g.shape[0], *size, depth * steps.groups)
    part, some, weights = _first_part(g, kernel, shape[-1], outputs, steps)
    padding, phases = phases_of(g.shape, tuple(window), shape, steps)
    large = part.is_large(math.prod((*weights.shape, *g.shape[:-1])))
    forms = layout_of(some, padding, size[0], large).needs(g.dtype)
    for phase in phases:
        if phase.view is not None:
            turned = Form((*phase.view.window, weights.shape[-1], depth), kernel.dtype)
            forms = [*_packed_forms(turned, part.each), *forms]
    return forms


def needs_of_kernel(x: Any, g: Any, steps: Steps, window: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    depth = x.shape[-1] // steps.groups
    part, some, given = _first_part(x, g, x.shape[-1], g.shape[-1], steps)
    shape = (math.prod(window) * depth, given.shape[-1])
    large = part.is_large(math.prod((*shape, *g.shape[:-1])))
    layout = layout_of(some, steps.padding, g.shape[1], large)
    return [*[Form(shape, x.dtype)] * (layout.shares - 1), *layout.needs(x.dtype)]


def _first_part(
    x: Any, y: Any, channels: int, outputs: int, steps: Steps
) -> tuple[_Part, Form, Form]:
    """What is taken first, whose memory the others use again, and how much of each operand it is."""
    part = next(_parts(channels, outputs, steps, x.dtype))
    groups = 1 if part.each else steps.groups
    forms = [Form((*a.shape[:-1], a.shape[-1] // groups), a.dtype) for a in (x, y)]
    return part, forms[0], forms[1]


def _packed_forms(kernel: Form, each: bool) -> list[Form]:
    return [] if each else [Form(_packed_shape(kernel.shape, kernel.dtype), kernel.dtype)]
