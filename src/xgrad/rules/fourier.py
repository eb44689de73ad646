"""Discrete Fourier transforms: symmetric matrices, so each is its own transpose.

A transform of real numbers keeps half of the spectrum. Backward, the half has to count once what
the inverse transform counts twice: the bins between the first and the one at half the sampling rate.
Cropping and padding are done before and after (ops/fourier.py), with rules of their own."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import along, give

# Backward the scale stays with the same matrix, which the other direction calls by another name.
_OTHER_WAY = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def rfftn_x(xp: Any, g: Array, x_spec: Any, *, axis: tuple[int, ...], norm: str) -> Array:
    """y = half of F x;  dx = Re F^T [g, 0], which an inverse transform gives in half the time."""
    size = x_spec.shape[axis[-1]]
    half = xp.conj(_scale_inside(xp, g, axis[-1], size, 0.5))
    return xp.irfftn(half, axis=axis, size=size, norm=_OTHER_WAY[norm])


def irfftn_x(xp: Any, g: Array, *, axis: tuple[int, ...], size: int, norm: str) -> Array:
    """y = Re F^-1 of x and its mirror image;  every bin that has an image counts twice."""
    half = xp.rfftn(g, axis=axis, norm=_OTHER_WAY[norm])
    return xp.conj(_scale_inside(xp, half, axis[-1], size, 2.0))


def _scale_inside(xp: Any, half: Array, axis: int, size: int, factor: float) -> Array:
    """Scale the bins of half a spectrum that have a mirror image in the other half."""
    inside = (size + 1) // 2
    first, images, last = (
        half[along(half.ndim, axis, part)]
        for part in (slice(None, 1), slice(1, inside), slice(inside, None))
    )
    parts = [part for part in (first, images * factor, last) if part.shape[axis]]
    return xp.concat(parts, axis=axis)


give("fftn", x=lambda xp, g, *, axis, norm: xp.fftn(g, axis=axis, norm=norm))
give("ifftn", x=lambda xp, g, *, axis, norm: xp.ifftn(g, axis=axis, norm=norm))
give("irfftn", x=irfftn_x)
give("rfftn", x=rfftn_x)
