"""The line of a program that takes the memory of a large result, and what lies beside the result.

Memory of a result is one of two arrays in turn (backends/recycled.py), so what is made of an array
is made twice and not in every call: views for values that are over before the result is written,
and functions that write into it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..backends.recycled import WORTH_BYTES, Recycled
from .program import Program

__all__ = ["Taking", "is_worth_taking"]

_WORTH_OF_VARIABLES = 1 << 12  # bytes; the former value is let go of in every call


def is_worth_taking(program: Program, number: int) -> bool:
    """Whether a result is so large that its memory is taken from a former one."""
    size = program.bytes_of(number)
    written = size >= _WORTH_OF_VARIABLES and any(number == n for _, n in program.writes)
    return written or size >= WORTH_BYTES


class Taking:
    """A line ``v7, b3, w3 = t7()``, which may become longer until the program is finished.

    Attributes
    ----------
    take : Recycled
        What is called.
    """

    def __init__(self, number: int, shape: Any, dtype: Any) -> None:
        self.name = f"v{number}"
        self._function = f"t{number}"
        self._makers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        # Not a method: who is taken by a call must not hold whoever made it.
        self.take = Recycled(shape, dtype, functools.partial(_beside, self.name, self._makers))

    def add(self, name: str, make: Callable[[dict[str, Any]], Any]) -> str:
        """Let a name stand for what is made of those that were there before."""
        self._makers[name] = make
        return name

    def __contains__(self, name: str) -> bool:
        return name == self.name or name in self._makers

    def __str__(self) -> str:
        return f"{', '.join([self.name, *self._makers])}, = {self._function}()"


def _beside(
    name: str, makers: dict[str, Callable[[dict[str, Any]], Any]], array: Any
) -> tuple[Any, ...]:
    """What lies beside a result in its memory."""
    found = {name: array}
    for other, make in makers.items():
        found[other] = make(found)
    del found[name]
    return tuple(found.values())
