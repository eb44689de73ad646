"""Running sums, products and extrema along an axis.

`cumulative_sum` and `cumulative_prod` are the array API standard's (2025.12); the extrema follow
their pattern."""

from __future__ import annotations

from typing import Any

from .._typing import ArrayLike, DType
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ._arguments import as_axis, as_operand
from .data_types import in_dtype

__all__ = ["cumulative_prod", "cumulative_sum"]

_CUMULATIVE_PROD = primitive("cumulative_prod")
_CUMULATIVE_SUM = primitive("cumulative_sum")


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


def _cumulative(
    instruction: Any, x: Any, axis: int | None, dtype: DType, include_initial: bool
) -> Tensor:
    x = in_dtype(as_operand(x, instruction.name), dtype)
    if axis is None:
        if x.ndim != 1:
            raise ArgumentError(
                f"{instruction.name}: axis must be given, because x {describe(x)} does not have "
                "exactly one axis."
            )
        axis = 0
    parameters = {
        "axis": as_axis(axis, x.ndim, instruction.name),
        "include_initial": bool(include_initial),
    }
    return in_dtype(apply1(instruction, x, parameters), dtype)  # type: ignore[no-any-return]
