"""Which values may lie in memory that somebody else has too: a caller's array, or a constant's.

A Variable keeps its value, so it must not take such memory: a batch is filled again for the next
call. Results may, as they do when the function runs as it stands."""

from __future__ import annotations

from ..core.primitive import Kind
from .program import Instruction, Program

__all__ = ["borrowed_writes"]

_NEW = (Kind.ELEMENTWISE, Kind.CONTRACTION, Kind.STACKED)


def borrowed_writes(program: Program) -> list[bool]:
    """For each assignment to a Variable, whether its array has to be copied first."""
    if not program.writes:
        return []
    borrowed = {*program.arguments, *program.constants}
    for instruction in program.instructions:
        if not _makes_new(instruction) and not borrowed.isdisjoint(instruction.reads()):
            borrowed.update(instruction.results)
    return [number in borrowed for _, number in program.writes]


def _makes_new(instruction: Instruction) -> bool:
    """Whether a result is surely no view: where in doubt, a copy costs little."""
    primitive = instruction.primitive
    if primitive.kind is Kind.SELECTION:
        return len(instruction.operands) > 1 and not primitive.may_do_nothing
    return primitive.kind in _NEW
