"""Signatures: what tells one call of a recorded function from another.

Structure, shapes, dtypes, devices, Python values and Variables do; the values of arrays do not. The
arguments are taken apart for that, and put together again from other leaves."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .._arguments import as_sequence
from .._typing import SCALAR_TYPES, Shape
from ..backends import Device, backend_of, default_device, is_array, place_of
from ..backends.base import dtype_name
from ..core.casting import to_array
from ..core.defaults import chosen_dtype
from ..core.handle import Handle
from ..core.indexed_slices import IndexedSlices
from ..core.observers import confine, settings
from ..core.spec import describe
from ..core.variable import Variable
from ..errors import ArgumentTypeError, DeviceMismatchError
from ..tree import TreeDef, flatten, unflatten

__all__ = ["Signature", "Taken", "holds_array", "show_key"]


class Taken(NamedTuple):
    """One call's arguments.

    Attributes
    ----------
    leaves : list
        Of the arguments; values and indices in the place of IndexedSlices.
    slices : list of (int, tuple)
        The places in `leaves` where IndexedSlices begin, and their shapes.
    treedef : TreeDef
    static : tuple
        The values of the static arguments.
    key : tuple
        What later calls of the same signature share.
    arrays : list
        The arrays among the leaves, in order.
    donated : list of (int, object)
        The places in `arrays` of those that were given away, and what holds them.
    """

    leaves: list[Any]
    slices: list[tuple[int, Shape]]
    treedef: TreeDef
    static: tuple[Any, ...]
    key: Any
    arrays: list[Any]
    donated: list[tuple[int, Any]]

    @property
    def holders(self) -> list[Any]:
        """The leaves that hold the arrays, in their order."""
        return [x for x in self.leaves if holds_array(x)]


class Signature:
    """How the arguments of a function are taken apart.

    Parameters
    ----------
    f : callable
    static_argnames, donate : str or iterable of str
        Names of arguments.
    device : Device or None
        Where all arrays have to be.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        static_argnames: str | Iterable[str],
        donate: str | Iterable[str],
        device: Device | None,
    ) -> None:
        self._name = getattr(f, "__name__", str(f))
        static, donated = _listed("static_argnames", static_argnames), _listed("donate", donate)
        self._signature = inspect.signature(f) if static or donated else None
        self._static = self._names("static_argnames", static)
        self._donate = self._names("donate", donated)
        self._device = device
        if both := set(self._static) & set(self._donate):
            raise ArgumentTypeError(
                f"function: {sorted(both)} are in static_argnames and in donate. Use donate for "
                "arrays, static_argnames for Python values."
            )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said about arguments or places."""
        return self._signature is None and self._device is None

    def _names(self, option: str, chosen: tuple[Any, ...]) -> tuple[str, ...]:
        known = self._signature.parameters if self._signature else {}
        if unknown := [name for name in chosen if not isinstance(name, str) or name not in known]:
            raise ArgumentTypeError(
                f"function: {option} {unknown} are no arguments of {self._name}. Use names from its "
                f"signature: {', '.join(known) or 'it has none'}."
            )
        return chosen

    def take_apart(self, args: tuple[Any, ...], options: dict[str, Any]) -> Taken | None:
        """Leaves, key and arrays of a call; None where arrays nest others, as inside `vmap`."""
        static: tuple[Any, ...] = ()
        given: set[int] = set()
        if self._signature is not None:
            bound = self._signature.bind(*args, **options)
            bound.apply_defaults()
            static = tuple([bound.arguments.pop(name) for name in self._static])
            args, options = (), dict(bound.arguments)
            given = {id(x) for name in self._donate for x in flatten(options[name])[0]}
        given_leaves, treedef = flatten((args, options))
        leaves, slices = _without_slices(given_leaves)
        arrays: list[Any] = []
        keys: list[Any] = []
        donated: list[tuple[int, Any]] = []
        for x in leaves:
            if isinstance(x, Variable):
                keys.append(x.number)
            elif holds_array(x):
                if settings.told and isinstance(x, Handle):
                    confine(self._name, (x.node,))
                array = x.raw if isinstance(x, Handle) else to_array(x)
                backend = backend_of(array)
                if backend.nests:
                    return None
                self._check_device(x, array)
                where = None if backend.one_device else str(backend.device_of(array))
                keys.append((type(array), array.shape, array.dtype, where))
                if id(x) in given:
                    donated.append((len(arrays), x))
                arrays.append(array)
            else:
                known = _with_one_nan(x)
                if type(x) not in SCALAR_TYPES:
                    known = self._hashable(known)
                keys.append((known, _exactly(x)))
        exactly = _exactly(static) if static else ()
        values = _with_one_nan(static)
        place = str(default_device())
        key = (treedef, tuple(keys), values, exactly, chosen_dtype(), place, tuple(slices))
        return Taken(leaves, slices, treedef, static, key, arrays, donated)

    def put_together(
        self, taken: Taken, leaves: list[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments like those that were taken apart, of other leaves."""
        args, options = unflatten(taken.treedef, _with_slices(leaves, taken.slices))
        if self._signature is None:
            return args, options
        bound = self._signature.bind_partial()
        named = {**options, **dict(zip(self._static, taken.static, strict=True))}
        bound.arguments = {n: named[n] for n in self._signature.parameters if n in named}
        return bound.args, bound.kwargs

    def _check_device(self, x: Any, array: Any) -> None:
        if self._device is None:
            return
        if place_of(array) != self._device:
            raise DeviceMismatchError(
                f"{self._name}: {describe(x)} is not on {self._device}, the device of this "
                f"function. Use xg.to_device(x, {str(self._device)!r})."
            )

    def _hashable(self, x: Any) -> Any:
        try:
            hash(x)
        except (TypeError, ValueError) as error:  # the latter of a memoryview
            raise ArgumentTypeError(
                f"{self._name}: an argument of type {type(x).__name__} is neither an array nor "
                "hashable, so calls with it cannot be told apart. Use Tensors, nests of them, or a "
                "hashable value."
            ) from error
        return x


def _without_slices(leaves: list[Any]) -> tuple[list[Any], list[tuple[int, Shape]]]:
    """Leaves with two in the place of IndexedSlices, and where that is."""
    found: list[Any] = []
    slices = []
    for x in leaves:
        if isinstance(x, IndexedSlices):
            slices.append((len(found), x.dense_shape))
            found += [x.values, x.indices]
        else:
            found.append(x)
    return found, slices


def _with_slices(leaves: list[Any], slices: list[tuple[int, Shape]]) -> list[Any]:
    """The other way round."""
    found = list(leaves)
    for place, shape in reversed(slices):
        found[place : place + 2] = [IndexedSlices(found[place], found[place + 1], shape)]
    return found


def holds_array(x: Any) -> bool:
    """Whether a leaf is an array that a program takes as an argument."""
    if isinstance(x, Variable):
        return False
    if isinstance(x, Handle):
        return type(x.raw) not in SCALAR_TYPES
    return type(x) not in SCALAR_TYPES and is_array(x)


def _exactly(x: Any) -> Any:
    """What tells a Python value from others that equal it: 1 from 1.0 and True, 0.0 from -0.0."""
    kind = type(x)
    if isinstance(x, float):
        return kind, math.copysign(1.0, x)
    if isinstance(x, complex):
        return kind, math.copysign(1.0, x.real), math.copysign(1.0, x.imag)
    if isinstance(x, tuple):
        return kind, tuple(map(_exactly, x))
    if isinstance(x, frozenset):
        return kind, frozenset([(part, _exactly(part)) for part in x])
    return kind


_nans: dict[str, float | complex] = {}


def _with_one_nan(x: Any) -> Any:
    """A value with the first of all NaNs of its kind for each NaN, which are equal to themselves only."""
    if isinstance(x, float | complex):
        return x if x == x else _nans.setdefault(repr(x), x)  # noqa: PLR0124 - as NaN is not
    return tuple(map(_with_one_nan, x)) if type(x) is tuple else x


def show_key(key: Any) -> str:
    """A signature for people."""
    shown = []
    for part in key[1]:
        if isinstance(part, tuple) and len(part) == 4:
            shown.append(f"{tuple(part[1])} {dtype_name(part[2])}")
        elif isinstance(part, tuple):
            shown.append(repr(part[0]))
        else:
            shown.append(f"Variable {part}")
    return "(" + ", ".join([*shown, *map(repr, key[2])]) + ")"


def _listed(option: str, names: str | Iterable[str]) -> tuple[Any, ...]:
    return (names,) if isinstance(names, str) else as_sequence(names, "function", option, "str")
