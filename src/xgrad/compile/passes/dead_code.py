"""Leave out what nobody reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..program import Program

__all__ = ["without_dead_code"]


def without_dead_code(program: Program, also: Iterable[int] = ()) -> Program:
    """The instructions on whose results an output depends, or `also`, and those that may raise.

    Constants that are left unread are left out, too."""
    wanted = {*program.outputs(), *also}
    kept = []
    for instruction in reversed(program.instructions):
        if wanted.isdisjoint(instruction.results) and not instruction.looks:
            continue
        wanted.update(instruction.reads())
        kept.append(instruction)
    constants = {n: array for n, array in program.constants.items() if n in wanted}
    return replace(program, instructions=tuple(reversed(kept)), constants=constants)
