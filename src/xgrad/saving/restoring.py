"""From a file into objects that are there: all of them, or, where something does not fit, none.

First the file is compared with the nest and everything is read; then it is changed, and put back
should one of the changes fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..backends import is_array, place_of
from ..backends.base import dtype_name
from ..backends.generators import describe_numpys, is_numpys
from ..core.handle import Handle
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import CheckpointError
from ..optimizers import Optimizer
from ..random import Generator
from ..tree import registered
from .reading import NAMED, Reading, put
from .structure import class_name, is_stateful, shown

__all__ = ["restore"]

_CONTAINERS = ("dict", "tuple", "namedtuple", "dataclass", "registered")


# Something to do, which gives back how to undo it.
_Change = Callable[[], Callable[[], Any]]


def restore(reading: Reading, into: Any) -> Any:
    """Put what a file holds into a nest; returns the nest, with what could not be changed replaced."""
    restoring = _Restoring(reading)
    with reading.guarded():
        found = restoring.visit(reading.structure, into, ())
    undo: list[Callable[[], Any]] = []
    try:
        for change in restoring.in_order():
            undo.append(change())
    except BaseException as error:
        for back in reversed(undo):
            back()
        error.add_note(f"{reading.file.path} was not loaded; everything is as it was before.")
        raise
    return found


class _Restoring:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._stateful: list[_Change] = []  # may fail, so they come first
        self._variables: list[_Change] = []
        self._containers: list[_Change] = []

    def in_order(self) -> list[_Change]:
        """List all changes, those that may fail first."""
        return [*self._stateful, *self._variables, *self._containers]

    def visit(self, entry: Any, target: Any, path: tuple[Any, ...]) -> Any:
        """Compare a part of the file with a part of the nest; what will be in its place."""
        kind = next(iter(entry), "") if isinstance(entry, dict) else ""
        if kind == "same":
            if self.reading.objects.get(entry["same"]) is target:
                return target
            entry = self.reading.entries[entry["same"]]
            kind = next(iter(entry))
        if isinstance(target, Variable):
            return self._variable(kind, entry, target, path)
        if isinstance(target, Optimizer):
            return self._optimizer(kind, entry, target, path)
        if isinstance(target, Generator):
            return self._state("generator", entry, target, path, _read_state, _set_state)
        if is_numpys(target):
            return self._state("numpy_generator", entry, target, path, describe_numpys, _set_numpys)
        if is_stateful(target):
            return self._state("stateful", entry, target, path, _state_dict, _load_state_dict)
        if _is_container(target) or kind in _CONTAINERS or isinstance(entry, list):
            return self._container(kind, entry, target, path)
        return self._leaf(kind, entry, target)

    def _refuse(self, path: tuple[Any, ...], what: str, expected: str) -> CheckpointError:
        return CheckpointError(
            f"load: {what} in {self.reading.file.path} does not fit {shown(path)}, {expected}. Use a "
            "nest as it was saved, or xg.load(path) without into= to see what the file holds."
        )

    def _know(self, kind: str, entry: dict[str, Any], made: Any) -> None:
        self.reading.objects[entry[kind]] = made
        self.reading.entries[entry[kind]] = entry

    def _leaf(self, kind: str, entry: Any, target: Any) -> Any:
        """Take what cannot be changed from the file, to where the old value is."""
        if kind in ("tensor", "array") and (isinstance(target, Handle) or is_array(target)):
            raw = target.raw if isinstance(target, Handle) else target
            array = self.reading.array(entry[kind], place_of(raw))
            made = Tensor(array) if kind == "tensor" else array
            self._know(kind, entry, made)
            return made
        return self.reading.decode(entry)

    def _variable(self, kind: str, entry: Any, target: Variable, path: tuple[Any, ...]) -> Variable:
        if kind not in ("variable", "tensor", "array"):
            raise self._refuse(path, _described(kind, entry), f"Variable {describe(target)}")
        stored = self.reading.stored(entry[kind])
        if (stored.dtype, stored.shape) != (dtype_name(target.dtype), target.shape):
            what = f"{entry[kind]!r}, {stored.dtype} {stored.shape}"
            raise self._refuse(path, what, f"Variable {target.name!r}, {describe(target)}")
        new = put(self.reading.on_host(entry[kind]), target.device)

        def do() -> Callable[[], Any]:
            old = target.raw
            target.assign(new)
            return lambda: target.assign(old)

        self._know(kind, entry, target)
        self._variables.append(do)
        return target

    def _optimizer(
        self, kind: str, entry: Any, target: Optimizer, path: tuple[Any, ...]
    ) -> Optimizer:
        if kind != "optimizer" or entry["kind"] != type(target).__name__:
            raise self._refuse(path, _described(kind, entry), f"{type(target).__name__}")
        state = self.reading.decode(entry["state"])
        self._know(kind, entry, target)

        def do() -> Callable[[], Any]:
            names = entry["variables"]
            mine = [self.reading.objects.get(name) for name in names]
            if all(isinstance(v, Variable) for v in mine):
                if not target.seen_variables():
                    target.build(mine)
                state.update(_reordered(state, mine, target))
            old = target.state_dict()
            target.load_state_dict(state)
            return lambda: target.load_state_dict(old)

        self._stateful.append(do)
        return target

    def _state(
        self,
        kind: str,
        entry: Any,
        target: Any,
        path: tuple[Any, ...],
        read: Callable[[Any], Any],
        change: Callable[[Any, Any], None],
    ) -> Any:
        """Give an object its state; `read` and `change` say how that is done."""
        if not isinstance(entry, dict) or kind not in entry:
            found = next(iter(entry), "") if isinstance(entry, dict) else ""
            raise self._refuse(path, _described(found, entry), f"a {type(target).__name__}")
        state = self.reading.decode(entry["state"])
        self._know(kind, entry, target)

        def do() -> Callable[[], Any]:
            old = read(target)
            change(target, state)
            return lambda: change(target, old)

        self._stateful.append(do)
        return target

    # -- containers ----------------------------------------------------------------------------

    def _container(self, kind: str, entry: Any, target: Any, path: tuple[Any, ...]) -> Any:
        parts = self._parts(kind, entry)
        mine = _parts_of(target)
        if _is_other_length(entry, target) and not _keeps_state(target):
            made = self.reading.decode(entry)
            self._containers.append(lambda: _refill(target, made))
            return target
        if parts is None or mine is None or set(parts) != set(mine):
            raise self._refuse(path, _described(kind, entry), _shape_of(target))
        new = {key: self.visit(parts[key], old, (*path, key)) for key, old in mine.items()}
        changed = {key: value for key, value in new.items() if value is not mine[key]}
        if isinstance(target, (dict, list)):
            self._containers.append(lambda: _fill(target, changed))
            return target
        if not changed:
            return target
        if dataclasses.is_dataclass(target) and not isinstance(target, type):
            return dataclasses.replace(target, **{str(k): v for k, v in changed.items()})
        if (ways := registered(type(target))) is not None:
            return ways[1](ways[0](target)[1], list(new.values()))
        if hasattr(target, "_fields"):
            return type(target)(*new.values())
        return type(target)(new.values())

    def _parts(self, kind: str, entry: Any) -> dict[Any, Any] | None:
        """Find the entries inside an entry, under the keys of `_parts_of`."""
        if isinstance(entry, list):
            return dict(enumerate(entry))
        if kind == "tuple":
            return dict(enumerate(entry["tuple"]))
        if kind == "registered":
            return dict(enumerate(entry["children"]))
        if kind == "dict":
            return {self.reading.decode(key): child for key, child in entry["dict"]}
        return dict(entry["fields"]) if kind in ("namedtuple", "dataclass") else None


def _state_dict(target: Any) -> Any:
    return target.state_dict()


def _load_state_dict(target: Any, state: Any) -> None:
    target.load_state_dict(state)


def _read_state(target: Generator) -> Any:
    return target.state


def _set_state(target: Generator, state: Any) -> None:
    target.state = state


def _set_numpys(target: Any, state: Any) -> None:
    """Change the stream; numpy gives no way to change what `spawn` makes children from."""
    target.bit_generator.state = state["bits"]


def _is_other_length(entry: Any, target: Any) -> bool:
    """Whether both are lists, and one has grown, as that of the losses does."""
    both = isinstance(entry, list) and isinstance(target, list)
    return both and len(entry) != len(target)


def _keeps_state(value: Any) -> bool:
    """Whether something in a nest takes its state from a file and stays the same object."""
    if (
        isinstance(value, (Variable, Optimizer, Generator))
        or is_numpys(value)
        or is_stateful(value)
    ):
        return True
    return any(map(_keeps_state, (_parts_of(value) or {}).values()))


def _is_container(value: Any) -> bool:
    return _parts_of(value) is not None


def _parts_of(value: Any) -> dict[Any, Any] | None:
    """Find the children of a nest by key; None for a leaf."""
    if isinstance(value, dict):
        return dict(value)
    if (ways := registered(type(value))) is not None:
        return dict(enumerate(ways[0](value)[0]))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _fill(target: Any, changed: dict[Any, Any]) -> Callable[[], Any]:
    """Put new values into a dict or list."""
    old = {key: target[key] for key in changed}
    for key, value in changed.items():
        target[key] = value
    return lambda: [target.__setitem__(key, value) for key, value in old.items()]


def _refill(target: list[Any], new: list[Any]) -> Callable[[], Any]:
    """Put other values into a list, more or fewer of them."""
    old = target[:]
    target[:] = new
    return lambda: target.__setitem__(slice(None), old)


def _reordered(
    state: dict[str, Any], saved: list[Any], optimizer: Optimizer
) -> dict[str, list[Any]]:
    """Put the slots of a state into the order in which an optimizer has seen its variables."""
    numbers = {variable.number: i for i, variable in enumerate(saved)}
    order = [numbers[v.number] for v in optimizer.seen_variables() if v.number in numbers]
    if len(order) != len(optimizer.seen_variables()):
        return {}  # other variables, which load_state_dict refuses
    order += [i for i in range(len(saved)) if i not in order]
    return {
        name: [state[name][i] for i in order]
        for name in optimizer.all_slot_names()
        if len(state.get(name, ())) == len(order)
    }


def _described(kind: str, entry: Any) -> str:
    """Say what is in a file."""
    if kind in NAMED:
        what = entry["kind"] if kind == "optimizer" else kind.capitalize().replace("_", " ")
        return f"{what} {entry[kind]!r}"
    if kind == "dict":
        return f"a dict with {[key for key, _ in entry['dict']]}"
    if isinstance(entry, list) or kind == "tuple":
        length = len(entry if isinstance(entry, list) else entry["tuple"])
        return f"a {kind or 'list'} of {length}"
    if kind in ("namedtuple", "dataclass", "registered"):
        return entry[kind].rpartition(":")[2]  # type: ignore[no-any-return]
    return repr(entry)


def _shape_of(target: Any) -> str:
    if isinstance(target, dict):
        return f"a dict with {list(target)}"
    if isinstance(target, (list, tuple)) and not hasattr(target, "_fields"):
        return f"a {type(target).__name__} of {len(target)}"
    return f"a {class_name(type(target)).rpartition(':')[2]}"
