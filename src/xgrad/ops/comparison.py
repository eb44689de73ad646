"""Comparisons, element by element.

The results are boolean, so they are constants to every tape. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.tensor import Tensor

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "not_equal",
]

_equal = binary(primitive("equal"))
_not_equal = binary(primitive("not_equal"))
_less = binary(primitive("less"))
_less_equal = binary(primitive("less_equal"))
_greater = binary(primitive("greater"))
_greater_equal = binary(primitive("greater_equal"))
_isfinite = unary(primitive("isfinite"))
_isinf = unary(primitive("isinf"))
_isnan = unary(primitive("isnan"))


def equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements are equal.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.equal(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([False,  True, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _equal(x1, x2)  # type: ignore[no-any-return]


def not_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements differ.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.not_equal(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([ True, False,  True], shape=(3,), dtype=bool, device=cpu)
    """
    return _not_equal(x1, x2)  # type: ignore[no-any-return]


def less(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements of x1 are less than those of x2.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.less(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([ True, False, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _less(x1, x2)  # type: ignore[no-any-return]


def less_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements of x1 are at most those of x2.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.less_equal(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([ True,  True, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _less_equal(x1, x2)  # type: ignore[no-any-return]


def greater(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements of x1 are greater than those of x2.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.greater(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([False, False,  True], shape=(3,), dtype=bool, device=cpu)
    """
    return _greater(x1, x2)  # type: ignore[no-any-return]


def greater_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell which elements of x1 are at least those of x2.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape, boolean.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.greater_equal(xg.asarray([1.0, 2.0, 3.0]), 2.0)
    xg.Tensor([False,  True,  True], shape=(3,), dtype=bool, device=cpu)
    """
    return _greater_equal(x1, x2)  # type: ignore[no-any-return]


def isfinite(x: ArrayLike, /) -> Tensor:
    """Tell which elements are neither infinite nor NaN.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x, boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isfinite(xg.asarray([1.0, float('inf'), float('nan')]))
    xg.Tensor([ True, False, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _isfinite(x)  # type: ignore[no-any-return]


def isinf(x: ArrayLike, /) -> Tensor:
    """Tell which elements are infinite.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x, boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isinf(xg.asarray([1.0, float('inf'), float('nan')]))
    xg.Tensor([False,  True, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _isinf(x)  # type: ignore[no-any-return]


def isnan(x: ArrayLike, /) -> Tensor:
    """Tell which elements are NaN.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x, boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isnan(xg.asarray([1.0, float('inf'), float('nan')]))
    xg.Tensor([False, False,  True], shape=(3,), dtype=bool, device=cpu)
    """
    return _isnan(x)  # type: ignore[no-any-return]
