"""The names of memory in a program's lines: in the arena, of a result, or new in every call.

Memory in the arena is there before the program runs. That of a large result is taken in a line of its
own, before the first line that writes there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..backends import numpy_kernels as kernels
from .arena import Arena
from .batches import Line, Naming
from .program import Program
from .taking import Taking, is_worth_taking

__all__ = ["Home", "Homes"]


class Home(NamedTuple):
    """Memory of a value: its name in a call, and the array, if it is there already.

    Or, if it belongs to a result, the line that takes that."""

    name: str
    array: Any = None
    taking: Taking | None = None


class Homes:
    """The memory that a program's lines name.

    Parameters
    ----------
    heirs : mapping
        From results to the arguments whose memory they take.
    lines : list
        Of the program: what has to be done for memory in a call goes there.
    scope : dict
        Of the lines: what is there before, by name.
    """

    def __init__(
        self,
        program: Program,
        arena: Arena,
        heirs: Mapping[int, int],
        lines: list[Line],
        scope: dict[str, Any],
    ) -> None:
        self._program = program
        self._arena = arena
        self._heirs = heirs
        self._lines = lines
        self._scope = scope
        self._takings: dict[int, Taking] = {}

    def has(self, number: int) -> bool:
        """Whether there is memory for a value before it is computed, or it is worth having some."""
        inside = self._arena.place_of(number) is not None or number in self._arena.guests
        return inside or is_worth_taking(self._program, number)

    def of(self, number: int) -> Home:
        """The memory of a value; what has to be done for it in a call becomes a line."""
        spec = self._program.specs[number]
        out = self._arena.place_of(number)
        if out is not None:
            return Home(self._bind(f"b{number}", out), out)
        if number in self._arena.guests:
            host, start = self._arena.guests[number]
            taking = self.take(host)
            v, form = taking.name, (spec.shape, spec.dtype)
            name = taking.add(f"b{number}", lambda found: kernels.shaped(found[v], start, *form))
            return Home(name, taking=taking)
        name = f"v{number}"
        heir = self._heirs.get(number)
        if heir is None and is_worth_taking(self._program, number):
            return Home(name, taking=self.take(number))
        make = self._bind(f"n{number}", kernels.maker(spec.shape, spec.dtype))
        taken = ""
        if heir is not None:  # in order, or a group would write into a copy without axes
            taken = f"a{heir} if {heir} in free and a{heir}.flags.c_contiguous else "
        self._lines.append(Naming(f"{name} = {taken}{make}()", name))
        return Home(name)

    def take(self, number: int) -> Taking:
        """The line that takes the memory of a large result; it comes at the first question."""
        found = self._takings.get(number)
        if found is None:
            spec = self._program.specs[number]
            found = self._takings[number] = Taking(number, spec.shape, spec.dtype)
            self._bind(f"t{number}", found.take)
            self._lines.append(found)
        return found

    def taking_of(self, name: str) -> Taking | None:
        """The line of a result beside which a name lies, which is not the result's own."""
        for taking in self._takings.values():
            if name in taking and name != taking.name:
                return taking
        return None

    def _bind(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name
