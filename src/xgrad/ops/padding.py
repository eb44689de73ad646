"""Padding: arrays extended at the ends of their axes.

A composition of slices, flips and joins, so its gradient goes back to what was copied, and nothing
is kept for it. Modes are NumPy's."""

from __future__ import annotations

from typing import Any

from .._arguments import as_choice
from .._typing import SCALAR_TYPES, ArrayLike
from ..core.casting import refuse_worse_kind
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ShapeError
from ._arguments import as_operand
from ._widths import as_widths, pairs
from .conversion import asarray
from .data_types import astype
from .filling import full
from .joining import concat
from .manipulation import broadcast_to, expand_dims, flip, reshape

__all__ = ["pad"]

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
    count = -(-end // size)
    periods = _repeated(expand_dims(period, axis=axis), axis, count)
    shape = (*period.shape[:axis], count * size, *period.shape[axis + 1 :])
    return _part(reshape(periods, shape), axis, skipped, end)


def _repeated(x: Any, axis: int, count: int) -> Tensor:
    return broadcast_to(x, (*x.shape[:axis], count, *x.shape[axis + 1 :]))


def _part(x: Any, axis: int, start: int, stop: int) -> Any:
    return x[tuple(slice(start, stop) if i == axis else slice(None) for i in range(x.ndim))]
