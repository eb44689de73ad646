"""Compute the same thing once: common subexpressions."""

from __future__ import annotations

from ..program import Instruction, Literal
from .sweep import Known

__all__ = ["repeated"]


def repeated(known: Known, instruction: Instruction) -> tuple[int, ...] | None:
    """The results of an earlier instruction that does the same."""
    parameters = instruction.parameters
    key = (
        instruction.primitive.name,
        # As text, 1 is not 1.0, and 0.0 not -0.0.
        *[repr(x.value) if isinstance(x, Literal) else x for x in instruction.operands],
        repr(sorted(parameters.items())) if parameters else None,
    )
    former = known.seen.setdefault(key, instruction.results)
    return None if former is instruction.results else former
