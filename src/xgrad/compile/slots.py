"""Where the values of a block lie that nobody outside a group sees.

In the memory of an operand that ends there, in scratch memory that is free, in a block of a result that
is written later, or in new scratch memory: in this order, because the less there is, the more of it
stays in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..backends.numpy_buffers import Form
from .fusion import Group
from .overwriting import first_read
from .program import Program

__all__ = ["Slots"]


class Slots:
    """The memory of one group's blocks.

    Parameters
    ----------
    outputs : sequence of int
        The results that are written to memory.
    shape : tuple of int
        Of a block.
    may_be_written_over : callable
        Whether a result may be in the memory of an input.

    Attributes
    ----------
    forms : list of Form
        Of the scratch memory, whose names are ``m0``, ``m1``...; those of results are ``y`` and a number.
    """

    def __init__(
        self,
        program: Program,
        group: Group,
        outputs: Sequence[int],
        shape: tuple[int, ...],
        may_be_written_over: Callable[[int], bool],
    ) -> None:
        self._program = program
        self._members = group.members
        self._shape = shape
        self.forms: list[Form] = []
        self._free: list[str] = []
        self._form_of: dict[str, Form] = {f"y{n}": self._form(n) for n in outputs}
        self._home: dict[int, str] = {}
        self._last: dict[int, int] = {}
        self._writer: dict[str, int] = {}
        for place, member in enumerate(self._members):
            for number in (*member.reads(), *member.results):
                self._last[number] = place
            for number in member.results:
                if number in outputs:
                    self._writer[f"y{number}"] = place
        over = [x for x in group.reads() if may_be_written_over(x)]
        self._open = {f"y{n}": self._opens(n, over) for n in outputs}

    def name_of(self, place: int) -> str:
        """The memory for the result of a member, when all before it have theirs."""
        member = self._members[place]
        (number,) = member.results
        wanted = self._form(number)
        for x in first_read(member):
            name = self._home.get(x)
            if name and self._last[x] == place and self._fits(name, wanted, number):
                del self._home[x]
                break
        else:
            name = next((n for n in self._free if self._form_of[n] == wanted), None)
            if name is not None:
                self._free.remove(name)
            else:
                name = self._result(place, wanted, number) or self._new(wanted)
        self._home[number] = name
        return name

    def let_go(self, place: int) -> None:
        """Free what was needed by a member, and before it, only."""
        for number in [n for n in self._home if self._last[n] == place]:
            name = self._home.pop(number)
            if name not in self._writer:
                self._free.append(name)

    def _form(self, number: int) -> Form:
        return Form(self._shape, self._program.specs[number].dtype)

    def _new(self, wanted: Form) -> str:
        name = f"m{len(self.forms)}"
        self.forms.append(wanted)
        self._form_of[name] = wanted
        return name

    def _result(self, place: int, wanted: Form, number: int) -> str | None:
        """The memory of a result in which nothing lies yet."""
        for name, first in self._open.items():
            empty = first <= place < self._writer[name] and name not in self._home.values()
            if empty and self._fits(name, wanted, number):
                return name
        return None

    def _fits(self, name: str, wanted: Form, number: int) -> bool:
        """Whether a value may lie somewhere: if that is a result's, it is over when that is written."""
        if self._form_of[name] != wanted:
            return False
        if name not in self._writer:
            return True
        writer, last = self._writer[name], self._last[number]
        return last < writer or (last == writer and number in first_read(self._members[writer]))

    def _opens(self, number: int, inputs: Sequence[int]) -> int:
        """From which member on the memory of a result may be used.

        It may be that of one of some inputs, which are read before."""
        spec, first = self._program.specs[number], 0
        for place, member in enumerate(self._members):
            for x in member.reads():
                if x in inputs and self._program.specs[x] == spec:
                    first = place if x in first_read(member) else place + 1
        return first
