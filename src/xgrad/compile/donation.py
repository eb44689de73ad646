"""Which results may be written into the memory of arguments that the caller gave away.

A result inherits the memory of an argument of its shape and dtype if everything that reads the
argument, or a view of it, has run by then; in the very instruction that reads it last only if that
works element by element."""

from __future__ import annotations

from collections.abc import Collection

from ..backends import numpy_kernels as kernels
from .fusion import Group, scatters
from .memory import Memory
from .program import Instruction, Program
from .teams import part_for

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
                and (place > last or _is_safe(memory, order[place], argument, number))
            ):
                found[number] = argument
                break
    return found


def _touches(memory: Memory, item: Instruction | Group, argument: int) -> bool:
    return any(argument in memory.roots_of(n) for n in item.reads())


def _is_safe(memory: Memory, item: Instruction | Group, argument: int, number: int) -> bool:
    """Whether one item may read the argument and write the result over it."""
    members = [item] if isinstance(item, Instruction) else []
    if isinstance(item, Group):
        over = [n for n in item.reads() if argument in memory.roots_of(n)]
        part = part_for(item, number, over)
        if part is None:
            return False
        members = part.members
    writer = next(i for i, member in enumerate(members) if number in member.results)
    if scatters(members[writer]):  # from the first block on
        return False
    for place, member in enumerate(members):
        touched = [n for n in member.reads() if argument in memory.roots_of(n)]
        if not touched:
            continue
        elementwise = kernels.ufunc_of(member.primitive.name, member.parameters) is not None
        if place > writer or touched != [argument] * len(touched):
            return False
        if place == writer and not elementwise:
            return False
    return True
