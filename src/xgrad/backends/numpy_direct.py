"""Convolutions on NumPy without copies of windows, where they were compiled (_convolutions.c).

Here kernels are packed by vectors of outputs, and groups taken one after the other; numpy_layout.py shares the
work among threads. Where each channel has a window and an output of its own, all are taken at once; where
those are few, with positions side by side (numpy_few.py)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .._speedups import compiled
from .._typing import Array, Shape
from .convolution import Steps, groups_of
from .numpy_buffers import Form, Space
from .numpy_few import Loop, convolve_few, correlate_few, correlate_turned, positions_at_once
from .numpy_layout import Layout, layout_of
from .numpy_padding import Padding
from .numpy_phases import Rows, View, phases_of, view_of

__all__ = [
    "can_convolve",
    "convolve",
    "convolve_input",
    "convolve_kernel",
    "has_enough_rows",
    "is_sooner_by_phases",
    "needs_of_convolve",
    "needs_of_input",
    "needs_of_kernel",
]

# A view, the kernel for it, and where the products go.
Job = tuple[View, Array, Array]

compiled_convolutions: Any = compiled("xgrad.backends._convolutions")

# Products, for which threads are worth their while; and a quarter of channel by channel.
LARGE = 1 << 24
FEW = 512  # positions, for which one channel is not worth the trouble of taking some at once
# Nanoseconds, measured on a virtual machine: for a product of a library's, which here are twice as fast; for a
# phase of the strides; to add a number to memory, a row of them, and to begin with an element of the window.
PRODUCT, PHASE, ADD, ROW, ELEMENT = 1 / 60, 15_000, 1, 10, 3_000
ROWS = 16  # positions, for which a kernel is not worth the trouble of putting it in order
LEAST = 16  # bytes of the smallest vector, which is for channels by themselves


def can_convolve(x1: Any, x2: Any, channels: int, outputs: int, steps: Steps) -> bool:
    """Whether this is for operands of such dtypes, so many channels and outputs."""
    dtype = np.dtype(x1.dtype)
    if dtype != x2.dtype or dtype.char not in "fd" or not dtype.isnative:
        return False
    many_small = channels == steps.groups > 1 and outputs > channels
    return _vector_bytes() > 0 and not many_small


def has_enough_rows(x: Any, kernel: Any, steps: Steps) -> bool:
    """Whether there are enough positions; a kernel of channels by themselves is in order."""
    counts = steps.positions(x.shape[1:-1], kernel.shape[:-2])
    return x.shape[-1] == steps.groups or math.prod((x.shape[0], *counts)) > ROWS


def is_sooner_by_phases(g: Any, kernel: Any, steps: Steps) -> bool:
    """Whether a transpose in x takes less time so than by products that are added to memory."""
    *window, depth, outputs = kernel.shape
    if set(steps.strides) == {1} or depth == 1 < steps.groups or not depth:
        return True
    axes = zip(window, steps.strides, steps.dilation, strict=True)
    phases = math.prod([min(w, s // math.gcd(s, d)) for w, s, d in axes])
    elements, rows = math.prod(window), math.prod(g.shape[:-1])
    time = PRODUCT * elements * rows * depth * outputs
    lanes = _lanes(kernel.dtype)
    filled = depth / (-(-depth // lanes) * lanes)
    add = ADD * depth + (ROW if depth > 1 else ADD)
    added = time + steps.groups * elements * (rows * add + ELEMENT)
    return bool(time / 2 / filled + steps.groups * phases * PHASE < added)


def convolve(x: Array, kernel: Array, steps: Steps, out: Array | None, space: Space) -> Array:
    """A convolution, as in convolution.py."""
    *window, _, outputs = kernel.shape
    counts = steps.positions(x.shape[1:-1], tuple(window))
    y = np.empty((x.shape[0], *counts, outputs), x.dtype) if out is None else out
    if not (y.size and kernel.size):
        y.fill(0)
        return y
    view = view_of(steps, tuple(window), counts)
    for part in _parts(x.shape[-1], outputs, (x.shape[0], *counts), steps, x.dtype):
        again = space.again()
        weights, target = kernel[..., part.outputs], y[..., part.outputs]
        jobs = [(view, _packed(weights, again, part.each), target)]
        large = part.is_large(weights.size * math.prod(y.shape[:-1]))
        some = part.laid(x[..., part.inputs])
        layout = _layout(part, some, steps.padding, counts, large)
        layout.run(some, partial(_write, _writer(part.each), jobs), again)
    return y


def _write(
    loop: Loop, jobs: Sequence[Job], _: int, seen: Array, examples: slice, rows: Rows
) -> None:
    """Write what each view of some examples is multiplied to."""
    for view, packed, target in jobs:
        loop(view.seen(seen, rows), packed, target[examples, rows(view)])


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
    for part in _parts(shape[-1], outputs, shape[:-1], steps, g.dtype):
        again = space.again()
        weights, target = kernel[..., part.outputs], y[..., part.inputs]
        turned = weights if part.each else weights.swapaxes(-1, -2)
        jobs = [
            (phase.view, _packed(turned[phase.taps], again, part.each), target[phase.places])
            for phase in phases
            if phase.view is not None
        ]
        large = part.is_large(weights.size * math.prod(g.shape[:-1]))
        given = part.laid(g[..., part.outputs])
        layout = _layout(part, given, padding, size, large)
        layout.run(given, partial(_write, _writer(part.each), jobs), again)
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
    counts = g.shape[1:-1]
    view = view_of(steps, window, counts)
    rows_of_y = y.reshape(-1, outputs)
    for part in _parts(x.shape[-1], outputs, (x.shape[0], *counts), steps, x.dtype):
        again = space.again()
        some, given = part.laid(x[..., part.inputs]), part.laid(g[..., part.outputs])
        target = rows_of_y[:, part.outputs]
        large = part.is_large(target.size * math.prod(g.shape[:-1]))
        layout = _layout(part, some, steps.padding, counts, large)
        totals = [target, *[again.empty(target.shape, y.dtype) for _ in range(layout.shares - 1)]]
        for total in totals:
            total.fill(0)
        add = _adder(part.each, window[-1] * some.shape[-1], given)
        layout.run(some, partial(_add, add, view, given, totals), again)
        for total in totals[1:]:
            target += total
    return y


def _add(
    loop: Loop,
    view: View,
    given: Array,
    totals: Sequence[Array],
    share: int,
    seen: Array,
    examples: slice,
    rows: Rows,
) -> None:
    """Add what some examples give to the total of a share."""
    loop(view.seen(seen, rows), given[examples, rows(view)], totals[share])


# -- groups ------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """Channels and outputs that are taken at once.

    Attributes
    ----------
    inputs, outputs : slice
        Of a group, or of all channels by themselves.
    each : int
        At how many positions at once channels are taken by themselves; 0 for a group.
    """

    inputs: slice
    outputs: slice
    each: int

    def is_large(self, products: int) -> bool:
        """Whether threads are worth their while."""
        return products > (LARGE // 4 if self.each else LARGE)

    def laid(self, x: Array) -> Array:
        """x where positions lie side by side if some are taken at once."""
        return np.ascontiguousarray(x) if self.each > 1 else x


def _parts(channels: int, outputs: int, places: Shape, steps: Steps, dtype: Any) -> Iterator[_Part]:
    """All channels by themselves if they, or positions side by side, fill vectors; or each group.

    One channel at few places is done sooner than positions are put side by side."""
    groups = steps.groups
    if channels == outputs == groups and (channels > 1 or math.prod(places) > FEW):
        length = places[-1] if steps.strides[-1] == 1 else 1
        least = LEAST // np.dtype(dtype).itemsize
        each = positions_at_once(channels, length, _lanes(dtype), least)
        if each:
            yield _Part(slice(None), slice(None), each)
            return
    for inputs, columns in groups_of(channels, outputs, groups):
        yield _Part(inputs, columns, 0)


def _layout(part: _Part, x: Any, padding: Padding, counts: Shape, large: bool) -> Layout:
    """How threads share so many positions; those of one axis that are taken at once are not divided."""
    divided = len(counts) > 1 or part.each <= 1
    return layout_of(x, padding, counts[0] if divided else 1, large)


# -- kernels -----------------------------------------------------------------------------------


def _packed(kernel: Array, space: Space, each: int) -> Array:
    """All rows of two vectors of outputs, then of the next two, and at last what is left as one or two.

    What is no output there is as the last one, so that it raises nothing by itself. Weights of each
    channel by itself stay in order, for each of the positions that are taken at once."""
    *rows, outputs = kernel.shape
    if each == 1:
        return np.ascontiguousarray(kernel)
    if each:
        packed = space.empty((*rows, each, outputs), kernel.dtype)
        packed[...] = kernel[..., None, :]
        return packed.reshape(*rows, -1)
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


def _writer(each: int) -> Any:
    if each > 1:
        return partial(convolve_few, compiled_convolutions.convolve_each, each)
    return compiled_convolutions.convolve_each if each else compiled_convolutions.convolve


def _adder(each: int, row: int, given: Array) -> Any:
    """For windows with so much in a row."""
    if each > 1:
        return partial(correlate_few, compiled_convolutions.correlate_each, each)
    if each:
        return compiled_convolutions.correlate_each
    add, lanes = compiled_convolutions.correlate, _lanes(given.dtype)
    turned = given.shape[-1] <= lanes // 2 and row >= 2 * lanes
    return partial(correlate_turned, add) if turned else add


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
    part, some, weights = _first_part(x, kernel, x.shape[-1], outputs, counts, steps)
    large = part.is_large(math.prod((*weights.shape, x.shape[0], *counts)))
    layout = _layout(part, some, steps.padding, counts, large)
    return [*_packed_forms(weights, part.each), *layout.needs(x.dtype)]


def needs_of_input(g: Any, kernel: Any, steps: Steps, size: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    *window, depth, outputs = kernel.shape
    shape = (g.shape[0], *size, depth * steps.groups)
    part, some, weights = _first_part(g, kernel, shape[-1], outputs, size, steps)
    padding, phases = phases_of(g.shape, tuple(window), shape, steps)
    large = part.is_large(math.prod((*weights.shape, *g.shape[:-1])))
    forms = _layout(part, some, padding, size, large).needs(g.dtype)
    for phase in phases:
        if phase.view is not None:
            turned = Form((*phase.view.window, weights.shape[-1], depth), kernel.dtype)
            forms = [*_packed_forms(turned, part.each), *forms]
    return forms


def needs_of_kernel(x: Any, g: Any, steps: Steps, window: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    depth = x.shape[-1] // steps.groups
    counts = g.shape[1:-1]
    part, some, given = _first_part(x, g, x.shape[-1], g.shape[-1], counts, steps)
    shape = (math.prod(window) * depth, given.shape[-1])
    large = part.is_large(math.prod((*shape, *g.shape[:-1])))
    layout = _layout(part, some, steps.padding, counts, large)
    return [*[Form(shape, x.dtype)] * (layout.shares - 1), *layout.needs(x.dtype)]


def _first_part(
    x: Any, y: Any, channels: int, outputs: int, counts: Shape, steps: Steps
) -> tuple[_Part, Form, Form]:
    """What is taken first, whose memory the others use again, and how much of each operand it is."""
    places = (x.shape[0], *counts)
    part = next(_parts(channels, outputs, places, steps, x.dtype))
    groups = 1 if part.each else steps.groups
    forms = [Form((*a.shape[:-1], a.shape[-1] // groups), a.dtype) for a in (x, y)]
    return part, forms[0], forms[1]


def _packed_forms(kernel: Form, each: int) -> list[Form]:
    if each == 1:
        return []
    shape = (*kernel.shape, each) if each else _packed_shape(kernel.shape, kernel.dtype)
    return [Form(shape, kernel.dtype)]
