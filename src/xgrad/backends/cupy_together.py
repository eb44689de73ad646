"""Elementwise functions of many sets of arrays as one CUDA kernel (cupy_tables.py).

An optimizer's step of all variables is one: what they share are the kernel's parameters, and what
each has for itself, such as a limit of its norm, is in the table too."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .base import Job
from .blocks import note
from .cupy_lines import written
from .cupy_raw import raw_kernel
from .cupy_tables import Input, contiguous, launch, new_arrays, table_source

__all__ = ["TYPES", "Form", "replace_together", "source_of"]

TYPES = {"f": "float", "d": "double"}
_NAME = "xgrad_replaced_together"


class Form(NamedTuple):
    """What jobs of one kernel have in common.

    Attributes
    ----------
    dtype : numpy.dtype
        Of all arrays.
    arrays : int
        How many a job has.
    numbers : tuple of (str, bool)
        Those that all jobs share, by name, and whether each is an array on the device.
    own : tuple of str
        The names of the numbers that each job has for itself.
    """

    dtype: np.dtype[Any]
    arrays: int
    numbers: tuple[tuple[str, bool], ...]
    own: tuple[str, ...]


def replace_together(
    function: Callable[..., Any], jobs: Sequence[Job], kept: dict[Any, Any]
) -> list[tuple[Array, ...]] | None:
    """The results of jobs of one device that share their numbers, by one launch.

    None if the function does anything that is not elementwise. All arrays of all jobs are of one
    dtype, those of a job of one shape."""
    first = jobs[0]
    dtype = first.arrays[1].dtype
    form = Form(
        dtype,
        len(first.arrays),
        tuple([(name, not isinstance(x, (int, float))) for name, x in first.numbers.items()]),
        tuple(first.own),
    )
    if form not in kept:
        kept[form] = source_of(function, form)
    source = kept[form]
    if source is None:
        return None
    # What has another order in memory is copied; the copies live until the launch.
    given = [
        [*map(contiguous, job.arrays), *[_on_device(x, dtype) for x in job.own.values()]]
        for job in jobs
    ]
    results = [new_arrays(job.arrays[1].shape, [dtype] * (form.arrays - 1)) for job in jobs]
    shared = [
        _on_device(x, dtype) if pointed else dtype.type(x)
        for x, (_, pointed) in zip(first.numbers.values(), form.numbers, strict=True)
    ]
    sizes = [job.arrays[1].size for job in jobs]
    rows = [(*row, *made) for row, made in zip(given, results, strict=True)]
    launch(raw_kernel(source, _NAME), sizes, rows, shared)
    return results


def _on_device(x: Any, dtype: np.dtype[Any]) -> Array:
    """A number as an array without axes."""
    if isinstance(x, (int, float)):
        return importlib.import_module("cupy").asarray(np.asarray(x, dtype))
    return x.astype(dtype, copy=False)


def source_of(function: Callable[..., Any], form: Form) -> str | None:
    """The text of the kernel of a function; None if it does anything that is not elementwise."""
    names = [*(name for name, _ in form.numbers), *form.own]
    found = note(function, form.dtype, form.arrays, names)
    if found is None:
        return None
    lines, values = written(*found, form.arrays, len(names))
    inputs = [Input("T", f"x{i}") for i in range(form.arrays)]
    inputs += [Input("T", f"c{i}", single=True) for i in range(len(form.numbers), len(names))]
    parameters, first = [], []
    for i, (_, pointed) in enumerate(form.numbers):
        parameters.append(f"const T* __restrict__ q{i}" if pointed else f"const T c{i}")
        if pointed:
            first.append(f"const T c{i} = *q{i};")
    return table_source(
        _NAME,
        inputs,
        [("T", value) for value in values],
        lines,
        types=f"typedef {TYPES[form.dtype.char]} T;",
        parameters=parameters,
        first=first,
    )
