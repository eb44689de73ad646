"""How a window moves, from the arguments that convolutions and pooling share: sizes and padding."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from .._arguments import as_choice
from .._typing import Shape
from ..backends import Steps
from ..core.spec import describe
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ..ops.manipulation import moveaxis

__all__ = ["as_sizes", "as_steps", "channels_last", "channels_restored", "positions_of"]

_FORMATS = ("channels_last", "channels_first")


def as_sizes(value: Any, count: int, function: str, name: str, least: int = 1) -> Shape:
    """Make a size for each axis of one for all, or check those that were given.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If there are not as many as axes, one is too small, or no int.
    """
    sizes = tuple(value) if isinstance(value, Sequence) else (value,) * count
    try:
        sizes = tuple(operator.index(n) for n in sizes)
    except TypeError:
        raise ArgumentTypeError(
            f"nn.{function}: {name} must be an int or a sequence of ints, but is {value!r}."
        ) from None
    if len(sizes) != count or any(n < least for n in sizes):
        raise ArgumentError(
            f"nn.{function}: {name} must be an int of {least} or more, or {count} of them, one for "
            f"each axis between examples and channels, but is {value!r}."
        )
    return sizes


def as_steps(
    size: Shape,
    window: Shape,
    strides: Any,
    padding: Any,
    dilation: Any,
    function: str,
    groups: int = 1,
) -> Steps:
    """Say how a window moves over an array of a size.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If strides, padding or dilation make no sense.
    """
    count = len(size)
    strides = as_sizes(strides, count, function, "strides")
    dilation = as_sizes(dilation, count, function, "dilation")
    spans = [d * (w - 1) + 1 for w, d in zip(window, dilation, strict=True)]
    pairs = _as_padding(padding, size, strides, spans, function)
    return Steps(strides, pairs, dilation, groups)


def positions_of(x: Any, window: Shape, steps: Steps, function: str) -> Shape:
    """How many positions the window has, one along each axis at least.

    Raises
    ------
    ShapeError
        If the window is larger than x with its padding.
    """
    places = steps.positions(tuple(x.shape[1:-1]), window)
    if 0 in places:
        spans = tuple([d * (w - 1) + 1 for w, d in zip(window, steps.dilation, strict=True)])
        raise ShapeError(
            f"nn.{function}: a window of {spans} does not fit into x {describe(x)}, padded by "
            f"{steps.padding}. Use padding='SAME', or a smaller window."
        )
    return places


def channels_last(x: Any, data_format: str, function: str) -> Any:
    """Bring channels to the last axis.

    Raises
    ------
    ArgumentError
        If the format is unknown.
    ShapeError
        If there are no axes between examples and channels.
    """
    as_choice(data_format, tuple(_FORMATS), f"nn.{function}", "data_format")
    if x.ndim < 3:
        raise ShapeError(
            f"nn.{function}: x {describe(x)} must have three axes at least: examples, positions, "
            "channels. Use xg.expand_dims for one example, or for one channel."
        )
    return moveaxis(x, 1, -1) if data_format == "channels_first" else x


def channels_restored(y: Any, data_format: str) -> Any:
    """Bring channels back to where they were."""
    return moveaxis(y, -1, 1) if data_format == "channels_first" else y


def _as_padding(
    padding: Any, size: Shape, strides: Shape, spans: Sequence[int], function: str
) -> tuple[tuple[int, int], ...]:
    """How much is added before and after each axis."""
    if isinstance(padding, str):
        name = padding.upper()
        if name == "VALID":
            return ((0, 0),) * len(size)
        if name == "SAME":
            return tuple(
                [_same(n, s, span) for n, s, span in zip(size, strides, spans, strict=True)]
            )
        raise ArgumentError(
            f"nn.{function}: padding must be 'SAME', 'VALID', an int, or ints or pairs of them for "
            f"each axis, but is {padding!r}."
        )
    parts = tuple(padding) if isinstance(padding, Sequence) else (padding,) * len(size)
    pairs = [tuple(p) if isinstance(p, Sequence) else (p, p) for p in parts]
    try:
        found = [tuple(operator.index(n) for n in pair) for pair in pairs]
    except TypeError:
        raise ArgumentTypeError(
            f"nn.{function}: padding must be 'SAME', 'VALID', an int, or ints or pairs of them for "
            f"each axis, but is {padding!r}."
        ) from None
    if len(found) != len(size) or any(len(p) != 2 or min(p) < 0 for p in found):
        raise ArgumentError(
            f"nn.{function}: padding must have {len(size)} ints or pairs of ints, none negative, but "
            f"is {padding!r}. Use slices to cut off."
        )
    return tuple([(before, after) for before, after in found])


def _same(size: int, stride: int, span: int) -> tuple[int, int]:
    """TensorFlow's: as many positions as strides fit into the size, the odd zero at the end."""
    total = max(0, (-(-size // stride) - 1) * stride + span - size)
    return total // 2, total - total // 2
