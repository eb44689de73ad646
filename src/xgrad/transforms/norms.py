"""Norms of gradients, and the factors that keep them within a limit, as clipping and optimizers need.

All are Tensors without axes: nothing is read back to the host. Squares are summed in at least
float32, so that float16 does not overflow."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Axis
from ..backends.base import dtype_name
from ..core.casting import dtype_kind
from ..ops.rule_namespace import rule_namespace as xp

__all__ = ["factor_together", "factor_within", "norm_together", "root", "sum_of_squares"]


def sum_of_squares(x: Any, axes: Axis = None) -> Any:
    """Sum the squared moduli in at least float32, over some axes, which are kept, or all."""
    if dtype_name(x.dtype) in ("float16", "bfloat16"):
        x = xp.astype(x, "float32")
    if dtype_kind(x.dtype) == "complex":
        squares = xp.square(xp.real(x)) + xp.square(xp.imag(x))
    else:
        squares = xp.square(x)
    return xp.sum(squares, axis=axes, keepdims=axes is not None)


def root(s: Any) -> Any:
    """Take the square root, with the gradient 0 at 0."""
    empty = s == 0
    return xp.where(empty, 0.0, xp.sqrt(xp.where(empty, 1.0, s)))


def norm_together(found: list[Any]) -> Any:
    """Compute the norm of Tensors as of one vector, on the device of the first; 0 of none."""
    if not found:
        return xp.zeros(())
    total = sum_of_squares(found[0])
    for x in found[1:]:
        s = sum_of_squares(x)
        total = total + (s if s.device == total.device else s.to_device(total.device))
    return root(total)


def factor_within(norm: Any, limit: Any) -> Any:
    """1 up to the limit, else limit / norm; NaN for a NaN, 0 for infinity."""
    within = norm <= limit
    return xp.where(within, 1.0, limit / xp.where(within, 1.0, norm))


def factor_together(norm: Any, limit: Any) -> Any:
    """The same, but NaN for infinity too: one bad gradient must not make the others vanish."""
    return xp.where(xp.isfinite(norm), factor_within(norm, limit), math.nan)
