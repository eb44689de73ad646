"""In which values it shows that another one is not finite.

What is not finite goes through sums and products: whatever the other operand is, the result is not
finite either, for infinity times zero and infinity minus itself are NaN. So most guards, and most care
in products, can wait: a few values are looked at when everything has run, and if one is not finite, the
program runs again with all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .fusion import Group
from .program import Instruction, Program

if TYPE_CHECKING:
    from .memory import Memory

__all__ = ["SHOWN", "Waiting", "waiting"]

_LITTLE = 1 << 14  # bytes
_MOST_KEPT = 1 << 18  # bytes that are kept until the end to be looked at
_MOST_LOOKED_AT = 1 << 22

# The operands of functions on elements of which every element shows in the result.
SHOWN = {
    **dict.fromkeys(("add", "subtract", "multiply"), slice(2)),
    **dict.fromkeys(("negative", "absolute", "square", "positive", "divide"), slice(1)),
}
# And of other instructions; a guard that waits is no more than its first operand.
_SHOWN = {
    **SHOWN,
    **dict.fromkeys(("matmul", "absorbing_matmul"), slice(2)),
    **dict.fromkeys(("concat", "stack"), slice(None)),
    **dict.fromkeys(("abs", "astype", "broadcast_to", "copy", "expand_dims", "flip"), slice(1)),
    **dict.fromkeys(("matrix_transpose", "moveaxis", "permute_dims", "put", "reshape"), slice(1)),
    **dict.fromkeys(("roll", "squeeze", "sum", "zero_where_zero"), slice(1)),
}


class Waiting(NamedTuple):
    """What can wait.

    Attributes
    ----------
    values : frozenset of int
        Those that need no guard and no care, because it would show in the end.
    looked_at : list of int
        Where it would show.
    """

    values: frozenset[int]
    looked_at: list[int]


def waiting(
    program: Program,
    order: Sequence[Instruction | Group],
    memory: Memory,
    assumed: Collection[int] = (),
) -> Waiting:
    """Find out what can wait; `assumed` are values that instructions suppose to be finite."""
    asked = {*memory.guarded, *filter(memory.is_ours, assumed)}
    leaving = memory.leaving_roots()
    found, looked_at = set[int](), list[int]()
    # One look at little that is kept is less than looks at outputs.
    inside = [n for n in asked if not memory.roots_of(n) & leaving]
    outputs = program.outputs() if sum(map(program.bytes_of, inside)) > _LITTLE else ()
    shows = {n: n for n in outputs if program.specs[n].dtype.kind == "f"}
    makers = {n: i for i in program.instructions for n in i.results}
    kept = bytes_looked_at = 0
    for instruction, is_grouped in _backwards(order):
        (number, *_) = instruction.results
        if number in asked:
            target = shows.get(number, number)
            size = 0 if target in looked_at else program.bytes_of(target)
            stays = 0 if memory.roots_of(target) & leaving else size
            if kept + stays <= _MOST_KEPT and bytes_looked_at + size <= _MOST_LOOKED_AT:
                kept, bytes_looked_at = kept + stays, bytes_looked_at + size
                found.add(number)
                shows[number] = target
                looked_at += [target] if size else []
            else:
                shows.pop(number, None)
        if number in shows and _is_plain(instruction, memory, found, is_grouped=is_grouped):
            _show_operands(program, instruction, shows)
        if number in shows and instruction.primitive.name == "zero_where_zero":
            _show_cotangent(instruction, makers, shows)
    return Waiting(frozenset(found), looked_at)


def _backwards(order: Sequence[Instruction | Group]) -> Iterator[tuple[Instruction, bool]]:
    """Every instruction, the last first, and whether it is one of a group's."""
    for item in reversed(order):
        if isinstance(item, Group):
            yield from [(member, True) for member in reversed(item.members)]
        else:
            yield item, False


def _is_plain(
    instruction: Instruction, memory: Memory, found: Collection[int], *, is_grouped: bool
) -> bool:
    """Whether an instruction lets everything pass: it is no guard and takes no care, or is found to wait."""
    name = instruction.primitive.name
    if name == "zero_where_zero":  # groups have their own ways of waiting (sweeping.py)
        return not is_grouped and memory.is_guarded_in_place(instruction)
    return name != "absorbing_matmul" or instruction.results[0] in found


def _show_operands(program: Program, instruction: Instruction, shows: dict[int, int]) -> None:
    """Take note of the operands that show where the result does."""
    number, *others = instruction.results
    numbers = (number, *instruction.reads())
    if others or not program.size_of(number):
        return
    if all(program.specs[n].dtype.kind == "f" for n in numbers):
        for x in instruction.operands[_SHOWN.get(instruction.primitive.name, slice(0))]:
            if type(x) is int:
                shows.setdefault(x, shows[number])


def _show_cotangent(
    guard: Instruction, makers: dict[int, Instruction], shows: dict[int, int]
) -> None:
    """Of a guarded product the cotangent shows: where that is not finite it is not zero."""
    r, g = guard.operands
    maker = makers.get(r) if type(r) is int else None
    if maker is None or type(g) is not int:
        return
    if g in maker.operands[SHOWN.get(maker.primitive.name, slice(0))]:
        shows.setdefault(g, shows[guard.results[0]])
