"""Windows of arrays on NumPy as blocks of rows, copied into memory that stays in the cache.

Where a block is some examples, the frame of zeros is put around these only, in memory that the next
block uses again."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._speedups import compiled
from .._typing import Array, Shape
from .convolution import Steps
from .numpy_buffers import Form, Space
from .numpy_padding import framed, framed_shape, is_part, middles
from .workers import run_shares, thread_count

__all__ = [
    "BYTES",
    "FEW",
    "LARGE",
    "WORK",
    "Blocks",
    "compiled_windows",
    "forms_of_blocks",
    "rows_of_blocks",
    "view",
]

# The module, or None, for numpy_pooling.py.
compiled_windows: Any = compiled("xgrad.backends._windows")

WORK = 1 << 18  # products in a block, up to which OpenBLAS wakes nobody
BYTES = 1 << 20  # of windows in a block: about the cache of a core
FEW = 32  # rows of a block: with less the product is slow
LARGE = 1 << 24  # products, for which threads are worth their while


class Blocks(NamedTuple):
    """Windows as blocks of rows.

    Attributes
    ----------
    keys : list
        Of the blocks, which together are all examples and positions.
    width : int
        The elements of a window.
    seen : list of array
        What the window shows, ``(examples, *positions, *window, channels)``, for each thread: of
        everything, or of a frame.
    rows : list of array
        Memory for the rows of a block, for each thread.
    insides : list of tuple of array
        Where examples have zeros around them, for each thread, and all examples; if there are zeros,
        and blocks are examples.
    """

    keys: list[Any]
    width: int
    seen: list[Array]
    rows: list[Array]
    insides: list[tuple[Array, Array]]

    @classmethod
    def of(cls, x: Array, window: Shape, steps: Steps, outputs: int, space: Space) -> Blocks:
        """Divide positions so that the rows of a block, and their products, are not too many."""
        plan = _divided(x.shape, x.itemsize, window, steps, outputs)
        width = math.prod(window) * x.shape[-1]
        insides: list[tuple[Array, Array]] = []
        if not plan.keys:
            return cls([], width, [], [], insides)
        if plan.framed:
            frames = [space.zeros(plan.framed, x.dtype) for _ in range(plan.shares)]
            inside = steps._replace(padding=((0, 0),) * len(window))
            seen = [view(frame, window, inside) for frame in frames]
            insides = [middles(frame, x, steps.padding) for frame in frames]
        else:
            seen = [view(x, window, steps)] * plan.shares
        rows = [space.empty(plan.rows, x.dtype) for _ in range(plan.shares)]
        return cls(plan.keys, width, seen, rows, insides)

    def run(self, work: Callable[[int, Any, Array], None]) -> None:
        """Call ``work(thread, key, rows)`` for every block."""

        def share(number: int) -> None:
            memory, seen = self.rows[number], self.seen[number]
            for key in self.keys[number :: len(self.rows)]:
                if self.insides:
                    inside, given = self.insides[number]
                    part = given[key]
                    inside[: len(part)] = part
                    part = seen[: len(part)]
                else:
                    part = seen[key]
                rows = memory[: len(part)]
                rows[...] = part
                work(number, key, rows.reshape(-1, self.width))

        run_shares(share, len(self.rows))


def view(x: Array, window: Shape, steps: Steps, *, writeable: bool = False) -> Array:
    """What the window shows, ``(examples, *positions, *window, channels)``, without a copy."""
    shape = _shown(x.shape, window, steps)
    if 0 in shape:
        return np.zeros(shape, x.dtype)
    x = framed(x, steps.padding, 0, Space())
    return as_strided(x, shape, _strides(x.strides, steps), writeable=writeable)


@functools.lru_cache
def _strides(strides: Shape, steps: Steps) -> Shape:
    """From one example, position, element of the window, and channel to the next."""
    first, *inner, last = strides
    moves = [n * s for n, s in zip(inner, steps.strides, strict=True)]
    spreads = [n * d for n, d in zip(inner, steps.dilation, strict=True)]
    return (first, *moves, *spreads, last)


def forms_of_blocks(x: Any, window: Shape, steps: Steps, outputs: int) -> list[Form]:
    """The memory of blocks, for something with a shape and a dtype; and one product of each thread."""
    plan = _divided(x.shape, np.dtype(x.dtype).itemsize, window, steps, outputs)
    frames = [Form(plan.framed, x.dtype)] * plan.shares if plan.framed else []
    product = Form((plan.shares, math.prod(window) * x.shape[-1], outputs), x.dtype)
    return [*frames, *[Form(plan.rows, x.dtype)] * plan.shares, product]


class _Plan(NamedTuple):
    """Keys of blocks, the shapes of the largest one and of its frame, and for how many threads."""

    keys: list[Any]
    rows: Shape
    framed: Shape
    shares: int


def _divided(shape: Shape, itemsize: int, window: Shape, steps: Steps, outputs: int) -> _Plan:
    return _planned(shape, itemsize, window, steps, outputs, (BYTES, LARGE, thread_count()))


@functools.lru_cache
def _planned(
    shape: Shape,
    itemsize: int,
    window: Shape,
    steps: Steps,
    outputs: int,
    limits: tuple[int, int, int],
) -> _Plan:
    most_bytes, most_alone, threads = limits
    seen = _shown(shape, window, steps)
    axes = len(shape) - 1
    sizes, width = seen[:axes], math.prod(seen[axes:])
    if 0 in seen or outputs == 0:
        return _Plan([], (0,), (), 1)
    large = math.prod(sizes) * width * outputs > most_alone
    rows, shared = rows_of_blocks(width, outputs, itemsize, large, most_bytes)
    axis = 0
    while axis < axes - 1 and math.prod(sizes[axis + 1 :]) > rows:
        axis += 1
    count = max(1, rows // math.prod(sizes[axis + 1 :]))
    slices = [slice(i, i + count) for i in range(0, sizes[axis], count)]
    keys = list(itertools.product(*map(range, sizes[:axis]), slices))
    shares = min(threads, len(keys)) if shared else 1
    block = (min(count, sizes[axis]), *seen[axis + 1 :])
    by_examples = axis == 0 and not is_part(steps.padding)
    framed = framed_shape((block[0], *shape[1:]), steps.padding) if by_examples else ()
    return _Plan(keys, block, framed, shares)


def rows_of_blocks(
    width: int, outputs: int, itemsize: int, large: bool, most_bytes: int
) -> tuple[int, bool]:
    """How many rows of windows are multiplied at once, and whether threads share such blocks.

    They do if there is much to do and the products are so narrow that OpenBLAS takes no threads for a
    block: two of its threads for each of ours wait for each other, ten times as long as it takes.
    Where they do not, OpenBLAS's own share a product; where there is little to do, in less memory."""
    by_memory, by_work = max(1, most_bytes // (width * itemsize)), WORK // (width * outputs)
    if large and by_work >= FEW:
        return min(by_memory, by_work), True
    return max(FEW, by_memory if large else by_memory // 4), False


@functools.lru_cache
def _shown(shape: Shape, window: Shape, steps: Steps) -> Shape:
    return (shape[0], *steps.positions(shape[1:-1], window), *window, shape[-1])
