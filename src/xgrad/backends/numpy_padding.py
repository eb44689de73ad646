"""Arrays with something around their positions, in memory that is given or new."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array, Shape
from . import convolution
from .numpy_buffers import Form, Space

__all__ = ["framed", "frames", "padded"]

Padding = tuple[tuple[int, int], ...]


def padded(xp: Any, x: Array, padding: Padding, space: Space | None = None) -> Array:
    """x with zeros around its positions, or less of it."""
    if space is None or _is_part(padding):
        return convolution.padded(xp, x, padding)
    y = space.zeros(_framed_shape(x.shape, padding), x.dtype)
    _put_inside(y, x, padding)
    return y


def framed(x: Array, padding: Padding, value: float, space: Space) -> Array:
    """x with a value around its positions, or less of it."""
    if _is_part(padding):
        return convolution.padded(np, x, padding)
    y = space.empty(_framed_shape(x.shape, padding), x.dtype)
    y.fill(value)
    _put_inside(y, x, padding)
    return y


def frames(x: Any, padding: Padding) -> list[Form]:
    """What these need for something with a shape and a dtype."""
    return [] if _is_part(padding) else [Form(_framed_shape(x.shape, padding), x.dtype)]


def _is_part(padding: Padding) -> bool:
    return all(before <= 0 and after <= 0 for before, after in padding)


def _framed_shape(shape: Shape, padding: Padding) -> Shape:
    inner = [n + sum(pair) for n, pair in zip(shape[1:-1], padding, strict=True)]
    return (shape[0], *inner, shape[-1])


def _put_inside(y: Array, x: Array, padding: Padding) -> None:
    read = [
        slice(max(0, -before), n - max(0, -after))
        for n, (before, after) in zip(x.shape[1:-1], padding, strict=True)
    ]
    write = [
        slice(max(0, before), n - max(0, after))
        for n, (before, after) in zip(y.shape[1:-1], padding, strict=True)
    ]
    y[(slice(None), *write)] = x[(slice(None), *read)]
