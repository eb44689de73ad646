"""What an optimizer keeps per variable between steps: its slots, in the order of first sight.

New slots are made first and remembered only when the step that needs them has succeeded. Slots that
were loaded before their variables were seen wait here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._typing import Array, ArrayLike
from ..core.casting import to_array
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ShapeError
from ..tree import TreeDef, difference, flatten
from .checks import as_tensor

__all__ = ["SlotTable", "as_rows"]

_Records = dict[int, tuple[Variable, dict[str, Variable]]]


class SlotTable:
    """The slots of every variable that was seen, by the variable's number."""

    def __init__(self) -> None:
        self._known: _Records = {}
        self._waiting: dict[str, list[ArrayLike]] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Find the copies of the Variables under the numbers that they have now."""
        self.__dict__.update(state)
        self._known = {record[0].number: record for record in self._known.values()}

    def variables(self) -> list[Variable]:
        """List all slots."""
        return [slot for _, slots in self._known.values() for slot in slots.values()]

    def seen(self) -> list[Variable]:
        """List the variables that have slots, in the order of first sight."""
        return [variable for variable, _ in self._known.values()]

    def of(self, number: int, made: _Records) -> dict[str, Variable]:
        """Find the slots of a variable that was seen, or made just now."""
        return (made.get(number) or self._known[number])[1]

    def get(self, variable: Variable) -> dict[str, Variable]:
        """Find the slots of a variable; none if it was not seen."""
        record = self._known.get(variable.number)
        return {} if record is None else record[1]

    def make(
        self, variables: Iterable[Variable], fresh: Callable[[Tensor, str], dict[str, Tensor]]
    ) -> _Records:
        """Make slots, loaded ones or fresh, for the variables that were not seen before."""
        made: _Records = {}
        for variable in variables:
            if variable.number in self._known or variable.number in made:
                continue
            place = len(made)
            slots = {}
            for name, value in fresh(Tensor(variable.raw), variable.name).items():
                loaded = self._waiting.get(name, [])[place : place + 1]
                slots[name] = Variable(
                    _fit(loaded[0], value, variable, name) if loaded else value,
                    trainable=False,
                    name=f"{variable.name}/{name}",
                )
            made[variable.number] = variable, slots
        return made

    def remember(self, made: _Records) -> None:
        """Keep slots that were made."""
        self._known.update(made)
        self._waiting = {name: column[len(made) :] for name, column in self._waiting.items()}

    def columns(self, names: Sequence[str]) -> dict[str, list[Tensor | None]]:
        """Show each slot as a list over the variables; those that still wait come last."""
        columns: dict[str, list[Tensor | None]] = {}
        for name in names:
            seen = [
                Tensor(slots[name].raw) if name in slots else None
                for _, slots in self._known.values()
            ]
            waiting = self._waiting.get(name, [])
            columns[name] = seen + [None if x is None else as_tensor(x) for x in waiting]
        return columns

    def check(self, columns: dict[str, list[ArrayLike]]) -> list[tuple[Variable, Array]]:
        """Find the new value of every slot, without changing one.

        Raises
        ------
        ArgumentError, ShapeError
            If the columns belong to other variables.
        """
        counts = {len(column) for column in columns.values()}
        if len(counts) > 1 or (counts and max(counts) < len(self._known)):
            raise ArgumentError(
                f"load_state_dict: the state has slots for {sorted(counts)} variables, but this "
                f"optimizer has seen {len(self._known)}. Use an optimizer of the same variables."
            )
        return [
            (slot, _fit(columns[name][i], slot, variable, name))
            for i, (variable, slots) in enumerate(self._known.values())
            for name, slot in slots.items()
        ]

    def load(self, columns: dict[str, list[ArrayLike]]) -> None:
        """Keep what belongs to variables that will be seen later."""
        self._waiting = {name: column[len(self._known) :] for name, column in columns.items()}


def as_rows(state: dict[str, Any], names: Sequence[str], treedef: TreeDef) -> list[Any]:
    """Turn a pure state, one nest per slot, into one dict of slots per leaf of params."""
    rows: list[dict[str, Any]] = [{} for _ in range(treedef.num_leaves)]
    for name in names:
        values, structure = flatten(state.get(name), none_is_leaf=True, like=treedef)
        if structure != treedef:
            raise ArgumentError(
                f"update: state[{name!r}] must have the structure of params, but "
                f"{difference(treedef, structure)}. Use the state that init(params) or the last "
                "update returned."
            )
        for row, value in zip(rows, values, strict=True):
            if value is not None:
                row[name] = as_tensor(value)
    return rows


def _fit(value: ArrayLike, slot: Tensor | Variable, variable: Variable, name: str) -> Array:
    """Move a loaded slot to where its variable is, in the shape and dtype that it must have."""
    if value is None:
        raise ArgumentError(
            f"load_state_dict: {name} of {variable.name} {describe(variable)} is None. Use the "
            "state of the same variables in the same order."
        )
    array = to_array(value, dtype=slot.dtype, device=slot.device, copy=True)
    if tuple(array.shape) != slot.shape:
        raise ShapeError(
            f"load_state_dict: {name} {describe(array)} does not fit {variable.name} "
            f"{describe(variable)}. Use the state of the same variables in the same order."
        )
    return array
