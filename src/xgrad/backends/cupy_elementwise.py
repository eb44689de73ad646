"""Elementwise functions as CUDA kernels: an optimizer's step reads and writes each array once.

The function is run on the symbols of blocks.py, which note its ufuncs; here the list becomes the text
of a kernel, a line per ufunc. Many sets of arrays are one launch too (cupy_together.py). What is no
list of ufuncs of one dtype stays a composition."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array
from .base import Job
from .blocks import note
from .cupy_lines import written
from .cupy_raw import elementwise_kernel
from .cupy_together import TYPES, replace_together

__all__ = ["one_kernel_each", "replace_by_kernel", "source_of"]


def one_kernel_each(jobs: Sequence[Job]) -> list[list[int]]:
    """The numbers of the jobs that may be one kernel together, those of each kernel in a list.

    They are on one device, of one dtype, and share a dict of numbers. What has no kernel is left out."""
    found: dict[Any, list[int]] = {}
    for place, job in enumerate(jobs):
        first = job.arrays[1]
        if first.dtype.char not in TYPES or any(
            x.dtype != first.dtype or x.shape != first.shape for x in job.arrays
        ):
            continue
        key = (first.data.device_id, first.dtype, len(job.arrays), id(job.numbers), *job.own)
        found.setdefault(key, []).append(place)
    return list(found.values())


def replace_by_kernel(
    function: Callable[..., Any], jobs: Sequence[Job], kept: dict[Any, Any]
) -> list[tuple[Array, ...]] | None:
    """The results of jobs of one kernel, by one launch; None where that is not possible.

    The text of a kernel is written once, and `kept`."""
    if len(jobs) > 1:
        return replace_together(function, jobs, kept)
    (job,) = jobs
    given = {**job.numbers, **job.own}
    dtype = job.arrays[1].dtype
    key = (dtype, len(job.arrays), *given)
    if key not in kept:
        kept[key] = source_of(function, dtype, len(job.arrays), tuple(given))
    source = kept[key]
    if source is None:
        return None
    numbers = [
        x if isinstance(x, (int, float)) else x.astype(dtype, copy=False) for x in given.values()
    ]
    made = _kernel(*source)(*job.arrays, *numbers)
    return [made if isinstance(made, tuple) else (made,)]


def source_of(
    function: Callable[..., Any], dtype: np.dtype[Any], arrays: int, names: tuple[str, ...]
) -> tuple[str, str, str] | None:
    """Inputs, outputs and operation of the kernel of a function (blocks.plan says of which kind).

    None if the function does anything that is not elementwise."""
    found = note(function, dtype, arrays, names)
    if found is None:
        return None
    lines, values = written(*found, arrays, len(names))
    lines += [f"y{i} = {value};" for i, value in enumerate(values)]
    inputs = [f"T x{i}" for i in range(arrays)] + [f"T c{i}" for i in range(len(names))]
    outputs = [f"T y{i}" for i in range(len(values))]
    return ", ".join(inputs), ", ".join(outputs), "\n".join(lines)


@functools.cache
def _kernel(inputs: str, outputs: str, operation: str) -> Any:
    return elementwise_kernel(inputs, outputs, operation, "xgrad_replaced")
