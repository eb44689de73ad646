"""From a file to a nest: new objects, made of JSON and of arrays that were checked.

Nothing in a file is called, and no module is imported on its account but array libraries that xgrad
knows. A named tuple or dataclass is
filled in without its constructor, if its class is in memory under its old name; else something with
the same attributes takes its place."""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
import warnings
import zlib
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from .._typing import Array
from ..backends import Device, device, host, is_known
from ..backends.base import dtype_name
from ..backends.generators import restored_numpys
from ..core.indexed_slices import IndexedSlices
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, BackendUnavailableError, CheckpointError, XgradError
from ..optimizers import Optimizer, deserialize
from ..random import Generator
from ..tree import registered, registered_kinds
from .container import File, Stored, host_dtype
from .structure import class_name

__all__ = ["NAMED", "Reading", "put"]


class Reading:
    """What has been made on the way through a file.

    Attributes
    ----------
    file : File
    structure : object
        The nest, as JSON.
    objects : dict
        What was made, by name.
    entries : dict
        The parts of the structure that have names.
    """

    def __init__(self, file: File, text: str, home: Device | None) -> None:
        self.file = file
        self.objects: dict[str, Any] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self._home = home
        try:
            whole = json.loads(text)
            self.structure = whole["tree"]
            self._stored = {
                name: Stored(dtype, tuple(shape), place, seal)
                for name, (dtype, shape, place, seal) in whole["arrays"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise self.damaged(f"its structure is no JSON of xg.save ({error})") from error

    def damaged(self, what: str) -> CheckpointError:
        """Make the error for something that `save` does not write."""
        return CheckpointError(f"{self.file.path} is damaged: {what}. Use an older copy.")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what a senseless structure leads to into an error that says so."""
        try:
            yield
        except (XgradError, OSError):
            raise
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise self.damaged(f"its structure cannot be read ({error!r})") from error

    def all(self) -> Any:
        """Make the whole nest."""
        with self.guarded():
            found = self.decode(self.structure)
        for name, entry in list(self.entries.items()):
            if "optimizer" in entry:
                self._continue_optimizer(name, entry)
        return found

    def decode(self, entry: Any) -> Any:
        """Make a part of the nest."""
        if entry is None or isinstance(entry, (bool, int, float, str)):
            return entry
        if isinstance(entry, list):
            return [self.decode(child) for child in entry]
        kind = next(iter(entry), "")
        if kind not in _MAKERS:
            raise self.damaged(f"its structure has an unknown {kind!r}")
        if kind == "same":
            return self.objects[entry["same"]]
        made = _MAKERS[kind](self, entry)
        if kind in NAMED:
            self.objects[entry[kind]] = made
            self.entries[entry[kind]] = entry
        return made

    # -- arrays --------------------------------------------------------------------------------

    def stored(self, name: str) -> Stored:
        """Find what the file says of an array."""
        if name not in self._stored:
            raise self.damaged(f"its structure says nothing of the array {name!r}")
        return self._stored[name]

    def on_host(self, name: str) -> Array:
        """Read an array into host memory."""
        return self.file.array(name, self.stored(name))

    def array(self, name: str, home: Device | None = None) -> Array:
        """Read an array to where it is wanted, or was."""
        stored = self.stored(name)
        target = home or self._home or self._former_home(name, stored.device)
        return put(self.on_host(name), target)

    def _former_home(self, name: str, place: str) -> Device:
        library = place.partition(":")[0]
        if not is_known(library):
            raise BackendUnavailableError(
                f"load: {name!r} in {self.file.path} was on {place}, and {library!r} is not imported "
                'here. Use import first, or xg.load(path, device="cpu") for another device.'
            )
        try:
            return device(place)
        except BackendUnavailableError as error:
            raise BackendUnavailableError(
                f"load: {name!r} in {self.file.path} was on {place}, which is not available here: "
                f'{error} Use xg.load(path, device="cpu") for another device.'
            ) from error

    # -- what is made --------------------------------------------------------------------------

    def _variable(self, entry: dict[str, Any]) -> Variable:
        array = self.array(entry["variable"])
        return Variable(array, trainable=entry["trainable"], name=entry["name"])

    def _slices(self, entry: dict[str, Any]) -> IndexedSlices:
        values, indices = map(self.decode, entry["slices"])
        return IndexedSlices(values, indices, entry["shape"])

    def _dict(self, entry: dict[str, Any]) -> dict[Any, Any]:
        return {self.decode(key): self.decode(child) for key, child in entry["dict"]}

    def _named_tuple(self, entry: dict[str, Any]) -> Any:
        names = tuple(name for name, _ in entry["fields"])
        values = [self.decode(child) for _, child in entry["fields"]]
        kind: Any = self._class(entry["namedtuple"])
        if kind is None or not issubclass(kind, tuple) or getattr(kind, "_fields", 0) != names:
            title = entry["namedtuple"].rpartition(":")[2].rpartition(".")[2]
            kind = _make_named_tuple(title, names, rename=True)
        return tuple.__new__(kind, values)

    def _dataclass(self, entry: dict[str, Any]) -> Any:
        fields = {name: self.decode(child) for name, child in entry["fields"]}
        kind = self._class(entry["dataclass"])
        if kind is None or not dataclasses.is_dataclass(kind):
            return SimpleNamespace(**fields)
        if {field.name for field in dataclasses.fields(kind)} != set(fields):
            return SimpleNamespace(**fields)
        made = object.__new__(kind)
        for name, value in fields.items():
            object.__setattr__(made, name, value)  # it may be frozen
        return made

    def _registered(self, entry: dict[str, Any]) -> Any:
        name = entry["registered"]
        for kind in registered_kinds():
            if class_name(kind) == name and (ways := registered(kind)) is not None:
                children = [self.decode(child) for child in entry["children"]]
                return ways[1](_hashable(self.decode(entry["context"])), children)
        raise CheckpointError(
            f"{self.file.path} has a {name.replace(':', '.')}, which is not registered in this "
            "program. Use xg.tree.register before loading, as when it was saved."
        )

    def _class(self, name: str) -> type | None:
        """Find a class that is in memory; importing what a file names would run its code."""
        module, _, path = name.partition(":")
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = vars(found).get(part) if hasattr(found, "__dict__") else None
        return found if isinstance(found, type) else None

    def _generator(self, entry: dict[str, Any]) -> Generator:
        name = entry["generator"]
        home = self._home or self._former_home(name, entry["device"])
        made = Generator(0, home)
        try:
            made.state = self.decode(entry["state"])
        except ArgumentError:  # of another kind
            warnings.warn(
                f"load: the random generator {name!r} in {self.file.path} was on "
                f"{entry['device']}, and its stream cannot go on on {home}. A new one begins there.",
                stacklevel=2,
            )
            return Generator(zlib.crc32(json.dumps(entry).encode()), home)
        return made

    def _optimizer(self, entry: dict[str, Any]) -> Optimizer:
        if entry["config"] is None:
            raise CheckpointError(
                f"{self.file.path}: a function is among the arguments of {entry['optimizer']!r}, "
                f"a {entry['kind']}, and functions are not saved. Use xg.load(path, into=...) with "
                "an optimizer made as this one was."
            )
        try:
            return deserialize(self.decode(entry["config"]))
        except (XgradError, TypeError, KeyError) as error:
            raise CheckpointError(
                f"{self.file.path}: cannot make the {entry['kind']} {entry['optimizer']!r}: {error}"
            ) from error

    def _continue_optimizer(self, name: str, entry: dict[str, Any]) -> None:
        """Give an optimizer its state; its slots to its variables, if those are in the file too."""
        optimizer = self.objects[name]
        variables = [self.objects.get(v) for v in entry["variables"]]
        if None not in variables:
            optimizer.build(variables)
        excluded = [self.objects.get(v) for v in entry["excluded"][0]]
        if None in excluded:
            raise CheckpointError(
                f"{self.file.path}: the {entry['kind']} {name!r} excludes Variables from weight "
                "decay that are not in the file. Use xg.load(path, into=...) with an optimizer made "
                "as this one was, or save its Variables too."
            )
        optimizer.exclude_from_weight_decay(excluded, entry["excluded"][1])
        optimizer.load_state_dict(self.decode(entry["state"]))


def put(array: Array, target: Device) -> Array:
    """Move an array that was read to a device, in its dtype."""
    backend, name = target.backend, dtype_name(array.dtype)
    if backend is host():
        return array
    if name == "bfloat16":  # other libraries do not know NumPy's
        wide = put(array.astype(host_dtype("float32", "it")), target)
        return backend.xp.astype(wide, dtype=backend.dtype(name))
    return backend.asarray(array, backend.dtype(name), target.native, True)


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


_MAKERS: dict[str, Callable[[Reading, Any], Any]] = {
    "array": lambda reading, entry: reading.array(entry["array"]),
    "bytes": lambda reading, entry: base64.b64decode(entry["bytes"]),
    "complex": lambda reading, entry: complex(*map(reading.decode, entry["complex"])),
    "dataclass": Reading._dataclass,
    "dict": Reading._dict,
    "float": lambda reading, entry: float(entry["float"]),
    "generator": Reading._generator,
    "namedtuple": Reading._named_tuple,
    "numpy_generator": lambda reading, entry: restored_numpys(reading.decode(entry["state"])),
    "optimizer": Reading._optimizer,
    "registered": Reading._registered,
    "same": lambda reading, entry: reading.objects[entry["same"]],
    "scalar": lambda reading, entry: reading.on_host(entry["scalar"])[()],
    "slices": Reading._slices,
    "stateful": lambda reading, entry: reading.decode(entry["state"]),
    "tensor": lambda reading, entry: Tensor(reading.array(entry["tensor"])),
    "tuple": lambda reading, entry: tuple(map(reading.decode, entry["tuple"])),
    "variable": Reading._variable,
}
_make_named_tuple: Any = namedtuple  # noqa: PYI024 - names and fields are data here
NAMED: tuple[str, ...] = ("array", "generator", "numpy_generator", "optimizer", "scalar")
NAMED += ("stateful", "tensor", "variable")
