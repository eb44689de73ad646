"""Convolutions: three bilinear functions, of which each is the transpose of the others.

As in other sums of products a zero of the cotangent, or of the tangent, wins over infinity and NaN:
`zeros` says whose do (decisions/0007). Windows and their sums are a closed pair."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, give_forward


def convolve_x1(xp: Any, g: Array, x1_spec: Any, x2: Array, *, steps: Any) -> Array:
    """Add g times the kernel where it came from."""
    return xp.convolve_input(g, x2, steps=steps, size=x1_spec.shape[1:-1], zeros=0)


def convolve_x2(xp: Any, g: Array, x1: Array, x2_spec: Any, *, steps: Any) -> Array:
    """Sum what the kernel saw times g."""
    return xp.convolve_kernel(x1, g, steps=steps, window=x2_spec.shape[:-2], zeros=1)


def convolve_input_x2(xp: Any, g: Array, x1: Array, x2_spec: Any, *, steps: Any) -> Array:
    """The same, with the parts exchanged: here g is what the kernel saw."""
    return xp.convolve_kernel(g, x1, steps=steps, window=x2_spec.shape[:-2], zeros=0)


def convolve_kernel_x1(xp: Any, g: Array, x1_spec: Any, x2: Array, *, steps: Any) -> Array:
    """Here g is the kernel."""
    return xp.convolve_input(x2, g, steps=steps, size=x1_spec.shape[1:-1], zeros=1)


give("convolve", x1=convolve_x1, x2=convolve_x2)
give_forward(
    "convolve",
    x1=lambda xp, t, x2, *, steps: xp.convolve(t, x2, steps=steps, zeros=0),
    x2=lambda xp, t, x1, *, steps: xp.convolve(x1, t, steps=steps, zeros=1),
)
give(
    "convolve_input",
    x1=lambda xp, g, x2, *, steps: xp.convolve(g, x2, steps=steps, zeros=0),
    x2=convolve_input_x2,
)
give_forward(
    "convolve_input",
    x1=lambda xp, t, x2, *, steps, size: xp.convolve_input(t, x2, steps=steps, size=size, zeros=0),
    x2=lambda xp, t, x1, *, steps, size: xp.convolve_input(x1, t, steps=steps, size=size, zeros=1),
)
give(
    "convolve_kernel",
    x1=convolve_kernel_x1,
    x2=lambda xp, g, x1, *, steps: xp.convolve(x1, g, steps=steps, zeros=1),
)
give_forward(
    "convolve_kernel",
    x1=lambda xp, t, x2, *, steps, window: xp.convolve_kernel(
        t, x2, steps=steps, window=window, zeros=0
    ),
    x2=lambda xp, t, x1, *, steps, window: xp.convolve_kernel(
        x1, t, steps=steps, window=window, zeros=1
    ),
)
give(
    "windows",
    x=lambda xp, g, x_spec, *, window, steps: xp.fold(
        g, window=window, steps=steps, size=x_spec.shape[1:-1]
    ),
)
give("fold", x=lambda xp, g, *, window, steps: xp.windows(g, window=window, steps=steps))
