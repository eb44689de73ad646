"""Leave out what nobody reads."""

from __future__ import annotations

from ..program import Program

__all__ = ["without_dead_code"]


def without_dead_code(program: Program) -> Program:
    """The instructions on whose results an output depends."""
    wanted = set(program.outputs())
    kept = []
    for instruction in reversed(program.instructions):
        if wanted.isdisjoint(instruction.results):
            continue
        wanted.update(instruction.reads())
        kept.append(instruction)
    return program.with_instructions(reversed(kept))
