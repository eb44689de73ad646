"""One elementwise CUDA kernel over arrays of many sizes, which it finds in a table.

A row of the table says how large the arrays of one job are, and where each of them is. A block of
threads takes one piece of one job, which it finds by halving. So nothing is copied together or taken
apart, there may be any number of arrays, and every result is an array of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape

__all__ = [
    "PIECE",
    "THREADS",
    "Input",
    "contiguous",
    "is_captured",
    "launch",
    "new_arrays",
    "table_source",
]

PIECE = 4096  # elements per block of threads
THREADS = 256

_SOURCE = """TYPES
extern "C" __global__ void NAME(
    const long long* __restrict__ table, int jobs, long long piecePARAMETERS
) {
    // The table: the first piece of each job, and how many there are; then a row per job.
    int job = 0;
    for (int end = jobs; end - job > 1;) {
        const int middle = job + (end - job) / 2;
        if (table[middle] <= blockIdx.x) job = middle; else end = middle;
    }
    const long long* row = table + jobs + 1 + (long long)job * COLUMNS;
    const long long start = (blockIdx.x - table[job]) * piece;
    const long long stop = start + piece < row[0] ? start + piece : row[0];
    POINTERS
    #pragma unroll 4
    for (long long i = start + threadIdx.x; i < stop; i += blockDim.x) {
        LINES
    }
}
"""


class Input(NamedTuple):
    """What every job brings.

    Attributes
    ----------
    kind : str
        In C++.
    name : str
        By which the lines know it.
    single : bool
        Whether it is one element, and not as many as the job has.
    """

    kind: str
    name: str
    single: bool = False


def table_source(
    name: str,
    inputs: Sequence[Input],
    outputs: Sequence[tuple[str, str]],
    lines: Sequence[str],
    *,
    types: str = "",
    parameters: Sequence[str] = (),
    first: Sequence[str] = (),
) -> str:
    """The text of a kernel.

    Parameters
    ----------
    outputs : sequence of (str, str)
        The type and the value of each.
    lines : sequence of str
        What is done with one element of each input.
    types, parameters, first : str, sequences of str
        What comes before the kernel, more of its parameters, and what is done before the loop.
    """
    pointers, loads, stores = list(first), [], []
    for column, (kind, own, single) in enumerate(inputs, 1):
        if single:
            pointers.append(f"const {kind} {own} = *(const {kind}*)row[{column}];")
        else:
            pointers.append(f"const {kind}* __restrict__ p{column} = (const {kind}*)row[{column}];")
            loads.append(f"const {kind} {own} = p{column}[i];")
    for column, (kind, value) in enumerate(outputs, len(inputs) + 1):
        pointers.append(f"{kind}* __restrict__ p{column} = ({kind}*)row[{column}];")
        stores.append(f"p{column}[i] = {value};")
    text = _SOURCE.replace("TYPES", types).replace("NAME", name)
    text = text.replace("COLUMNS", str(1 + len(inputs) + len(outputs)))
    text = text.replace("PARAMETERS", "".join(f", {p}" for p in parameters))
    text = text.replace("POINTERS", "\n    ".join(pointers))
    return text.replace("LINES", "\n        ".join([*loads, *lines, *stores]))


def launch(
    kernel: Callable[..., Any],
    sizes: Sequence[int],
    rows: Sequence[Sequence[Array]],
    parameters: Sequence[Any] = (),
) -> None:
    """Run a kernel on contiguous arrays of the current device: inputs and outputs of each job."""
    pieces = [-(-size // PIECE) for size in sizes]
    count = sum(pieces)
    if not count:
        return
    table = [0, *accumulate(pieces)]
    for size, row in zip(sizes, rows, strict=True):
        table.append(size)
        table += [x.data.ptr for x in row]
    # Sent through pinned memory: nobody waits.
    where = importlib.import_module("cupy").asarray(np.array(table, np.int64))
    kernel((count,), (THREADS,), (where, np.int32(len(sizes)), np.int64(PIECE), *parameters))


def is_captured() -> bool:
    """Whether what is started now becomes part of a graph, so that no table can be sent."""
    return bool(importlib.import_module("cupy").cuda.get_current_stream().is_capturing())


def contiguous(x: Array) -> Array:
    """An array with its elements in order, itself where it is so already."""
    return x if x.flags.c_contiguous else importlib.import_module("cupy").ascontiguousarray(x)


def new_arrays(shape: Shape, dtypes: Sequence[Any]) -> tuple[Array, ...]:
    """Memory for the results of a job."""
    empty = importlib.import_module("cupy").empty
    return tuple([empty(shape, dtype=dtype) for dtype in dtypes])
