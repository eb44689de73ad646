"""What `gradient` was given: options, nests and seeds, checked before anything is consumed."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from numbers import Integral
from typing import Any, NamedTuple

from .._typing import Nest
from ..core.casting import cast_within_kind, dtype_kind, is_inexact, to_array
from ..core.handle import Handle
from ..core.indexed_slices import IndexedSlices
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, DeviceMismatchError, DTypeError, ShapeError
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten, show

__all__ = [
    "SeedNames",
    "UnconnectedGradients",
    "as_option",
    "check_chunk_size",
    "fitted",
    "seeds_of",
    "take_apart",
    "tangents_of",
]

# Who can do with the values of a sparse target, because the dense array is linear in them.
_LINEAR = ("gradient", "gradients", "explain", "jvp")
# What targets are called.
_TARGETS = ("target", "ys")


class UnconnectedGradients(enum.Enum):
    """What to return for a source from which no path leads to the target."""

    NONE = "none"
    ZERO = "zero"
    RAISE = "raise"


def as_option(value: Any) -> UnconnectedGradients:
    """Make an option of one of its names."""
    if type(value) is UnconnectedGradients:
        return value
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ArgumentError(
            f"Unknown value for unconnected_gradients: {value!r}. Use 'none', 'zero' or 'raise'."
        ) from None


def check_chunk_size(chunk_size: Any, caller: str) -> None:
    """Refuse what is neither a positive integer nor None."""
    if chunk_size is None:
        return
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, Integral):
        raise ArgumentTypeError(
            f"{caller}: chunk_size must be an int, but is {chunk_size!r}. Use None for all at once."
        )
    if chunk_size < 1:
        raise ArgumentError(
            f"{caller}: chunk_size {chunk_size} must be at least 1. Use None for all at once."
        )


def take_apart(nest: Nest, name: str, caller: str = "gradient") -> tuple[list[Any], Any]:
    """Find the Tensors and Variables of a nest, and its structure."""
    found, treedef = flatten(nest, none_is_leaf=True)
    for i, x in enumerate(found):
        if isinstance(x, (Tensor, Variable)):
            continue
        if isinstance(x, IndexedSlices) and name in _TARGETS and caller in _LINEAR:
            found[i] = x.values
            continue
        place = name if treedef.kind is None else f"{name}: leaf {i} of {len(found)}"
        if x is None:
            hint = "Use a nest without it."
            if name in _TARGETS:
                hint = "Did the function forget to return a value?"
            raise ArgumentTypeError(
                f"{caller}: {place} is None, but must be a Tensor or Variable. {hint}"
            )
        raise ArgumentTypeError(
            f"{caller}: {place} is a {type(x).__name__}, but must be a Tensor or Variable. "
            f"{_hint_for(x)}"
        )
    return found, treedef


def _hint_for(x: Any) -> str:
    """Say what to do with an object that is no Tensor."""
    if isinstance(x, IndexedSlices):
        return "Use its .values, or to_dense() inside the `with` block."
    if isinstance(x, Iterable) and not hasattr(x, "shape") and not isinstance(x, str):
        return "Use list(...) or another nest, which keeps its order."
    return "Use xg.asarray, tape.watch it, and compute with what that gives."


class SeedNames(NamedTuple):
    """What a function calls the cotangents that it starts from, and what they belong to."""

    caller: str
    seeds: str
    targets: str


_OF_TAPES = SeedNames("gradient", "output_gradients", "target")


def seeds_of(
    targets: list[Any], target: Nest, given: Nest, names: SeedNames = _OF_TAPES
) -> list[Any]:
    """Find what each target's cotangent starts from: a Tensor, or None for ones."""
    if given is None:
        return [_as_seed(None, x, names, "") for x in targets]
    if isinstance(target, (Handle, IndexedSlices)):
        return [_as_seed(given, target, names, "")]
    targets, structure = flatten(target, none_is_leaf=True)
    seeds, found = flatten(given, none_is_leaf=True, like=structure)
    if structure != found:
        raise ArgumentError(
            f"{names.caller}: {names.seeds} must have the structure of {names.targets}, with one "
            f"array or None for each leaf: {len(targets)} expected, {len(seeds)} given; "
            f"{show(structure)} expected, {show(found)} given. Use xg.asarray for lists of numbers."
        )
    return [
        _as_seed(g, x, names, f": leaf {i} of {len(seeds)}:")
        for i, (g, x) in enumerate(zip(seeds, targets, strict=True))
    ]


def _as_seed(g: Any, target: Any, names: SeedNames, place: str) -> Tensor | None:
    """Make a Tensor of the target's shape, dtype and device; shapes never broadcast."""
    if g is None:
        if dtype_kind(target.dtype) == "complex":
            raise DTypeError(
                f"{names.caller}: the target {describe(target)} is complex, so which direction is "
                f"meant must be said. Use {names.seeds}=, or a real target such as xg.real(y)."
            )
        return None
    tensor = fitted(g, target, f"{names.caller}: {names.seeds}{place}", "target")
    if isinstance(target, IndexedSlices):
        tensor = rule_namespace.take(tensor, target.indices, axis=0)
    return tensor if is_inexact(target.dtype) else None


def fitted(g: Any, x: Any, name: str, role: str) -> Tensor:
    """Make a Tensor with the shape, dtype and device of x; shapes never broadcast."""
    if isinstance(g, Variable):
        g = g.value()
    try:
        tensor = g if isinstance(g, Tensor) else Tensor(to_array(g, device=x.device))
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{name}: {error}") from error
    protocols.read(tensor)
    if tensor.shape != x.shape:
        raise ShapeError(
            f"{name} {describe(tensor)} must have the shape of its {role} {describe(x)}. Use "
            "xg.broadcast_to to repeat it on purpose."
        )
    if tensor.device != x.device:
        raise DeviceMismatchError(
            f"{name} {describe(tensor)} must be on the device of its {role} {describe(x)}. Use "
            f".to_device({str(x.device)!r})."
        )
    if tensor.dtype != x.dtype and is_inexact(x.dtype):
        cast_within_kind(tensor.raw, x.dtype, name, f"the {role}")
        tensor = rule_namespace.astype(tensor, x.dtype)
    return tensor


def tangents_of(primals: Nest, tangents: Nest) -> tuple[list[Any], list[Tensor]]:
    """Find the primals of forward mode and a Tensor of the same shape and dtype for each."""
    found, structure = take_apart(primals, "primals", "ForwardAccumulator")
    if isinstance(primals, Handle):
        given = [tangents]
    else:
        given, other = flatten(tangents, none_is_leaf=True, like=structure)
        if structure != other:
            raise ArgumentError(
                f"ForwardAccumulator: tangents must have the structure of primals: "
                f"{show(structure)} expected, {show(other)} given. Use xg.asarray for lists of "
                "numbers."
            )
    directions = []
    for i, (x, t) in enumerate(zip(found, given, strict=True)):
        place = "" if isinstance(primals, Handle) else f": leaf {i} of {len(found)}"
        if not is_inexact(x.dtype):
            raise DTypeError(
                f"ForwardAccumulator: primals{place} {describe(x)} has no tangent, because only "
                "floating and complex values have derivatives. Use astype to convert it first."
            )
        if any(x is other for other in found[:i]):
            raise ArgumentError(
                f"ForwardAccumulator: primals{place} {describe(x)} is given twice. Use each "
                "primal once, with the sum of its tangents."
            )
        directions.append(_as_tangent(t, x, f"ForwardAccumulator: tangents{place}"))
    return found, directions


def _as_tangent(t: Any, primal: Any, name: str) -> Tensor:
    if t is None:
        raise ArgumentTypeError(f"{name} is None. Use xg.zeros_like(primal) for no direction.")
    return fitted(t, primal, name, "primal")
