"""Which executor runs a program: a library's compiler, buffers for NumPy, kernels and graphs of them, or plain calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from ..backends import Backend, host
from .cpu import CpuExecutor
from .direct import DirectExecutor
from .foreign import ForeignExecutor
from .graphs import GraphExecutor
from .jit import Plan
from .program import Program

__all__ = ["Executor", "make_executor", "may_refuse"]


class Executor(Protocol):
    """What runs a program."""

    def run(self, inputs: list[Any], free: Collection[int]) -> list[Any]:
        """The outputs for inputs, arrays in the order of the program's own lists.

        `free` are the numbers of arguments whose memory may be used for results."""


def may_refuse(program: Program, backend: Backend | None) -> bool:
    """Whether a library's compiler runs a program, which may not take it."""
    return backend is not None or (program.backend is not host() and program.backend.compiles)


def make_executor(
    program: Program, donated: Collection[int], backend: Backend | None, jit: Plan
) -> Executor:
    """The executor that was asked for, or the fastest one for the program's library."""
    if may_refuse(program, backend):
        return ForeignExecutor(program, backend or program.backend)
    if program.backend is host():
        return CpuExecutor(program, donated, jit)
    if program.backend.fuses:
        return GraphExecutor(program)
    return DirectExecutor(program)
