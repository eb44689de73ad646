"""Convolutions on NumPy: windows are copied block by block into memory that stays in the cache.

All windows of an array at once are as many times larger as the window has elements, and to write them
to fresh memory costs more than the product. A block of them is a matrix of rows, whose product goes
straight into the result. What is not finite is left to the portable functions, which are careful."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Shape
from . import convolution
from .convolution import Steps, padded
from .looks import square_sum

__all__ = ["Convolutions"]

_BLOCK = 1 << 20  # bytes of windows in a block: about the cache of a core


class Convolutions:
    """Where numpy has something faster than the portable functions."""

    def windows(xp: Any, x: Array, *, window: Shape, steps: Steps) -> Array:
        seen = _view(xp, x, window, steps)
        return seen.reshape(*seen.shape[: x.ndim - 1], math.prod(window), x.shape[-1])

    def convolve(xp: Any, x1: Array, x2: Array, *, steps: Steps, zeros: int | None) -> Array:
        seen = _view(xp, x1, x2.shape[:-2], steps)
        make = np.empty if seen.size else np.zeros  # no channels: sums of nothing
        y = make((*seen.shape[: x1.ndim - 1], x2.shape[-1]), np.result_type(x1, x2))
        for inputs, outputs in _groups(x1.shape[-1], x2.shape[-1], steps.groups):
            width = outputs.stop - outputs.start
            kernel = x2[..., outputs].reshape(math.prod(x2.shape[:-1]), width)
            for key, rows in _blocks(seen[..., inputs], x1.ndim - 1):
                part = y[key]
                if steps.groups == 1:
                    np.matmul(rows, kernel, out=part.reshape(len(rows), width))
                else:
                    part[..., outputs] = (rows @ kernel).reshape(*part.shape[:-1], width)
        if zeros is None or _is_finite(y):
            return y
        return convolution.convolve(xp, x1, x2, steps=steps, zeros=zeros)

    def convolve_input(
        xp: Any, x1: Array, x2: Array, *, steps: Steps, size: Shape, zeros: int | None
    ) -> Array:
        if set(steps.strides) == {1}:
            y = _mirrored(xp, x1, x2, steps, size)
            if zeros is None or _is_finite(y):
                return y
        return convolution.convolve_input(xp, x1, x2, steps=steps, size=size, zeros=zeros)

    def convolve_kernel(
        xp: Any, x1: Array, x2: Array, *, steps: Steps, window: Shape, zeros: int | None
    ) -> Array:
        seen = _view(xp, x1, window, steps)
        depth, outputs = x1.shape[-1] // steps.groups, x2.shape[-1]
        y = np.zeros((math.prod(window) * depth, outputs), np.result_type(x1, x2))
        for inputs, columns in _groups(x1.shape[-1], outputs, steps.groups):
            given = np.ascontiguousarray(x2[..., columns])
            for key, rows in _blocks(seen[..., inputs], x1.ndim - 1):
                y[:, columns] += rows.T @ given[key].reshape(len(rows), given.shape[-1])
        y = y.reshape(*window, depth, outputs)
        if zeros is None or _is_finite(y):
            return y
        return convolution.convolve_kernel(xp, x1, x2, steps=steps, window=window, zeros=zeros)


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


def _blocks(seen: Array, axes: int) -> Iterator[tuple[Any, Array]]:
    """Keys of blocks of positions, and what the window shows there as rows, in one buffer.

    Along the examples, or along the first positions where those of one example are too many."""
    if seen.size == 0:
        return
    each = seen.size // seen.shape[0] * seen.itemsize
    if each <= _BLOCK:
        count = _BLOCK // each
        keys: list[Any] = [slice(i, i + count) for i in range(0, seen.shape[0], count)]
        shape = (min(count, seen.shape[0]), *seen.shape[1:])
    else:
        count = max(1, _BLOCK * seen.shape[1] // each)
        starts = range(0, seen.shape[1], count)
        keys = [(n, slice(i, i + count)) for n in range(seen.shape[0]) for i in starts]
        shape = (min(count, seen.shape[1]), *seen.shape[2:])
    buffer = np.empty(shape, seen.dtype)
    width = math.prod(seen.shape[axes:])
    for key in keys:
        part = seen[key]
        rows = buffer[: part.shape[0]]
        rows[...] = part
        yield key, rows.reshape(-1, width)


def _mirrored(xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape) -> Array:
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
    return xp.convolve(x1, kernel, steps=turned, zeros=None)


def _groups(channels: int, outputs: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """The channels and the outputs of each group."""
    depth, width = channels // groups, outputs // groups
    for i in range(groups):
        yield slice(i * depth, (i + 1) * depth), slice(i * width, (i + 1) * width)


def _is_finite(y: Array) -> bool:
    return math.isfinite(abs(square_sum(y.reshape(-1))))
