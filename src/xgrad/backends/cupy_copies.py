"""Many arrays copied by one launch: what goes into a CUDA graph, and what comes out of it.

CuPy takes a few microseconds to start a copy, whatever its size, and a training step has dozens of
arrays. The addresses travel in the kernel's arguments, 128 pairs at a time, so nothing is uploaded."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array
from .cupy_raw import raw_kernel

__all__ = ["COPY", "Copies"]

_PAIRS = 128  # 24 bytes each: the arguments of a kernel must fit into four kilobytes
_THREADS = 256
_BYTES_OF_A_BLOCK = 16 * _THREADS * 4
_MOST_BLOCKS = 256  # of one array; the threads of each take every so many bytes

_TABLE = np.dtype([("source", "u8", _PAIRS), ("target", "u8", _PAIRS), ("bytes", "i8", _PAIRS)])

COPY = """
struct Table {
    unsigned long long source[PAIRS];
    unsigned long long target[PAIRS];
    long long bytes[PAIRS];
};
struct __align__(16) Sixteen { unsigned long long low, high; };

extern "C" __global__ void xgrad_copies(const __grid_constant__ Table table, int blocks) {
    const int pair = blockIdx.x / blocks;
    const long long first = (long long)(blockIdx.x % blocks) * blockDim.x + threadIdx.x;
    const long long step = (long long)blocks * blockDim.x;
    const unsigned long long source = table.source[pair], target = table.target[pair];
    const long long bytes = table.bytes[pair];
    const long long wide = ((source | target) % 16 == 0) ? bytes / 16 : 0;
    for (long long i = first; i < wide; i += step) ((Sixteen*)target)[i] = ((const Sixteen*)source)[i];
    for (long long i = 16 * wide + first; i < bytes; i += step) ((char*)target)[i] = ((const char*)source)[i];
}
""".replace("PAIRS", str(_PAIRS))


class Copies:
    """Copies between arrays that stay and others of their shapes and dtypes.

    Parameters
    ----------
    fixed : sequence of array
        Contiguous ones.
    into_fixed : bool
        Whether they are what is written.
    """

    def __init__(self, fixed: Sequence[Array], into_fixed: bool) -> None:
        self._fixed = fixed
        self._into_fixed = into_fixed
        self._launches = [
            _Launch(fixed[start : start + _PAIRS], into_fixed)
            for start in range(0, len(fixed), _PAIRS)
        ]

    def run(self, others: Sequence[Array]) -> None:
        """Copy, on the current stream."""
        if self._into_fixed:
            others = [
                x if x.flags.c_contiguous else importlib.import_module("cupy").ascontiguousarray(x)
                for x in others
            ]
        for number, launch in enumerate(self._launches):
            launch.start(others[number * _PAIRS : (number + 1) * _PAIRS])


class _Launch:
    """One launch: at most as many pairs as fit into its arguments."""

    def __init__(self, fixed: Sequence[Array], into_fixed: bool) -> None:
        self._table = np.zeros(1, _TABLE)
        fixed_side = "target" if into_fixed else "source"
        self._others = self._table["source" if into_fixed else "target"][0]
        self._table[fixed_side][0, : len(fixed)] = [x.data.ptr for x in fixed]
        self._table["bytes"][0, : len(fixed)] = [x.nbytes for x in fixed]
        most = max(x.nbytes for x in fixed)
        self._blocks = max(1, min(_MOST_BLOCKS, -(-most // _BYTES_OF_A_BLOCK)))
        self._grid = (len(fixed) * self._blocks,)

    def start(self, others: Sequence[Array]) -> None:
        self._others[: len(others)] = [x.data.ptr for x in others]
        _kernel()(self._grid, (_THREADS,), (self._table, np.int32(self._blocks)))


@functools.cache
def _kernel() -> Any:
    return raw_kernel(COPY, "xgrad_copies")
