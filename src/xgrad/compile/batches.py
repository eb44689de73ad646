"""Lines of a program that become one line: calls of NumPy on small arrays, as a batch of its loops.

A `Call` is a line like ``f_add(a0, b3, b4)`` that knows what it does. Calls that follow each other are
joined when the whole program is known (backends/numpy_loops.py): what they compute is the same to the
last bit, because the loops are the same. Lines that only give names to memory may come before those
that they stand between."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..backends import numpy_loops as loops
from ..backends.numpy_buffers import Form
from ..backends.numpy_loops import Place, Step
from .taking import Taking
from .texts import function_of

__all__ = ["LARGEST", "Call", "Line", "Naming", "joined"]

LARGEST = 1 << 15  # elements: with more, what a call costs does not count
_SHOWN = 6  # functions of a batch, in the program's text
_MOST_ARRAYS = 60  # of a batch, with names
_NAME = re.compile(r"\b[a-z]\w*")


class Call(NamedTuple):
    """A line, and the steps that it amounts to; `made` is the form of the new array it gives."""

    text: str
    steps: tuple[Step, ...]
    name: str
    made: Form | None

    def __str__(self) -> str:
        return self.text


class Naming(NamedTuple):
    """A line that gives a name to memory; of a view it knows the place, and in which array that is."""

    text: str
    name: str
    place: Place | None = None

    def __str__(self) -> str:
        return self.text


Line = str | Taking | Call | Naming


def joined(lines: Sequence[Line], scope: dict[str, Any], forms: dict[str, Form]) -> list[str]:
    """The same program in fewer lines; batches are put into the scope.

    `forms` are of the arrays that calls know by name: what is given, and what is taken."""
    found: list[Line] = []
    group: list[Call] = []
    arrays: set[str] = set()
    views = {line.name: line for line in lines if type(line) is Naming and line.place is not None}

    def close() -> None:
        if group:
            found.append(_joined(group, scope, forms, views))
        group.clear()
        arrays.clear()

    for line in lines:
        if type(line) is Call:
            names = {p.name for s in line.steps for p in s.places if p.array is None}
            if len(arrays | names) > _MOST_ARRAYS:
                close()
            group.append(line)
            arrays |= names
            continue
        if not isinstance(line, (Naming, Taking)) or _is_of_a_result(line, group):
            close()
        found.append(line)
    close()
    used = set(_NAME.findall("\n".join([str(line) for line in found if type(line) is not Naming])))
    used |= {n for line in views.values() for n in _NAME.findall(line.text.partition("=")[2])}
    return [str(line) for line in found if type(line) is not Naming or line.name in used]


def _is_of_a_result(line: Naming | Taking, group: Sequence[Call]) -> bool:
    """Whether a line is a view of what one of the calls gives."""
    if isinstance(line, Taking) or line.place is None:
        return False
    return any(call.made is not None and call.name == line.place.name for call in group)


def _joined(
    group: Sequence[Call], scope: dict[str, Any], forms: dict[str, Form], views: dict[str, Naming]
) -> str:
    """One line for several calls."""
    steps = [step for call in group for step in call.steps]
    made = {call.name: call.made for call in group if call.made is not None}
    names = [p.name for step in steps for p in step.places if p.array is None]
    given = {name: forms[name] for name in dict.fromkeys(names) if name not in made}
    slow = _Slow(group, list(given), list(made), scope, views)
    name = f"batch{len(scope)}"
    scope[name] = loops.batch(steps, given, made, slow)
    targets = f"{', '.join(made)} = " if made else ""
    return f"{targets}{name}({', '.join(given)})  # {_shown(steps)}"


def _shown(steps: Sequence[Step]) -> str:
    """What a batch does, for who reads the program."""
    names = [getattr(step.function, "__name__", step.function) for step in steps[:_SHOWN]]
    more = len(steps) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


class _Slow:
    """The lines as they were, for arrays of another form; compiled when they are needed."""

    def __init__(
        self,
        group: Sequence[Call],
        given: list[str],
        made: list[str],
        scope: dict[str, Any],
        views: dict[str, Naming],
    ) -> None:
        self._group = tuple(group)
        self._given = given
        self._made = made
        self._scope = scope
        self._views = views
        self._function: Callable[..., Any] | None = None

    def __call__(self, *given: Any) -> Any:
        if self._function is None:
            self._function = self._compile()
        return self._function(*given)

    def _compile(self) -> Callable[..., Any]:
        lines: dict[str, None] = {}
        for call in self._group:
            for name in _NAME.findall(call.text):
                self._add_view(name, lines)
            lines[call.text] = None
        lines[f"return {', '.join(self._made)}"] = None
        body = "".join(f"    {line}\n" for line in lines)
        text = f"def run({', '.join(self._given)}):\n{body}"
        return function_of(text, "run", dict(self._scope), "xg.function")

    def _add_view(self, name: str, lines: dict[str, None]) -> None:
        view = self._views.get(name)
        if view is not None:
            for base in _NAME.findall(view.text.partition("=")[2]):
                self._add_view(base, lines)
            lines[view.text] = None
