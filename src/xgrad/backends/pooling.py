"""The largest elements of moving windows, in the standard's functions, and what goes back to them.

Arrays are ``(examples, *positions, channels)``, and a window moves by `Steps` (convolution.py). An
element *attains* the largest of a window, `top`, if it equals it or is NaN; what padding adds never does.
The two maps between x and that are linear in their first operand, and each other's transposes."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array, Shape
from .convolution import Steps

__all__ = ["max_pool", "max_pool_input", "max_pool_tangent"]


def max_pool(xp: Any, x: Array, *, window: Shape, steps: Steps) -> Array:
    """The largest element of each window and channel; NaN wins, and -inf is of padding alone."""
    seen, inside = _seen(xp, x, window, steps)
    if inside is not None:
        seen = xp.where(inside, seen, -math.inf)
    return xp.max(seen, axis=-2, keepdims=False)


def max_pool_input(
    xp: Any, g: Array, x: Array, top: Array, *, window: Shape, steps: Steps
) -> Array:
    """What is given for each window, shared equally by the elements of x that attain top."""
    winners, share = _shares(xp, x, top, window, steps)
    parts = xp.where(winners, xp.expand_dims(g, axis=-2) * share, 0)
    return xp.fold(parts, window=window, steps=steps, size=tuple(x.shape[1:-1]))


def max_pool_tangent(
    xp: Any, t: Array, x: Array, top: Array, *, window: Shape, steps: Steps
) -> Array:
    """The mean of t over the elements of x that attain top, for each window."""
    winners, share = _shares(xp, x, top, window, steps)
    seen = xp.windows(t, window=window, steps=steps)
    return xp.sum(xp.where(winners, seen * share, 0), axis=-2, keepdims=False)


def _seen(xp: Any, x: Array, window: Shape, steps: Steps) -> tuple[Array, Array | None]:
    """What the windows show, and where that is x; None where it is everywhere."""
    seen = xp.windows(x, window=window, steps=steps)
    if all(before <= 0 and after <= 0 for before, after in steps.padding):
        return seen, None
    ones = xp.ones_like(x[:1, ..., :1])  # compilers know no device to make them on
    return seen, xp.windows(ones, window=window, steps=steps) > 0


def _shares(xp: Any, x: Array, top: Array, window: Shape, steps: Steps) -> tuple[Array, Array]:
    """Which elements attain the largest of their window, and the share of each of those."""
    seen, inside = _seen(xp, x, window, steps)
    winners = (seen == xp.expand_dims(top, axis=-2)) | xp.isnan(seen)
    if inside is not None:
        winners = winners & inside
    count = xp.sum(xp.astype(winners, x.dtype), axis=-2, keepdims=True)
    return winners, 1 / xp.where(count == 0, xp.ones_like(count), count)
