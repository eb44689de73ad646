"""Sums, products, extrema, means and deviations, over all or some axes.

Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from typing import Any

from .._typing import ArrayLike, Axis, DType
from ..backends import backend_of
from ..core.casting import dtype_kind
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ._arguments import as_axes, as_axis, as_operand

__all__ = [
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]

_CUMULATIVE_PROD = primitive("cumulative_prod")
_CUMULATIVE_SUM = primitive("cumulative_sum")
_MAX = primitive("max")
_MIN = primitive("min")
_PROD = primitive("prod")
_STD = primitive("std")
_SUM = primitive("sum")


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


def max(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Find the largest element; NaN wins. Those that attain it share the gradient equally.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype, not empty along the axes.
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.max(xg.asarray([[1.0, 5.0], [7.0, 3.0]]), axis=0)
    xg.Tensor([7., 5.], shape=(2,), dtype=float64, device=cpu)
    """
    return _extremum(_MAX, x, axis, keepdims)


def mean(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Compute the arithmetic mean.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype.
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.mean(xg.asarray([1.0, 2.0, 6.0]))
    xg.Tensor(3., shape=(), dtype=float64, device=cpu)
    """
    x = _floating(as_operand(x, "mean"))
    axes = as_axes(axis, x.ndim, "mean")
    total = apply1(_SUM, x, {"axis": axes, "dtype": None, "keepdims": keepdims})
    return total / float(_count(x.shape, axes))  # type: ignore[no-any-return]


def min(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Find the smallest element; NaN wins. Those that attain it share the gradient equally.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype, not empty along the axes.
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.min(xg.asarray([[1.0, 5.0], [7.0, 3.0]]), axis=0)
    xg.Tensor([1., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    return _extremum(_MIN, x, axis, keepdims)


def prod(
    x: ArrayLike, /, *, axis: Axis = None, dtype: DType = None, keepdims: bool = False
) -> Tensor:
    """Multiply all elements; the gradient is exact at zeros too.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype.
    axis : int, tuple of int or None
        None means all axes.
    dtype : dtype, optional
        Of the result.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.prod(xg.asarray([2.0, 3.0, 4.0]))
    xg.Tensor(24., shape=(), dtype=float64, device=cpu)
    """
    x = as_operand(x, "prod")
    parameters = {"axis": as_axes(axis, x.ndim, "prod"), "dtype": None, "keepdims": keepdims}
    y = apply1(_PROD, _as_dtype(x, dtype), parameters)
    return _as_dtype(y, dtype)  # type: ignore[no-any-return]


def std(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the standard deviation; where it is 0, so is its gradient.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real floating dtype.
    axis : int, tuple of int or None
        None means all axes.
    correction : float
        Taken from the number of elements in the denominator: 1 for Bessel's.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    See Also
    --------
    var

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.std(xg.asarray([1.0, 3.0]))
    xg.Tensor(1., shape=(), dtype=float64, device=cpu)
    """
    x = _floating(as_operand(x, "std"))
    axes = as_axes(axis, x.ndim, "std")
    parameters = {"axis": axes, "correction": correction, "keepdims": keepdims}
    return apply1(_STD, x, parameters)  # type: ignore[no-any-return]


def sum(
    x: ArrayLike, /, *, axis: Axis = None, dtype: DType = None, keepdims: bool = False
) -> Tensor:
    """Add all elements.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype.
    axis : int, tuple of int or None
        None means all axes.
    dtype : dtype, optional
        Of the result.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sum(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    xg.Tensor([3., 7.], shape=(2,), dtype=float64, device=cpu)
    """
    if dtype is not None:
        x = _as_dtype(as_operand(x, "sum"), dtype)
    if axis is not None:
        x = as_operand(x, "sum")
        axis = as_axes(axis, x.ndim, "sum")
    y = apply1(_SUM, x, {"axis": axis, "dtype": None, "keepdims": keepdims})
    return y if dtype is None else _as_dtype(y, dtype)  # type: ignore[no-any-return]


def var(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the variance.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real floating dtype.
    axis : int, tuple of int or None
        None means all axes.
    correction : float
        Taken from the number of elements in the denominator: 1 for Bessel's.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    See Also
    --------
    std

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.var(xg.asarray([1.0, 3.0]))
    xg.Tensor(1., shape=(), dtype=float64, device=cpu)
    """
    x = _floating(as_operand(x, "var"))
    axes = as_axes(axis, x.ndim, "var")
    deviation = x - mean(x, axis=axes, keepdims=True)
    total = sum(deviation * deviation, axis=axes, keepdims=keepdims)
    return total / float(_count(x.shape, axes) - correction)  # type: ignore[no-any-return]


def _cumulative(
    instruction: Any, x: Any, axis: int | None, dtype: DType, include_initial: bool
) -> Tensor:
    x = _as_dtype(as_operand(x, instruction.name), dtype)
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
    return _as_dtype(apply1(instruction, x, parameters), dtype)  # type: ignore[no-any-return]


def _extremum(instruction: Any, x: Any, axis: Axis, keepdims: bool) -> Tensor:
    x = as_operand(x, instruction.name)
    parameters = {"axis": as_axes(axis, x.ndim, instruction.name), "keepdims": keepdims}
    return apply1(instruction, x, parameters)  # type: ignore[no-any-return]


def _as_dtype(x: Any, dtype: DType) -> Any:
    """Convert where needed; what libraries do to small integers is undone, with their wrapping."""
    if dtype is None or x.dtype == backend_of(x.array).dtype(dtype):
        return x
    from .data_types import astype

    return astype(x, dtype)


def _floating(x: Any) -> Any:
    if dtype_kind(x.dtype) in ("integer", "bool"):
        from ..core.defaults import default_dtype

        return _as_dtype(x, default_dtype())
    return x


def _count(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
    count = 1
    for i, n in enumerate(shape):
        if axes is None or i in axes:
            count *= n
    return count
