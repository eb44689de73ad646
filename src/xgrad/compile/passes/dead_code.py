"""Leave out what nobody reads."""

from __future__ import annotations

from ..program import Program

__all__ = ["without_dead_code"]


def without_dead_code(program: Program) -> Program:
    """The instructions on whose results an output depends, and those that may raise."""
    wanted = set(program.outputs())
    kept = []
    for instruction in reversed(program.instructions):
        if wanted.isdisjoint(instruction.results) and not instruction.looks:
            continue
        wanted.update(instruction.reads())
        kept.append(instruction)
    return program.with_instructions(reversed(kept))
