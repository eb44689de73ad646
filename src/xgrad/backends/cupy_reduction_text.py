"""CUDA source for groups of elementwise instructions that end in reductions.

The shape is `outer x reduced x inner` (fused.py). A block of threads is `rows x depth x columns`: as many
results side by side as there are rows and columns, and each by `depth` threads, that walk along the
reduced axis together and meet in a tree, in the same order every time. What is reduced over everything in
a group that is otherwise reduced over some axes is one value per block. Where the reduced axis is cut into
parts, or there are several blocks, a second kernel takes the parts together. When and how many:
cupy_reductions.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .cupy_fusion import c_type, line, operand
from .fused import Fused, Reduction

__all__ = ["FINISH", "MOST_THREADS", "NAME", "Access", "finish_source", "main_layout", "source_of"]

NAME, FINISH = "xgrad_reduced", "xgrad_reduced_finish"
MOST_THREADS = 256  # of a block, for which there is memory to meet in

_SHARED = """
struct Sum { template <typename T> __device__ T operator()(T a, T b) const { return a + b; } };
struct Product { template <typename T> __device__ T operator()(T a, T b) const { return a * b; } };
struct Largest {  // a NaN stays one
    template <typename T> __device__ T operator()(T a, T b) const {
        return (a != a || a > b) ? a : b;
    }
};
struct Smallest {
    template <typename T> __device__ T operator()(T a, T b) const {
        return (a != a || a < b) ? a : b;
    }
};

// What `count` threads, `apart` from each other, have together; known to the first of them.
template <typename T, typename Combine>
__device__ T over_threads(T value, double* memory, int apart, int count, Combine combine) {
    if (count == 1) return value;
    T* shared = (T*)memory;
    const int place = threadIdx.x / apart % count;
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = count / 2; half > 0; half /= 2) {
        if (place < half)
            shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + half * apart]);
        __syncthreads();
    }
    const T result = shared[threadIdx.x];
    __syncthreads();
    return result;
}
"""
_SOURCE = """typedef INDEX Offset;
const int WIDTH = PACKED;  // elements that a thread takes at once

template <typename T> struct __align__(sizeof(T) * WIDTH) Pack { T at[WIDTH]; };

extern "C" __global__ void NAME(
    PARAMETERS
) {
    __shared__ double shared[MOST];
    const Offset outer = outer_, steps = steps_, inner = inner_;
    const int lane = threadIdx.x % columns, place = threadIdx.x / columns % depth;
    const int row = threadIdx.x / (columns * depth), rows = blockDim.x / (columns * depth);
    const Offset across = (inner + columns - 1) / columns;
    const Offset tiles = (outer + rows - 1) / rows * across;
    BEFORE
    for (Offset job = blockIdx.x; job < tiles * (Offset)parts; job += gridDim.x) {
        const Offset part = job / tiles, tile = job % tiles;
        const Offset i = tile % across * columns + lane, o = tile / across * rows + row;
        const Offset begin = part * (Offset)chunk;
        const Offset end = begin + (Offset)chunk < steps ? begin + (Offset)chunk : steps;
        const bool mine = o < outer && i < inner;
        STARTS
        #pragma unroll UNROLLED
        for (Offset r = begin + place; mine && r < end; r += depth) {
            const Offset n = ((o * steps + r) * inner + i) * WIDTH;
            READS
            #pragma unroll
            for (int e = 0; e < WIDTH; ++e) {
                LINES
            }
            WRITES
        }
        ENDS
    }
    AFTER
}
"""
_FINISH = """
// Each result from its parts, which lie `kept` apart.
template <typename T, typename Combine>
__device__ void finish(
    const T* __restrict__ parts, T* __restrict__ y, long long count, long long kept, int columns,
    T start, double* shared, Combine combine
) {
    const int lane = threadIdx.x % columns, place = threadIdx.x / columns;
    const int depth = blockDim.x / columns;
    for (long long first = (long long)blockIdx.x * columns; first < kept;
         first += (long long)gridDim.x * columns) {
        const long long i = first + lane;
        T value = start;
        for (long long k = place; i < kept && k < count; k += depth)
            value = combine(value, parts[k * kept + i]);
        value = over_threads(value, shared, columns, depth, combine);
        if (place == 0 && i < kept) y[i] = value;
    }
}

extern "C" __global__ void NAME(
    PARAMETERS
) {
    __shared__ double shared[MOST];
    CALLS
}
"""
_COMBINE = {"sum": "Sum()", "prod": "Product()", "max": "Largest()", "min": "Smallest()"}
_NUMBERS = (
    *("long long outer_", "long long steps_", "long long inner_", "long long parts"),
    *("long long chunk", "int columns", "int depth"),
)


class Access(NamedTuple):
    """How a kernel finds its elements.

    Attributes
    ----------
    kinds : tuple of str
        Of each input: ``"whole"`` if its elements lie as those of the group's shape, ``"single"``
        if it is one for all, ``"strided"`` if it has a stride for each of the axes that are told apart.
    axes : int
        How many axes are told apart; 0 where nothing is strided.
    width : int
        How many elements a thread takes at once, from memory that is aligned for it.
    wide : bool
        Whether positions take 64 bits.
    """

    kinds: tuple[str, ...]
    axes: int
    width: int
    wide: bool


def main_layout(reductions: Sequence[Reduction]) -> tuple[int, int, int]:
    """The layout that all of them have that are not over everything."""
    return next((r.layout for r in reductions if not r.layout.is_full), reductions[0].layout)


def source_of(group: Fused, access: Access) -> str:
    """The text of a kernel; arguments are inputs, outputs, results of reductions, and numbers.

    The results of reductions are theirs, or those of their parts, one after the other."""
    pieces = _Pieces({number: place for place, number in enumerate(group.inputs)})
    pieces.lines += _position(access)
    _add_inputs(pieces, group, access)
    pieces.lines += [line(step, group, pieces.places) for step in group.steps]
    _add_outputs(pieces, group)
    _add_reductions(pieces, group)
    pieces.parameters += _NUMBERS
    pieces.parameters += [f"long long n{axis}" for axis in range(1, access.axes)]
    pieces.parameters += [
        f"long long t{place}_{axis}"
        for place, how in enumerate(access.kinds)
        if how == "strided"
        for axis in range(access.axes)
    ]
    text = _SOURCE.replace("INDEX", "long long" if access.wide else "unsigned")
    text = text.replace("PACKED", str(access.width))
    text = text.replace("UNROLLED", "1" if access.width > 1 else "4")
    for word, found, indent in (
        *(("BEFORE", pieces.before, 4), ("STARTS", pieces.starts, 8), ("READS", pieces.reads, 12)),
        *(("LINES", pieces.lines, 16), ("WRITES", pieces.writes, 12), ("ENDS", pieces.ends, 8)),
        ("AFTER", pieces.after, 4),
    ):
        text = text.replace(word, f"\n{' ' * indent}".join(found))
    return _finished(_SHARED + text, NAME, pieces.parameters)


@dataclass
class _Pieces:
    """What a source is put together from: the places of inputs, and lines of C++ by where they go."""

    places: dict[int, int]
    parameters: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def _add_inputs(pieces: _Pieces, group: Fused, access: Access) -> None:
    """Where each input is, and its element."""
    for number, place in pieces.places.items():
        kind, how = c_type(group, number), access.kinds[place]
        pieces.parameters.append(f"const {kind}* __restrict__ a{place}")
        if how == "single":
            pieces.before.append(f"const {kind} x{place} = a{place}[0];")
        elif how == "whole":
            pack = f"const Pack<{kind}>"
            pieces.reads.append(f"{pack} p{place} = *({pack}*)(a{place} + n);")
            pieces.lines.append(f"const {kind} x{place} = p{place}.at[e];")
        else:
            at = " + ".join(f"c{axis} * t{place}_{axis}" for axis in range(access.axes))
            pieces.lines.append(f"const {kind} x{place} = a{place}[{at}];")


def _add_outputs(pieces: _Pieces, group: Fused) -> None:
    """The values that are written as they are."""
    reduced = {r.result for r in group.reductions}
    for number in (n for n in group.outputs if n not in reduced):
        kind = c_type(group, number)
        pieces.parameters.append(f"{kind}* __restrict__ b{number}")
        pieces.reads.append(f"Pack<{kind}> q{number};")
        pieces.lines.append(f"q{number}.at[e] = v{number};")
        pieces.writes.append(f"*(Pack<{kind}>*)(b{number} + n) = q{number};")


def _add_reductions(pieces: _Pieces, group: Fused) -> None:
    """What threads collect, in each job or in all of them, and how they meet."""
    main = main_layout(group.reductions)
    for r in group.reductions:
        kind, own, combine = c_type(group, r.result), f"s{r.result}", _COMBINE[r.name]
        pieces.parameters.append(f"{kind}* __restrict__ b{r.result}")
        value = operand(r.operand, np.dtype(group.dtypes[r.result]), group, pieces.places)
        pieces.lines.append(f"{own} = {combine}({own}, {value});")
        begin = f"{kind} {own} = {_start(r, group)};"
        if r.layout == main:
            to = f"b{r.result}[(part * outer + o) * inner + i]"
            pieces.starts.append(begin)
            pieces.ends += [
                f"{own} = over_threads({own}, shared, columns, depth, {combine});",
                f"if (place == 0 && mine) {to} = {own};",
            ]
        else:
            pieces.before.append(begin)
            pieces.after += [
                f"{own} = over_threads({own}, shared, 1, blockDim.x, {combine});",
                f"if (threadIdx.x == 0) b{r.result}[blockIdx.x] = {own};",
            ]


def finish_source(group: Fused, reductions: Sequence[Reduction]) -> str:
    """The text of the kernel that takes parts together.

    Arguments are for each its parts, its results, how many parts there are, how many results,
    and how many of these a block takes at once."""
    parameters, calls = [], []
    for r in reductions:
        kind, own = c_type(group, r.result), r.result
        parameters += [f"const {kind}* __restrict__ a{own}", f"{kind}* __restrict__ b{own}"]
        parameters += [f"long long count{own}", f"long long kept{own}", f"int columns{own}"]
        calls.append(
            f"finish(a{own}, b{own}, count{own}, kept{own}, columns{own}, {_start(r, group)}, "
            f"shared, {_COMBINE[r.name]});"
        )
    text = _SHARED + _FINISH.replace("CALLS", "\n    ".join(calls))
    return _finished(text, FINISH, parameters)


def _finished(text: str, name: str, parameters: Sequence[str]) -> str:
    text = text.replace("NAME", name).replace("MOST", str(MOST_THREADS))
    return text.replace("PARAMETERS", ",\n    ".join(parameters))


def _position(access: Access) -> list[str]:
    """An element's place along each of the axes that are told apart."""
    if not access.axes:
        return []
    lines, rest = [], "n + e"
    for axis in range(access.axes - 1, 0, -1):
        lines.append(f"const Offset m{axis} = {rest}, d{axis} = m{axis} / (Offset)n{axis};")
        lines.append(f"const long long c{axis} = m{axis} - d{axis} * (Offset)n{axis};")
        rest = f"d{axis}"
    return [*lines, f"const long long c0 = {rest};"]


def _start(reduction: Reduction, group: Fused) -> str:
    """What changes nothing, in C++."""
    dtype: np.dtype[Any] = np.dtype(group.dtypes[reduction.result])
    kind = c_type(group, reduction.result)
    if reduction.name in ("sum", "prod"):
        return f"({kind}){int(reduction.name == 'prod')}"
    sign = "-" if reduction.name == "max" else ""
    if dtype.kind == "f":
        return f"({kind})({sign}1.0 / 0.0)"
    largest = np.iinfo(dtype).max
    return f"({kind})({sign}{largest}LL{' - 1' if sign else ''})"
