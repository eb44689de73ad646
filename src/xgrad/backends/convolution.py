"""Convolutions and windows in the standard's functions: slices, and one matrix product.

Arrays are ``(examples, *positions, channels)``, kernels ``(*window, channels of a group, outputs)``.
Nothing is mirrored: what is computed is the cross-correlation, as everywhere in deep learning. The
three bilinear functions are each other's derivatives; in the result of each a zero of operand number
`zeros` times anything is zero, where that is not None."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._typing import Array, Shape

__all__ = [
    "Steps",
    "convolve",
    "convolve_input",
    "convolve_kernel",
    "fold",
    "groups_of",
    "keys_of",
    "padded",
    "windows",
]


class Steps(NamedTuple):
    """How a window moves over positions, and whom it connects.

    Attributes
    ----------
    strides : tuple of int
        From one position of the window to the next.
    padding : tuple of pairs
        How many zeros stand before and after each axis; negative numbers cut off.
    dilation : tuple of int
        From one element in the window to the next.
    groups : int
        Into how many parts channels and outputs fall, each connected with its own kind only.
    """

    strides: Shape
    padding: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int = 1

    def positions(self, size: Shape, window: Shape) -> Shape:
        """How many positions a window has along each axis."""
        axes = zip(size, window, self.strides, self.padding, self.dilation, strict=True)
        return tuple([max(0, (n + sum(p) - d * (w - 1) - 1) // s + 1) for n, w, s, p, d in axes])


# -- windows -----------------------------------------------------------------------------------


def windows(xp: Any, x: Array, *, window: Shape, steps: Steps) -> Array:
    """What the window shows: ``(examples, *positions, elements of the window, channels)``."""
    places = steps.positions(tuple(x.shape[1:-1]), window)
    x = padded(xp, x, steps.padding)
    return xp.stack([x[key] for key in keys_of(places, window, steps)], axis=-2)


def fold(xp: Any, x: Array, *, window: Shape, steps: Steps, size: Shape) -> Array:
    """The transpose of windows: add up what came from each place of an array of a size."""
    places = tuple(x.shape[1:-2])
    large = tuple(n + sum(pair) for n, pair in zip(size, steps.padding, strict=True))
    out = xp.zeros((x.shape[0], *large, x.shape[-1]), dtype=x.dtype, device=x.device)
    for number, key in enumerate(keys_of(places, window, steps)):
        out[key] += x[..., number, :]
    return padded(xp, out, tuple([(-before, -after) for before, after in steps.padding]))


def padded(xp: Any, x: Array, padding: tuple[tuple[int, int], ...]) -> Array:
    """x with zeros around its positions, or less of it."""
    if all(pair == (0, 0) for pair in padding):
        return x
    axes = list(zip(x.shape[1:-1], padding, strict=True))
    read = [slice(max(0, -before), n - max(0, -after)) for n, (before, after) in axes]
    x = x[(slice(None), *read, slice(None))]
    if all(before <= 0 and after <= 0 for before, after in padding):
        return x
    shape = (x.shape[0], *[n + sum(pair) for n, pair in axes], x.shape[-1])
    starts = [max(0, before) for before, _ in padding]
    write = [slice(start, start + n) for start, n in zip(starts, x.shape[1:-1], strict=True)]
    return xp.put(x, key=(slice(None), *write, slice(None)), shape=shape)


@functools.lru_cache
def keys_of(places: Shape, window: Shape, steps: Steps) -> tuple[tuple[slice, ...], ...]:
    """For each element of the window, where it is in all positions."""
    keys = []
    for offsets in itertools.product(*map(range, window)):
        axes = zip(offsets, places, steps.strides, steps.dilation, strict=True)
        key = [slice(o * d, o * d + (n - 1) * s + 1 if n else o * d, s) for o, n, s, d in axes]
        keys.append((slice(None), *key, slice(None)))
    return tuple(keys)


def groups_of(channels: int, outputs: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """The channels and the outputs of each group."""
    depth, width = channels // groups, outputs // groups
    for i in range(groups):
        yield slice(i * depth, (i + 1) * depth), slice(i * width, (i + 1) * width)


# -- convolutions ------------------------------------------------------------------------------


def convolve(xp: Any, x1: Array, x2: Array, *, steps: Steps, zeros: int | None) -> Array:
    """Sums over the window of x1 times the kernel x2."""
    seen = xp.windows(x1, window=tuple(x2.shape[:-2]), steps=steps)
    y = _product(xp, _as_rows(xp, seen, steps.groups), _as_matrices(xp, x2, steps.groups), zeros)
    return xp.reshape(xp.permute_dims(y, (1, 0, 2)), (*seen.shape[:-2], x2.shape[-1]))


def convolve_input(
    xp: Any, x1: Array, x2: Array, *, steps: Steps, size: Shape, zeros: int | None
) -> Array:
    """The transpose of convolve in x1: what is given times the kernel, added where it came from."""
    *window, depth, outputs = x2.shape
    rows, groups = math.prod(x1.shape[:-1]), steps.groups
    given = xp.permute_dims(xp.reshape(x1, (rows, groups, outputs // groups)), (1, 0, 2))
    y = _product(xp, given, xp.matrix_transpose(_as_matrices(xp, x2, groups)), zeros)
    y = xp.permute_dims(xp.reshape(y, (groups, rows, math.prod(window), depth)), (1, 2, 0, 3))
    y = xp.reshape(y, (*x1.shape[:-1], math.prod(window), groups * depth))
    return xp.fold(y, window=tuple(window), steps=steps, size=size)


def convolve_kernel(
    xp: Any, x1: Array, x2: Array, *, steps: Steps, window: Shape, zeros: int | None
) -> Array:
    """The transpose of convolve in x2: sums over all positions of x1 times what is given."""
    seen = xp.windows(x1, window=window, steps=steps)
    groups, outputs = steps.groups, x2.shape[-1]
    given = xp.reshape(x2, (math.prod(x2.shape[:-1]), groups, outputs // groups))
    columns = xp.matrix_transpose(_as_rows(xp, seen, groups))
    y = _product(xp, columns, xp.permute_dims(given, (1, 0, 2)), zeros)
    depth = x1.shape[-1] // groups
    y = xp.reshape(y, (groups, math.prod(window), depth, outputs // groups))
    return xp.reshape(xp.permute_dims(y, (1, 2, 0, 3)), (*window, depth, outputs))


def _as_rows(xp: Any, seen: Array, groups: int) -> Array:
    """What the window shows, ``(groups, positions, elements * channels of a group)``."""
    *places, elements, channels = seen.shape
    rows, depth = math.prod(places), channels // groups
    seen = xp.permute_dims(xp.reshape(seen, (rows, elements, groups, depth)), (2, 0, 1, 3))
    return xp.reshape(seen, (groups, rows, elements * depth))


def _as_matrices(xp: Any, kernel: Array, groups: int) -> Array:
    """A kernel as ``(groups, elements * channels of a group, outputs of a group)``."""
    *rows, outputs = kernel.shape
    matrices = xp.reshape(kernel, (math.prod(rows), groups, outputs // groups))
    return xp.permute_dims(matrices, (1, 0, 2))


def _product(xp: Any, x1: Array, x2: Array, zeros: int | None) -> Array:
    return xp.matmul(x1, x2) if zeros is None else xp.absorbing_matmul(x1, x2, zeros=zeros)
