"""Small numpy arrays computed with together: joined end to end, and the results cut up again.

What costs with small arrays is the number of calls. An elementwise function of many sets of them is
therefore called once, with arrays that hold all of them; what it returns is cut into views. An
element does not know in what array it is, so every result has the bits that it would have alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from .base import Job
from .dtypes import is_half_dtype

__all__ = ["FEWEST", "SMALL", "TOGETHER", "gather", "replace_gathered"]

# Bytes of an array: larger ones lose more by being copied than they gain by fewer calls.
SMALL = 1 << 11
# Bytes of what is joined: memory that an allocator hands out again without asking the system.
TOGETHER = 1 << 16
FEWEST = 8  # joining fewer costs more than it saves


def gather(jobs: Sequence[Job]) -> list[list[int]]:
    """The numbers of the jobs to be done together, in lists (a hot path)."""
    found: list[list[int]] = []
    filling: dict[Any, list[int]] = {}
    space: dict[Any, int] = {}
    for place, (arrays, numbers, _, own) in enumerate(jobs):
        size = arrays[1].nbytes
        if size > SMALL:
            continue
        shape = arrays[1].shape
        # NumPy computes with what has no axes in functions for scalars, whose last bits differ.
        if not shape or any([x.shape != shape for x in arrays]):  # noqa: C419 - a hot path
            continue
        key = (id(numbers), *own, *[x.dtype for x in arrays])
        if size > space.get(key, -1):
            filling[key] = []
            space[key] = TOGETHER
            found.append(filling[key])
        filling[key].append(place)
        space[key] -= size
    return [places for places in found if len(places) >= FEWEST]


def replace_gathered(
    jobs: Sequence[Job], whole: Callable[[Job], tuple[Array, ...]]
) -> list[tuple[Array, ...]]:
    """The results of jobs, by one call of `whole` with a job made of all of them."""
    by_shape: dict[Shape, list[int]] = {}
    for place, job in enumerate(jobs):
        by_shape.setdefault(job.arrays[1].shape, []).append(place)
    order = [place for places in by_shape.values() for place in places]
    columns = zip(*[jobs[place].arrays for place in order], strict=True)
    arrays = tuple([np.concatenate([x.ravel() for x in column]) for column in columns])
    own = {}
    if jobs[0].own:
        sizes = [jobs[place].arrays[1].size for place in order]
        real = arrays[0].real.dtype  # what a number of Python's becomes beside the array
        real = np.dtype(np.float32) if is_half_dtype(real) else real  # in which its step is taken
        for name in jobs[0].own:
            numbers = np.array([jobs[place].own[name] for place in order], real)
            own[name] = np.repeat(numbers, sizes)
    made = whole(Job(arrays, jobs[0].numbers, (), own))
    cut = zip(*[_cut(x, by_shape) for x in made], strict=True)
    results = dict(zip(order, cut, strict=True))
    return [results[place] for place in range(len(jobs))]


def _cut(x: Array, by_shape: dict[Shape, list[int]]) -> list[Array]:
    """The parts of an array, all those of a shape next to each other."""
    parts: list[Array] = []
    stop = 0
    for shape, places in by_shape.items():
        start, count = stop, len(places)
        stop += count * int(np.prod(shape, dtype=np.int64))
        stack = x[start:stop].reshape(count, *shape)
        parts.extend(stack)
    return parts
