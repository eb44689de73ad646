"""Convolutions on NumPy: windows are copied block by block into memory that stays in the cache.

All windows of an array at once are as many times larger as the window has elements, and to write them
to fresh memory costs more than the product. A block of them is a matrix of rows, whose product goes
straight into the result. Threads share the blocks, which are so small that the library for matrix
products starts none itself: waiting for each other they would lose what they gain. What is not finite
is left to the portable functions, which are careful."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Shape
from . import convolution, numpy_depthwise
from .convolution import Steps, padded
from .looks import square_sum
from .workers import run_shares, thread_count

__all__ = ["Convolutions", "written"]

_WORK = 900_000  # products in a block: OpenBLAS begins to use threads at a million
_BYTES = 1 << 20  # of windows in a block: about the cache of a core
_FEW = 32  # rows of a block: with less the product is slow
_LARGE = 1 << 24  # products, for which threads are worth their while


class Convolutions:
    """Where numpy has something faster than the portable functions."""

    def windows(xp: Any, x: Array, *, window: Shape, steps: Steps) -> Array:
        seen = _view(xp, x, window, steps)
        return seen.reshape(*seen.shape[: x.ndim - 1], math.prod(window), x.shape[-1])

    def convolve(
        xp: Any, x1: Array, x2: Array, *, steps: Steps, zeros: int | None, out: Array | None = None
    ) -> Array:
        if _is_depthwise(x1.shape[-1], steps):
            y = written(numpy_depthwise.convolve(xp, x1, x2, steps), out)
        else:
            y = _multiplied(xp, x1, x2, steps, out)
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
    ) -> Array:
        if _is_depthwise(x2.shape[-2] * steps.groups, steps):
            y = written(numpy_depthwise.convolve_input(xp, x1, x2, steps, size), out)
        elif set(steps.strides) == {1}:
            y = _mirrored(xp, x1, x2, steps, size, out)
        else:
            y = written(_added(xp, x1, x2, steps, size), out)
        if zeros is None or _is_finite(y):
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
    ) -> Array:
        is_depthwise = _is_depthwise(x1.shape[-1], steps)
        way = numpy_depthwise.convolve_kernel if is_depthwise else _summed
        y = written(way(xp, x1, x2, steps, window), out)
        if zeros is None or _is_finite(y):
            return y
        r = convolution.convolve_kernel(xp, x1, x2, steps=steps, window=window, zeros=zeros)
        return written(r, out)


def written(y: Array, out: Array | None) -> Array:
    """A result, copied to where it is wanted."""
    if out is None or out is y:
        return y
    np.copyto(out, y)
    return out


def _is_depthwise(channels: int, steps: Steps) -> bool:
    return channels == steps.groups > 1


def _multiplied(xp: Any, x1: Array, x2: Array, steps: Steps, out: Array | None = None) -> Array:
    """A convolution: blocks of windows times kernels."""
    seen = _view(xp, x1, x2.shape[:-2], steps)
    shape = (*seen.shape[: x1.ndim - 1], x2.shape[-1])
    y = np.empty(shape, np.result_type(x1, x2)) if out is None else out
    if not seen.size:
        y[...] = 0  # no channels: sums of nothing
    for inputs, outputs in _groups(x1.shape[-1], x2.shape[-1], steps.groups):
        blocks = _Blocks.of(seen[..., inputs], x1.ndim - 1, outputs.stop - outputs.start)
        _convolve_group(blocks, x2[..., outputs], y[..., outputs])
    return y


def _summed(xp: Any, x1: Array, x2: Array, steps: Steps, window: Shape) -> Array:
    """The transpose of a convolution in its kernel: sums over blocks of windows."""
    seen = _view(xp, x1, window, steps)
    depth, outputs = x1.shape[-1] // steps.groups, x2.shape[-1]
    y = np.empty((math.prod(window) * depth, outputs), np.result_type(x1, x2))
    for inputs, columns in _groups(x1.shape[-1], outputs, steps.groups):
        blocks = _Blocks.of(seen[..., inputs], x1.ndim - 1, columns.stop - columns.start)
        y[:, columns] = _kernel_of_group(blocks, x2[..., columns], y.dtype)
    return y.reshape(*window, depth, outputs)


def _view(xp: Any, x: Array, window: Shape, steps: Steps) -> Array:
    """What the window shows, ``(examples, *positions, *window, channels)``, without a copy."""
    places = steps.positions(x.shape[1:-1], window)
    shape = (x.shape[0], *places, *window, x.shape[-1])
    if 0 in shape:
        return np.zeros(shape, x.dtype)
    x = padded(xp, x, steps.padding)
    first, *inner, last = x.strides
    moves = [n * s for n, s in zip(inner, steps.strides, strict=True)]
    spreads = [n * d for n, d in zip(inner, steps.dilation, strict=True)]
    return as_strided(x, shape, (first, *moves, *spreads, last), writeable=False)


class _Blocks(NamedTuple):
    """Windows as blocks of rows.

    Attributes
    ----------
    seen : array
        What the window shows, ``(examples, *positions, *window, channels)``.
    keys : list
        Of the blocks, which together are all examples and positions.
    shape : tuple of int
        Of the largest block.
    width : int
        The elements of a window.
    shares : int
        Among how many threads to divide the blocks.
    """

    seen: Array
    keys: list[Any]
    shape: Shape
    width: int
    shares: int

    @classmethod
    def of(cls, seen: Array, axes: int, outputs: int) -> _Blocks:
        """Divide positions so that the rows of a block, and their products, are not too many."""
        sizes, width = seen.shape[:axes], math.prod(seen.shape[axes:])
        if seen.size == 0 or outputs == 0:
            return cls(seen, [], (), width, 1)
        by_memory = max(1, _BYTES // (width * seen.itemsize))
        by_work = _WORK // (width * outputs)
        wide = by_work < _FEW  # so wide that the product itself had better use threads
        rows = max(_FEW, by_memory) if wide else min(by_memory, by_work)
        axis = 0
        while axis < axes - 1 and math.prod(sizes[axis + 1 :]) > rows:
            axis += 1
        count = max(1, rows // math.prod(sizes[axis + 1 :]))
        slices = [slice(i, i + count) for i in range(0, sizes[axis], count)]
        keys = list(itertools.product(*map(range, sizes[:axis]), slices))
        large = math.prod(sizes) * width * outputs > _LARGE
        shares = min(thread_count(), len(keys)) if large and not wide else 1
        shape = (min(count, sizes[axis]), *seen.shape[axis + 1 :])
        return cls(seen, keys, shape, width, shares)

    def run(self, work: Callable[[int, Any, Array], None]) -> None:
        """Call ``work(share, key, rows)`` for every block."""

        def share(number: int) -> None:
            buffer = np.empty(self.shape, self.seen.dtype)
            for key in self.keys[number :: self.shares]:
                part = self.seen[key]
                rows = buffer[: part.shape[0]]
                rows[...] = part
                work(number, key, rows.reshape(-1, self.width))

        run_shares(share, self.shares)


def _convolve_group(blocks: _Blocks, kernel: Array, y: Array) -> None:
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


def _kernel_of_group(blocks: _Blocks, given: Array, dtype: Any) -> Array:
    """Sum windows times what is given, over all positions of a group of channels."""
    outputs = given.shape[-1]
    given = np.ascontiguousarray(given)
    totals = np.zeros((blocks.shares, blocks.width, outputs), dtype)

    def work(share: int, key: Any, rows: Array) -> None:
        totals[share] += rows.T @ given[key].reshape(-1, outputs)

    blocks.run(work)
    return totals[0] if blocks.shares == 1 else np.add.reduce(totals, axis=0)


def _added(xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape) -> Array:
    """The transpose of any convolution: products for some examples, added where they came from."""
    *window, depth, outputs = x2.shape
    places, width, groups = x1.shape[1:-1], math.prod(x2.shape[:-1]), steps.groups
    large = [n + sum(pair) for n, pair in zip(size, steps.padding, strict=True)]
    y = np.zeros((x1.shape[0], *large, groups * depth), np.result_type(x1, x2))
    if x1.size and y.size:
        each = outputs // groups
        rows = max(_FEW, min(_BYTES // (width * y.itemsize), _WORK // (width * each)))
        count = max(1, rows // math.prod(places))
        starts = range(0, x1.shape[0], count)
        keys = list(convolution.keys_of(places, tuple(window), steps))
        kernels = [
            (inputs, part, np.ascontiguousarray(x2[..., part].reshape(width, each).T))
            for inputs, part in _groups(groups * depth, outputs, groups)
        ]
        shares = min(thread_count(), len(starts)) if x1.size * width > _LARGE else 1

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


def _mirrored(xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape, out: Array | None) -> Array:
    """The transpose of a convolution with strides 1: one with the kernel mirrored and turned."""
    *window, depth, outputs = x2.shape
    groups = steps.groups
    kernel = np.flip(x2, tuple(range(len(window))))
    kernel = kernel.reshape(*window, depth, groups, outputs // groups)
    kernel = np.swapaxes(kernel, -3, -1).reshape(*window, outputs // groups, groups * depth)
    padding = []
    axes = zip(size, window, x1.shape[1:-1], steps.padding, steps.dilation, strict=True)
    for n, w, places, (before, _), d in axes:
        first = d * (w - 1) - before
        padding.append((first, n + d * (w - 1) - places - first))
    turned = steps._replace(padding=tuple(padding))
    return xp.convolve(x1, kernel, steps=turned, zeros=None, out=out)


def _groups(channels: int, outputs: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """The channels and the outputs of each group."""
    depth, width = channels // groups, outputs // groups
    for i in range(groups):
        yield slice(i * depth, (i + 1) * depth), slice(i * width, (i + 1) * width)


def _is_finite(y: Array) -> bool:
    return math.isfinite(abs(square_sum(y.reshape(-1))))
