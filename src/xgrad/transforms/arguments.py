"""The arguments of one call of a user's function, by position, and gradients that belong to them.

Keyword arguments are bound to positions by the function's signature, so that a rule meets them in
the order of the definition. Every argument may be a nest; its arrays are what can have a gradient,
and everything else in it is handed on as it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._typing import SCALAR_TYPES, Nest
from ..backends import is_array
from ..backends.base import dtype_name
from ..core.casting import cast_within_kind, is_inexact, to_array
from ..core.handle import Handle, Sparse
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..core.variable import Variable
from ..errors import ArgumentTypeError, DeviceMismatchError, ShapeError
from ..ops.rule_namespace import rule_namespace
from ..tree import TreeDef, flatten, show, unflatten
from .call import Place, place_of

__all__ = ["Arguments", "as_result", "by_path", "fit", "signature_of"]

_LEAF = flatten(0)[1]


class Position(NamedTuple):
    """One argument.

    Attributes
    ----------
    name : str
    treedef : TreeDef
        Its structure, where None counts as a leaf.
    arrays : int
        How many of its leaves are arrays.
    is_number : bool
        Whether it is a Python number that could have been an array: a float or complex.
    """

    name: str
    treedef: TreeDef
    arrays: int
    is_number: bool


class Arguments:
    """What a function was called with.

    Attributes
    ----------
    positions : list of Position
    leaves : list
        Of all arguments; arrays and Variables as Tensors of their present values.
    operands : list of Tensor
        The leaves that can have a gradient.
    places : list of Place
        One per operand.
    """

    def __init__(
        self, signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if signature is not None:
            bound = signature.bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        self._count = len(args)
        self._keywords = list(kwargs)
        self.positions: list[Position] = []
        self.leaves: list[Any] = []
        self.operands: list[Tensor] = []
        self.places: list[Place] = []
        self._arrays: list[int] = []  # the numbers of the leaves that are arrays
        self._operand_of: dict[int, int] = {}  # from the number of a leaf to that of an operand
        names = [*_names(signature, len(args)), *self._keywords]
        for name, value in zip(names, (*args, *kwargs.values()), strict=True):
            self._add(name, value)

    def _add(self, name: str, value: Nest) -> None:
        found, treedef = flatten(value, none_is_leaf=True)
        found = [as_tensor(leaf) for leaf in found]
        if not any(isinstance(leaf, Tensor) for leaf in found):
            found, treedef = [value], _LEAF  # as it is, whatever it is
        count = 0
        for x, path in zip(found, _paths(treedef, ""), strict=True):
            if isinstance(x, Tensor):
                count += 1
                self._arrays.append(len(self.leaves))
                if is_inexact(x.dtype):
                    self._operand_of[len(self.leaves)] = len(self.operands)
                    self.operands.append(x)
                    self.places.append(place_of(x, name + path))
            self.leaves.append(x)
        self.positions.append(Position(name, treedef, count, type(value) in (float, complex)))

    def call(self, function: Callable[..., Any], leaves: Sequence[Any] | None = None) -> Any:
        """Call the function with the leaves as they are here, or with others."""
        values = self.nests(self.leaves if leaves is None else leaves)
        args, rest = values[: self._count], values[self._count :]
        return function(*args, **dict(zip(self._keywords, rest, strict=True)))

    def nests(self, leaves: Sequence[Any]) -> list[Any]:
        """Give one value per position, put together from other leaves."""
        values, start = [], 0
        for position in self.positions:
            stop = start + position.treedef.num_leaves
            values.append(unflatten(position.treedef, leaves[start:stop]))
            start = stop
        return values

    def forget_arrays(self) -> None:
        """Keep the structure only, which is all that `match` needs."""
        self.operands = []
        self.leaves = [None for _ in self.leaves]

    def merged(self, per_operand: Sequence[Any]) -> list[Any]:
        """Give the leaves, with others in the places of the operands."""
        return [
            per_operand[self._operand_of[i]] if i in self._operand_of else x
            for i, x in enumerate(self.leaves)
        ]

    def spread(self, per_operand: Sequence[Any]) -> list[Any]:
        """Give one value per leaf: those of the operands, 0.0 for numbers, None for the others."""
        return [
            per_operand[self._operand_of[i]]
            if i in self._operand_of
            else (0.0 if type(x) in (float, complex) else None)
            for i, x in enumerate(self.leaves)
        ]

    def match(self, returned: Any) -> list[Any] | None:
        """Find the gradient for each operand in what a rule returned; None if the count is wrong.

        A rule returns one value per argument, in the argument's structure or None, or one per leaf
        of all arguments. All that are no arrays may be left out, and all integers; floats are
        numbers that the rule may have a gradient for. What has names belongs to what has the same
        names, in whatever order."""
        given = list(returned) if type(returned) in (tuple, list) else [returned]
        everything = [p.treedef.num_leaves for p in self.positions]
        starts = [sum(everything[:i]) for i in range(len(everything))]
        floating = [self._has_operand(s, n) for s, n in zip(starts, everything, strict=True)]
        for chosen in (
            range(len(self.positions)),
            [i for i, p in enumerate(self.positions) if p.arrays or p.is_number],
            [i for i, p in enumerate(self.positions) if p.arrays],
            [i for i, has in enumerate(floating) if has],
        ):
            if len(given) == len(chosen):
                leaves = self._matched(given, chosen, starts)
                if leaves is not None:
                    return [leaves[i] for i in self._operand_of]
        flat, treedef = flatten(returned, none_is_leaf=True)
        if treedef.has_names:
            return None
        for numbers in (
            range(len(self.leaves)),
            self._arrays,
            list(self._operand_of),
        ):
            if len(flat) == len(numbers):
                by_leaf = dict(zip(numbers, flat, strict=True))
                return [by_leaf[i] for i in self._operand_of]
        return None

    def _has_operand(self, start: int, count: int) -> bool:
        return any(i in self._operand_of for i in range(start, start + count))

    def _matched(
        self, given: list[Any], chosen: Sequence[int], starts: list[int]
    ) -> dict[int, Any] | None:
        """One gradient per leaf of the chosen arguments, or None if one is missing or too many."""
        found: dict[int, Any] = dict.fromkeys(range(len(self.leaves)))
        for g, number in zip(given, chosen, strict=True):
            position = self.positions[number]
            if g is None:
                continue
            if position.treedef.kind is None:
                found[starts[number]] = g
                continue
            parts = by_path(g)
            for i, path in enumerate(position.treedef.paths, start=starts[number]):
                if path in parts:
                    found[i] = parts.pop(path)
                elif i in self._operand_of:
                    return None
            if parts:
                return None
        return found

    def expected(self) -> tuple[int, str]:
        """How many gradients a rule may return at least, and for which arguments, in words."""
        chosen = [p for p in self.positions if p.arrays] or self.positions
        names = [f"{p.name} {show(p.treedef)}" if p.treedef.has_names else p.name for p in chosen]
        return len(names), ", ".join(names) or "no argument"


def by_path(nest: Nest) -> dict[tuple[Any, ...], Any]:
    """The leaves of a nest by their paths; None counts as a leaf."""
    leaves, treedef = flatten(nest, none_is_leaf=True)
    return dict(zip(treedef.paths, leaves, strict=True))


def as_tensor(x: Any) -> Any:
    """Make a Tensor of its own of an array, a Tensor or a Variable; anything else stays."""
    if isinstance(x, Sparse):
        return x.to_dense()
    if isinstance(x, Handle):
        return alias(x)
    return Tensor(to_array(x)) if is_array(x) else x


def as_result(x: Any, what: str) -> Tensor:
    """Take what a function returned as a Tensor; one that is a Tensor stays the same object.

    Raises
    ------
    ArgumentTypeError
        If it is no array and no number.
    """
    y = Tensor(to_array(x)) if type(x) in SCALAR_TYPES else x
    y = y if isinstance(y, Tensor) else as_tensor(y)
    if not isinstance(y, Tensor):
        raise ArgumentTypeError(
            f"{what} returned a {type(x).__name__} as a value. Use Tensors, arrays, numbers, or "
            "nests of them."
        )
    return y


def fit(g: Any, place: Place, what: str) -> Tensor | None:
    """Take what a rule returned as a Tensor of the shape, dtype and device of what it belongs to.

    Parameters
    ----------
    g : array_like or None
    place : Place
    what : str
        Such as ``"custom_gradient: f: the gradient of"``, followed by the place's name.

    Raises
    ------
    ArgumentTypeError, ShapeError, DeviceMismatchError, DTypeError
        If it does not fit. Nothing broadcasts; dtypes are cast within their kind.
    """
    if g is None:
        return None
    if isinstance(g, Sparse):
        g = g.to_dense()
    if isinstance(g, Variable):
        g = g.value()
    whole = f"{what} {place.name}"
    try:
        x = g if isinstance(g, Tensor) else Tensor(to_array(g, device=_home(g, place)))
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{whole}: {error}") from error
    shown = f"{place.shape} {dtype_name(place.dtype)} on {place.device}"
    if x.shape != place.shape:
        raise ShapeError(
            f"{whole} is {describe(x)}, but {place.name} is {shown}: the shapes must be equal. Use "
            "xg.broadcast_to to repeat a value on purpose, or xg.sum where it was broadcast."
        )
    if x.device != place.device:
        raise DeviceMismatchError(
            f"{whole} is {describe(x)}, but {place.name} is {shown}. Use "
            f".to_device({str(place.device)!r})."
        )
    if x.dtype != place.dtype:
        cast_within_kind(x.raw, place.dtype, whole, place.name)
        x = rule_namespace.astype(x, place.dtype)
    return x


def _home(g: Any, place: Place) -> Any:
    """Python numbers go where they belong; arrays stay where they are, to be compared."""
    return None if is_array(g) and type(g) not in SCALAR_TYPES else place.device


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """Find the signature, or None for functions in C that have none."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _names(signature: inspect.Signature | None, count: int) -> list[str]:
    """List the names of that many positional arguments."""
    names: list[str] = []
    parameters = [] if signature is None else list(signature.parameters.values())
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    names = names[:count]
    return names + [f"argument {i}" for i in range(len(names), count)]


def _paths(treedef: TreeDef, before: str) -> list[str]:
    """How to spell the way from an argument to each of its leaves: ``[0]['weight']``."""
    if treedef.kind is None:
        return [before]
    found: list[str] = []
    for key, child in zip(treedef.keys, treedef.children, strict=True):
        found += _paths(child, f"{before}[{key!r}]")
    return found
