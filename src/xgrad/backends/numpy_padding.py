"""Arrays with something around their positions, in memory that is given or new."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array, Shape
from . import convolution
from .numpy_buffers import Form, Space

__all__ = ["framed", "framed_shape", "frames", "is_part", "middles"]

Padding = tuple[tuple[int, int], ...]


def framed(x: Array, padding: Padding, value: float, space: Space) -> Array:
    """x with a value around its positions, or less of it."""
    if is_part(padding):
        return convolution.padded(np, x, padding)
    y = space.empty(framed_shape(x.shape, padding), x.dtype)
    y.fill(value)
    inside, given = middles(y, x, padding)
    inside[...] = given
    return y


def frames(x: Any, padding: Padding) -> list[Form]:
    """What `framed` needs for something with a shape and a dtype."""
    return [] if is_part(padding) else [Form(framed_shape(x.shape, padding), x.dtype)]


def is_part(padding: Padding) -> bool:
    """Whether nothing is put around anything."""
    return all(before <= 0 and after <= 0 for before, after in padding)


def framed_shape(shape: Shape, padding: Padding) -> Shape:
    """The shape of an array with its frame."""
    inner = [n + sum(pair) for n, pair in zip(shape[1:-1], padding, strict=True)]
    return (shape[0], *inner, shape[-1])


def middles(y: Array, x: Array, padding: Padding) -> tuple[Array, Array]:
    """The part of a frame that is not zero, and what goes there, as views."""
    read = [
        slice(max(0, -before), n - max(0, -after))
        for n, (before, after) in zip(x.shape[1:-1], padding, strict=True)
    ]
    write = [
        slice(max(0, before), n - max(0, after))
        for n, (before, after) in zip(y.shape[1:-1], padding, strict=True)
    ]
    return y[(slice(None), *write)], x[(slice(None), *read)]
