"""Which executor runs a program: a library's compiler, buffers for NumPy, kernels and graphs of them, or plain calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from ..backends import Backend, host
from .cpu import CpuExecutor
from .direct import DirectExecutor
from .foreign import ForeignExecutor
from .graphs import GraphExecutor
from .program import Program

__all__ = ["Executor", "make_executor"]


class Executor(Protocol):
    """What runs a program."""

    def run(self, inputs: list[Any], free: Collection[int]) -> list[Any]:
        """The outputs for inputs, arrays in the order of the program's own lists.

        `free` are the numbers of arguments whose memory may be used for results."""


def make_executor(program: Program, donated: Collection[int], backend: Backend | None) -> Executor:
    """The executor that was asked for, or the fastest one for the program's library."""
    if backend is not None:
        return ForeignExecutor(program, backend)
    if program.backend is host():
        return CpuExecutor(program, donated)
    if program.backend.compiles:
        return ForeignExecutor(program, program.backend)
    if program.backend.fuses:
        return GraphExecutor(program)
    return DirectExecutor(program)
