"""Comparisons, element by element.

The results are boolean, so they are constants to every tape. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import apply1, apply2
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

_EQUAL = primitive("equal")
_NOT_EQUAL = primitive("not_equal")
_LESS = primitive("less")
_LESS_EQUAL = primitive("less_equal")
_GREATER = primitive("greater")
_GREATER_EQUAL = primitive("greater_equal")
_ISFINITE = primitive("isfinite")
_ISINF = primitive("isinf")
_ISNAN = primitive("isnan")


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
    return apply2(_EQUAL, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_NOT_EQUAL, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_LESS, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_LESS_EQUAL, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_GREATER, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_GREATER_EQUAL, x1, x2)  # type: ignore[no-any-return]


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
    return apply1(_ISFINITE, x)  # type: ignore[no-any-return]


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
    return apply1(_ISINF, x)  # type: ignore[no-any-return]


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
    return apply1(_ISNAN, x)  # type: ignore[no-any-return]
