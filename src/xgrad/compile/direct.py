"""The plainest executor: a library's own functions, one after the other, without tape or dispatch.

Serves every library. Values are let go of after their last reader."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .program import Program

__all__ = ["DirectExecutor"]


class DirectExecutor:
    """Run a program by calling one function per instruction."""

    def __init__(self, program: Program) -> None:
        self._finish = program.backend.finish
        self._steps = [_step(program, i) for i in program.instructions]
        self._constants = dict(program.constants)
        self._inputs = program.inputs()
        self._outputs = program.outputs()
        self._dying = _last_readers(program)

    def run(self, inputs: list[Any], free: Collection[int] = ()) -> list[Any]:  # noqa: ARG002 - memory is the library's
        """The outputs for inputs: arrays, in the order of the program's own lists."""
        values = {**self._constants, **dict(zip(self._inputs, inputs, strict=True))}
        finish = self._finish
        for place, (function, operands, parameters, results) in enumerate(self._steps):
            given = [values[x] if type(x) is int else x.value for x in operands]
            y = function(*given, **parameters)
            if len(results) == 1 and not isinstance(y, tuple):
                values[results[0]] = finish(y)
            else:
                values.update(zip(results, map(finish, y), strict=True))
            for number in self._dying[place]:
                del values[number]
        return [values[number] for number in self._outputs]


def _step(program: Program, instruction: Any) -> tuple[Any, Any, Any, Any]:
    primitive = instruction.primitive
    function = getattr(program.backend.xp, primitive.name)
    if primitive.starred and len(primitive.operands) == 1:
        plain = function
        function = lambda *arrays, **parameters: plain(list(arrays), **parameters)
    return function, instruction.operands, instruction.parameters, instruction.results


def _last_readers(program: Program) -> list[list[int]]:
    """Which values can go after each instruction."""
    kept = {*program.outputs(), *program.constants}
    last: dict[int, int] = {}
    for place, instruction in enumerate(program.instructions):
        for number in (*instruction.reads(), *instruction.results):
            last[number] = place
    dying: list[list[int]] = [[] for _ in program.instructions]
    for number, place in last.items():
        if number not in kept and number not in program.inputs():
            dying[place].append(number)
    return dying
