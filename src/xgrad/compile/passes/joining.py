"""Many small products of matrices as one: of a recurrent network's steps, for example.

A sum of products, x1 @ y1 + x2 @ y2 + ..., is one product of all factors side by side; sums of rows are
one sum of all rows; and products with the same second factor are parts of one product. A call of a
library costs as much as thousands of multiplications, and large products run faster than small ones.
What changes is the order in which a sum is added up."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from ...backends import backend_of
from ...core.casting import is_inexact
from ...core.instructions import primitive
from ..program import Instruction, Literal, Program

__all__ = ["PRODUCTS", "with_joined_products"]

_FEWEST = 4
_MOST_WORK = 1 << 18  # multiplications of a product; larger ones gain nothing
_MOST_BYTES = 1 << 22  # of all factors, which have to be there at the same time

_ADD, _CONCAT, _GETITEM = map(primitive, ("add", "concat", "getitem"))
_SUM, _TRANSPOSE = map(primitive, ("sum", "matrix_transpose"))
PRODUCTS = (primitive("matmul"), primitive("absorbing_matmul"))


def with_joined_products(program: Program) -> Program:
    """Put one product in the place of many small ones."""
    candidates = sum(_is_small_product(program, i) for i in program.instructions)
    if candidates < _FEWEST:
        return program
    known: dict[tuple[int, ...], int] = {}
    return _JoinedFactors(_JoinedSums(program, known).run(), known).run()


class _Joined:
    """A program under change: new instructions by the place of the old one that they come before.

    Parameters
    ----------
    program : Program
    known : dict
        The constants that are below each other already, by their parts.
    """

    def __init__(self, program: Program, known: dict[tuple[int, ...], int]) -> None:
        self.program = program
        self.specs = dict(program.specs)
        self.constants = dict(program.constants)
        self.new: dict[int, list[Instruction]] = {}
        self.gone: set[int] = set()  # the places of instructions
        self._numbers = program.new_numbers()
        self._known = known

    def note(
        self, place: int, made: Any, operands: tuple[Any, ...], shape: Any, **parameters: Any
    ) -> int:
        """Add an instruction, with the dtype of its first operand."""
        number = next(self._numbers)
        self.specs[number] = self.specs[operands[0]]._replace(shape=tuple(shape))
        where = self.program.instructions[place].where
        self.new.setdefault(place, []).append(
            Instruction(made, operands, parameters, (number,), where)
        )
        return number

    def rows(self, place: int, parts: tuple[int, ...]) -> int:
        """Matrices below each other."""
        shapes = [self.specs[n].shape for n in parts]
        shape = (sum(s[0] for s in shapes), shapes[0][1])
        if not all(n in self.constants for n in parts):
            return self.note(place, _CONCAT, parts, shape, axis=0)
        if parts not in self._known:
            arrays = [self.constants[n] for n in parts]
            number = self._known[parts] = next(self._numbers)
            self.specs[number] = self.specs[parts[0]]._replace(shape=shape)
            backend = backend_of(arrays[0])
            with backend.on(arrays[0]):
                self.constants[number] = backend.xp.concat(arrays, axis=0)
        return self._known[parts]

    def fits(self, numbers: Iterable[int]) -> bool:
        """Whether values may all be kept until they are needed together."""
        return sum(map(self.program.bytes_of, set(numbers))) <= _MOST_BYTES

    def finished(self) -> Program:
        """The program as it is now."""
        if not self.new:
            return self.program
        kept: list[Instruction] = []
        for place, instruction in enumerate(self.program.instructions):
            kept += self.new.get(place, [])
            if place not in self.gone:
                kept.append(instruction)
        changed = replace(self.program, specs=self.specs, constants=self.constants)
        return changed.with_instructions(kept)


class _JoinedSums(_Joined):
    """The terms of sums."""

    def run(self) -> Program:
        """Join what can be joined."""
        instructions = self.program.instructions
        self._place = {n: place for place, i in enumerate(instructions) for n in i.results}
        self._readers = Counter(itertools.chain.from_iterable([i.reads() for i in instructions]))
        self._readers.update(self.program.outputs())
        roots = []
        inner: set[int] = set()  # sums that only a larger sum reads
        for place, i in enumerate(instructions):
            if i.primitive is _ADD:
                roots.append(place)
                inner |= {n for n in i.reads() if self._is_term(n, i) and self._makes(n) is _ADD}
        for place in roots:
            if instructions[place].results[0] not in inner:
                self._join(place, inner)
        return self.finished()

    def _makes(self, number: Any) -> Any:
        place = self._place.get(number)
        return None if place is None else self.program.instructions[place].primitive

    def _is_term(self, x: Any, root: Instruction) -> bool:
        """Whether nobody but a sum of its shape and dtype reads a value."""
        same = type(x) is int and self.specs[x] == self.specs[root.results[0]]
        return same and self._readers[x] == 1

    def _join(self, place: int, inner: set[int]) -> None:
        """Join the terms of one sum, which ends at a place."""
        root = self.program.instructions[place]
        terms: list[Any] = []
        sums: list[int] = []
        stack = list(root.operands[::-1])
        while stack:
            x = stack.pop()
            if type(x) is int and x in inner:
                sums.append(x)
                stack += self.program.instructions[self._place[x]].operands[::-1]
            else:
                terms.append(x)
        left = list(terms)
        for kind, numbers in self._kinds(root, terms).items():
            members = [self.program.instructions[self._place[n]] for n in numbers]
            if len(members) >= _FEWEST and self.fits(n for m in members for n in m.reads()):
                gone = set(numbers)
                left = [x for x in left if type(x) is not int or x not in gone]
                left.append(self._joined(place, kind, members))
                self.gone.update(self._place[n] for n in numbers)
        if len(left) == len(terms):
            return
        self.gone.update(self._place[n] for n in sums)
        self.gone.add(place)
        total = left[-1]
        for x in left[-2::-1]:
            total = self.note(place, _ADD, (total, x), self.specs[total].shape)
        last = self.new[place][-1]
        self.new[place][-1] = last._replace(results=root.results)

    def _kinds(self, root: Instruction, terms: list[Any]) -> dict[Any, list[int]]:
        """Terms that can be joined, by what they have to share."""
        kinds: dict[Any, list[int]] = {}
        for x in terms:
            if not self._is_term(x, root) or x not in self._place:
                continue
            maker = self.program.instructions[self._place[x]]
            if _is_small_product(self.program, maker):
                transposed = self._makes(maker.operands[0]) is _TRANSPOSE
                key = (maker.primitive, maker.parameters.get("zeros"), transposed)
                kinds.setdefault(key, []).append(x)
            elif _is_row_sum(self.program, maker):
                kinds.setdefault(_SUM, []).append(x)
        return kinds

    def _joined(self, place: int, kind: Any, members: list[Instruction]) -> int:
        """One product, or one sum, of all that is side by side."""
        shape = self.specs[members[0].results[0]].shape
        if kind is _SUM:
            # The latest first, as products have them below that come back through earlier steps.
            parts = sorted([m.operands[0] for m in members], reverse=True)
            rows = self.rows(place, tuple(parts))  # type: ignore[arg-type]
            return self.note(place, _SUM, (rows,), shape, axis=(0,), keepdims=False)
        product, _, transposed = kind
        if transposed:
            sources = [self.program.instructions[self._place[m.operands[0]]] for m in members]  # type: ignore[index]
            pairs = sorted(
                (s.operands[0], m.operands[1]) for s, m in zip(sources, members, strict=True)
            )
            firsts, seconds = zip(*pairs, strict=True)
            rows = self.rows(place, firsts)
            first = self.note(place, _TRANSPOSE, (rows,), self.specs[rows].shape[::-1])
        else:
            firsts, seconds = zip(*[m.operands for m in members], strict=True)
            depth = sum(self.specs[n].shape[1] for n in firsts)
            first = self.note(place, _CONCAT, firsts, (shape[0], depth), axis=1)
        second = self.rows(place, seconds)
        return self.note(place, product, (first, second), shape, **members[0].parameters)


class _Set(NamedTuple):
    """Products that may be one: where they are, where the last factor is made, and a result is first read."""

    places: list[int]
    latest: int
    first_read: int


class _JoinedFactors(_Joined):
    """Products with the same second factor, where all first factors are there before a result is read."""

    def run(self) -> Program:
        """Join what can be joined."""
        instructions = self.program.instructions
        read_at: dict[int, int] = {}
        for place, i in enumerate(instructions):
            for n in i.reads():
                read_at.setdefault(n, place)
        outputs = set(self.program.outputs())
        made_at: dict[Any, int] = {}
        moving: set[Any] = set()  # what may be made as late as it is read
        sets: dict[Any, list[_Set]] = {}
        for place, i in enumerate(instructions):
            for n in i.results:
                made_at[n] = place
            number = i.results[0]
            if number not in read_at or number in outputs or not _is_small_product(self.program, i):
                continue
            moving.add(number)
            x1, x2 = i.operands
            made = place if x1 in moving else made_at.get(x1, -1)
            found = sets.setdefault((i.primitive, i.parameters.get("zeros"), x2), [])
            if found:
                latest = max(found[-1].latest, made)
                first_read = min(found[-1].first_read, read_at[number])
                if latest < first_read:
                    found[-1].places.append(place)
                    found[-1] = _Set(found[-1].places, latest, first_read)
                    continue
            found.append(_Set([place], made, read_at[number]))
        for places, _, first_read in itertools.chain.from_iterable(sets.values()):
            members = [instructions[place] for place in places]
            numbers = [n for m in members for n in (m.operands[0], m.results[0])]
            if len(members) >= _FEWEST and self.fits(numbers):  # type: ignore[arg-type]
                self._join(first_read, members)
                self.gone.update(places)
        return self.finished()

    def _join(self, place: int, members: list[Instruction]) -> None:
        first = members[0]
        rows = self.rows(place, tuple([m.operands[0] for m in members]))  # type: ignore[misc]
        shape = (self.specs[rows].shape[0], self.specs[first.results[0]].shape[1])
        operands = (rows, first.operands[1])
        product = self.note(place, first.primitive, operands, shape, **first.parameters)
        start = 0
        for member in members:
            stop = start + self.specs[member.results[0]].shape[0]
            key = {"key": slice(start, stop, None)}
            part = member._replace(primitive=_GETITEM, operands=(product,), parameters=key)
            self.new[place].append(part)
            start = stop


def _is_small_product(program: Program, i: Instruction) -> bool:
    """Whether an instruction multiplies two small matrices of floating numbers."""
    if i.primitive not in PRODUCTS:
        return False
    x1, x2 = i.operands
    if type(x1) is not int or type(x2) is not int:
        return False
    one, two = program.specs[x1], program.specs[x2]
    if len(one.shape) != 2 or len(two.shape) != 2 or one.dtype != two.dtype:
        return False
    return 0 < math.prod(one.shape) * two.shape[1] <= _MOST_WORK and is_inexact(one.dtype)


def _is_row_sum(program: Program, i: Instruction) -> bool:
    """Whether an instruction sums the rows of a small matrix."""
    if i.primitive is not _SUM or i.parameters.get("dtype") is not None:
        return False
    (x,) = i.operands
    if isinstance(x, Literal) or i.parameters.get("axis") not in (0, (0,)):
        return False
    spec = program.specs[x]
    fits = len(spec.shape) == 2 and 0 < math.prod(spec.shape) <= _MOST_WORK >> 4
    return fits and not i.parameters.get("keepdims") and is_inexact(spec.dtype)
