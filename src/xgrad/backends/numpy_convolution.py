"""Convolutions on NumPy: by compiled loops (numpy_direct.py), or products with copies of windows.

Those are copied block by block into memory that stays in the cache. All windows of an array at once are as
many times larger as the window has elements, and to write them to fresh memory costs more than the product.
A block of them is a matrix of rows, whose product goes straight into the result. Threads share the blocks,
which are so small that the library for matrix products starts none itself: waiting for each other they would
lose what they gain. What is not finite is left to the portable functions, which are careful."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from . import convolution, numpy_depthwise, numpy_direct
from . import numpy_windows as windows
from .convolution import Steps, groups_of, padded
from .looks import square_sum
from .numpy_buffers import Form, Space, space_for, written
from .numpy_windows import Blocks
from .workers import run_shares, thread_count

__all__ = ["Convolutions", "needs_of_convolve", "needs_of_input", "needs_of_kernel"]


class Convolutions:
    """Where numpy has something faster than the portable functions."""

    def windows(xp: Any, x: Array, *, window: Shape, steps: Steps) -> Array:
        seen = windows.view(x, window, steps)
        return seen.reshape(*seen.shape[: x.ndim - 1], math.prod(window), x.shape[-1])

    def convolve(
        xp: Any,
        x1: Array,
        x2: Array,
        *,
        steps: Steps,
        zeros: int | None,
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        if _is_direct(x1, x2, steps):
            y = numpy_direct.convolve(x1, x2, steps, out, Space(scratch))
        elif _is_depthwise(x1.shape[-1], steps):
            y = written(numpy_depthwise.convolve(xp, x1, x2, steps), out)
        else:
            y = _multiplied(x1, x2, steps, out, Space(scratch))
        if zeros is None or _is_finite(y):
            return y
        return written(convolution.convolve(xp, x1, x2, steps=steps, zeros=zeros), out)

    def convolve_input(
        xp: Any,
        x1: Array,
        x2: Array,
        *,
        steps: Steps,
        size: Shape,
        zeros: int | None,
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        with np.errstate(invalid="ignore"):  # of places beyond what was given
            y = _input_or_nan(xp, x1, x2, steps, size, out, Space(scratch))
        if _is_finite(y):
            return y
        r = convolution.convolve_input(xp, x1, x2, steps=steps, size=size, zeros=zeros)
        return written(r, out)

    def convolve_kernel(
        xp: Any,
        x1: Array,
        x2: Array,
        *,
        steps: Steps,
        window: Shape,
        zeros: int | None,
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        channels, outputs = x1.shape[-1], x2.shape[-1]
        if numpy_direct.can_convolve(x1, x2, channels, outputs, steps):
            y = numpy_direct.convolve_kernel(x1, x2, steps, window, out, Space(scratch))
        elif _is_depthwise(channels, steps):
            y = written(numpy_depthwise.convolve_kernel(xp, x1, x2, steps, window), out)
        else:
            y = _summed(x1, x2, steps, window, out, Space(scratch))
        if zeros is None or _is_finite(y):
            return y
        r = convolution.convolve_kernel(xp, x1, x2, steps=steps, window=window, zeros=zeros)
        return written(r, out)


def _is_direct(x1: Any, x2: Any, steps: Steps) -> bool:
    can = numpy_direct.can_convolve(x1, x2, x1.shape[-1], x2.shape[-1], steps)
    return can and numpy_direct.has_enough_rows(x1, x2, steps)


def _is_depthwise(channels: int, steps: Steps) -> bool:
    return channels == steps.groups > 1


def _multiplied(x1: Array, x2: Array, steps: Steps, out: Array | None, space: Space) -> Array:
    """A convolution: blocks of windows times kernels."""
    window = x2.shape[:-2]
    shape = (x1.shape[0], *steps.positions(x1.shape[1:-1], window), x2.shape[-1])
    y = np.empty(shape, np.result_type(x1, x2)) if out is None else out
    if not x2.size:
        y[...] = 0  # no channels: sums of nothing
    for inputs, outputs in groups_of(x1.shape[-1], x2.shape[-1], steps.groups):
        width = outputs.stop - outputs.start
        blocks = Blocks.of(x1[..., inputs], window, steps, width, space.again())
        _convolve_group(blocks, x2[..., outputs], y[..., outputs])
    return y


def _input_or_nan(
    xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape, out: Array | None, space: Space
) -> Array:
    """The transpose of a convolution in its input; what is not finite may be NaN instead.

    Some ways multiply the kernel with zeros that stand for places beyond what was given."""
    channels, outputs = x2.shape[-2] * steps.groups, x2.shape[-1]
    can = numpy_direct.can_convolve(x1, x2, channels, outputs, steps)
    if can and numpy_direct.is_sooner_by_phases(x1, x2, steps):
        return numpy_direct.convolve_input(x1, x2, steps, size, out, space)
    if _is_depthwise(channels, steps):
        return written(numpy_depthwise.convolve_input(xp, x1, x2, steps, size), out)
    if set(steps.strides) == {1}:
        return _mirrored(xp, x1, x2, steps, size, out, space)
    return written(_added(xp, x1, x2, steps, size), out)


def _summed(
    x1: Array, x2: Array, steps: Steps, window: Shape, out: Array | None, space: Space
) -> Array:
    """The transpose of a convolution in its kernel: sums over blocks of windows."""
    depth, outputs = x1.shape[-1] // steps.groups, x2.shape[-1]
    shape = (*window, depth, outputs)
    y = np.empty(shape, np.result_type(x1, x2)) if out is None else out
    rows = y.reshape(math.prod(window) * depth, outputs)
    for inputs, columns in groups_of(x1.shape[-1], outputs, steps.groups):
        again = space.again()
        width = columns.stop - columns.start
        blocks = Blocks.of(x1[..., inputs], window, steps, width, again)
        rows[:, columns] = _kernel_of_group(blocks, x2[..., columns], y.dtype, again)
    return y


def _convolve_group(blocks: Blocks, kernel: Array, y: Array) -> None:
    """Write the convolution of the channels of a group."""
    outputs = kernel.shape[-1]
    kernel = kernel.reshape(blocks.width, outputs)
    whole = y.flags.c_contiguous

    def work(_: int, key: Any, rows: Array) -> None:
        part = y[key]
        if whole:
            np.matmul(rows, kernel, out=part.reshape(-1, outputs))
        else:
            part[...] = (rows @ kernel).reshape(part.shape)

    blocks.run(work)


def _kernel_of_group(blocks: Blocks, given: Array, dtype: Any, space: Space) -> Array:
    """Sum windows times what is given, over all positions of a group of channels."""
    outputs = given.shape[-1]
    given = np.ascontiguousarray(given)
    shape = (max(1, len(blocks.rows)), blocks.width, outputs)
    totals, terms = space.zeros(shape, dtype), space.empty(shape, dtype)

    def work(share: int, key: Any, rows: Array) -> None:
        totals[share] += np.matmul(rows.T, given[key].reshape(-1, outputs), out=terms[share])

    blocks.run(work)
    return totals[0] if len(totals) == 1 else np.add.reduce(totals, axis=0, out=terms[0])


def _added(xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape) -> Array:
    """The transpose of any convolution: products for some examples, added where they came from."""
    *window, depth, outputs = x2.shape
    places, width, groups = x1.shape[1:-1], math.prod(x2.shape[:-1]), steps.groups
    large = [n + sum(pair) for n, pair in zip(size, steps.padding, strict=True)]
    y = np.zeros((x1.shape[0], *large, groups * depth), np.result_type(x1, x2))
    if x1.size and y.size:
        each = outputs // groups
        large = x1.size * width > windows.LARGE
        rows, shared = windows.rows_of_blocks(width, each, y.itemsize, large, windows.BYTES)
        count = max(1, rows // math.prod(places))
        starts = range(0, x1.shape[0], count)
        keys = convolution.keys_of(places, tuple(window), steps)
        kernels = [
            (inputs, part, np.ascontiguousarray(x2[..., part].reshape(width, each).T))
            for inputs, part in groups_of(groups * depth, outputs, groups)
        ]
        shares = min(thread_count(), len(starts)) if shared else 1

        def share(number: int) -> None:
            for start in starts[number::shares]:
                for inputs, part, kernel in kernels:
                    given = x1[start : start + count, ..., part].reshape(-1, each)
                    terms = np.empty((len(given), width), y.dtype)
                    for i in range(0, len(given), rows):
                        np.matmul(given[i : i + rows], kernel, out=terms[i : i + rows])
                    terms = terms.reshape(-1, *places, len(keys), depth)
                    target = y[start : start + count, ..., inputs]
                    for place, key in enumerate(keys):
                        target[key] += terms[..., place, :]

        run_shares(share, shares)
    return padded(xp, y, tuple([(-before, -after) for before, after in steps.padding]))


def _mirrored(
    xp: Any,
    x1: Array,
    x2: Array,
    steps: Steps,
    size: Shape,
    out: Array | None,
    space: Space,
) -> Array:
    """The transpose of a convolution with strides 1: one with the kernel mirrored and turned."""
    *window, depth, outputs = x2.shape
    groups = steps.groups
    kernel = np.flip(x2, tuple(range(len(window))))
    kernel = kernel.reshape(*window, depth, groups, outputs // groups)
    turned = space.empty((*window, outputs // groups, groups, depth), x2.dtype)
    np.copyto(turned, np.swapaxes(kernel, -3, -1))
    kernel = turned.reshape(*window, outputs // groups, groups * depth)
    back = steps._replace(padding=_padding_back(x1.shape, window, steps, size))
    if _is_depthwise(x1.shape[-1], back):
        return written(numpy_depthwise.convolve(xp, x1, kernel, back), out)
    return _multiplied(x1, kernel, back, out, space)


def _padding_back(
    shape: Shape, window: Sequence[int], steps: Steps, size: Shape
) -> tuple[tuple[int, int], ...]:
    """The padding of what a convolution gave, so that a mirrored one gives what that came from."""
    padding = []
    axes = zip(size, window, shape[1:-1], steps.padding, steps.dilation, strict=True)
    for n, w, places, (before, _), d in axes:
        first = d * (w - 1) - before
        padding.append((first, n + d * (w - 1) - places - first))
    return tuple(padding)


def _is_finite(y: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(abs(square_sum(y.reshape(-1))))


# -- what they need in between ---------------------------------------------------------------------


def needs_of_convolve(x1: Any, x2: Any, steps: Steps) -> list[Form]:
    """For something with shapes and dtypes."""
    if _is_direct(x1, x2, steps):
        return space_for(numpy_direct.needs_of_convolve(x1, x2, steps))
    if _is_depthwise(x1.shape[-1], steps):
        return []
    return space_for(_blocks(x1, x2.shape[:-2], x2.shape[-1], steps)[:-1])


def needs_of_input(x1: Any, x2: Any, steps: Steps, size: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    *window, depth, outputs = x2.shape
    channels = depth * steps.groups
    can = numpy_direct.can_convolve(x1, x2, channels, outputs, steps)
    if can and numpy_direct.is_sooner_by_phases(x1, x2, steps):
        return space_for(numpy_direct.needs_of_input(x1, x2, steps, size))
    if _is_depthwise(channels, steps) or set(steps.strides) != {1}:
        return []
    back = steps._replace(padding=_padding_back(x1.shape, window, steps, size))
    blocks = _blocks(x1, tuple(window), channels, back)[:-1]
    return space_for([Form(x2.shape, x2.dtype), *blocks])


def needs_of_kernel(x1: Any, x2: Any, steps: Steps, window: Shape) -> list[Form]:
    """For something with shapes and dtypes."""
    channels, outputs = x1.shape[-1], x2.shape[-1]
    if numpy_direct.can_convolve(x1, x2, channels, outputs, steps):
        return space_for(numpy_direct.needs_of_kernel(x1, x2, steps, window))
    if _is_depthwise(channels, steps):
        return []
    blocks = _blocks(x1, window, outputs, steps)
    return space_for([*blocks, blocks[-1]])


def _blocks(x: Any, window: Shape, outputs: int, steps: Steps) -> list[Form]:
    """Of one group of channels, whose memory the next one uses again."""
    each = Form((*x.shape[:-1], x.shape[-1] // steps.groups), x.dtype)
    return windows.forms_of_blocks(each, window, steps, outputs // steps.groups)
