"""Functions that put the same elements in other places: linear, and nothing is kept but shapes."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .edges import sum_to_shape
from .shared import along, give


def concat_arrays(xp: Any, g: Array, arrays_spec: Any, *, axis: int) -> list[Array]:
    """The part of g that came from each array."""
    parts, start = [], 0
    for spec in arrays_spec:
        stop = start + spec.shape[axis]
        parts.append(g[along(g.ndim, axis, slice(start, stop))])
        start = stop
    return parts


def check_numerics_x(xp: Any, g: Array, *, message: str, origin: Any) -> Array:
    """The identity, and the same check."""
    return xp.check_numerics(g, message=message, origin=origin, gradient=True)


def cumulative_sum_x(xp: Any, g: Array, *, axis: int, include_initial: bool) -> Array:
    """y_j = sum of x_i over i <= j;  dx_i = sum of g_j over j >= i."""
    if include_initial:
        g = g[along(g.ndim, axis, slice(1, None))]
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def permute_dims_x(xp: Any, g: Array, *, axes: tuple[int, ...]) -> Array:
    """The inverse permutation."""
    inverse = [0] * len(axes)
    for place, axis in enumerate(axes):
        inverse[axis % len(axes)] = place
    return xp.permute_dims(g, tuple(inverse))


def roll_x(xp: Any, g: Array, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Array:
    """Roll back."""
    return xp.roll(g, tuple(-s for s in shift), axis=axis)


def unstack_x(xp: Any, g: tuple[Array | None, ...], *, axis: int) -> Array:
    """Stack the cotangents of the outputs; those that nobody used are zero."""
    some = next(part for part in g if part is not None)
    parts = [xp.zeros_like(some) if part is None else part for part in g]
    return xp.stack(parts, axis=axis)


give("astype", x=lambda xp, g: g)
give("broadcast_to", x=lambda xp, g, x_spec: sum_to_shape(xp, g, x_spec.shape))
give("check_numerics", x=check_numerics_x)
give("concat", arrays=concat_arrays)
give("copy", x=lambda xp, g: g)
give("cumulative_sum", x=cumulative_sum_x)
give("flip", x=lambda xp, g, *, axis: xp.flip(g, axis=axis))
give("matrix_transpose", x=lambda xp, g: xp.matrix_transpose(g))
give("permute_dims", x=permute_dims_x)
give("reshape", x=lambda xp, g, x_spec: xp.reshape(g, x_spec.shape))
give("roll", x=roll_x)
give("stack", arrays=lambda xp, g, *, axis: list(xp.unstack(g, axis=axis)))
give(
    "to_device",
    x=lambda xp, g, *, device, source: xp.to_device(g, device=source, source=device),
)
give("tril", x=lambda xp, g, *, k: xp.tril(g, k=k))
give("triu", x=lambda xp, g, *, k: xp.triu(g, k=k))
give("unstack", x=unstack_x)
