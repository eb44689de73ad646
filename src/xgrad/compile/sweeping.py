"""Groups whose instructions are loops over flat arrays, as one sweep (backends/numpy_sweeps.py).

A sweep does what the source of a stretch does, with its scratch memory and in its blocks, which are
smaller: without calls they need not be worth a call. Its sums add up in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..backends import numpy_kernels as kernels
from ..backends import numpy_sweeps as sweeps
from ..backends.numpy_buffers import Form
from ..backends.numpy_loops import SELECT
from ..backends.numpy_sweeps import SweepStep, Vector
from .numbers import number_among
from .program import Instruction, Literal, Program
from .showing import SHOWN

__all__ = ["Sweeping", "sweeping"]


# The operands whose elements show in the result if they are not finite.
_SHOWN = {**SHOWN, "guard": slice(1)}


class _Member(NamedTuple):
    """What a member does: a function, and what it reads, numbers of values or arrays."""

    function: Any
    operands: tuple[Any, ...]
    result: int

    @property
    def tables(self) -> tuple[Any, ...]:
        """What lies aside of the elements."""
        if isinstance(self.function, sweeps.Gathering):
            return self.operands
        return (
            (self.operands[1], self.result) if isinstance(self.function, sweeps.Scattering) else ()
        )


class Sweeping(NamedTuple):
    """A group that can be a sweep.

    Attributes
    ----------
    block : int
        How many elements its blocks have.
    """

    program: Program
    members: tuple[_Member, ...]
    block: int

    def function(
        self,
        homes: Sequence[str],
        outputs: Sequence[int],
        scratch: Sequence[Form],
        block: int,
        slow: Callable[..., Any],
    ) -> Callable[..., Any] | None:
        """The function, when it is known where the members' results lie; None if there are too many.

        Names are those of the source: ``x`` and ``y`` with the number of a value, ``m`` with a place."""
        specs = self.program.specs
        names: dict[int, str] = {}
        inputs: list[Vector] = []
        own = {m.result for m in self.members}
        tables = {x for m in self.members for x in m.tables}
        for x in [x for m in self.members for x in m.operands if type(x) is int]:
            if x not in own and x not in names:
                names[x] = f"x{x}"
                whole = self.program.size_of(x) != 1
                inputs.append(Vector(f"x{x}", specs[x].dtype, whole, x in tables))
        later, showing = _guards_for_later(self.members, [n for n in outputs if n not in tables])
        steps = []
        for member, home in zip(self.members, homes, strict=True):
            given = [names[x] if type(x) is int else x for x in member.operands]
            if home:
                names[member.result] = home
                given.append(home)
            function = "guard_later" if member.result in later else member.function
            steps.append(SweepStep(function, tuple(given)))
        return sweeps.sweep(
            steps,
            inputs,
            [Vector(f"y{n}", specs[n].dtype, True, n in tables, n in showing) for n in outputs],
            [Vector(f"m{i}", form.dtype) for i, form in enumerate(scratch)],
            block,
            slow,
        )


def _guards_for_later(
    members: Sequence[_Member], outputs: Sequence[int]
) -> tuple[set[int], set[int]]:
    """The results of guards that need not look, and the outputs in which what they would mend shows.

    What is not finite goes through sums and products: whatever the other operand is, the result is not
    finite either. So one look at the output serves all guards on the way, if there are more of them."""
    shows: dict[int, int] = {n: n for n in outputs}
    guards: set[int] = set()
    for member in reversed(members):
        output = shows.get(member.result)
        if output is None:
            continue
        if member.function == "guard":
            guards.add(member.result)
        name = getattr(member.function, "__name__", member.function)
        for x in member.operands[_SHOWN.get(name, slice(0))]:
            if type(x) is int:
                shows.setdefault(x, output)
    showing = {shows[n] for n in guards}
    return (guards, showing) if len(guards) > len(showing) else (set(), set())


def sweeping(
    program: Program, domain: tuple[int, ...], members: Sequence[Instruction]
) -> Sweeping | None:
    """What the members of a group over flat arrays are as a sweep, or None where that cannot be."""
    found = []
    for member in members:
        one = _member(program, domain, member)
        if one is None:
            return None
        found.append(one)
    dtypes = [program.specs[n].dtype for m in members for n in (*m.reads(), *m.results)]
    return Sweeping(program, tuple(found), sweeps.block_of(dtypes))


def _member(program: Program, domain: tuple[int, ...], member: Instruction) -> _Member | None:
    name, number = member.primitive.name, member.results[0]
    operands: list[Any] = list(member.operands)
    specs = program.specs
    if name == "sum":
        function: Any = "sum" if len(operands) == 1 else "product_sum"
        dtypes = tuple([specs[x].dtype for x in operands if type(x) is int])
        whole = all(type(x) is int and specs[x].shape == domain for x in operands)
        dtypes += (specs[number].dtype,)
        fits = whole and sweeps.can_sweep(function, dtypes)
        return _Member(function, tuple(operands), number) if fits else None
    if name == "index_add":
        if not sweeps.can_scatter(specs[number].dtype, specs[operands[1]].dtype):
            return None
        width = math.prod(specs[number].shape[1:])
        return _Member(sweeps.Scattering(width), tuple(operands), number)
    if specs[number].shape != domain:
        return None
    if name == "zero_where_zero":
        function = "guard"
        if type(operands[0]) is not int or specs[operands[0]].shape != domain:
            return None
    elif name == "where":
        function = SELECT
    elif name == "take":
        if not sweeps.can_gather(*[specs[x].dtype for x in member.reads()]):
            return None
        width = math.prod(specs[operands[0]].shape[1:])
        return _Member(sweeps.Gathering(width), tuple(operands), number)
    else:
        ufunc = kernels.ufunc_of(name, member.parameters, specs[number].dtype)
        if ufunc is None:
            return None
        function = ufunc[0]
        operands += map(Literal, ufunc[1])
    literals = [
        number_among(program, x.value, operands, number) for x in operands if isinstance(x, Literal)
    ]
    if any(array is None for array in literals):
        return None
    numbers = iter(literals)
    operands = [next(numbers) if isinstance(x, Literal) else x for x in operands]
    dtypes = tuple([specs[x].dtype if type(x) is int else x.dtype for x in operands])
    if not sweeps.can_sweep(function, (*dtypes, specs[number].dtype)):
        return None
    return _Member(function, tuple(operands), number)
