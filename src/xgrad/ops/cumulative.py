"""Running sums, products and extrema along an axis.

`cumulative_sum` and `cumulative_prod` are the array API standard's (2025.12); the extrema follow
their pattern."""

from __future__ import annotations

from typing import Any

from .._arguments import as_flag
from .._typing import ArrayLike, DType
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ._arguments import as_axis, as_operand
from .data_types import in_dtype

__all__ = ["cumulative_max", "cumulative_min", "cumulative_prod", "cumulative_sum"]

_CUMULATIVE_MAX = primitive("cumulative_max")
_CUMULATIVE_MIN = primitive("cumulative_min")
_CUMULATIVE_PROD = primitive("cumulative_prod")
_CUMULATIVE_SUM = primitive("cumulative_sum")


def cumulative_max(x: ArrayLike, /, *, axis: int | None = None) -> Tensor:
    """Find the largest element so far along an axis; from a NaN on it is NaN.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype.
    axis : int, optional
        May be left out where x has one axis.

    Returns
    -------
    Tensor
        Of the shape of x. The elements that attain it so far share its gradient equally.

    Raises
    ------
    ArgumentError
        If axis is left out and x has not exactly one axis.

    See Also
    --------
    cumulative_min, max

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_max(xg.asarray([1.0, 3.0, 2.0, 5.0]))
    xg.Tensor([1., 3., 3., 5.], shape=(4,), dtype=float64, device=cpu)
    """
    return _extremum(_CUMULATIVE_MAX, x, axis)


def cumulative_min(x: ArrayLike, /, *, axis: int | None = None) -> Tensor:
    """Find the smallest element so far along an axis; from a NaN on it is NaN.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype.
    axis : int, optional
        May be left out where x has one axis.

    Returns
    -------
    Tensor
        Of the shape of x. The elements that attain it so far share its gradient equally.

    Raises
    ------
    ArgumentError
        If axis is left out and x has not exactly one axis.

    See Also
    --------
    cumulative_max, min

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_min(xg.asarray([4.0, 3.0, 5.0, 1.0]))
    xg.Tensor([4., 3., 3., 1.], shape=(4,), dtype=float64, device=cpu)
    """
    return _extremum(_CUMULATIVE_MIN, x, axis)


def cumulative_prod(
    x: ArrayLike, /, *, axis: int | None = None, dtype: DType = None, include_initial: bool = False
) -> Tensor:
    """Multiply up the elements along an axis; the gradient is exact at zeros too.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype.
    axis : int, optional
        May be left out where x has one axis.
    dtype : dtype, optional
        Converts x first.
    include_initial : bool
        Whether the result starts with a one.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_prod(xg.asarray([1.0, 2.0, 3.0]))
    xg.Tensor([1., 2., 6.], shape=(3,), dtype=float64, device=cpu)
    """
    return _cumulative(_CUMULATIVE_PROD, x, axis, dtype, include_initial)


def cumulative_sum(
    x: ArrayLike, /, *, axis: int | None = None, dtype: DType = None, include_initial: bool = False
) -> Tensor:
    """Add up the elements along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype.
    axis : int, optional
        May be left out where x has one axis.
    dtype : dtype, optional
        Converts x first.
    include_initial : bool
        Whether the result starts with a zero.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_sum(xg.asarray([1.0, 2.0, 3.0]))
    xg.Tensor([1., 3., 6.], shape=(3,), dtype=float64, device=cpu)
    """
    return _cumulative(_CUMULATIVE_SUM, x, axis, dtype, include_initial)


def _extremum(instruction: Any, x: Any, axis: int | None) -> Tensor:
    x = as_operand(x, instruction.name)
    return apply1(instruction, x, {"axis": _the_axis(x, axis, instruction.name)})  # type: ignore[no-any-return]


def _cumulative(
    instruction: Any, x: Any, axis: int | None, dtype: DType, include_initial: bool
) -> Tensor:
    x = in_dtype(as_operand(x, instruction.name), dtype)
    parameters = {
        "axis": _the_axis(x, axis, instruction.name),
        "include_initial": as_flag(include_initial, instruction.name, "include_initial"),
    }
    return in_dtype(apply1(instruction, x, parameters), dtype)  # type: ignore[no-any-return]


def _the_axis(x: Any, axis: int | None, function: str) -> int:
    """Find the axis, which may be left out where there is one."""
    if axis is not None:
        return as_axis(axis, x.ndim, function)
    if x.ndim != 1:
        raise ArgumentError(
            f"{function}: axis must be given, because x {describe(x)} does not have exactly one "
            "axis."
        )
    return 0
