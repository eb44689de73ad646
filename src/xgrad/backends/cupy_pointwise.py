"""Run groups of elementwise instructions as one CUDA kernel, in packs of 16 bytes.

Threads step through the group's shape in a grid-stride loop, each with as many elements at once as the
addresses and sizes allow (cupy_access.py). What the kernel is depends on that, and not on sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape
from .cupy_access import Access, Pieces, access_to, add_inputs, add_outputs, in_order, way_of
from .cupy_fusion import MOST_ARRAYS, line
from .cupy_raw import raw_kernel
from .cupy_tables import new_arrays
from .fused import Fused

__all__ = ["NAME", "Pointwise", "pointwise_function", "source_of"]

NAME = "xgrad_fused"
THREADS = 256
BLOCKS = 1 << 16  # more than a GPU has room for: most threads take one pack

_SOURCE = """
extern "C" __global__ void NAME(
    PARAMETERS
) {
    const Offset packs = packs_, apart = (Offset)gridDim.x * blockDim.x;
    BEFORE
    for (Offset p = (Offset)blockIdx.x * blockDim.x + threadIdx.x; p < packs; p += apart) {
        const Offset n = p * WIDTH;
        READS
        #pragma unroll
        for (int e = 0; e < WIDTH; ++e) {
            LINES
        }
        WRITES
    }
}
"""


def source_of(group: Fused, access: Access) -> str:
    """The text of a kernel; arguments are inputs, outputs, and numbers."""
    pieces = Pieces({number: place for place, number in enumerate(group.inputs)})
    add_inputs(pieces, group, access)
    pieces.lines += [line(step, group, pieces.places) for step in group.steps]
    add_outputs(pieces, group)
    pieces.parameters += ["long long packs_", *access.numbers()]
    return pieces.into(access.types() + _SOURCE.replace("NAME", NAME))


class _Plan(NamedTuple):
    """What is started for arrays that lie as some did before."""

    kernel: Any
    blocks: int
    threads: int
    numbers: tuple[Any, ...]


class Pointwise:
    """The function of a group's inputs."""

    def __init__(self, group: Fused) -> None:
        self._group = group
        self._dtypes = [np.dtype(group.dtypes[n]) for n in group.outputs]
        self._plans: dict[Any, _Plan] = {}

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """Run it over the group's shape."""
        return self.over(self._group.domain, arrays)

    def over(self, shape: Shape, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """Run it over another shape, which the arrays broadcast to."""
        key = shape, way_of(arrays)
        plan = self._plans.get(key)
        if plan is None:
            plan = _plan_for(self._group._replace(domain=shape), arrays)
            if plan is None:  # of so many strides that they would not fit into a call
                return self.over(shape, in_order(arrays, shape))
            self._plans[key] = plan
        results = new_arrays(shape, self._dtypes)
        if plan.blocks:
            plan.kernel((plan.blocks,), (plan.threads,), (*arrays, *results, *plan.numbers))
        return results


def pointwise_function(group: Fused) -> Pointwise | None:
    """The function of a group's inputs; None if it is too large for one kernel."""
    if len(group.inputs) + len(group.outputs) > MOST_ARRAYS:
        return None
    return Pointwise(group)


def _plan_for(group: Fused, arrays: Sequence[Array]) -> _Plan | None:
    found = access_to(group, arrays)
    if found is None:
        return None
    access, more = found
    packs = math.prod(group.domain) // access.width
    threads = min(THREADS, 32 * max(1, -(-packs // 32)))
    blocks = min(-(-packs // threads), BLOCKS)
    kernel = raw_kernel(source_of(group, access), NAME)
    return _Plan(kernel, blocks, threads, (np.int64(packs), *map(np.int64, more)))
