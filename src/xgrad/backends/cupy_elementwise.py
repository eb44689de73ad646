"""Elementwise functions as one CUDA kernel: an optimizer's step reads and writes each array once.

The function is run on the symbols of blocks.py, which note its ufuncs; here the list becomes the text
of a kernel, a line per ufunc. What is no list of ufuncs of one dtype stays a composition."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array
from .base import Job
from .blocks import Listing, Symbol, note

__all__ = ["replace_by_kernel", "source_of"]

_DTYPES = ("f", "d")

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


@functools.cache
def _kernel(inputs: str, outputs: str, operation: str) -> Any:
    elementwise = importlib.import_module("cupy").ElementwiseKernel
    return elementwise(inputs, outputs, operation, "xgrad_replaced")
