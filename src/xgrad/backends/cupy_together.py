"""Elementwise functions of many sets of arrays as one CUDA kernel: an optimizer's step of all variables.

The kernel reads a table: how large the arrays of each job are, and where. A block of threads takes
one piece of one job, which it finds by halving. So nothing is copied together or taken apart, and
every result is an array of its own."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .base import Job
from .blocks import note
from .cupy_lines import written

__all__ = ["PIECE", "TYPES", "Form", "replace_together", "source_of"]

TYPES = {"f": "float", "d": "double"}
PIECE = 4096  # elements per block of threads
_THREADS = 256

_SOURCE = """
typedef TYPE T;

extern "C" __global__ void xgrad_together(
    const long long* __restrict__ table, int jobs, long long piece_sizePARAMETERS
) {
    // The table: the first piece of each job, and how many there are; then a row per job.
    int job = 0;
    for (int end = jobs; end - job > 1;) {
        const int middle = job + (end - job) / 2;
        if (table[middle] <= blockIdx.x) job = middle; else end = middle;
    }
    const long long* row = table + jobs + 1 + (long long)job * COLUMNS;
    const long long start = (blockIdx.x - table[job]) * piece_size;
    const long long stop = start + piece_size < row[0] ? start + piece_size : row[0];
    POINTERS
    #pragma unroll 4
    for (long long i = start + threadIdx.x; i < stop; i += blockDim.x) {
        LOADS
        LINES
        STORES
    }
}
"""


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


def replace_together(function: Callable[..., Any], jobs: Sequence[Job]) -> list[Any] | None:
    """The results of jobs of one device that share their numbers, by one launch.

    None if the function does anything that is not elementwise. All arrays of all jobs are of one
    dtype, those of a job of one shape."""
    first = jobs[0]
    form = Form(
        first.arrays[1].dtype,
        len(first.arrays),
        tuple([(name, not isinstance(x, (int, float))) for name, x in first.numbers.items()]),
        tuple(first.own),
    )
    source = source_of(function, form)
    if source is None:
        return None
    cupy = importlib.import_module("cupy")
    # What has another order in memory is copied; all of it lives until the launch.
    arrays = [
        [x if x.flags.c_contiguous else cupy.ascontiguousarray(x) for x in job.arrays]
        for job in jobs
    ]
    results = [tuple([cupy.empty(x.shape, dtype=x.dtype) for x in job[1:]]) for job in arrays]
    own = [[_on_device(cupy, x, form.dtype) for x in job.own.values()] for job in jobs]
    pieces = [-(-job[0].size // PIECE) for job in arrays]
    table = [0, *accumulate(pieces)]
    for given, numbers, made in zip(arrays, own, results, strict=True):
        table.append(given[0].size)
        table += [x.data.ptr for x in (*given, *numbers, *made)]
    if not sum(pieces):
        return results
    shared = [
        _on_device(cupy, x, form.dtype) if pointed else form.dtype.type(x)
        for x, (_, pointed) in zip(first.numbers.values(), form.numbers, strict=True)
    ]
    where = cupy.asarray(np.array(table, np.int64))
    arguments = (where, np.int32(len(jobs)), np.int64(PIECE), *shared)
    _kernel(source)((sum(pieces),), (_THREADS,), arguments)
    return results


def _on_device(cupy: Any, x: Any, dtype: np.dtype[Any]) -> Array:
    """A number as an array without axes."""
    return (
        cupy.asarray(np.asarray(x, dtype))
        if isinstance(x, (int, float))
        else x.astype(dtype, copy=False)
    )


def source_of(function: Callable[..., Any], form: Form) -> str | None:
    """The text of the kernel of a function; None if it does anything that is not elementwise."""
    names = [*(name for name, _ in form.numbers), *form.own]
    found = note(function, form.dtype, form.arrays, names)
    if found is None:
        return None
    lines, values = written(*found, form.arrays, len(names))
    results = form.arrays - 1
    parameters, pointers = [], []
    for i, (_, pointed) in enumerate(form.numbers):
        parameters.append(f", const T* __restrict__ q{i}" if pointed else f", const T c{i}")
        if pointed:
            pointers.append(f"const T c{i} = *q{i};")
    column = 1
    for i in range(form.arrays):
        pointers.append(f"const T* __restrict__ p{i} = (const T*)row[{column + i}];")
    column += form.arrays
    for i in range(len(form.own)):
        number = len(form.numbers) + i
        pointers.append(f"const T c{number} = *(const T*)row[{column + i}];")
    column += len(form.own)
    for i in range(results):
        pointers.append(f"T* __restrict__ r{i} = (T*)row[{column + i}];")
    text = _SOURCE.replace("TYPE", TYPES[form.dtype.char]).replace("COLUMNS", str(column + results))
    for name, part in (
        ("PARAMETERS", parameters),
        ("POINTERS", pointers),
        ("LOADS", [f"const T x{i} = p{i}[i];" for i in range(form.arrays)]),
        ("LINES", lines),
        ("STORES", [f"r{i}[i] = {value};" for i, value in enumerate(values)]),
    ):
        text = text.replace(name, ("" if name == "PARAMETERS" else "\n        ").join(part))
    return text


@functools.cache
def _kernel(source: str) -> Any:
    raw = importlib.import_module("cupy").RawKernel
    return raw(source, "xgrad_together", options=("--std=c++17",))
