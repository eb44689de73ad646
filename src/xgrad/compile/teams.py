"""Groups that share the threads: those that come close after each other and do not need each other.

To wake a thread takes as long as a hundred thousand additions, so one group of an optimizer's step has little
of it; the steps of all variables together have much. In a team the groups are shared out as if they
were one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from .fusion import Group
from .program import Instruction

__all__ = ["Team", "part_for", "parts_of", "with_teams"]


class Team(Group):
    """Groups over any domains that run at the same time.

    Attributes
    ----------
    groups : list of Group
    """

    def __init__(self, groups: list[Group]) -> None:
        super().__init__((), [i for group in groups for i in group.members])
        self.groups = groups


def parts_of(item: Group) -> list[Group]:
    """The groups of a team, or a group alone."""
    return item.groups if isinstance(item, Team) else [item]


def part_for(item: Group, result: int, read: Collection[int]) -> Group | None:
    """The group that defines a result; None if another one, which may run later, reads some values."""
    found = None
    for part in parts_of(item):
        if result in part.results():
            found = part
        elif not set(read).isdisjoint(part.reads()):
            return None
    return found


def with_teams(
    order: Sequence[Instruction | Group], may_join: Callable[[Group], bool]
) -> list[Instruction | Group]:
    """The same with teams in place of groups, each where its last group was.

    A group waits for others until something reads what it gives; it runs where it was if none came."""
    found: list[Instruction | Group | None] = []
    waiting: list[tuple[int, Group]] = []  # and its place
    promised: set[int] = set()  # what they give

    def meet() -> None:
        """Let those that wait run."""
        if len(waiting) > 1:
            for place, _ in waiting:
                found[place] = None
            found[waiting[-1][0]] = Team([group for _, group in waiting])
        waiting.clear()
        promised.clear()

    for item in order:
        if not promised.isdisjoint(item.reads()):
            meet()
        if type(item) is Group and may_join(item):
            waiting.append((len(found), item))
            promised |= item.results()
        found.append(item)
    meet()
    return [item for item in found if item is not None]
