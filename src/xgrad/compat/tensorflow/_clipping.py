"""Clipping, with TensorFlow's names of arguments."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._convert import as_tensor, static
from ._tables import followed

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]


@followed
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Bound elements from below and above; see `xgrad.clip_by_value`."""
    x = t if isinstance(t, xg.IndexedSlices) else as_tensor(t)
    return xg.clip_by_value(x, clip_value_min, clip_value_max)


@followed
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Scale down what has a larger norm; see `xgrad.clip_by_norm`."""
    x = t if isinstance(t, xg.IndexedSlices) else as_tensor(t)
    return xg.clip_by_norm(x, clip_norm, axes=static(axes))


def clip_by_global_norm(
    t_list: Any,
    clip_norm: Any,
    use_norm: Any = None,
    name: str | None = None,
) -> Any:
    """Scale all down if their norm together is larger; see `xgrad.clip_by_global_norm`."""
    return xg.clip_by_global_norm(t_list, clip_norm, use_norm=use_norm)


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Compute the norm of all tensors together; None counts nothing."""
    return xg.global_norm(t_list)
