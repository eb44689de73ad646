"""Reductions that leave NaN out: those of reductions.py, with a mask."""

from __future__ import annotations

import math
from typing import Any

from ..._typing import Axis, DType
from ...core.spec import describe
from ...errors import ArgumentError
from ..rule_namespace import rule_namespace as xp
from . import reductions
from .operands import is_floating, operands, seen, tensor

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def nansum(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum of the elements that are not NaN."""
    return reductions.sum(a, axis, dtype, None, keepdims, initial, _present(a, where))


def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product of the elements that are not NaN."""
    return reductions.prod(a, axis, dtype, None, keepdims, initial, _present(a, where))


def nanmax(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The largest element that is not NaN; NaN where there is none."""
    return _extremum(reductions.max, -math.inf, a, axis, keepdims, initial, where)


def nanmin(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The smallest element that is not NaN; NaN where there is none."""
    return _extremum(reductions.min, math.inf, a, axis, keepdims, initial, where)


def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    """The mean of the elements that are not NaN."""
    return reductions.mean(a, axis, dtype, None, keepdims, where=_present(a, where))


def nanvar(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float = 0,
) -> Any:
    """The variance of the elements that are not NaN; NaN where `ddof` leaves none of them."""
    where = _present(a, where)
    ddof = correction or ddof
    y = reductions.var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean)
    return _where_left(y, a, where, axis, ddof, keepdims)


def nanstd(
    a: Any,
    axis: Axis = None,
    dtype: DType = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float = 0,
) -> Any:
    """The standard deviation of the elements that are not NaN; NaN where `ddof` leaves none of them."""
    where = _present(a, where)
    ddof = correction or ddof
    y = reductions.std(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean)
    return _where_left(y, a, where, axis, ddof, keepdims)


def _where_left(y: Any, a: Any, where: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    """A variance where elements are left; of integers NumPy's is that of `var`."""
    if where is True:
        return y
    chosen = xp.broadcast_to(xp.astype(tensor(where), "int64"), tensor(a).shape)
    return xp.where(xp.sum(chosen, axis=axis, keepdims=keepdims) > ddof, y, math.nan)


def nancumsum(a: Any, axis: int | None = None, dtype: DType = None, out: Any = None) -> Any:
    """Sums of the first elements, NaN as zero."""
    return reductions.cumsum(_filled(a, 0), axis, dtype)


def nancumprod(a: Any, axis: int | None = None, dtype: DType = None, out: Any = None) -> Any:
    """Products of the first elements, NaN as one."""
    return reductions.cumprod(_filled(a, 1), axis, dtype)


def nanargmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the largest element is that is not NaN."""
    return reductions.argmax(_with_numbers(a, -math.inf, axis), axis, keepdims=keepdims)


def nanargmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """Where the smallest element is that is not NaN."""
    return reductions.argmin(_with_numbers(a, math.inf, axis), axis, keepdims=keepdims)


def _present(a: Any, where: Any) -> Any:
    """The mask of what is not NaN, or True where nothing can be."""
    a, where = operands(a, where)
    a = tensor(a)
    if not is_floating(a):
        return where
    return ~xp.isnan(a) if where is True else ~xp.isnan(a) & where


def _filled(a: Any, value: Any) -> Any:
    a = tensor(a)
    return xp.where(xp.isnan(a), value, a) if is_floating(a) else a


def _with_numbers(a: Any, value: Any, axis: int | None) -> Any:
    """The same, unless it can be seen that somewhere there is nothing but NaN."""
    a = tensor(a)
    if is_floating(a) and a.size and seen(xp.any(xp.all(xp.isnan(a), axis=axis))):
        raise ArgumentError(
            f"numpy.nanargmax or nanargmin: there is nothing but NaN along axis {axis} of a "
            f"{describe(a)} somewhere. Use xg.argmax, which gives the first NaN."
        )
    return _filled(a, value)


def _extremum(
    extremum: Any, edge: float, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any
) -> Any:
    a = tensor(a)
    if not is_floating(a) or initial is not None:
        return extremum(a, axis, None, keepdims, initial, _present(a, where))
    present = xp.broadcast_to(_present(a, where), a.shape)
    found = extremum(xp.where(present, a, edge), axis, None, keepdims)
    return xp.where(xp.any(present, axis=axis, keepdims=keepdims), found, math.nan)
