"""A nest as JSON, with its arrays on the side: what `save` writes.

Whatever JSON does not have is an object with one telling key; arrays are referred to by names made
of the path to them. What occurs twice (tied weights) is written once, and is one object again when
it is loaded."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

from .._typing import Array
from ..backends import backend_of, host, is_array, place_of
from ..backends.base import dtype_name
from ..backends.generators import describe_numpys, is_numpys
from ..core.casting import dtype_kind
from ..core.handle import Handle
from ..core.indexed_slices import IndexedSlices
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, XgradError
from ..optimizers import Optimizer, serialize
from ..random import Generator
from ..tree import registered
from .container import Stored, checksum, host_dtype

__all__ = ["Writing", "class_name", "is_stateful", "text_of"]

_ROOT = "value"


def text_of(tree: Any, writing: Writing) -> str:
    """Take a nest apart: its structure as JSON; its arrays are then in `writing`."""
    structure = writing.encode(tree, ())
    for optimizer, entry in writing.optimizers:
        entry["variables"] = [writing.name_of(v) for v in optimizer.seen_variables()]
        excluded, pattern = optimizer.excluded_from_weight_decay()
        entry["excluded"] = [writing.name_of(v) for v in excluded], pattern
    return json.dumps(
        {"tree": structure, "arrays": writing.stored}, allow_nan=False, separators=(",", ":")
    )


def is_stateful(value: Any) -> bool:
    """Whether an object gives its state as a nest, and takes it back."""
    return hasattr(value, "state_dict") and hasattr(value, "load_state_dict")


def class_name(kind: type) -> str:
    """Spell a class so that it can be found again where it was imported."""
    return f"{kind.__module__}:{kind.__qualname__}"


class Writing:
    """What has been met on the way through a nest.

    Attributes
    ----------
    arrays : dict
        Contiguous arrays in host memory, by name.
    stored : dict of Stored
    optimizers : list
        Each with its entry in the structure, to be completed at the end.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self.stored: dict[str, Stored] = {}
        self.optimizers: list[tuple[Optimizer, dict[str, Any]]] = []
        # Under their identity, with the objects themselves, which keep it from being given away.
        self._names: dict[int, tuple[str, Any]] = {}
        self._used = {"__metadata__"}  # which safetensors keeps for itself
        self._open: set[int] = set()

    def name_of(self, value: Any) -> str | None:
        """Find the name that an object was given."""
        found = self._names.get(id(value))
        return None if found is None else found[0]

    def encode(self, value: Any, path: tuple[Any, ...]) -> Any:
        """Put a nest into the form of JSON."""
        plain = _plain(value)
        if plain is not _NOTHING:
            return plain
        known = self.name_of(value)
        if known is not None:
            return {"same": known}
        if isinstance(value, Handle) or is_array(value):
            return self._encode_array(value, path)
        if id(value) in self._open:
            raise ArgumentError(f"save: {shown(path)} contains itself. Use a nest without cycles.")
        self._open.add(id(value))
        try:
            return self._encode_nest(value, path)
        finally:
            self._open.discard(id(value))

    def _encode_array(self, value: Any, path: tuple[Any, ...]) -> dict[str, Any]:
        raw = value.raw if isinstance(value, Handle) else value
        if isinstance(value, Handle) and value.node is not None:
            protocols.left(value, "left xgrad through xg.save")
        try:
            array, device = _on_host(raw)
        except XgradError as error:
            raise type(error)(f"save: {shown(path)}: {error}") from error
        name = self._give_name(value, path)
        self.arrays[name] = array
        self.stored[name] = Stored(
            dtype_name(array.dtype), tuple(array.shape), device, checksum(array)
        )
        if isinstance(value, Variable):
            return {"variable": name, "name": value.name, "trainable": value.trainable}
        if isinstance(value, Handle):
            return {"tensor": name}
        return {"scalar" if isinstance(value, host().namespace.generic) else "array": name}

    def _encode_object(self, value: Any, path: tuple[Any, ...]) -> Any:
        """Put what has a state, or parts of its own, into the form of JSON; or `_NOTHING`."""
        if isinstance(value, IndexedSlices):
            parts = [self.encode(x, (*path, n)) for n, x in _parts(value)]
            return {"slices": parts, "shape": value.dense_shape}
        if isinstance(value, Optimizer):
            return self._encode_optimizer(value, path)
        entry: dict[str, Any]
        if isinstance(value, Generator):
            entry, state = {"generator": "", "device": str(value.device)}, value.state
        elif is_numpys(value):
            entry, state = {"numpy_generator": ""}, describe_numpys(value)
        elif is_stateful(value):
            entry, state = {"stateful": ""}, value.state_dict()
        else:
            return _NOTHING
        kind = next(iter(entry))
        return {**entry, kind: self._give_name(value, path), "state": self.encode(state, path)}

    def _encode_nest(self, value: Any, path: tuple[Any, ...]) -> Any:
        def inside(children: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
            return [(key, self.encode(child, (*path, key))) for key, child in children]

        found = self._encode_object(value, path)
        if found is not _NOTHING:
            return found
        kind = type(value)
        if isinstance(value, dict):
            return {"dict": [(_key(k, path), child) for k, child in inside(value.items())]}
        if (ways := registered(kind)) is not None:
            children, context = ways[0](value)
            items = [child for _, child in inside(enumerate(children))]
            context = self.encode(context, (*path, "context"))
            return {"registered": class_name(kind), "context": context, "children": items}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            pairs = zip(value._fields, value, strict=True)
            return {"namedtuple": class_name(kind), "fields": inside(pairs)}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            fields = inside([(name, getattr(value, name)) for name in names])
            return {"dataclass": class_name(kind), "fields": fields}
        if isinstance(value, (list, tuple)):
            items = [child for _, child in inside(enumerate(value))]
            return {"tuple": items} if isinstance(value, tuple) else items
        raise ArgumentTypeError(
            f"save: {shown(path)} is a {class_name(kind).replace(':', '.')}, which cannot be saved. "
            "Use Tensors, Variables, arrays, Python numbers, strings and None in dicts, lists, "
            "tuples and dataclasses, or objects with state_dict and load_state_dict."
        )

    def _encode_optimizer(self, value: Optimizer, path: tuple[Any, ...]) -> dict[str, Any]:
        name = self._give_name(value, path)
        try:
            config = Writing().encode_plain(serialize(value))
        except ArgumentTypeError:  # a function of the user's
            config = None
        entry: dict[str, Any] = {"optimizer": name, "kind": type(value).__name__, "config": config}
        entry["state"] = self.encode(value.state_dict(), path)
        self.optimizers.append((value, entry))
        return entry

    def encode_plain(self, value: Any) -> Any:
        """Put a nest without arrays into the form of JSON."""
        found = self.encode(value, ())
        if self.arrays:
            raise ArgumentTypeError("there is an array in it")
        return found

    def _give_name(self, value: Any, path: tuple[Any, ...]) -> str:
        stem = "/".join(map(str, path)) or _ROOT
        stem = name = stem.encode(errors="replace").decode()
        number = 1
        while name in self._used:
            number += 1
            name = f"{stem}~{number}"
        self._used.add(name)
        self._names[id(value)] = name, value
        return name


def shown(path: tuple[Any, ...]) -> str:
    """Spell the place in a nest as Python does."""
    return "tree" + "".join(f"[{key!r}]" for key in path)


_NOTHING = object()


def _plain(value: Any) -> Any:
    """Give what JSON has, and Python's other numbers and bytes; `_NOTHING` for all else."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is complex:
        return {"complex": [_plain(value.real), _plain(value.imag)]}
    if kind is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    return _NOTHING


def _parts(slices: IndexedSlices) -> list[tuple[str, Any]]:
    return [("values", slices.values), ("indices", slices.indices)]


def _key(key: Any, path: tuple[Any, ...]) -> Any:
    found = _plain(key)
    if found is _NOTHING and type(key) is tuple:
        found = {"tuple": [_key(part, path) for part in key]}
    if found is _NOTHING:
        raise ArgumentTypeError(
            f"save: {shown(path)} has the key {key!r}, a {type(key).__name__}. Use strings, numbers "
            "or tuples of them as keys."
        )
    return found


def _on_host(array: Array) -> tuple[Array, str]:
    """Copy an array to host memory, where it is not there, contiguous and in native byte order."""
    dtype_kind(array.dtype)
    backend, name = backend_of(array), dtype_name(array.dtype)
    array = backend.plain(array)
    if backend.nests:
        backend.to_numpy(array)  # says why not
    place = str(place_of(array))
    if backend is host():
        found = array
    elif place.endswith(":meta"):
        raise DTypeError(f"{describe(array)} has no values. Use an array on another device.")
    elif name == "bfloat16":  # no bit of which is lost in float32
        wide = backend.to_numpy(backend.xp.astype(array, dtype=backend.dtype("float32")))
        found = wide.astype(host_dtype(name, describe(array)))
    else:
        found = backend.to_numpy(array)
    if dtype_name(found.dtype) not in _DTYPES:
        raise DTypeError(
            f"{describe(array)} cannot be saved: the format has no such dtype. Use astype with one "
            f"of {', '.join(_DTYPES)}."
        )
    return host().namespace.asarray(found, dtype=found.dtype.newbyteorder("="), order="C"), place


_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
)
