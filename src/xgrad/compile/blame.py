"""Which instruction of a program failed, and what to say of it.

Replays call libraries' functions without looking at what they raise. Where one does raise, the same
instructions run once more, one after the other, until one fails: its operands tell what there is to say."""

from __future__ import annotations

from typing import Any

from ..backends import quiet
from ..core.dispatch import compute
from ..core.failures import explain_failure
from ..errors import XgradError
from .program import Instruction, Program

__all__ = ["explained", "explained_by"]


def explained(program: Program, inputs: list[Any], error: Exception) -> BaseException:
    """The exception to raise in place of one that a replay met; that one where nothing fails."""
    if isinstance(error, (XgradError, MemoryError)):
        return error
    values = {**program.constants, **dict(zip(program.inputs(), inputs, strict=True))}
    with quiet():
        for instruction in program.instructions:
            operands = [values[x] if type(x) is int else x.value for x in instruction.operands]  # type: ignore[union-attr]
            try:
                y = compute(instruction.primitive, operands, instruction.parameters)
            except Exception as found:  # noqa: BLE001 - whatever it is, it is what happened
                return explained_by(instruction, operands, found)
            results = (y,) if instruction.primitive.outputs == 1 else y
            values.update(zip(instruction.results, results, strict=True))
    return error


def explained_by(instruction: Instruction, operands: list[Any], error: Exception) -> BaseException:
    """The exception to raise in place of one that an instruction met."""
    if isinstance(error, MemoryError):
        return error  # whoever called the replay knows what it worked with
    return explain_failure(
        instruction.primitive, tuple(operands), instruction.parameters, error, instruction.where
    )
