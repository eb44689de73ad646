"""What is left of a program if all that guards ask about is finite.

The derivative of a guard asks where the guarded was finite. If that was everywhere, as nearly always, the
question need not be asked: whoever runs what is left looks at it in the end (cpu.py), and runs the
whole program where it was not."""

from __future__ import annotations

from collections.abc import Collection

from ..program import Instruction, Program
from .algebra import simplified, with_numbers
from .dead_code import without_dead_code
from .sweep import swept

__all__ = ["assuming_finite"]


def assuming_finite(program: Program, but: Collection[int] = ()) -> tuple[Program, set[int]]:
    """The smaller program, and the values that must turn out to be finite, none of them in `but`."""
    if "isfinite" not in {i.primitive.name for i in program.instructions}:
        return program, set()
    outputs = set(program.outputs())
    about: dict[int, set[int]] = {}  # from conditions that hold if some values are finite to those
    assumed: set[int] = set()
    names: dict[int, int] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        current = instruction.renamed(names)
        kept.append(current)
        operands = current.operands
        name, number = current.primitive.name, current.results[0]
        if name == "isfinite" and type(operands[0]) is int and operands[0] not in but:
            about[number] = {operands[0]}
        elif name in ("bitwise_or", "logical_or"):
            found = [about[n] for n in current.reads() if n in about]
            if found:
                about[number] = found[0]
        elif name == "where" and operands[0] in about and number not in outputs:
            chosen = operands[1]
            if type(chosen) is int and program.specs[chosen] == program.specs[number]:
                names[number] = chosen
                assumed |= about[operands[0]]
    if not names:
        return program, set()
    smaller = swept(program.renamed(names, kept), (with_numbers, simplified))
    return without_dead_code(smaller, assumed), assumed
