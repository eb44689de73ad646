"""Powers, roots and reciprocals, element by element.

Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.operators import power, scalar_like
from ..core.tensor import Tensor

__all__ = [
    "hypot",
    "pow",
    "reciprocal",
    "sqrt",
    "square",
]

_square = unary(primitive("square"))
_sqrt = unary(primitive("sqrt"))
_reciprocal = unary(primitive("reciprocal"))
_hypot = binary(primitive("hypot"))


def pow(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Raise x1 to the power x2, element by element.

    The derivative with respect to x1 is 0 where x2 is 0, and that with respect to x2 is 0 where
    a real x1 is not positive. A Python number as exponent never changes the dtype.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of numeric dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    See Also
    --------
    square, sqrt

    Notes
    -----
    Derivatives: ``x2 * x1**(x2 - 1), x1**x2 * log(x1)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.pow(xg.asarray([1.0, 2.0, 3.0]), 2)
    xg.Tensor([1., 4., 9.], shape=(3,), dtype=float64, device=cpu)
    """
    return power(x1, x2)  # type: ignore[no-any-return]


def square(x: ArrayLike, /) -> Tensor:
    """Square every element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    sqrt

    Notes
    -----
    Derivative: ``2 * x``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.square(xg.asarray([1.0, -2.0]))
    xg.Tensor([1., 4.], shape=(2,), dtype=float64, device=cpu)
    """
    return _square(x)  # type: ignore[no-any-return]


def sqrt(x: ArrayLike, /) -> Tensor:
    """Compute the square root of every element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    square

    Notes
    -----
    Derivative: ``1 / (2 * sqrt(x))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sqrt(xg.asarray([1.0, 4.0]))
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _sqrt(x)  # type: ignore[no-any-return]


def reciprocal(x: ArrayLike, /) -> Tensor:
    """Compute 1 / x, element by element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``-1 / x**2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.reciprocal(xg.asarray([1.0, 4.0]))
    xg.Tensor([1.  , 0.25], shape=(2,), dtype=float64, device=cpu)
    """
    return _reciprocal(x)  # type: ignore[no-any-return]


def hypot(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the hypotenuse ``sqrt(x1**2 + x2**2)`` without overflow.

    The derivatives at (0, 0) are 0.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Notes
    -----
    Derivatives: ``x1 / y, x2 / y``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.hypot(xg.asarray([3.0]), xg.asarray([4.0]))
    xg.Tensor([5.], shape=(1,), dtype=float64, device=cpu)
    """
    return _hypot(scalar_like(x1, x2), scalar_like(x2, x1))  # type: ignore[no-any-return]
