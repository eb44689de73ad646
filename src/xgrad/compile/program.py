"""A recorded step as data: instructions on numbered values, in the order in which they ran.

Values are immutable, so a number has one definition. What an instruction does is its primitive's
business; nothing here knows arrays beyond their shapes and dtypes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..backends import Backend
from ..backends.base import dtype_name
from ..core.node import Where
from ..core.primitive import Primitive
from ..core.spec import Spec
from ..core.variable import Variable
from .draws import Draw

__all__ = ["Instruction", "Literal", "Program"]


class Literal(NamedTuple):
    """A Python number as an operand."""

    value: Any


Operand = int | Literal


class Instruction(NamedTuple):
    """One primitive.

    Attributes
    ----------
    primitive : Primitive
    operands : tuple
        The number of a value, or a `Literal`.
    parameters : dict
    results : tuple of int
    where : tuple or None
        The user's line.
    """

    primitive: Primitive
    operands: tuple[Operand, ...]
    parameters: dict[str, Any]
    results: tuple[int, ...]
    where: Where

    @property
    def looks(self) -> bool:
        """Whether it looks at values, and may raise."""
        return self.primitive.name == "check_numerics"

    def reads(self) -> list[int]:
        """The numbers of the values that it reads."""
        return [x for x in self.operands if type(x) is int]

    def renamed(self, names: Mapping[int, int]) -> Instruction:
        """The same of values that stand for its own."""
        if not names or names.keys().isdisjoint(self.operands):
            return self
        operands = [names.get(x, x) if type(x) is int else x for x in self.operands]
        return self.of(tuple(operands))

    def of(self, operands: tuple[Operand, ...]) -> Instruction:
        """The same of other operands."""
        return Instruction(self.primitive, operands, self.parameters, self.results, self.where)


@dataclass(frozen=True)
class Program:
    """A step.

    Attributes
    ----------
    backend : Backend
        Of all its values.
    specs : mapping
        From numbers to shapes and dtypes.
    constants : mapping
        From numbers to arrays that are the same in every call.
    arguments : tuple of int
        What is given in a call.
    reads : tuple of (Variable, int)
        The Variables whose value is an input.
    instructions : tuple of Instruction
    results : tuple of int
        What a call returns.
    writes : tuple of (Variable, int)
        The Variables that are assigned to, and their last value.
    draws : tuple of (Draw, int)
        What is drawn in every call, in this order.
    """

    backend: Backend
    specs: Mapping[int, Spec]
    constants: Mapping[int, Any]
    arguments: tuple[int, ...]
    reads: tuple[tuple[Variable, int], ...]
    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]
    writes: tuple[tuple[Variable, int], ...] = field(default=())
    draws: tuple[tuple[Draw, int], ...] = field(default=())

    def outputs(self) -> list[int]:
        """The numbers of what leaves the program."""
        return [*self.results, *(number for _, number in self.writes)]

    def inputs(self) -> list[int]:
        """The numbers of what comes in."""
        drawn = (number for _, number in self.draws)
        return [*self.arguments, *(number for _, number in self.reads), *drawn]

    def with_instructions(self, instructions: Iterable[Instruction]) -> Program:
        """The same program with other instructions."""
        return replace(self, instructions=tuple(instructions))

    def renamed(self, names: Mapping[int, int], instructions: Iterable[Instruction]) -> Program:
        """The same with other instructions, and some values standing for others."""
        return replace(
            self,
            instructions=tuple(instructions),
            results=tuple([names.get(n, n) for n in self.results]),
            writes=tuple([(v, names.get(n, n)) for v, n in self.writes]),
        )

    def new_numbers(self) -> Iterator[int]:
        """Numbers that no value has, one after the other."""
        return itertools.count(max(self.specs, default=0) + 1)

    def size_of(self, number: int) -> int:
        """The number of elements of a value."""
        return math.prod(self.specs[number].shape)

    def bytes_of(self, number: int) -> int:
        """The bytes that a value takes."""
        spec = self.specs[number]
        return math.prod(spec.shape) * _bytes_of(spec.dtype)

    def show(self, number: int) -> str:
        """A value for a listing: ``%3: (2, 4) float32``."""
        spec = self.specs[number]
        shape = ", ".join(map(str, spec.shape)) + ("," if len(spec.shape) == 1 else "")
        return f"%{number}: ({shape}) {dtype_name(spec.dtype)}"


def _bytes_of(dtype: Any) -> int:
    """The bytes that an element takes: the dtype's word for it, or what its name says."""
    size = getattr(dtype, "itemsize", None)
    if type(size) is int:
        return size
    name = dtype_name(dtype)
    return 1 if name == "bool" else int(name.lstrip("abcdefghijklmnopqrstuvwxyz")) // 8
