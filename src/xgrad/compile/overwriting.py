"""Whether a result may be written over an operand that nobody needs afterwards.

It may where whoever reads the operand has read it by then: before the instruction that writes the
result, or in that one, if it goes element by element."""

from __future__ import annotations

from ..backends import numpy_kernels as kernels
from .fusion import Group, scatters
from .memory import Memory
from .program import Instruction, Literal
from .teams import part_for

__all__ = ["first_read", "is_elementwise", "may_write_over"]


def may_write_over(memory: Memory, item: Instruction | Group, x: int, y: int) -> bool:
    """Whether one item may write its result y over x, which is alone in its memory and ends there."""
    roots = memory.roots_of(x)
    if any(n != x and not roots.isdisjoint(memory.roots_of(n)) for n in item.reads()):
        return False
    members = [item] if isinstance(item, Instruction) else []
    if isinstance(item, Group):
        part = part_for(item, y, [x])
        if part is None:
            return False
        members = part.members
    writer = next(i for i, member in enumerate(members) if y in member.results)
    if scatters(members[writer]):  # from the first block on
        return False
    if any(x in member.reads() for member in members[writer + 1 :]):
        return False
    if x not in members[writer].reads():
        return True
    return is_elementwise(members[writer]) and x in first_read(members[writer])


def is_elementwise(member: Instruction) -> bool:
    """Whether an instruction makes every element of those at its place."""
    name = member.primitive.name
    return name == "where" or kernels.ufunc_of(name, member.parameters) is not None


def first_read(member: Instruction) -> list[int]:
    """The operands over which the result may be written: nothing else is read after that began.

    Ufuncs go element by element, and so does `where`, but for its condition. Guards are first a
    copy of one operand, and look at the other later. What is about rows reads or writes anywhere."""
    parts = {"where": slice(1, 3), "zero_where_zero": slice(1)}
    parts |= {"take": slice(0), "index_add": slice(0)}
    operands = member.operands[parts.get(member.primitive.name, slice(None))]
    return [x for x in operands if not isinstance(x, Literal)]
