"""Compute the same thing once: common subexpressions."""

from __future__ import annotations

from typing import Any

from ..program import Instruction, Literal, Program

__all__ = ["without_repetition"]


def without_repetition(program: Program) -> Program:
    """Let later instructions that do the same as an earlier one stand for its results."""
    seen: dict[Any, tuple[int, ...]] = {}
    names: dict[int, int] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        operands = tuple([names.get(x, x) if type(x) is int else x for x in instruction.operands])
        current = instruction._replace(operands=operands)
        key = (  # in which 0.0 is not -0.0
            instruction.primitive.name,
            tuple(
                [(type(x.value), repr(x.value)) if isinstance(x, Literal) else x for x in operands]
            ),
            repr(sorted(instruction.parameters.items())),
        )
        former = seen.setdefault(key, instruction.results)
        if former is instruction.results:
            kept.append(current)
        else:
            names.update(zip(instruction.results, former, strict=True))
    return program.renamed(names, kept)
