"""Large numpy arrays replaced by functions of themselves: an optimizer's step, in two phases.

First everything that may fail: results in fresh memory, plans and buffers. What then remains are
tasks that write into arrays which nobody else sees; they cannot fail. Who sees an array is known
from its reference count."""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .base import Job, Replaced
from .blocks import LARGE, Plan, note, plan
from .gathering import gather, replace_gathered
from .workers import thread_count, threads_for

__all__ = ["is_alone", "replace_by_blocks"]

_DTYPES = ("f", "d")

# Memory of former steps, at most a piece for each thread: fresh one comes page by page, at the first touch.
_spare: list[Array] = []


class _Range(NamedTuple):
    plan: Plan
    arrays: list[Array]
    results: list[Array]
    numbers: list[float]
    start: int
    stop: int


def replace_by_blocks(
    function: Callable[..., Any],
    jobs: Sequence[Job],
    whole: Callable[[Job], tuple[Array, ...]],
    kept: dict[Any, Any] | None,
) -> Replaced:
    """Replace large arrays of one dtype block by block, small ones together, others as `whole` does."""
    plans = {} if kept is None else kept
    results: dict[int, tuple[Array, ...]] = {}
    later: list[_Range] = []
    for places in gather(jobs):
        together = [jobs[i] for i in places]
        if kept is not None or _is_elementwise(function, together[0]):
            results.update(zip(places, replace_gathered(together, whole), strict=True))
    for place, job in enumerate(jobs):
        if place in results:
            continue
        found = _plan_for(function, job, plans)
        if found is None:
            results[place] = whole(job)
            continue
        flat, new = found[1], []
        for array, reusable in zip(job.arrays[1:], job.reusable, strict=True):
            new.append(array if reusable else np.empty_like(array))
        results[place] = tuple(new)
        targets = [_flat(x) for x in new]
        numbers = [float(x) for x in (*job.numbers.values(), *job.own.values())]
        work = _Range(found[0], flat, targets, numbers, 0, flat[0].size)
        if any(job.reusable):
            later.append(work)
        else:
            with np.errstate(all="ignore"):
                _task([work])()
    return Replaced([results[i] for i in range(len(jobs))], _tasks(later))


def _plan_for(
    function: Callable[..., Any], job: Job, plans: dict[Any, Any]
) -> tuple[Plan, list[Array]] | None:
    """The plan of a job and its arrays without axes, if it is worth one."""
    first = job.arrays[1]
    if first.nbytes < LARGE or first.dtype.char not in _DTYPES:
        return None
    flat = [_flat(x) for x in job.arrays[1:]]
    alike = all(x.dtype == first.dtype and x.shape == first.shape for x in job.arrays)
    if not alike or any(x is None for x in flat):
        return None
    names = (*job.numbers, *job.own)
    key = (first.dtype, len(job.arrays), names)
    if key not in plans:
        plans[key] = plan(function, first.dtype, len(job.arrays), names)
    found = plans[key]
    return None if found is None else (found, [_flat_like(job.arrays[0], first), *flat])


def _is_elementwise(function: Callable[..., Any], job: Job) -> bool:
    """Whether a function is what it is said to be, seen on symbols: a mean would take all of them."""
    dtype = job.arrays[1].dtype
    if dtype.char not in _DTYPES or any(x.dtype != dtype for x in job.arrays):
        return False
    return note(function, dtype, len(job.arrays), (*job.numbers, *job.own)) is not None


def _flat(x: Array) -> Any:
    """A view without axes, in the order of memory; None if there is none."""
    if type(x) is not np.ndarray or not x.flags.aligned:
        return None
    if x.flags.c_contiguous:
        return x.reshape(-1)
    return x.T.reshape(-1) if x.flags.f_contiguous else None


def _flat_like(x: Array, other: Array) -> Array:
    """An array without axes, with its elements in the order of another's memory."""
    flat = (x if other.flags.c_contiguous else x.T).reshape(-1)
    return np.require(flat, requirements=["C", "A"])  # as a sweep wants it


def _tasks(ranges: list[_Range]) -> list[Callable[[], None]]:
    """Share ranges out equally among the threads."""
    if not ranges:
        return []
    total = sum(r.stop for r in ranges)
    work = sum(r.stop * r.plan.nanoseconds for r in ranges)
    share = -(-total // threads_for(work, max(r.plan.length for r in ranges)))
    shares: list[list[_Range]] = [[]]
    left = share
    for r in ranges:
        start = 0
        while start < r.stop:
            if not left:
                shares.append([])
                left = share
            stop = min(r.stop, start + left)
            shares[-1].append(r._replace(start=start, stop=stop))
            left -= stop - start
            start = stop
    return [_task(part) for part in shares]


def _task(ranges: list[_Range]) -> Callable[[], None]:
    """Ranges as one call that is written in C, its memory included: it is not interrupted, and cannot fail."""
    memory = _take_memory(ranges)
    calls: list[tuple[Any, ...]] = []
    for work, arrays, results, numbers, start, stop in ranges:
        length, dtype = min(work.block, stop - start), arrays[0].dtype
        size = length * dtype.itemsize
        buffers = [memory[i * size : (i + 1) * size].view(dtype) for i in range(work.buffers)]
        calls += work.calls(arrays, results, numbers, buffers, start, stop)
    calls.append((_spare.append, memory))
    return functools.partial(deque, itertools.starmap(operator.call, calls), 0)  # type: ignore[return-value]


def _take_memory(ranges: list[_Range]) -> Array:
    """Memory for the buffers of ranges, which come one after another."""
    needed = max(r.plan.buffers * min(r.plan.block, r.stop - r.start) * _size(r) for r in ranges)
    del _spare[thread_count() :]
    try:
        memory = _spare.pop()
    except IndexError:
        memory = np.empty(needed, np.uint8)
    return memory if memory.nbytes >= needed else np.empty(needed, np.uint8)


def _size(work: _Range) -> int:
    return int(work.arrays[0].dtype.itemsize)


# -- who else sees an array ------------------------------------------------------------------------


def is_alone(holder: Any) -> bool:
    """Whether the numpy array ``holder.raw`` is seen by nobody but its holder.

    Views, buffers and graphs hold references to an array, so counting references finds them all.
    False where that cannot be known: without such counts, or where threads run at the same time;
    and for small arrays, where fresh memory costs nothing."""
    return (
        holder.raw.nbytes >= LARGE
        and _ALONE > 0
        and sys.getrefcount(holder.raw) == _ALONE  # `flags` holds a reference too
        and holder.raw.flags.owndata
        and holder.raw.flags.writeable
    )


def _count_of_one() -> int:
    """What the interpreter counts, in the very expression above, for one reference."""

    class Holder:
        __slots__ = ("raw",)

    if not hasattr(sys, "getrefcount") or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return 0
    holder = Holder()
    holder.raw = np.empty(1)  # type: ignore[attr-defined]
    return sys.getrefcount(holder.raw)  # type: ignore[attr-defined]


_ALONE = _count_of_one()
