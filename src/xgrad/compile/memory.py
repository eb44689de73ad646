"""Where values live: an arena of buffers, shared by values whose lifetimes do not meet.

A value is a view of another one, has a buffer, or is new in every call: outputs, and whatever a
library's function returns. Guarded results may be put side by side, to be looked at together."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends import numpy_writers as writers
from .fusion import Group
from .program import Instruction, Literal, Program

__all__ = ["Memory"]

_ALIGNED = 64


class Memory:
    """The places of all values of a program.

    Attributes
    ----------
    views : dict
        From values that are views to what they are views of.
    bytes : int
        The size of the arena.
    watched_regions : list of arrays
        What has to be finite in the end.
    watched_outputs : list of int
        Values outside the arena that have to be, too.
    """

    def __init__(
        self,
        program: Program,
        order: list[Instruction | Group],
        watching: bool,
        assumed: Collection[int] = (),
    ) -> None:
        self._program = program
        self._order = order
        self._watching = watching
        self.views: dict[int, int] = {}
        self._roots: dict[int, frozenset[int]] = {
            n: frozenset([n]) for n in (*program.inputs(), *program.constants)
        }
        self._given = set(self._roots)
        self._new: set[int] = set()  # in every call
        self._inside: set[int] = set()  # of a group, in scratch memory
        self._guards: dict[int, int] = {}  # from guarded results to what is guarded in place
        self._watched: list[int] = []
        self._readers: dict[Any, int] = {}
        for instruction in program.instructions:
            for n in instruction.reads():
                self._readers[n] = self._readers.get(n, 0) + 1
        self._find_roots()
        for n in assumed:
            if self._is_ours(n):
                self._watched += list(self._roots[n])
        self._leaving = frozenset().union(*[self._roots[n] for n in program.outputs()], frozenset())
        self._buffers: dict[int, Any] = {}
        self.watched_regions: list[Any] = []
        self.watched_outputs: list[int] = []
        self.bytes = 0
        self._allocate()

    # -- questions -------------------------------------------------------------------------------

    def place_of(self, number: int) -> Any:
        """The buffer of a value; None for one that is new in every call."""
        return self._buffers.get(number)

    def leaves(self, group: Group) -> set[int]:
        """Which results of a group somebody else reads."""
        return {n for n in group.results() if n not in self._inside}

    def is_guarded_in_place(self, instruction: Instruction) -> bool:
        """Whether a guard works on the memory of what it guards."""
        return instruction.results[0] in self._guards

    def is_watched(self, number: int) -> bool:
        """Whether a value has to be finite in the end."""
        return self._is_ours(number) and self._roots[number] <= set(self._watched)

    def must_be_copied(self, number: int) -> bool:
        """Whether a library's result leaves the program and may be a view of the arena."""
        leaving = any(number in self._roots[n] for n in self._program.outputs())
        return leaving and any(root in self._buffers for root in self._roots[number])

    def roots_of(self, number: int) -> frozenset[int]:
        """The values in whose memory a value lies."""
        return self._roots[number]

    def leaving_roots(self) -> frozenset[int]:
        """The values in whose memory outputs lie."""
        return self._leaving

    def owned_results(self, item: Instruction | Group) -> list[int]:
        """The results of an item that a kernel writes into memory of their own."""
        return self._defined(item)

    # -- analysis --------------------------------------------------------------------------------

    def _find_roots(self) -> None:
        for item in self._order:
            if isinstance(item, Group):
                self._find_roots_of_group(item)
                continue
            name, number = item.primitive.name, item.results[0]
            if name == "zero_where_zero" and self._can_guard_in_place(item):
                r: Any = item.operands[0]
                self._guards[number] = r
                self._roots[number] = self._roots[r]
                self._watched += list(self._roots[r])
            elif (base := self._base_of_view(item)) is not None:
                self.views[number] = base
                self._roots[number] = self._roots[base]
            elif self._has_kernel(item):
                self._roots[number] = frozenset([number])
                if name == "absorbing_matmul":
                    self._watched.append(number)
            else:
                borrowed = frozenset().union(*[self._roots[n] for n in item.reads()], frozenset())
                for n in item.results:
                    self._new.add(n)
                    self._roots[n] = borrowed | {n}

    def _find_roots_of_group(self, group: Group) -> None:
        outside = set(self._program.outputs())
        for item in self._order:
            if item is not group:
                outside.update(item.reads())
        for member in group.members:
            (number,) = member.results
            self._roots[number] = frozenset([number])
            if member.primitive.name == "sum" and group.makes_sums:
                self._new.add(number)
            elif number not in outside:
                self._inside.add(number)

    def _base_of_view(self, instruction: Instruction) -> int | None:
        name = instruction.primitive.name
        if len(instruction.operands) != 1 or len(instruction.results) != 1:
            return None
        (x,) = instruction.operands
        if isinstance(x, Literal) or not kernels.may_be_view(name, instruction.parameters):
            return None
        if x in self._given or self._roots[x] & self._new:
            return x
        spec = self._program.specs[x]
        sample = self._sample(x)
        return (
            x
            if kernels.as_view(name, sample, instruction.parameters) is not None and spec
            else None
        )

    def _sample(self, number: int) -> Any:
        """An array laid out like a value, without contents."""
        base = self.views.get(number) or self._guards.get(number)
        if base is None or base in self._given:
            spec = self._program.specs[number]
            return kernels.buffer(spec.shape, spec.dtype)
        for item in self._order:
            if isinstance(item, Instruction) and number in item.results:
                if number in self._guards:
                    return self._sample(base)
                return kernels.as_view(item.primitive.name, self._sample(base), item.parameters)
        raise AssertionError(number)

    def _has_kernel(self, instruction: Instruction) -> bool:
        name, parameters = instruction.primitive.name, instruction.parameters
        if len(instruction.results) != 1:
            return False
        if kernels.ufunc_of(name, parameters) is not None or name == "absorbing_matmul":
            return True
        return writers.has_writer(name) and not _reads_at_indices(instruction)

    def _can_guard_in_place(self, instruction: Instruction) -> bool:
        """Whether what is guarded is the whole of memory of its own, and nobody else needs it."""
        r = instruction.operands[0]
        if self._readers.get(r, 0) != 1 or r in self._program.outputs():
            return False
        if (
            isinstance(r, Literal)
            or self._program.specs[r] != self._program.specs[instruction.results[0]]
        ):
            return False
        roots = self._roots[r]
        if len(roots) != 1 or roots & self._given or roots & self._new or roots & self._inside:
            return False
        (root,) = roots
        return self._program.size_of(root) == self._program.size_of(r) and not self._is_broadcast(r)

    def _is_ours(self, number: int) -> bool:
        """Whether a value lies in buffers of the arena, or in results that kernels write."""
        roots = self._roots.get(number, frozenset())
        return bool(roots) and not roots & (self._given | self._new | self._inside)

    def _is_broadcast(self, number: int) -> bool:
        sample = self._sample(number)
        return 0 in sample.strides and sample.size > 1

    # -- allocation ------------------------------------------------------------------------------

    def _allocate(self) -> None:
        last = self._last_uses()
        watched = set(self._watched) - self._leaving if self._watching else set()
        if self._watching:
            self.watched_outputs = sorted(set(self._watched) & self._leaving)
        self._allocate_watched(sorted(watched))
        free: list[tuple[int, Any]] = []
        dying: dict[int, list[int]] = {}
        for root, place in last.items():
            dying.setdefault(place, []).append(root)
        for place, item in enumerate(self._order):
            made = [
                n
                for n in self._defined(item)
                if n not in self._leaving and n not in watched and n not in self._buffers
            ]
            over = [
                root
                for root in dying.get(place, [])
                if root in self._buffers and root not in watched
            ]
            in_place = _runs_in_place(item)
            if in_place:
                free += [(self._raw[root].nbytes, self._raw[root]) for root in over]
            for number in made:
                self._take(number, free)
            if not in_place:
                free += [(self._raw[root].nbytes, self._raw[root]) for root in over]

    def _defined(self, item: Instruction | Group) -> list[int]:
        numbers = item.results() if isinstance(item, Group) else item.results
        return [
            n
            for n in numbers
            if self._roots[n] == frozenset([n]) and n not in self._new and n not in self._inside
        ]

    def _take(self, number: int, free: list[tuple[int, Any]]) -> None:
        """A buffer that is free and fits best, or a new one."""
        needed = max(self._program.bytes_of(number), 1)
        fitting = [entry for entry in free if needed <= entry[0] <= 2 * needed + _ALIGNED]
        if fitting:
            entry = min(fitting, key=lambda e: e[0])
            free.remove(entry)
            raw = entry[1]
        else:
            raw = kernels.raw_memory(needed)
            self.bytes += raw.nbytes
        self._raw[number] = raw
        spec = self._program.specs[number]
        self._buffers[number] = kernels.shaped(raw, spec.shape, spec.dtype)

    def _allocate_watched(self, numbers: list[int]) -> None:
        self._raw: dict[int, Any] = {}
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

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        for place, item in enumerate(self._order):
            numbers = [
                *item.reads(),
                *(item.results() if isinstance(item, Group) else item.results),
            ]
            for number in numbers:
                for root in self._roots[number]:
                    last[root] = place
        return last


def _reads_at_indices(instruction: Instruction) -> bool:
    plain = {"put": 1, "setitem": 2}.get(instruction.primitive.name)
    if plain is None:
        return False
    key = instruction.parameters["key"]
    parts = key if isinstance(key, tuple) else (key,)
    return len(instruction.operands) > plain or any(isinstance(part, bool) for part in parts)


def _runs_in_place(item: Instruction | Group) -> bool:
    """Whether a result may lie where an operand lies that nobody reads any more."""
    if isinstance(item, Group):
        return False
    return kernels.ufunc_of(item.primitive.name, item.parameters) is not None
