"""Which results may be written into the memory of arguments that the caller gave away.

A result inherits the memory of an argument of its shape and dtype if everything that reads the
argument, or a view of it, has run by then; in the very instruction that reads it last only if that
works element by element."""

from __future__ import annotations

from collections.abc import Collection

from .fusion import Group
from .memory import Memory
from .overwriting import may_write_over
from .program import Instruction, Program

__all__ = ["heirs"]


def heirs(
    program: Program, order: list[Instruction | Group], memory: Memory, donated: Collection[int]
) -> dict[int, int]:
    """From the numbers of results to those of the arguments whose memory they take."""
    leaving = memory.leaving_roots()
    defined = {n: i for i, item in enumerate(order) for n in memory.owned_results(item)}
    found: dict[int, int] = {}
    for argument in donated:
        if argument in leaving:
            continue
        last = max(
            (i for i, item in enumerate(order) if _touches(memory, item, argument)), default=-1
        )
        for number in program.outputs():
            place = defined.get(number, -1)
            if (
                number not in found
                and place >= max(last, 0)
                and program.specs[number] == program.specs[argument]
                and (place > last or may_write_over(memory, order[place], argument, number))
            ):
                found[number] = argument
                break
    return found


def _touches(memory: Memory, item: Instruction | Group, argument: int) -> bool:
    return any(argument in memory.roots_of(n) for n in item.reads())
