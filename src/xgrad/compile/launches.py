"""Whether a CUDA graph pays: what a program takes kernel by kernel, and what as one graph.

Kernel by kernel the host starts a step while the GPU works on the one before, so the slower of the two
decides. A graph starts everything at once, but its arrays are copied in and out. The figures are rough
and on the safe side: a graph must promise a fifth less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..core.primitive import Kind
from .direct import Step
from .program import Instruction, Literal, Program

__all__ = ["Estimate", "estimate"]

# Microseconds on the host: starting a kernel or a library's function in CuPy (10 to 20 were measured by
# its authors), starting a graph and the two copies, and an array that goes in or comes out.
_START, _GRAPH, _ARRAY = 15.0, 25.0, 2.5
# Microseconds on the GPU: a kernel in a graph, however small (1.3 on an H100).
_KERNEL = 1.5
# What a GPU does in a microsecond: bytes (an H100 copies 3 million), products of float32.
_BYTES, _PRODUCTS = 2e6, 1e7
_GAIN = 0.8

# What starts nothing.
_VIEWS = {"broadcast_to", "flip", "getitem", "imag", "matrix_transpose", "permute_dims", "positive"}
_VIEWS |= {"real", "reshape", "stop_gradient", "unstack"}


class Estimate(NamedTuple):
    """Microseconds that a replay takes.

    Attributes
    ----------
    steps : int
        What is started: kernels, and a library's functions, which may be several.
    host : float
        Starting it kernel by kernel.
    gpu : float
        The work on the GPU.
    graph : float
        All of it as one graph.
    """

    steps: int
    host: float
    gpu: float
    graph: float

    @property
    def pays(self) -> bool:
        """Whether a graph is worth its copies."""
        return self.graph < _GAIN * max(self.host, self.gpu)

    def __str__(self) -> str:
        return (
            f"{self.steps} steps, about {self.host:.0f} µs on the host and {self.gpu:.0f} on "
            f"the GPU, {self.graph:.0f} as a graph"
        )


def estimate(program: Program, steps: Sequence[Step]) -> Estimate:
    """Estimate what a program takes, from the steps of its executor."""
    definition = {number: i for i in program.instructions for number in i.results}
    started, gpu = 0, 0.0
    for step in steps:
        instruction = definition[step.results[0]]
        if _is_view(instruction):
            continue
        started += 1
        numbers = [x for x in (*step.operands, *step.results) if not isinstance(x, Literal)]
        moved = sum(program.bytes_of(n) for n in numbers) / _BYTES
        gpu += max(_KERNEL, moved, _products(program, instruction) / _PRODUCTS)
    crossing = [*program.inputs(), *program.outputs()]
    copies = 2 * sum(program.bytes_of(n) for n in crossing) / _BYTES
    graph = max(_GRAPH + _ARRAY * len(crossing), gpu + copies)
    return Estimate(started, started * _START, gpu, graph)


def _is_view(instruction: Instruction) -> bool:
    return instruction.primitive.name in _VIEWS and len(instruction.operands) == 1


def _products(program: Program, instruction: Instruction) -> float:
    """How many multiplications a contraction is: m n k for matrices (m, k) and (k, n)."""
    if instruction.primitive.kind is not Kind.CONTRACTION:
        return 0.0
    numbers = (*instruction.reads(), *instruction.results)
    return math.sqrt(math.prod(program.size_of(n) for n in numbers))
