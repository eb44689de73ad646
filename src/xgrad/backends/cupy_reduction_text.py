"""CUDA source for groups of elementwise instructions that end in reductions.

The shape is `outer x reduced x inner` (fused.py). A block of threads is `rows x depth x columns`: as many
results side by side as there are rows and columns, and each by `depth` threads, that walk along the
reduced axis together and meet in a tree, in the same order every time. What is reduced over everything in
a group that is otherwise reduced over some axes is one value per block. Where the reduced axis is cut into
parts, or there are several blocks, a second kernel takes the parts together. When and how many:
cupy_reductions.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cupy_access import Access, Pieces, add_inputs, add_outputs, main_layout
from .cupy_fusion import c_type, line, operand
from .fused import Fused, Reduction

__all__ = ["FINISH", "MOST_THREADS", "NAME", "finish_source", "source_of"]

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
_SOURCE = """
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


def source_of(group: Fused, access: Access) -> str:
    """The text of a kernel; arguments are inputs, outputs, results of reductions, and numbers.

    The results of reductions are theirs, or those of their parts, one after the other."""
    pieces = Pieces({number: place for place, number in enumerate(group.inputs)})
    add_inputs(pieces, group, access)
    pieces.lines += [line(step, group, pieces.places) for step in group.steps]
    add_outputs(pieces, group)
    _add_reductions(pieces, group)
    pieces.parameters += [*_NUMBERS, *access.numbers()]
    text = _SHARED + access.types() + _SOURCE
    text = text.replace("UNROLLED", "1" if access.width > 1 else "4")
    return _named(pieces.into(text), NAME)


def _add_reductions(pieces: Pieces, group: Fused) -> None:
    """What threads collect, in each job or in all of them, and how they meet."""
    main = main_layout(group)
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
    return _named(text.replace("PARAMETERS", ",\n    ".join(parameters)), FINISH)


def _named(text: str, name: str) -> str:
    return text.replace("NAME", name).replace("MOST", str(MOST_THREADS))


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
