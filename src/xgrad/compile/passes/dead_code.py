"""Leave out what nobody reads."""

from __future__ import annotations

from collections.abc import Iterable

from ..program import Program

__all__ = ["without_dead_code"]


def without_dead_code(program: Program, also: Iterable[int] = ()) -> Program:
    """The instructions on whose results an output depends, or `also`, and those that may raise."""
    wanted = {*program.outputs(), *also}
    kept = []
    for instruction in reversed(program.instructions):
        if wanted.isdisjoint(instruction.results) and not instruction.looks:
            continue
        wanted.update(instruction.reads())
        kept.append(instruction)
    return program.with_instructions(reversed(kept))
