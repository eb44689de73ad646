"""Replacing what is not finite.

Signatures are NumPy's."""

from __future__ import annotations

import math
from typing import Any

from .._typing import SCALAR_TYPES, ArrayLike
from ..core.casting import dtype_kind, is_inexact, refuse_worse_kind
from ..core.tensor import Tensor
from ._arguments import as_operand
from .data_types import finfo
from .rounding import imag, real
from .searching import where

__all__ = ["nan_to_num"]


def nan_to_num(
    x: ArrayLike,
    /,
    nan: ArrayLike = 0.0,
    posinf: ArrayLike | None = None,
    neginf: ArrayLike | None = None,
) -> Tensor:
    """Replace NaN and infinities by numbers.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of complex numbers the real and the imaginary parts are looked at each for itself.
    nan : number or Tensor
    posinf, neginf : number or Tensor, optional
        The largest and the smallest finite number of the dtype by default.

    Returns
    -------
    Tensor
        What was replaced gets a zero gradient; a Tensor in its place gets it instead.

    See Also
    --------
    where, isfinite

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nan_to_num(xg.asarray([1.0, xg.nan, -xg.inf]), neginf=-1.0)
    xg.Tensor([ 1.,  0., -1.], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "nan_to_num")
    if not is_inexact(x.dtype):
        return Tensor(x.raw, None)
    largest = finfo(x.dtype).max
    posinf = largest if posinf is None else posinf
    neginf = -largest if neginf is None else neginf
    if dtype_kind(x.dtype) == "complex":
        parts = (_replaced(part, nan, posinf, neginf) for part in (real(x), imag(x)))
        return next(parts) + next(parts) * 1j  # type: ignore[no-any-return]
    for name, value in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        if type(value) in SCALAR_TYPES or hasattr(value, "dtype"):
            refuse_worse_kind(value, x.dtype, f"nan_to_num: {name}", "x")
    return _replaced(x, nan, posinf, neginf)


def _replaced(x: Any, nan: Any, posinf: Any, neginf: Any) -> Tensor:
    infinite = where(x == math.inf, posinf, where(x == -math.inf, neginf, x))
    return where(x != x, nan, infinite)  # noqa: PLR0124 - isnan
