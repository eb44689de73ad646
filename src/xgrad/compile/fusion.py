"""Which large elementwise instructions run together, block by block, and in what order.

A group has one domain: the shape of its results. Its members run once per block, so that what only
members read never leaves the cache. An instruction may join if nothing that it reads depends on the
group through somebody outside. Reductions end in a group, as far as the executor has them there: for
NumPy's blocks sums over all of a domain, or over its first axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from ..backends.dtypes import is_half_dtype
from ..backends.fused import REDUCTIONS
from .program import Instruction, Literal, Program

__all__ = ["Group", "in_order", "is_reduction", "results_of", "scatters", "schedule", "tables_of"]

T = TypeVar("T")

_LARGE = 1 << 16  # elements; below, blocks cost more than they save
_TABLES = (
    4  # times the size of a table, from which what is added to it pays a table for each thread
)


@dataclass(eq=False)
class Group:
    """Instructions over one domain.

    Attributes
    ----------
    domain : tuple of int
    members : list of Instruction
        In order; the reductions among them give their results when all the others are done.
    """

    makes_sums: ClassVar[bool] = True  # new ones in every call

    domain: tuple[int, ...]
    members: list[Instruction] = field(default_factory=list)
    after: set[Group] = field(default_factory=set)

    def reaches(self, other: Group) -> bool:
        """Whether this group has to run after another one."""
        seen, stack = {self}, [self]
        while stack:
            for group in stack.pop().after:
                if group is other:
                    return True
                if group not in seen:
                    seen.add(group)
                    stack.append(group)
        return False

    def results(self) -> set[int]:
        """The numbers of what its members define."""
        return {number for i in self.members for number in i.results}

    def reads(self) -> list[int]:
        """The numbers of what its members read and do not define, each once."""
        own = self.results()
        return list(dict.fromkeys(n for i in self.members for n in i.reads() if n not in own))


def is_reduction(instruction: Instruction) -> bool:
    """Whether an instruction takes axes away, so that it can only end a group."""
    return instruction.primitive.name in REDUCTIONS


def scatters(instruction: Instruction) -> bool:
    """Whether an instruction adds rows to those of a table, so that it can only end a group."""
    return instruction.primitive.name == "index_add"


def tables_of(instruction: Instruction) -> list[int]:
    """What an instruction reads anywhere, and not element by element: tables, and indices of rows."""
    name, reads = instruction.primitive.name, instruction.reads()
    return reads if name == "take" else reads[1:] if name == "index_add" else []


def _ends_a_group(instruction: Instruction) -> bool:
    return is_reduction(instruction) or scatters(instruction)


def ends_blocks(program: Program, _group: Group, instruction: Instruction) -> bool:
    """Whether a reduction is known when all blocks are done (blocks.py).

    That is a sum over everything or over the first axis, without another dtype and not of floats of 16
    bits, or rows that are added to those of a table, which is so small that every thread can have its own."""
    parameters = instruction.parameters
    if scatters(instruction):
        x, y = program.size_of(instruction.reads()[0]), program.size_of(instruction.results[0])
        return y * _TABLES <= x
    if instruction.primitive.name != "sum":
        return False
    if parameters.get("keepdims") or parameters.get("dtype") is not None:
        return False
    if is_half_dtype(program.specs[instruction.reads()[0]].dtype):
        return False  # they would add up in 16 bits
    axis: Any = parameters.get("axis")
    rank = len(program.specs[instruction.reads()[0]].shape)
    axes = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % rank for a in axes) in (tuple(range(rank)), (0,))


def schedule(
    program: Program,
    is_fusable: Callable[[Instruction], bool],
    *,
    smallest: int = _LARGE,
    may_end: Callable[[Program, Group, Instruction], bool] = ends_blocks,
) -> list[Instruction | Group]:
    """All instructions in an order in which groups run as one.

    Parameters
    ----------
    smallest : int
        The number of elements from which on it is worth it.
    may_end : callable
        Whether a group of the shape of its operand may end in a reduction.
    """
    if not any([_is_large(spec.shape, smallest) for spec in program.specs.values()]):  # noqa: C419
        return list(program.instructions)
    group_of: dict[int, Group] = {}  # of the value of a member
    behind: dict[int, set[Group]] = {}  # the groups that a value depends on, for all others
    groups: list[Group] = []
    place: dict[int, Group | None] = {}
    for index, instruction in enumerate(program.instructions):
        chosen = _group_for(
            program, instruction, groups, group_of, behind, is_fusable, smallest, may_end
        )
        place[index] = chosen
        found: set[Group] = set()
        for number in instruction.reads():
            if number in group_of:
                found.add(group_of[number])
            found |= behind.get(number, set())
        if chosen is None:
            for number in instruction.results:
                behind[number] = found
            continue
        found.discard(chosen)
        chosen.after |= found
        chosen.members.append(instruction)
        if _ends_a_group(instruction):  # known when everything else is done
            behind[instruction.results[0]] = found | {chosen}
            continue
        for number in instruction.results:
            group_of[number] = chosen
            behind[number] = set(found)
    worthwhile = {group for group in groups if len(group.members) > 1}
    return _in_order(program, place, worthwhile)


def _group_for(
    program: Program,
    instruction: Instruction,
    groups: list[Group],
    group_of: dict[int, Group],
    behind: dict[int, set[Group]],
    is_fusable: Callable[[Instruction], bool],
    smallest: int,
    may_end: Callable[[Program, Group, Instruction], bool],
) -> Group | None:
    """The group that an instruction joins; a new one where it can begin one."""
    domain = _domain(program, instruction, smallest)
    if domain is None or not is_fusable(instruction):
        return None
    ends = _ends_a_group(instruction)
    direct = {group_of[n] for n in instruction.reads() if n in group_of}
    outside: set[Group] = set()
    for number in instruction.reads():
        outside |= behind.get(number, set()) - {group_of.get(number)}
    for group in reversed(groups):
        if group.domain != domain or group in outside:
            continue
        if any(g is not group and g.reaches(group) for g in direct | outside):
            continue
        if ends and not may_end(program, group, instruction):
            continue
        return group
    if ends:
        return None
    group = Group(domain)
    groups.append(group)
    return group


def _domain(program: Program, instruction: Instruction, smallest: int) -> tuple[int, ...] | None:
    """The shape that an instruction runs over, if it is large and made of fitting parts."""
    if is_reduction(instruction):
        (x,) = instruction.operands
        if isinstance(x, Literal):
            return None
        shape = program.specs[x].shape
        return shape if _is_large(shape, smallest) else None
    if scatters(instruction):
        shape = program.specs[instruction.reads()[0]].shape
        return shape if _is_large(shape, smallest) and _is_of_rows(program, instruction) else None
    shape = program.specs[instruction.results[0]].shape
    if not _is_large(shape, smallest):
        return None
    if tables_of(instruction):
        return shape if _is_of_rows(program, instruction) else None
    for operand in instruction.reads():
        other = program.specs[operand].shape
        padded = (1,) * (len(shape) - len(other)) + other
        if len(other) > len(shape) or any(
            n not in (1, m) for n, m in zip(padded, shape, strict=True)
        ):
            return None
    return shape


def _is_of_rows(program: Program, instruction: Instruction) -> bool:
    """Whether it is about whole rows, and neither table nor indices could be taken for an operand of the group."""
    if instruction.parameters.get("axis") != 0 or len(instruction.reads()) != 2:
        return False
    x, indices = [program.specs[n].shape for n in instruction.reads()]
    y = program.specs[instruction.results[0]].shape
    several = min(math.prod(x), math.prod(y), math.prod(indices)) > 1
    return len(x) > 1 and len(indices) > 0 and x != y and indices not in (x, y) and several


def _is_large(shape: tuple[int, ...], smallest: int) -> bool:
    return math.prod(shape) >= smallest


def _in_order(
    program: Program, place: dict[int, Group | None], worthwhile: set[Group]
) -> list[Instruction | Group]:
    """Everything after what it reads, each group in one place."""
    items: list[Instruction | Group] = []
    for index, instruction in enumerate(program.instructions):
        group = place[index]
        item: Instruction | Group = instruction if group not in worthwhile else group
        if item is instruction or item not in items:
            items.append(item)
    return in_order(items)


def results_of(item: Any) -> Collection[int]:
    """The numbers of what an instruction, a group or a bundle defines."""
    return item.results if isinstance(item, Instruction) else item.results()


def in_order(items: Sequence[T]) -> list[T]:
    """Everything after what it reads."""
    item_of = {number: item for item in items for number in results_of(item)}
    done: set[int] = set()
    ordered: list[T] = []
    stack = [(item, False) for item in reversed(items)]
    while stack:
        item, ready = stack.pop()
        if id(item) in done:
            continue
        if ready:
            done.add(id(item))
            ordered.append(item)
            continue
        stack.append((item, True))
        reads: list[int] = item.reads()  # type: ignore[attr-defined]
        needed = {id(item_of[n]): item_of[n] for n in reads if n in item_of}
        stack += [
            (other, False) for key, other in needed.items() if key not in done and other is not item
        ]
    return ordered
