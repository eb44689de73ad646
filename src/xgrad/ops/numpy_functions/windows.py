"""Windows that slide over axes, as copies: NumPy's are views."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from .operands import tensor

__all__ = ["sliding_window_view"]


def sliding_window_view(
    x: Any,
    window_shape: Any,
    axis: Any = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Any:
    """Every window of a size along each axis; the elements of a window are the last axes."""
    x = tensor(x)
    sizes = _sequence(window_shape)
    axes = range(x.ndim) if axis is None else _sequence(axis)
    axes = [as_axis(i, x.ndim, "sliding_window_view") for i in axes]  # one may come twice
    if len(sizes) != len(axes):
        raise ShapeError(
            f"sliding_window_view: {len(sizes)} window sizes for {len(axes)} axes. Use axis=."
        )
    for i, size in zip(axes, sizes, strict=True):
        count = x.shape[i] - size + 1
        if count < 1 or size < 0:
            raise ShapeError(
                f"sliding_window_view: a window of size {size} does not fit into axis {i} of "
                f"{x.shape}."
            )
        starts = xp.expand_dims(xp.arange(count, device=x.device), axis=1)
        places = xp.reshape(starts + xp.arange(size, device=x.device), (-1,))
        wide = xp.take(x, places, axis=i)
        wide = xp.reshape(wide, (*x.shape[:i], count, size, *x.shape[i + 1 :]))
        x = xp.moveaxis(wide, i + 1, -1)
    return x


def _sequence(value: Any) -> Any:
    return value if isinstance(value, (tuple, list)) else (value,)
