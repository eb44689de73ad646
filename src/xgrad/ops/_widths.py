"""NumPy's forms of two values for each axis: one for all ends, one pair for all axes, or a pair each."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ..core.spec import describe
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ._arguments import as_axis

__all__ = ["as_widths", "pairs"]


def pairs(value: Any, x: Any, name: str) -> list[tuple[Any, Any]]:
    """Give every axis its pair: one value is for all ends, one pair for all axes."""
    if isinstance(value, Mapping):
        found: list[tuple[Any, Any]] = [(0, 0)] * x.ndim
        for axis, part in value.items():
            found[as_axis(axis, x.ndim, "pad")] = _pair(part, name)
        return found
    if not _length(value):
        return [(value, value)] * x.ndim
    if all(not _length(part) for part in value):
        return [_pair(value, name)] * x.ndim
    found = [_pair(part, name) for part in value]
    if len({_length(part) for part in value}) > 1:
        raise ShapeError(f"pad: {name} has {value!r}, of which not all parts have the same length.")
    if len(found) not in (1, x.ndim):
        raise ShapeError(
            f"pad: {name} has {len(found)} pairs, but x {describe(x)} has {x.ndim} axes. Use one "
            "pair for all axes, or one for each."
        )
    return found * x.ndim if len(found) == 1 else found


def _pair(value: Any, name: str) -> tuple[Any, Any]:
    if not _length(value):
        return (value, value)
    if len(value) > 2:
        raise ShapeError(
            f"pad: {name} has {value!r} where there should be one value or a pair, for the "
            "beginning and the end of an axis."
        )
    return value[0], value[-1]


def _length(value: Any) -> int:
    """Count the parts of a sequence; 0 for a number or an array without axes."""
    if isinstance(value, (list, tuple)):
        return len(value)
    shape = getattr(value, "shape", ())
    return int(shape[0]) if shape else 0


def as_widths(value: Any, x: Any, name: str = "pad_width") -> list[tuple[int, int]]:
    """Give every axis two numbers of elements, of those to add if it is the width."""
    return [_as_counts(pair, name) for pair in pairs(value, x, name)]


def _as_counts(pair: tuple[Any, Any], name: str) -> tuple[int, int]:
    try:
        before, after = map(operator.index, pair)
    except TypeError:
        raise ArgumentTypeError(
            f"pad: {name} must be ints, but there is {pair!r}. Use a pair, (before, after)."
        ) from None
    if before < 0 or after < 0:
        raise ArgumentError(
            f"pad: {name} must not be negative, but there is {pair!r}. Use slices to crop."
        )
    return before, after
