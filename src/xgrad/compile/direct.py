"""The plainest executor: a library's own functions, one after the other, without tape or dispatch.

Serves every library. Values are let go of after their last reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from .blame import explained_by
from .program import Instruction, Literal, Operand, Program

__all__ = ["DirectExecutor", "Step", "plain_step"]


class Step(NamedTuple):
    """A function, what it is given, and the numbers of what it gives."""

    function: Callable[..., Any]
    operands: tuple[Operand, ...]
    parameters: dict[str, Any]
    results: tuple[int, ...]


class DirectExecutor:
    """Run a program by calling one function per instruction.

    Parameters
    ----------
    program : Program
    xp : Functions, optional
        Other functions than those of its backend.

    Attributes
    ----------
    plan : list of Step
        What is called, in order.
    """

    def __init__(self, program: Program, xp: Any = None) -> None:
        self._xp = program.backend.xp if xp is None else xp
        # While a program is captured, whoever captures it has to see what happens.
        self._instructions = {i.results: i for i in program.instructions if xp is None}
        self._finish = program.backend.finish
        self.plan = self.steps(program)
        self._constants = dict(program.constants)
        self._inputs = program.inputs()
        self._outputs = program.outputs()
        self._dying = _last_readers(program, self.plan)

    def steps(self, program: Program) -> list[Step]:
        """What to call, in order."""
        return [plain_step(self._xp, i) for i in program.instructions]

    def run(self, inputs: list[Any], free: Collection[int] = ()) -> list[Any]:  # noqa: ARG002 - memory is the library's
        """The outputs for inputs: arrays, in the order of the program's own lists."""
        values = {**self._constants, **dict(zip(self._inputs, inputs, strict=True))}
        finish = self._finish
        for place, (function, operands, parameters, results) in enumerate(self.plan):
            given = [values[x] if type(x) is int else x.value for x in operands]  # type: ignore[union-attr]
            try:
                y = function(*given, **parameters)
            except Exception as error:
                instruction = self._instructions.get(results)
                if instruction is None:
                    raise
                raise explained_by(instruction, given, error) from error
            if len(results) == 1 and not isinstance(y, tuple):
                values[results[0]] = finish(y)
            else:
                values.update(zip(results, map(finish, y), strict=True))
            for number in self._dying[place]:
                del values[number]
        return [values[number] for number in self._outputs]


def plain_step(xp: Any, instruction: Instruction) -> Step:
    """The library's own function of an instruction, among functions."""
    primitive = instruction.primitive
    function = getattr(xp, primitive.name)
    if primitive.starred and len(primitive.operands) == 1:
        plain = function
        function = lambda *arrays, **parameters: plain(list(arrays), **parameters)
    return Step(function, instruction.operands, instruction.parameters, instruction.results)


def _last_readers(program: Program, steps: Sequence[Step]) -> list[list[int]]:
    """Which values can go after each step."""
    kept = {*program.outputs(), *program.constants}
    last: dict[int, int] = {}
    for place, step in enumerate(steps):
        reads = [x for x in step.operands if not isinstance(x, Literal)]
        for number in (*reads, *step.results):
            last[number] = place
    dying: list[list[int]] = [[] for _ in steps]
    for number, place in last.items():
        if number not in kept and number not in program.inputs():
            dying[place].append(number)
    return dying
