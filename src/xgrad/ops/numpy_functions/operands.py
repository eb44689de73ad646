"""Operands as NumPy takes them: a list is an array too, and goes where the Tensors next to it are."""

from __future__ import annotations

from typing import Any

from ..._arguments import as_choice
from ..._typing import SCALAR_TYPES, Axis, DType
from ...backends import host
from ...backends.base import dtype_name
from ...core.casting import dtype_kind, is_inexact, refuse_worse_kind
from ...core.operators import scalar_like
from ...core.spec import describe
from ...core.tensor import ArrayAttributes, Tensor, alias
from ...errors import DTypeError, ShapeError, TracingError
from .. import _arguments
from ..rule_namespace import rule_namespace as xp

__all__ = [
    "arrays",
    "as_axes",
    "as_tensors",
    "choose",
    "floating",
    "is_floating",
    "masked",
    "not_complex",
    "operands",
    "refuse_cast",
    "seen",
    "tensor",
    "tensors",
]

_SEQUENCES = frozenset({list, tuple})
_RULES = ("no", "equiv", "safe", "same_kind", "unsafe")


def operands(*values: Any) -> tuple[Any, ...]:
    """Make Tensors of lists, and leave arrays and Python scalars to the functions themselves."""
    for value in values:
        if type(value) in _SEQUENCES:
            home = _home(values)
            return tuple([_from_list(x, home) if type(x) in _SEQUENCES else x for x in values])
    return values


def tensor(x: Any) -> Any:
    """A Tensor of anything array-like, connected to what it was made of, and a handle of its own."""
    return alias(x) if type(x) is Tensor else xp.asarray(x)


def tensors(*values: Any) -> tuple[Any, ...]:
    """Make Tensors of all; a Python scalar takes the dtype and the device of the first other."""
    values = operands(*values)
    first = next((x for x in values if type(x) not in SCALAR_TYPES), None)
    if first is None:
        return tuple(xp.asarray(x) for x in values)
    first = tensor(first)
    return tuple(scalar_like(x, first) if type(x) in SCALAR_TYPES else tensor(x) for x in values)


def as_tensors(*values: Any) -> tuple[Any, ...]:
    """Make Tensors of all, each in a dtype of its own; numbers go where lists do."""
    home = _home(values)
    return tuple([xp.asarray(x, device=home) if _has_no_home(x) else tensor(x) for x in values])


def arrays(*values: Any) -> tuple[Any, ...]:
    """The same, but a whole number beside floating ones is one of them: not every library mixes both."""
    made = as_tensors(*values)
    pairs = tuple(zip(values, made, strict=True))
    first = next((y for x, y in pairs if type(x) not in SCALAR_TYPES), None)
    if first is None or not is_floating(first):
        return made
    return tuple([scalar_like(x, first) if type(x) is int else y for x, y in pairs])


def choose(condition: Any, x: Any, other: Any) -> Any:
    """x where a condition holds, which may be the Python constant True."""
    if condition is True:
        return x
    condition, x, other = operands(condition, x, other)
    return xp.where(condition, x, other)


def masked(a: Any, where: Any, neutral: Any) -> Any:
    """A Tensor with the neutral element where a mask does not hold, for reductions.

    Raises
    ------
    ShapeError
        If the mask is larger, which would count elements more than once.
    """
    a = tensor(a)
    if where is True:
        return a
    found = choose(where, a, neutral)
    if found.shape != a.shape:
        raise ShapeError(
            f"where: the mask {describe(tensor(where))} must broadcast to a {describe(a)}. Use "
            "xg.broadcast_to for a."
        )
    return found


def seen(condition: Any) -> bool:
    """Whether a condition holds that can be looked at: nobody knows it in a recorded program."""
    try:
        return bool(condition)
    except TracingError:
        return False


def as_axes(axis: Axis, ndim: int, function: str) -> tuple[int, ...]:
    """Axes as non-negative, distinct numbers; None means all."""
    axes = _arguments.as_axes(axis, ndim, function)
    return tuple(range(ndim)) if axes is None else axes


def is_floating(x: Any) -> bool:
    """Whether the dtype is real or complex floating."""
    return is_inexact(x.dtype)


def floating(x: Any) -> Any:
    """A Tensor of integers as float64; a floating one stays what it is."""
    return x if is_floating(x) else xp.astype(x, "float64")


def not_complex(x: Any, function: str, name: str = "x") -> Any:
    """Refuse a complex Tensor, for which NumPy has no such function.

    Raises
    ------
    DTypeError
        If it is complex.
    """
    if dtype_kind(x.dtype) == "complex":
        raise DTypeError(
            f"numpy.{function}: {name} must be real, but is {describe(x)}. Use xg.real."
        )
    return x


def refuse_cast(x: Any, dtype: DType, casting: str, what: str, whose: str) -> None:
    """Refuse what one of NumPy's rules of casting does not allow.

    Raises
    ------
    ArgumentError
        If there is no such rule.
    DTypeError
        If the array cannot be cast, or the Python number is of a higher kind than the dtype.
    """
    as_choice(casting, _RULES, what, "casting")
    if type(x) in SCALAR_TYPES:
        if casting != "unsafe":
            refuse_worse_kind(x, dtype, what, whose)
        return
    given, wanted = (host().dtype(dtype_name(d)) for d in (x.dtype, dtype))
    if not host().namespace.can_cast(given, wanted, casting):
        raise DTypeError(
            f"{what} {describe(x)} cannot become {dtype_name(dtype)}, the dtype of {whose}, with "
            f"casting={casting!r}. Use astype to convert on purpose, or casting='unsafe'."
        )


def _home(values: tuple[Any, ...]) -> Any:
    """The device of the first Tensor among values, or in lists among them."""
    for value in values:
        if isinstance(value, ArrayAttributes):
            return value.device
        if type(value) in _SEQUENCES:
            found = _home(tuple(value))
            if found is not None:
                return found
    return None


def _has_no_home(value: Any) -> bool:
    return type(value) in _SEQUENCES or type(value) in SCALAR_TYPES


def _from_list(values: Any, home: Any) -> Any:
    return xp.asarray(values, device=home)
