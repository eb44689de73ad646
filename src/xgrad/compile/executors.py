"""Which executor runs a program: NumPy's programs through buffers, all others directly."""

from __future__ import annotations

from typing import Any, Protocol

from ..backends import host
from .cpu import CpuExecutor
from .direct import DirectExecutor
from .program import Program

__all__ = ["Executor", "make_executor"]


class Executor(Protocol):
    """What runs a program."""

    def run(self, inputs: list[Any]) -> list[Any]:
        """The outputs for inputs, arrays in the order of the program's own lists."""


def make_executor(program: Program) -> Executor:
    """The fastest executor for the program's library."""
    if program.backend is host():
        return CpuExecutor(program)
    return DirectExecutor(program)
