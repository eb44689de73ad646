"""One block of memory for what a program needs while it runs, shared by values that do not meet.

In it are values, and what functions and groups need in between. Results leave, so their memory is not
there; but a large one is there before the result is, and may serve values that are over by then. A
result of elementwise work may take the memory of an operand that nobody reads any more. Results that
are guarded may lie side by side, to be looked at together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends.numpy_buffers import Form
from .fusion import Group
from .memory import Memory
from .overwriting import is_elementwise, may_write_over
from .places import ALIGNED, Place, Room, Stay, arrange
from .program import Instruction, Program
from .runs import Run
from .taking import is_worth_taking

__all__ = ["Arena"]

_LEAST_OVER = 1 << 13  # bytes of an operand to be written over: to find that safe takes NumPy 80 ns


class Arena:
    """The memory of a program.

    Parameters
    ----------
    scratch : mapping
        From places in the order to the forms of what is needed there only.
    given : collection of int
        Results whose memory others give.

    Attributes
    ----------
    bytes : int
        Its size.
    guests : dict
        From values to the result in whose memory they lie, and at which byte.
    scratch : dict
        From places in the order to arrays.
    watched_regions : list of arrays
        What has to be finite in the end.
    """

    def __init__(
        self,
        program: Program,
        order: Sequence[Instruction | Group],
        memory: Memory,
        scratch: Mapping[int, Sequence[Form]],
        given: Collection[int],
    ) -> None:
        self._program = program
        self._memory = memory
        leaving, watched = memory.leaving_roots(), memory.kept()
        self.watched_regions: list[Any] = []
        self.bytes = 0
        self._buffers: dict[int, Any] = {}
        self._put_side_by_side(sorted(watched))
        self._last = memory.last_uses()
        self._first = {n: i for i, item in enumerate(order) for n in memory.owned_results(item)}
        self._own = {n for n in self._first if n not in leaving and n not in watched}
        self.guests: dict[int, tuple[int, int]] = {}
        self.scratch: dict[int, list[Any]] = {}
        hosts = [
            n
            for item in order
            for n in memory.owned_results(item)
            if n in leaving
            and n not in given
            and not isinstance(item, Run)
            and is_worth_taking(program, n)
        ]
        self._allocate(order, scratch, hosts)

    def place_of(self, number: int) -> Any:
        """The buffer of a value; None for one that lies outside."""
        return self._buffers.get(number)

    def begins(self) -> dict[int, list[int]]:
        """From places in the order to the results whose memory is needed from there on."""
        first: dict[int, int] = {}
        for number, (host, _) in self.guests.items():
            first[host] = min(self._first[number], first.get(host, self._first[number]))
        found: dict[int, list[int]] = {}
        for host, place in first.items():
            found.setdefault(place, []).append(host)
        return found

    def must_be_copied(self, number: int) -> bool:
        """Whether a library's result leaves the program and may be a view of our memory."""
        roots = self._memory.roots_of(number)
        leaving = any(number in self._memory.roots_of(n) for n in self._program.outputs())
        return leaving and any(root in self._buffers or root in self.guests for root in roots)

    # -- allocation ------------------------------------------------------------------------------

    def _put_side_by_side(self, numbers: list[int]) -> None:
        by_dtype: dict[Any, list[int]] = {}
        for number in numbers:
            by_dtype.setdefault(self._program.specs[number].dtype, []).append(number)
        for dtype, members in by_dtype.items():
            region = kernels.buffer(sum(map(self._program.size_of, members)), dtype)
            region.fill(0)
            self.watched_regions.append(region)
            self.bytes += region.nbytes
            start = 0
            for number in members:
                stop = start + self._program.size_of(number)
                shape = self._program.specs[number].shape
                self._buffers[number] = region[start:stop].reshape(shape)
                start = stop

    def _allocate(
        self,
        order: Sequence[Instruction | Group],
        scratch: Mapping[int, Sequence[Form]],
        hosts: list[int],
    ) -> None:
        over = self._taken_over(order, {*self._own, *hosts})
        leaders: dict[int, list[int]] = {}  # values in one memory, after each other
        leader_of: dict[int, int] = {}
        for number in sorted(self._own, key=self._first.__getitem__):
            leader = leader_of[over[number]] if number in over else number
            leader_of[number] = leader
            leaders.setdefault(leader, []).append(number)
        for host in hosts:
            if host in over:  # written over an operand: that lies where the result will
                for number in leaders.pop(leader_of[over[host]]):
                    self.guests[number] = (host, 0)
        stays = [self._stay(members) for members in leaders.values()]
        forms = [(place, form) for place, needed in scratch.items() for form in needed]
        stays += [Stay(form.bytes(), place, place, False) for place, form in forms]
        started = {host: self._first[host] for host in hosts}
        for number, (host, _) in self.guests.items():
            started[host] = min(started[host], self._first[number])
        rooms = [Room(self._program.bytes_of(host), started[host]) for host in hosts]
        found, size = arrange(stays, rooms)
        self.bytes += size
        raw = kernels.raw_memory(size, ALIGNED) if size else None
        count = len(leaders)
        for members, at in zip(leaders.values(), found[:count], strict=True):
            for number in members:
                self._put(number, at, raw, hosts)
        for (place, form), at in zip(forms, found[count:], strict=True):
            array = kernels.shaped(raw, at.start, *form)
            self.scratch.setdefault(place, []).append(array)

    def _stay(self, members: list[int]) -> Stay:
        size = self._program.bytes_of(members[0])
        return Stay(size, self._first[members[0]], self._last[members[-1]])

    def _put(self, number: int, at: Place, raw: Any, hosts: list[int]) -> None:
        if at.room is not None:
            self.guests[number] = (hosts[at.room], at.start)
            return
        spec = self._program.specs[number]
        self._buffers[number] = kernels.shaped(raw, at.start, spec.shape, spec.dtype)

    # -- in place --------------------------------------------------------------------------------

    def _taken_over(
        self, order: Sequence[Instruction | Group], results: set[int]
    ) -> dict[int, int]:
        """From results to the operands over which they may be written."""
        found: dict[int, int] = {}
        for place, item in enumerate(order):
            if not _is_elementwise(item):
                continue
            gone: set[int] = set()
            for y in self._memory.owned_results(item):
                if y not in results:
                    continue
                for x in item.reads():
                    root = self._dying_with(x, y, place)
                    if root is None or root in gone:
                        continue
                    if may_write_over(self._memory, item, x, y):
                        found[y] = root
                        gone.add(root)
                        break
        return found

    def _dying_with(self, x: int, y: int, place: int) -> int | None:
        """The value in whose memory an operand lies, if it is alone there and nobody needs it later."""
        roots = self._memory.roots_of(x)
        if len(roots) != 1 or self._program.specs[x] != self._program.specs[y]:
            return None
        if self._program.bytes_of(x) < _LEAST_OVER:
            return None
        (root,) = roots
        fits = root in self._own and self._last[root] == place and self._memory.is_whole(x)
        return root if fits else None


def _is_elementwise(item: Instruction | Group) -> bool:
    if isinstance(item, Group):
        return not isinstance(item, Run)
    return is_elementwise(item)
