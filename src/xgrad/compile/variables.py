"""Variables while a function is recorded, which knows values by their arrays.

A value that was read before the recording is a constant of it, though its array may be a Variable's;
and two Variables may have one array. So each has a view of its array meanwhile, that nobody else
has. What is assigned takes its place, and is taken back in the end: the program assigns."""

from __future__ import annotations

from contextlib import suppress

from .._typing import Array
from ..backends import backend_of
from ..core.variable import Variable, all_variables
from ..errors import BackendUnavailableError

__all__ = ["Lent"]


class Lent:
    """All Variables, each with an array of its own until `take_back`."""

    def __init__(self) -> None:
        self._own: dict[int, tuple[Variable, Array, Array]] = {}  # by the view
        self._before: dict[int, tuple[Variable, Array]] = {}
        for variable in all_variables():
            former = variable.raw
            with suppress(BackendUnavailableError):  # or nobody can read it anyway
                view = _view(former)
                variable.raw = view
                self._own[id(view)] = variable, former, view

    def variable_of(self, array: Array) -> Variable | None:
        """Whose value an array is, and has been since the recording began."""
        found = self._own.get(id(array))
        return None if found is None else found[0]

    def assign(self, variable: Variable, array: Array) -> None:
        """Give a Variable another value until the end."""
        self._before.setdefault(variable.number, (variable, variable.raw))
        variable.raw = array

    def assigned(self) -> list[Variable]:
        """The Variables that have another value, in the order in which they got it."""
        return [variable for variable, _ in self._before.values()]

    def take_back(self) -> None:
        """Give all Variables the arrays that they had."""
        for variable, array in self._before.values():
            variable.raw = array
        for variable, former, view in self._own.values():
            if variable.raw is view:
                variable.raw = former


def _view(array: Array) -> Array:
    """The same memory as another object; a copy, where a library does not make one."""
    backend = backend_of(array)
    with backend.on(array):
        view = array[...]
    return backend.xp.copy(array) if view is array else view
