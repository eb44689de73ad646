"""One sweep over a program, in order, in which every rule is asked about every instruction.

What is found out about an instruction holds for all that come after it, and they are asked about what
has become of them by then: so one sweep finds what rules owe to each other. What a rule knows of is
its own business (folding.py, algebra.py, repetition.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..program import Instruction, Program

__all__ = ["Known", "Rule", "swept"]


class Known:
    """What is known of a program, up to the instruction that comes next.

    Attributes
    ----------
    program : Program
    outputs : set of int
        What leaves the program.
    constants : dict
        From numbers to arrays, the folded ones too.
    numbers : dict
        From constants that were looked at to the float or truth value that every element is, or None.
    makers : dict
        From values to the instructions that define them.
    seen : dict
        From what instructions do to their results.
    """

    def __init__(self, program: Program) -> None:
        self.specs = dict(program.specs)
        self.program = replace(program, specs=self.specs)
        self.outputs = set(program.outputs())
        self.constants = dict(program.constants)
        self.numbers: dict[int, Any] = {}
        self.makers: dict[int, Instruction] = {}
        self.seen: dict[Any, tuple[int, ...]] = {}
        self._single: dict[int, int] = {}
        self._new = program.new_numbers()

    def single(self, constant: int, element: Callable[[Any], Any]) -> int:
        """A constant without axes for one that is the same everywhere, made by a function of the array."""
        number = self._single.get(constant)
        if number is None:
            number = self._single[constant] = next(self._new)
            self.constants[number] = element(self.constants[constant])
            self.specs[number] = self.specs[constant]._replace(shape=())
        return number


Rule = Callable[[Known, Instruction], Instruction | tuple[int, ...] | None]
"""What may be done with an instruction: another one in its place, or nothing, because some values are
the same as its results (which may be its results themselves, as constants)."""


def swept(program: Program, rules: Sequence[Rule]) -> Program:
    """The program after all rules, in this order, were asked about each of its instructions."""
    known = Known(program)
    names: dict[int, int] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        current = instruction.renamed(names)
        for rule in rules:
            found = rule(known, current)
            if found is None:
                continue
            if isinstance(found, Instruction):
                current = found
                continue
            if found is not current.results:
                names.update(zip(current.results, found, strict=True))
            break
        else:
            kept.append(current)
            for number in current.results:
                known.makers[number] = current
    if len(known.constants) > len(program.constants):
        program = replace(program, constants=known.constants, specs=known.specs)
    return program.renamed(names, kept)
