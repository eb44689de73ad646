"""Run groups of elementwise instructions that end in reductions: one launch, or two for large ones.

Nothing but results is written to memory. How threads are laid out depends on shapes alone, so the same
arrays give the same bits. Where a few blocks would have much to do, the reduced axis is cut into
parts, and a second, small launch takes the parts together (cupy_reduction_text.py)."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .cupy_access import access_to, in_order, main_layout, way_of
from .cupy_fusion import MOST_ARRAYS
from .cupy_raw import raw_kernel
from .cupy_reduction_text import FINISH, MOST_THREADS, NAME, finish_source, source_of
from .fused import Fused, Layout, Reduction

__all__ = ["Grid", "grid_of", "reduced_function"]

THREADS = MOST_THREADS
BLOCKS = 1024  # about what an H100 has room for
_ENOUGH = 16  # steps of each thread, up to which a second launch is not worth it
_MOST_STEPS = 256  # of a thread, which adds up one after the other, for the sake of rounding


class Grid(NamedTuple):
    """How threads are laid out.

    Attributes
    ----------
    blocks, threads : int
        How many blocks, and how large they are.
    columns, depth : int
        How many results a block has side by side, and how many threads each of them.
    parts, chunk : int
        Into how many parts the reduced axis is cut, and how long they are.
    """

    blocks: int
    threads: int
    columns: int
    depth: int
    parts: int
    chunk: int


def grid_of(layout: Layout) -> Grid:
    """Lay threads out for a shape; `reduced` counts what a thread takes at once."""
    outer, reduced, inner = layout
    total = outer * reduced * inner
    threads = min(THREADS, max(32, _power(total)))
    plenty = total >= 4 * BLOCKS * THREADS
    depth = min(
        _power(_ceil(reduced, 4) if plenty else reduced),
        max(1, threads // min(_power(inner), 32)),
    )
    columns = min(_power(inner), threads // depth)
    tiles = _ceil(outer, threads // (columns * depth)) * _ceil(inner, columns)
    each = _ceil(reduced, depth)
    parts = 1
    if each > _ENOUGH:
        parts = max(1, min(_ceil(each, _ENOUGH // 2), BLOCKS // tiles), _ceil(each, _MOST_STEPS))
    chunk = depth * _ceil(each, parts)
    parts = _ceil(reduced, chunk)
    return Grid(min(tiles * parts, BLOCKS), threads, columns, depth, parts, chunk)


class _Plan(NamedTuple):
    """What is started for arrays that lie as some did before.

    Attributes
    ----------
    kernel : callable
    grid : Grid
    numbers : tuple
        Its last arguments.
    parts : dict
        How many values of its own a reduction has for each of its results, by number.
    finish : callable or None
        The second kernel, if there are parts to take together.
    finish_grid : tuple of int
        How many blocks of how many threads.
    finish_numbers : dict
        What it is told of each reduction.
    """

    kernel: Any
    grid: Grid
    numbers: tuple[Any, ...]
    parts: dict[int, int]
    finish: Any
    finish_grid: tuple[int, int]
    finish_numbers: dict[int, tuple[Any, ...]]


def reduced_function(group: Fused) -> Callable[..., tuple[Array, ...]] | None:
    """The function of a group's inputs; None if it is too large for one kernel."""
    if len(group.inputs) + len(group.outputs) > MOST_ARRAYS:
        return None
    empty = importlib.import_module("cupy").empty
    shapes = {r.result: r.shape for r in group.reductions}
    made = [(n, shapes.get(n, group.domain), np.dtype(group.dtypes[n])) for n in group.outputs]
    elementwise = [n for n in group.outputs if n not in shapes]
    plans: dict[Any, _Plan] = {}

    def run(*arrays: Array) -> tuple[Array, ...]:
        key = way_of(arrays)
        plan = plans.get(key)
        if plan is None:
            found = _plan_for(group, arrays)
            if found is None:  # of so many strides that they would not fit into a call
                return run(*in_order(arrays, group.domain))
            plan = plans[key] = found
        results = {n: empty(shape, dtype=dtype) for n, shape, dtype in made}
        into = [
            results[r.result]
            if plan.parts[r.result] == 1
            else empty((plan.parts[r.result] * math.prod(r.shape),), dtype=results[r.result].dtype)
            for r in group.reductions
        ]
        given = (*arrays, *[results[n] for n in elementwise], *into, *plan.numbers)
        plan.kernel((plan.grid.blocks,), (plan.grid.threads,), given)
        if plan.finish is not None:
            rest: list[Any] = []
            for r, parts in zip(group.reductions, into, strict=True):
                if plan.parts[r.result] > 1:
                    rest += [parts, results[r.result], *plan.finish_numbers[r.result]]
            blocks, threads = plan.finish_grid
            plan.finish((blocks,), (threads,), tuple(rest))
        return tuple([results[n] for n in group.outputs])

    return run


def _plan_for(group: Fused, arrays: Sequence[Array]) -> _Plan | None:
    found = access_to(group, arrays)
    if found is None:
        return None
    access, more = found
    outer, reduced, inner = main = main_layout(group)
    steps = reduced // access.width
    grid = grid_of(Layout(outer, steps, inner))
    numbers: list[Any] = [np.int64(n) for n in (outer, steps, inner, grid.parts, grid.chunk)]
    numbers += [np.int32(grid.columns), np.int32(grid.depth), *map(np.int64, more)]
    parts = {r.result: grid.parts if r.layout == main else grid.blocks for r in group.reductions}
    left = [r for r in group.reductions if parts[r.result] > 1]
    grids = {r.result: _finish_grid(r, parts[r.result]) for r in left}
    return _Plan(
        raw_kernel(source_of(group, access), NAME),
        grid,
        tuple(numbers),
        parts,
        raw_kernel(finish_source(group, left), FINISH) if left else None,
        (max([blocks for blocks, _ in grids.values()], default=0), THREADS),
        {
            r.result: (
                np.int64(parts[r.result]),
                np.int64(math.prod(r.shape)),
                np.int32(grids[r.result][1]),
            )
            for r in left
        },
    )


def _finish_grid(reduction: Reduction, parts: int) -> tuple[int, int]:
    """How many blocks take parts together, and how many results each has side by side."""
    kept = math.prod(reduction.shape)
    columns = min(_power(kept), max(1, THREADS // min(_power(parts), 8)))
    if kept == 1:
        columns = 1
    return min(_ceil(kept, columns), BLOCKS), columns


def _power(n: int) -> int:
    """The smallest power of two that is not less."""
    return 1 << max(0, n - 1).bit_length()


def _ceil(n: int, d: int) -> int:
    return -(-n // d)
