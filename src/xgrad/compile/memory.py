"""Which values have memory of their own, and how long somebody needs it.

A value is a view of another one, is written into memory that it is given, or is new in every call,
as is whatever a library's function returns. Where that memory is, arena.py decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends import numpy_writers as writers
from .fusion import Group, results_of
from .program import Instruction, Literal, Program

__all__ = ["Memory"]


class Memory:
    """Whose memory the values of a program lie in.

    Attributes
    ----------
    views : dict
        From values that are views to what they are views of.
    guarded : list of int
        Values of our own that need no guard, or no care, if they are finite.
    """

    def __init__(self, program: Program, order: list[Instruction | Group]) -> None:
        self._program = program
        self._order = order
        self.views: dict[int, int] = {}
        self._roots: dict[int, frozenset[int]] = {
            n: frozenset([n]) for n in (*program.inputs(), *program.constants)
        }
        self._given = set(self._roots)
        self._new: set[int] = set()  # in every call
        self._inside: set[int] = set()  # of a group, in scratch memory
        self._guards: dict[int, int] = {}  # from guarded results to what is guarded in place
        self.guarded: list[int] = []
        self._kept: frozenset[int] = frozenset()
        self._makers = {n: i for i in order if isinstance(i, Instruction) for n in i.results}
        self._readers: dict[Any, int] = {}
        for instruction in program.instructions:
            for n in instruction.reads():
                self._readers[n] = self._readers.get(n, 0) + 1
        self._find_roots()
        self._last = self._last_uses()
        self._leaving = frozenset().union(*[self._roots[n] for n in program.outputs()], frozenset())

    # -- questions -------------------------------------------------------------------------------

    def leaves(self, group: Group) -> set[int]:
        """Which results of a group somebody else reads."""
        return {n for n in group.results() if n not in self._inside}

    def is_guarded_in_place(self, instruction: Instruction) -> bool:
        """Whether a guard works on the memory of what it guards."""
        return instruction.results[0] in self._guards

    def is_ours(self, number: int) -> bool:
        """Whether a value lies in buffers of the arena, or in results that kernels write."""
        roots = self._roots.get(number, frozenset())
        return bool(roots) and not roots & (self._given | self._new | self._inside)

    def keep(self, numbers: Iterable[int]) -> list[int]:
        """Keep values of our own until the end; those that are not, or leave, are given back."""
        others = [n for n in numbers if not self.is_ours(n) or self._roots[n] & self._leaving]
        kept = set(numbers).difference(others)
        self._kept = frozenset().union(*[self._roots[n] for n in kept])
        return others

    def kept(self) -> frozenset[int]:
        """The values of our own that are kept until the end."""
        return self._kept

    def is_new(self, number: int) -> bool:
        """Whether a library's function makes a value anew in every call."""
        return number in self._new

    def is_whole(self, number: int) -> bool:
        """Whether a value is all of the memory that it lies in, its elements side by side."""
        (root,) = self._roots[number]
        return self._program.size_of(root) == self._program.size_of(number) and self.is_in_order(
            number
        )

    def is_in_order(self, number: int) -> bool:
        """Whether the elements of a value lie side by side, as far as that is known before."""
        if number in self._given or self._roots[number] & self._given:
            return True
        return kernels.is_in_order(self._sample(number))

    def ends_at(self, number: int, place: int) -> bool:
        """Whether the memory of a value is the program's, not kept, and needed by nobody after a place."""
        roots = self._roots[number]
        return not roots & (self._given | self._kept) and all(self._last[n] <= place for n in roots)

    def roots_of(self, number: int) -> frozenset[int]:
        """The values in whose memory a value lies."""
        return self._roots[number]

    def leaving_roots(self) -> frozenset[int]:
        """The values in whose memory outputs lie."""
        return self._leaving

    def owned_results(self, item: Instruction | Group) -> list[int]:
        """The results of an item that a kernel writes into memory of their own."""
        return [
            n
            for n in results_of(item)
            if self._roots[n] == frozenset([n]) and n not in self._new and n not in self._inside
        ]

    def last_uses(self) -> dict[int, int]:
        """From values with memory of their own to the place in the order of who reads it last."""
        return self._last

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        for place, item in enumerate(self._order):
            for number in (*item.reads(), *results_of(item)):
                for root in self._roots[number]:
                    last[root] = place
        return last

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
                self.guarded.append(r)
            elif (base := self._base_of_view(item)) is not None:
                self.views[number] = base
                self._roots[number] = self._roots[base]
            elif self._has_kernel(item):
                self._roots[number] = frozenset([number])
                if name == "absorbing_matmul":
                    self.guarded.append(number)
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
        base = self.views.get(number, self._guards.get(number))
        view = None
        if base is not None and base not in self._given:
            view = self._sample(base)
            if number not in self._guards:
                item = self._makers[number]
                view = kernels.as_view(item.primitive.name, view, item.parameters)
        if view is not None:
            return view
        spec = self._program.specs[number]  # also of what turns out to be a copy
        return kernels.buffer(spec.shape, spec.dtype)

    def _has_kernel(self, instruction: Instruction) -> bool:
        name, parameters = instruction.primitive.name, instruction.parameters
        if len(instruction.results) != 1:
            return False
        dtype = self._program.specs[instruction.results[0]].dtype
        if kernels.ufunc_of(name, parameters, dtype) is not None or name == "absorbing_matmul":
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

    def _is_broadcast(self, number: int) -> bool:
        sample = self._sample(number)
        return 0 in sample.strides and sample.size > 1


def _reads_at_indices(instruction: Instruction) -> bool:
    plain = {"put": 1, "setitem": 2}.get(instruction.primitive.name)
    if plain is None:
        return False
    key = instruction.parameters["key"]
    parts = key if isinstance(key, tuple) else (key,)
    return len(instruction.operands) > plain or any(isinstance(part, bool) for part in parts)
