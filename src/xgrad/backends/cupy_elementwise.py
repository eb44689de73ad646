"""Elementwise functions as one CUDA kernel: an optimizer's step reads and writes each array once.

The function is run on the symbols of blocks.py, which note its ufuncs; here the list becomes the text
of a kernel, a line per ufunc. What is no list of ufuncs of one dtype stays a composition. Small arrays
share a launch: addresses, sizes and numbers of many jobs travel in its arguments."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array
from .base import Job
from .blocks import Listing, Symbol, note

__all__ = ["replace_by_kernel", "replace_together", "source_of", "text_of_many"]

_DTYPES = ("f", "d")
_C_TYPES = {"f": "float", "d": "double"}
_SMALL = 1 << 18  # elements; a larger array fills a GPU by itself
_ARGUMENTS = 4000  # bytes; CUDA has 4096
_THREADS, _EACH = 256, 4  # threads of a block, and how many elements one takes at least

# C++ of numpy's ufuncs; those that the language has by the same name need no line.
_TEXTS = {
    "absolute": "fabs({0})",
    "add": "{0} + {1}",
    "divide": "{0} / {1}",
    "maximum": "({0} != {0} || {0} > {1}) ? {0} : {1}",  # a NaN stays one
    "minimum": "({0} != {0} || {0} < {1}) ? {0} : {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "power": "pow({0}, {1})",
    "reciprocal": "T(1) / {0}",
    "sign": "{0} != {0} ? {0} : T(({0} > T(0)) - ({0} < T(0)))",
    "square": "{0} * {0}",
    "subtract": "{0} - {1}",
    "_zero": "T(0)",
}
_SAME = ("ceil", "cos", "exp", "expm1", "floor", "log", "log1p", "sin", "sqrt", "tanh", "trunc")


def replace_by_kernel(function: Callable[..., Any], job: Job) -> tuple[Array, ...] | None:
    """The results of a job, by one launch; None where that is not possible."""
    first = job.arrays[1]
    if first.dtype.char not in _DTYPES or any(
        x.dtype != first.dtype or x.shape != first.shape for x in job.arrays
    ):
        return None
    source = source_of(function, first.dtype, len(job.arrays), tuple(job.numbers))
    if source is None:
        return None
    numbers = [
        x if isinstance(x, (int, float)) else x.astype(first.dtype, copy=False)
        for x in job.numbers.values()
    ]
    made = _kernel(*source)(*job.arrays, *numbers)
    return made if isinstance(made, tuple) else (made,)


def source_of(
    function: Callable[..., Any], dtype: np.dtype[Any], arrays: int, names: tuple[str, ...]
) -> tuple[str, str, str] | None:
    """Inputs, outputs and operation of the kernel of a function (blocks.plan says of which kind).

    None if the function does anything that is not elementwise."""
    found = note(function, dtype, arrays, names)
    return None if found is None else _written(*found, arrays, len(names))


def _written(
    listing: Listing, results: list[Symbol], arrays: int, numbers: int
) -> tuple[str, str, str]:
    names = {i: f"x{i}" for i in range(arrays)}
    names |= {arrays + i: f"c{i}" for i in range(numbers)}
    names |= {i: f"T({float(value)!r})" for i, value in listing.constants.items()}
    lines = []
    for step in listing.steps:
        name = step.function.__name__
        text = f"{name}({{0}})" if name in _SAME else _TEXTS[name]
        value = text.format(*(names[i] for i in step.operands))
        names[step.result] = f"t{step.result}"
        lines.append(f"const T t{step.result} = {value};")
    lines += [f"y{i} = {names[r.number]};" for i, r in enumerate(results)]
    inputs = [f"T x{i}" for i in range(arrays)] + [f"T c{i}" for i in range(numbers)]
    outputs = [f"T y{i}" for i in range(len(results))]
    return ", ".join(inputs), ", ".join(outputs), "\n".join(lines)


# -- many jobs -------------------------------------------------------------------------------------

_MANY = """
struct Table {
    FIELDS
    long long size[MOST];
};
extern "C" __global__ void xgrad_replaced_many(const __grid_constant__ Table table, int blocks) {
    typedef TYPE T;
    const int job = blockIdx.x / blocks;
    const long long size = table.size[job], step = (long long)blocks * blockDim.x;
    NUMBERS
    for (long long i = (long long)(blockIdx.x % blocks) * blockDim.x + threadIdx.x; i < size; i += step) {
        READS
        OPERATION
        WRITES
    }
}
"""


def replace_together(
    function: Callable[..., Any], jobs: Sequence[Job]
) -> list[tuple[Array, ...]] | None:
    """The results of small jobs of one kind, by one launch for dozens; None where they differ."""
    first = jobs[0]
    dtype, names = first.arrays[1].dtype, tuple(first.numbers)
    if len(jobs) < 2 or dtype.char not in _DTYPES:
        return None
    for job in jobs:
        shape = job.arrays[1].shape
        if len(job.arrays) != len(first.arrays) or tuple(job.numbers) != names:
            return None
        if not all(isinstance(x, (int, float)) for x in job.numbers.values()):
            return None
        if any(
            x.dtype != dtype or x.shape != shape or x.size > _SMALL or not x.flags.c_contiguous
            for x in job.arrays
        ):
            return None
    source = source_of(function, dtype, len(first.arrays), names)
    if source is None:
        return None
    arrays, results, numbers = len(first.arrays), len(source[1].split(", ")), len(names)
    most = _ARGUMENTS // (8 * (arrays + results + numbers + 1))
    kernel = _kernel_of_many(source, dtype.char, arrays, results, numbers)
    empty = importlib.import_module("cupy").empty
    found = [
        tuple([empty(job.arrays[1].shape, dtype=dtype) for _ in range(results)]) for job in jobs
    ]
    for start in range(0, len(jobs), most):
        part = range(start, min(start + most, len(jobs)))
        table = np.zeros(1, _table_dtype(arrays, results, numbers, most))
        row = table[0]
        row["arrays"][:, : len(part)] = [
            [jobs[i].arrays[k].data.ptr for i in part] for k in range(arrays)
        ]
        row["results"][:, : len(part)] = [
            [found[i][k].data.ptr for i in part] for k in range(results)
        ]
        if numbers:
            row["numbers"][:, : len(part)] = [[jobs[i].numbers[n] for i in part] for n in names]
        row["size"][: len(part)] = [jobs[i].arrays[1].size for i in part]
        blocks = max(1, -(-int(max(row["size"])) // (_THREADS * _EACH)))
        kernel((len(part) * blocks,), (_THREADS,), (table, np.int32(blocks)))
    return found


def text_of_many(
    source: tuple[str, str, str], character: str, arrays: int, results: int, numbers: int
) -> str:
    """The kernel of many jobs, from the parts of that of one."""
    most = _ARGUMENTS // (8 * (arrays + results + numbers + 1))
    fields = [f"unsigned long long arrays[{arrays}][{most}];"]
    fields.append(f"unsigned long long results[{results}][{most}];")
    if numbers:
        fields.append(f"double numbers[{numbers}][{most}];")
    parts = {
        "FIELDS": fields,
        "NUMBERS": [f"const T c{k} = T(table.numbers[{k}][job]);" for k in range(numbers)],
        "READS": [f"const T x{k} = ((const T*)table.arrays[{k}][job])[i];" for k in range(arrays)]
        + [f"T y{k};" for k in range(results)],
        "OPERATION": [source[2]],
        "WRITES": [f"((T*)table.results[{k}][job])[i] = y{k};" for k in range(results)],
    }
    text = _MANY.replace("MOST", str(most)).replace("TYPE", _C_TYPES[character])
    for name, lines in parts.items():
        text = text.replace(name, "\n        ".join(lines))
    return text


@functools.cache
def _table_dtype(arrays: int, results: int, numbers: int, most: int) -> np.dtype[Any]:
    fields: list[Any] = [("arrays", "u8", (arrays, most)), ("results", "u8", (results, most))]
    if numbers:
        fields.append(("numbers", "f8", (numbers, most)))
    return np.dtype([*fields, ("size", "i8", most)])


@functools.cache
def _kernel_of_many(
    source: tuple[str, str, str], character: str, arrays: int, results: int, numbers: int
) -> Any:
    raw = importlib.import_module("cupy").RawKernel
    text = text_of_many(source, character, arrays, results, numbers)
    return raw(text, "xgrad_replaced_many", options=("--std=c++17",))


@functools.cache
def _kernel(inputs: str, outputs: str, operation: str) -> Any:
    elementwise = importlib.import_module("cupy").ElementwiseKernel
    return elementwise(inputs, outputs, operation, "xgrad_replaced")
