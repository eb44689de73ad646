"""Which lines of a program are calls that a batch can make, and what they amount to.

Asked for each line when it is written: an answer needs the forms of all operands, and that their
memory is known, in the arena or by the name of an array that a call is given, makes or takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends import numpy_loops as loops
from ..backends.numpy_buffers import Form
from ..backends.numpy_loops import Place, Step
from .batches import LARGEST, Call, Line, Naming
from .numbers import number_among
from .program import Instruction, Literal, Operand, Program

__all__ = ["Calls"]


class Calls:
    """The lines of one program.

    Attributes
    ----------
    forms : dict
        Of the arrays that lines know by name only.
    """

    def __init__(self, program: Program, scope: dict[str, Any]) -> None:
        self.forms: dict[str, Form] = {}
        self._program = program
        self._scope = scope
        self._views: dict[str, tuple[Place, Any, Any]] = {}
        self._places_of: dict[str, Place] = {}
        self._enabled = loops.can_batch()

    def know(self, name: str, number: int) -> None:
        """Take note that a name is that of an array in order, which nothing else lies in."""
        if self._enabled and self._is_small(number):
            spec = self._program.specs[number]
            self.forms[name] = Form(spec.shape, spec.dtype)

    def of(
        self,
        text: str,
        function: Any,
        operands: Sequence[Operand],
        names: Sequence[str],
        number: int,
        name: str,
        *,
        makes: bool,
    ) -> Line:
        """The line of a function on elements, by the names of its operands and of its result.

        `makes` says whether the result is new, or lies where its name was before."""
        if not self._enabled or not self._is_small(number):
            return text
        places = self._places(operands, names, number)
        made = self._made(name, number) if makes else None
        result = self._place(name)
        found = None
        if result is not None and None not in places:
            found = loops.step(function, places, result)  # type: ignore[arg-type]
        return self._line(text, [found], name, made)

    def of_sum(
        self, text: str, x: str, axes: Collection[int], number: int, name: str, *, makes: bool
    ) -> Line:
        """The line of a sum over some axes."""
        if not self._enabled or not self._is_small(number):
            return text
        made = self._made(name, number) if makes else None
        place, result = self._place(x), self._place(name)
        found = None if place is None or result is None else loops.sum_step(place, result, axes)
        return self._line(text, [found], name, made)

    def of_writer(
        self, line: Line, instruction: Instruction, names: Sequence[str], number: int, name: str
    ) -> Line:
        """The line of a function that fills memory: of copies, conversions, choices, products of matrices."""
        kind, out = instruction.primitive.name, self._scope.get(name)
        if not self._enabled or out is None or not self._is_small(number) or type(line) is not str:
            return line
        places = self._places(instruction.operands, names, number)
        if None in places:
            return line
        given: Any = places
        result = loops.place_of(out)
        steps: list[Step | None] = []
        if kind in ("matmul", "absorbing_matmul"):  # careful or not, which other lines see to
            steps = [loops.product_step(given[0], given[1], result)]
        elif kind == "where":
            steps = [loops.step(loops.SELECT, given, result)]
        elif kind == "copy":
            steps = [loops.step(loops.COPY, given, result)]
        elif kind == "astype":
            steps = [loops.step(loops.CAST, given, result)]
        elif kind == "put":
            part = kernels.as_view("getitem", out, instruction.parameters)
            zero = loops.place_of(kernels.scalar(0, out.dtype))
            steps = [loops.step(loops.COPY, [zero], result)]
            if part is not None and part.size:
                steps.append(loops.step(loops.COPY, given, loops.place_of(part)))
        return self._line(line, steps, name, None) if steps else line

    def of_view(self, text: str, name: str, instruction: Instruction, base: str) -> Line:
        """The line of a view of an array that is known by name."""
        if base in self._views:
            _, array, root = self._views[base]
            root_name = self._views[base][0].name
        elif base in self.forms:
            array = root = kernels.buffer(*self.forms[base])
            root_name = base
        else:
            return text
        view = kernels.as_view(instruction.primitive.name, array, instruction.parameters)
        if view is None or not view.size:
            return text
        place = self._places_of[name] = loops.place_of(view, root_name, root)
        self._views[name] = place, view, root
        return Naming(text, name, place)

    # -- inside ----------------------------------------------------------------------------------

    def _is_small(self, number: int) -> bool:
        return 0 < self._program.size_of(number) <= LARGEST

    def _made(self, name: str, number: int) -> Form:
        """The form of a result whose line makes it, by which it is known from now on."""
        spec = self._program.specs[number]
        made = self.forms[name] = Form(spec.shape, spec.dtype)
        return made

    def _line(self, text: str, steps: list[Step | None], name: str, made: Form | None) -> Line:
        whole = [step for step in steps if step is not None]
        if len(whole) < len(steps):
            return text
        return Call(text, tuple(whole), name, made)

    def _place(self, name: str) -> Place | None:
        place = self._places_of.get(name)
        if place is None:
            array, form = self._scope.get(name), self.forms.get(name)
            if array is not None:
                place = loops.place_of(array) if kernels.is_plain(array) else None
            elif form is not None:
                place = Place(kernels.buffer(*form), name)
            if place is not None:
                self._places_of[name] = place
        return place

    def _places(
        self, operands: Sequence[Operand], names: Sequence[str], number: int
    ) -> list[Place | None]:
        """Of operands; a number counts as one of the dtype of the others."""
        found: list[Place | None] = []
        for operand, name in zip(operands, names, strict=True):
            place = self._place(name)
            if place is None and isinstance(operand, Literal):
                array = number_among(self._program, operand.value, operands, number)
                place = None if array is None else loops.place_of(array)
            found.append(place)
        return found
