"""Padding: arrays extended at the ends of their axes.

A composition of slices, flips and joins, so its gradient goes back to what was copied, and nothing
is kept for it. Modes are NumPy's."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from .._arguments import as_choice
from .._typing import SCALAR_TYPES, ArrayLike
from ..core.casting import refuse_worse_kind
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ._arguments import as_axis, as_operand
from .conversion import asarray
from .data_types import astype
from .filling import full
from .joining import concat
from .manipulation import broadcast_to, flip

__all__ = ["as_widths", "pad", "pairs"]

_PUT = primitive("put")
_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pad(
    x: ArrayLike, /, pad_width: Any, *, mode: str = "constant", constant_values: Any = 0
) -> Tensor:
    """Extend an array at the ends of its axes.

    Parameters
    ----------
    x : Tensor, Variable or array
    pad_width : int, pair of int, sequence of pairs or dict
        How many elements to add: at every end, before and after on every axis, or on each axis; a
        dict has the axes that are padded as keys.
    mode : str
        What to add: ``"constant"``, the element at the ``"edge"``, the mirror image without the
        edge (``"reflect"``) or with it (``"symmetric"``), or the other end (``"wrap"``).
    constant_values : number or Tensor without axes, pair or sequence of pairs of them
        In the forms of `pad_width`; the result stays connected to a Tensor.

    Returns
    -------
    Tensor
        Of the dtype of x.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a width is negative or no int, or the mode is unknown.
    ShapeError
        If there are not as many pairs as axes, or nothing to copy along an axis.
    DTypeError
        If a constant is of a higher kind than x.

    See Also
    --------
    concat, roll, tile

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([1.0, 2.0, 3.0])
    >>> xg.pad(x, (1, 2))
    xg.Tensor([0., 1., 2., 3., 0., 0.], shape=(6,), dtype=float64, device=cpu)
    >>> xg.pad(x, 2, mode="reflect")
    xg.Tensor([3., 2., 1., 2., 3., 2., 1.], shape=(7,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "pad")
    as_choice(mode, _MODES, "pad", "mode")
    widths = as_widths(pad_width, x)
    if mode == "constant":
        return _pad_constant(x, widths, constant_values)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _extended(x, axis, before, after, mode)
    return alias(x)


def _pad_constant(x: Any, widths: list[tuple[int, int]], constants: Any) -> Tensor:
    if type(constants) in SCALAR_TYPES and constants == 0:
        key = tuple(slice(b, b + n) for (b, _), n in zip(widths, x.shape, strict=True))
        shape = tuple(b + n + a for (b, a), n in zip(widths, x.shape, strict=True))
        return apply(_PUT, (x,), {"key": key, "shape": shape})  # type: ignore[no-any-return]
    values = pairs(constants, x, "constant_values")
    for axis, (counts, pair) in enumerate(zip(widths, values, strict=True)):
        first, last = (
            _filled(x, axis, count, value) for count, value in zip(counts, pair, strict=True)
        )
        x = concat([first, x, last], axis=axis)
    return alias(x)


def _filled(x: Any, axis: int, count: int, value: Any) -> Tensor:
    """Make `count` elements along an axis of x of one value."""
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    if type(value) in SCALAR_TYPES:
        refuse_worse_kind(value, x.dtype, "pad: constant_values", "x")
        return full(shape, value, dtype=x.dtype, device=x.device)
    value = as_operand(value, "pad", "constant_values")
    if value.ndim:
        raise ShapeError(
            f"pad: constant_values must be numbers or Tensors without axes, but one is "
            f"{describe(value)}. Use a sequence of pairs for several."
        )
    refuse_worse_kind(value, x.dtype, "pad: constant_values", "x")
    value = asarray(value) if value.dtype == x.dtype else astype(value, x.dtype)
    return broadcast_to(value, shape)


# -- copies of x -------------------------------------------------------------------------------


def _extended(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    size = x.shape[axis]
    if size == 0:
        raise ShapeError(
            f"pad: x {describe(x)} has nothing to copy along axis {axis} in mode {mode!r}. Use "
            "mode='constant'."
        )
    if mode == "edge" or size == 1:
        first = _repeated(_part(x, axis, 0, 1), axis, before)
        last = _repeated(_part(x, axis, size - 1, size), axis, after)
        return concat([first, x, last], axis=axis)
    room = size - 1 if mode == "reflect" else size
    if max(before, after) > room:
        return _window(_period(x, axis, mode), axis, -before, size + after)
    return concat(_ends(x, axis, before, after, mode), axis=axis)


def _ends(x: Any, axis: int, before: int, after: int, mode: str) -> list[Any]:
    """List what is added before x, x, and what is added after it."""
    size = x.shape[axis]
    if mode == "wrap":
        return [_part(x, axis, size - before, size), x, _part(x, axis, 0, after)]
    skipped = 1 if mode == "reflect" else 0
    first = _part(x, axis, skipped, skipped + before)
    last = _part(x, axis, size - skipped - after, size - skipped)
    return [flip(first, axis=axis), x, flip(last, axis=axis)]


def _period(x: Any, axis: int, mode: str) -> Any:
    """Find what repeats itself in the endless extension of x."""
    if mode == "wrap":
        return x
    skipped = 1 if mode == "reflect" else 0
    mirrored = _part(x, axis, skipped, x.shape[axis] - skipped)
    return concat([x, flip(mirrored, axis=axis)], axis=axis)


def _window(period: Any, axis: int, start: int, stop: int) -> Any:
    """Take the elements from `start` to `stop` of the endless repetition of a period."""
    size = period.shape[axis]
    skipped = start % size
    end = skipped + stop - start
    return _part(concat([period] * -(-end // size), axis=axis), axis, skipped, end)


def _repeated(x: Any, axis: int, count: int) -> Tensor:
    return broadcast_to(x, (*x.shape[:axis], count, *x.shape[axis + 1 :]))


def _part(x: Any, axis: int, start: int, stop: int) -> Any:
    return x[tuple(slice(start, stop) if i == axis else slice(None) for i in range(x.ndim))]


# -- arguments ---------------------------------------------------------------------------------


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
