"""Groups that do the same with other arrays, run as one kernel: the updates of all variables.

A group (fusion.py) has one domain, and so there is one for each shape of variables. Parts of groups
that do the same, instruction by instruction, over domains of any shapes, are one bundle, if none of
them has to run after another."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..backends.base import dtype_name
from .fusion import Group, in_order, is_reduction, results_of
from .program import Instruction, Literal, Program

__all__ = ["FEWEST", "Bundle", "bundled", "singles"]

FEWEST = 3  # a table of arrays is made and sent for each launch, which costs as much as one more


@dataclass(eq=False)
class Bundle:
    """Groups that do the same, in any order.

    Attributes
    ----------
    groups : list of Group
    """

    groups: list[Group]

    def results(self) -> set[int]:
        """The numbers of what all members define."""
        return {number for group in self.groups for number in group.results()}

    def reads(self) -> list[int]:
        """The numbers of what its groups read, each once."""
        return list(dict.fromkeys(n for group in self.groups for n in group.reads()))


Item = Instruction | Group | Bundle


def bundled(program: Program, order: Sequence[Instruction | Group]) -> list[Item]:
    """The same with bundles in place of groups that do the same, and in order again."""
    items: list[Item] = list(order)
    readers = _readers(program, order)
    alike: dict[Any, list[tuple[Group, Group]]] = {}  # the part, and the group that it is in
    for item in order:
        if isinstance(item, Group):
            for part in _parts(program, item):
                key = _meaning(program, part, readers)
                if key is not None:
                    alike.setdefault(key, []).append((part, item))
    for found in alike.values():
        if len(found) >= FEWEST:
            items = _with_bundles(items, found)
    return items


def singles(program: Program, group: Group) -> tuple[bool, ...] | None:
    """Which of a group's inputs are one element for all of it; None if some are neither that nor whole."""
    found = []
    for number in group.reads():
        shape = program.specs[number].shape
        if shape != group.domain and math.prod(shape) != 1:
            return None
        found.append(shape != group.domain)
    return tuple(found)


def _readers(program: Program, order: Sequence[Instruction | Group]) -> dict[int, set[int]]:
    """The instructions that read each value, by their results; -1 for who reads an output."""
    found: dict[int, set[int]] = {n: {-1} for n in program.outputs()}
    for item in order:
        for i in item.members if isinstance(item, Group) else [item]:
            for number in i.reads():
                found.setdefault(number, set()).add(i.results[0] if i.results else -1)
    return found


def _parts(program: Program, group: Group) -> list[Group]:
    """The parts of a group that share nothing but single elements."""
    root = list(range(len(group.members)))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    met: dict[int, int] = {}  # who made or read a value first
    for place, instruction in enumerate(group.members):
        for number in instruction.reads():
            if program.specs[number].shape == group.domain:
                root[find(met.setdefault(number, place))] = find(place)
        met.update(dict.fromkeys(instruction.results, place))
    parts: dict[int, list[Instruction]] = {}
    for place, instruction in enumerate(group.members):
        parts.setdefault(find(place), []).append(instruction)
    return [Group(group.domain, members) for members in parts.values()]


def _meaning(program: Program, group: Group, readers: dict[int, set[int]]) -> Any:
    """What a group does, whatever its values are called; None where that is nothing for a bundle."""
    single = singles(program, group)
    if single is None or len(group.members) < 2 or any(map(is_reduction, group.members)):
        return None
    names = {number: i for i, number in enumerate(group.reads())}
    own = group.results()
    steps = []
    for i in group.members:
        names[i.results[0]] = len(names)
        operands = [repr(x) if isinstance(x, Literal) else names[x] for x in i.operands]
        used = bool(readers.get(i.results[0], set()) - own)
        steps.append((i.primitive.name, *operands, repr(sorted(i.parameters.items())), used))
    dtypes = [dtype_name(program.specs[n].dtype) for n in names]
    return (single, *dtypes, *steps)


def _with_bundles(items: list[Item], found: Collection[tuple[Group, Group]]) -> list[Item]:
    """Take parts out of their groups and put bundles of them in, where that makes no circle."""
    holders = {id(group) for _, group in found}
    level: dict[int, int] = {}  # of an item: how many of these groups run before it, at most
    item_of: dict[int, Item] = {}
    for item in items:
        before = [item_of[n] for n in item.reads() if n in item_of]
        level[id(item)] = max([level[id(b)] + (id(b) in holders) for b in before], default=0)
        item_of.update(dict.fromkeys(results_of(item), item))
    by_level: dict[int, list[tuple[Group, Group]]] = {}
    for part, group in found:
        by_level.setdefault(level[id(group)], []).append((part, group))
    taken: set[int] = set()
    new: list[Item] = []
    for pairs in by_level.values():
        if len(pairs) >= FEWEST:
            new.append(Bundle([part for part, _ in pairs]))
            taken.update(n for part, _ in pairs for n in part.results())
    for item in items:
        if isinstance(item, Group) and id(item) in holders:
            # Changed where it is, because other parts know their group by its identity.
            item.members = [i for i in item.members if i.results[0] not in taken]
            if not item.members:
                continue
        new.append(item)
    return in_order(new)
