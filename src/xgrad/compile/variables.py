"""Variables while a function is recorded, which knows values by their arrays.

A value that was read before the recording is a constant of it, though its array may be a Variable's;
and two Variables may have one array. So each has a view of its array meanwhile, that nobody else
has. What is assigned takes its place, and is taken back in the end: the program assigns.

A Variable that was made meanwhile belongs to whoever keeps it, such as an optimizer its slots. One that
nobody keeps would be made anew in every call of the function as it stands, and is refused."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from weakref import ref

from .._typing import Array
from ..backends import backend_of
from ..core.node import Leaf
from ..core.observers import show_line
from ..core.variable import Variable, all_variables
from ..errors import BackendUnavailableError, TracingError

__all__ = ["Held", "Lent", "lost"]


class Held:
    """A Variable that a recording uses: for good, or, if it was made meanwhile, as long as others do."""

    def __init__(self, variable: Variable, is_new: bool) -> None:
        self._find: Callable[[], Variable | None] = ref(variable) if is_new else lambda: variable
        self._name, self._node = variable.name, variable.node
        self.is_new = is_new

    def variable(self) -> Variable:
        """The Variable.

        Raises
        ------
        TracingError
            If nobody keeps it any more.
        """
        found = self._find()
        if found is None:
            raise lost(f"Variable {self._name}", self._node)
        return found


def lost(what: str, node: Leaf) -> TracingError:
    """What to raise for a Variable that was made in a recording and is gone."""
    return TracingError(
        f"{what} of shape {node.shape} was made{show_line(node.where)} inside xg.function, and nothing "
        "keeps it: each call would make another one, but later calls replay a program. Use a Tensor, or make the "
        "Variable (an optimizer, if it belongs to one) outside."
    )


class Lent:
    """All Variables, each with an array of its own from `lend` to `take_back`."""

    def __init__(self) -> None:
        self._own: dict[int, tuple[Variable, Array, Array]] = {}  # by the view
        self._before: dict[int, tuple[Held, Array]] = {}
        self._known: set[int] = set()
        self._held: dict[int, Held] = {}

    def lend(self) -> None:
        """Begin; what was lent so far is taken back even if this is interrupted."""
        for variable in all_variables():
            self._known.add(variable.number)
            with suppress(BackendUnavailableError):  # or nobody can read it anyway
                self._lend(variable)

    def _lend(self, variable: Variable) -> None:
        """Give a Variable a view of its array in place of it."""
        while True:
            former = variable.raw
            view = _view(former)
            if variable.raw is former:  # another thread may have assigned meanwhile
                variable.raw = view  # none comes between this line and the one before
                break
        self._own[id(view)] = variable, former, view

    def variable_of(self, array: Array) -> Variable | None:
        """Whose value an array is, and has been since the recording began."""
        found = self._own.get(id(array))
        return None if found is None else found[0]

    def assign(self, variable: Variable, array: Array) -> None:
        """Give a Variable another value until the end."""
        self._before.setdefault(variable.number, (self.hold(variable), variable.raw))
        variable.raw = array

    def hold(self, variable: Variable) -> Held:
        """Use a Variable in the recording."""
        number = variable.number
        if number not in self._held:
            self._held[number] = Held(variable, number not in self._known)
        return self._held[number]

    def refuse_lost(self) -> None:
        """Refuse Variables that were made in the recording and are gone with it."""
        new = [held for held in self._held.values() if held.is_new]
        if new:
            gc.collect(
                1
            )  # what was made meanwhile may be held by cycles that nobody knows any more
        for held in new:
            held.variable()

    def assigned(self) -> list[Variable]:
        """The Variables that have another value, in the order in which they got it."""
        return [held.variable() for held, _ in self._before.values()]

    def take_back(self) -> None:
        """Give all Variables the arrays that they had."""
        for held, array in self._before.values():
            with suppress(TracingError):
                held.variable().raw = array
        for variable, former, view in self._own.values():
            if variable.raw is view:
                variable.raw = former


def _view(array: Array) -> Array:
    """The same memory as another object; a copy, where a library does not make one."""
    backend = backend_of(array)
    with backend.on(array):
        view = array[...]
    return backend.xp.copy(array) if view is array else view
