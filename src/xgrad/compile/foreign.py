"""The executor that hands a program to a library's own compiler, such as `jax.jit`.

The compiler sees the program run once, with its own arrays. NumPy's arrays go in and come out
without a copy where the library allows it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from ..backends import Backend, host
from ..errors import ArgumentError
from .direct import DirectExecutor
from .program import Program

__all__ = ["ForeignExecutor"]


class ForeignExecutor:
    """Run a program that a library compiled.

    Parameters
    ----------
    program : Program
    backend : Backend
        Of the library; the program's own, or another one.
    """

    def __init__(self, program: Program, backend: Backend) -> None:
        for instruction in program.instructions:
            if instruction.looks:
                raise ArgumentError(
                    f"function: {instruction.primitive.name} looks at values, which programs that "
                    f"{backend.name} compiles cannot. Use function without backend={backend.name!r}, "
                    "or leave the check out."
                )
        if program.backend not in (backend, host()):
            raise ArgumentError(
                f"function: arrays of {program.backend.name} cannot be handed to {backend.name}. Use "
                f"arrays of numpy or {backend.name}, or leave backend out."
            )
        self._home = program.backend
        self._is_guest = backend is not program.backend
        self._run = backend.compiled(_with_own_constants(program, backend), self._is_guest)

    def run(self, inputs: list[Any], free: Collection[int] = ()) -> list[Any]:  # noqa: ARG002 - memory is the library's
        """The outputs for inputs: arrays, in the order of the program's own lists."""
        outputs = self._run(inputs)
        if not self._is_guest:
            return outputs
        return [self._home.finish(self._home.namespace.asarray(y)) for y in outputs]


def _with_own_constants(program: Program, backend: Backend) -> Callable[[list[Any]], list[Any]]:
    """The program as a function, whose constants are the library's arrays when it is compiled.

    Not before: how wide a library's floating-point numbers are is set for the call."""
    numbers, constants = tuple(program.constants), tuple(program.constants.values())
    arguments = (*numbers, *program.arguments)
    plain = replace(program, backend=backend, constants={}, arguments=arguments)
    executor = DirectExecutor(plain)
    asarray = backend.namespace.asarray
    return lambda inputs: executor.run([*map(asarray, constants), *inputs])
