"""Sums, products, extrema, means and deviations, over all or some axes.

Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

import builtins
from typing import Any

from .._arguments import as_number
from .._typing import ArrayLike, Axis, DType
from ..core.casting import dtype_kind
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor, alias
from ._arguments import as_axes, as_operand
from .data_types import floating, in_dtype, narrowed, widened

__all__ = [
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]

_CONJ = primitive("conj")
_LOGSUMEXP = primitive("logsumexp")
_MAX = primitive("max")
_MIN = primitive("min")
_PROD = primitive("prod")
_REAL = primitive("real")
_STD = primitive("std")
_SUM = primitive("sum")


def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Compute the logarithm of the sum of exponentials, without overflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real or complex.
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor
        ``-inf`` where all elements are, or where there are none. Its gradient is the softmax of x:
        zero where all elements are ``-inf``, shared by those that are ``inf``.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    logaddexp, max

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logsumexp(xg.asarray([1000.0, 1000.0]))
    xg.Tensor(1000.69314718, shape=(), dtype=float64, device=cpu)
    """
    x = floating(as_operand(x, "logsumexp"))
    axes = as_axes(axis, x.ndim, "logsumexp")
    axes = tuple(range(x.ndim)) if axes is None else axes
    if not axes:
        return alias(x)
    return apply1(_LOGSUMEXP, x, {"axis": axes, "keepdims": keepdims})  # type: ignore[no-any-return]


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
        Of floating dtype; those of 16 bits are added up in float32.
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
    x = floating(as_operand(x, "mean"))
    axes = as_axes(axis, x.ndim, "mean")
    wide = widened(x)
    total = apply1(_SUM, wide, {"axis": axes, "dtype": None, "keepdims": keepdims})
    y = total / float(_count(x.shape, axes))
    return narrowed(y, wide, x)


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
    y = apply1(_PROD, in_dtype(x, dtype), parameters)
    return in_dtype(y, dtype)  # type: ignore[no-any-return]


def std(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the standard deviation; where it is 0, so is its gradient.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; deviations of complex numbers count by their absolute value.
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
    x = floating(as_operand(x, "std"))
    correction = as_number(correction, "std", "correction")
    axes = as_axes(axis, x.ndim, "std")
    parameters = {"axis": axes, "correction": correction, "keepdims": keepdims}
    wide = widened(x)
    y = apply1(_STD, wide, parameters)
    return narrowed(y, wide, x)


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
        x = in_dtype(as_operand(x, "sum"), dtype)
    if axis is not None:
        x = as_operand(x, "sum")
        axis = as_axes(axis, x.ndim, "sum")
    y = apply1(_SUM, x, {"axis": axis, "dtype": None, "keepdims": keepdims})
    return y if dtype is None else in_dtype(y, dtype)  # type: ignore[no-any-return]


def var(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the variance.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; deviations of complex numbers count by their absolute value.
    axis : int, tuple of int or None
        None means all axes.
    correction : float
        Taken from the number of elements in the denominator: 1 for Bessel's. Where nothing is left
        the result is infinite, or NaN if all elements are equal.
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
    x = floating(as_operand(x, "var"))
    correction = as_number(correction, "var", "correction")
    axes = as_axes(axis, x.ndim, "var")
    wide = widened(x)
    deviation = wide - mean(wide, axis=axes, keepdims=True)
    if dtype_kind(x.dtype) == "complex":
        square = apply1(_REAL, deviation * apply1(_CONJ, deviation))
    else:
        square = deviation * deviation
    total = sum(square, axis=axes, keepdims=keepdims)
    freedom = builtins.max(float(_count(x.shape, axes) - correction), 0.0)
    y = total / freedom
    return narrowed(y, wide, x)


def _extremum(instruction: Any, x: Any, axis: Axis, keepdims: bool) -> Tensor:
    x = as_operand(x, instruction.name)
    parameters = {"axis": as_axes(axis, x.ndim, instruction.name), "keepdims": keepdims}
    return apply1(instruction, x, parameters)  # type: ignore[no-any-return]


def _count(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
    count = 1
    for i, n in enumerate(shape):
        if axes is None or i in axes:
            count *= n
    return count
