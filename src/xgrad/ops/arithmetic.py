"""Arithmetic, element by element.

Operands broadcast against each other; a Python scalar never changes a dtype. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.operators import power, scalar_like
from ..core.tensor import Tensor

__all__ = [
    "abs",
    "add",
    "copysign",
    "divide",
    "floor_divide",
    "hypot",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "sign",
    "sqrt",
    "square",
    "subtract",
]

_add = binary(primitive("add"))
_subtract = binary(primitive("subtract"))
_multiply = binary(primitive("multiply"))
_divide = binary(primitive("divide"))
_floor_divide = binary(primitive("floor_divide"))
_remainder = binary(primitive("remainder"))
_negative = unary(primitive("negative"))
_positive = unary(primitive("positive"))
_abs = unary(primitive("abs"))
_sign = unary(primitive("sign"))
_square = unary(primitive("square"))
_sqrt = unary(primitive("sqrt"))
_reciprocal = unary(primitive("reciprocal"))
_hypot = binary(primitive("hypot"))
_maximum = binary(primitive("maximum"))
_minimum = binary(primitive("minimum"))
_copysign = binary(primitive("copysign"))
_nextafter = binary(primitive("nextafter"))


def add(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Add two arrays, element by element.

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

    Notes
    -----
    Derivatives: ``1, 1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.add(xg.asarray([1.0, 2.0]), 10.0)
    xg.Tensor([11., 12.], shape=(2,), dtype=float64, device=cpu)
    """
    return _add(x1, x2)  # type: ignore[no-any-return]


def subtract(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Subtract x2 from x1, element by element.

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

    Notes
    -----
    Derivatives: ``1, -1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.subtract(xg.asarray([1.0, 2.0]), 0.5)
    xg.Tensor([0.5, 1.5], shape=(2,), dtype=float64, device=cpu)
    """
    return _subtract(x1, x2)  # type: ignore[no-any-return]


def multiply(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Multiply two arrays, element by element.

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

    Notes
    -----
    Derivatives: ``x2, x1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.multiply(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]))
    xg.Tensor([3., 8.], shape=(2,), dtype=float64, device=cpu)
    """
    return _multiply(x1, x2)  # type: ignore[no-any-return]


def divide(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Divide x1 by x2, element by element.

    Integers are divided as floating numbers.

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

    Notes
    -----
    Derivatives: ``1 / x2, -x1 / x2**2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.divide(xg.asarray([1.0, 3.0]), 2.0)
    xg.Tensor([0.5, 1.5], shape=(2,), dtype=float64, device=cpu)
    """
    return _divide(x1, x2)  # type: ignore[no-any-return]


def floor_divide(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Divide and round down, element by element.

    The derivative is zero almost everywhere, so the result is a constant.

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
    remainder

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.floor_divide(xg.asarray([7.0, -7.0]), 2.0)
    xg.Tensor([ 3., -4.], shape=(2,), dtype=float64, device=cpu)
    """
    return _floor_divide(x1, x2)  # type: ignore[no-any-return]


def remainder(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the remainder of x1 / x2 with the sign of x2, as Python's ``%``.

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
    floor_divide

    Notes
    -----
    Derivatives: ``1, -floor(x1 / x2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.remainder(xg.asarray([7.5, -7.5]), 2.0)
    xg.Tensor([1.5, 0.5], shape=(2,), dtype=float64, device=cpu)
    """
    return _remainder(x1, x2)  # type: ignore[no-any-return]


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


def negative(x: ArrayLike, /) -> Tensor:
    """Change the sign of every element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``-1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.negative(xg.asarray([1.0, -2.0]))
    xg.Tensor([-1.,  2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _negative(x)  # type: ignore[no-any-return]


def positive(x: ArrayLike, /) -> Tensor:
    """Return every element unchanged, as a new value.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.positive(xg.asarray([1.0, -2.0]))
    xg.Tensor([ 1., -2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _positive(x)  # type: ignore[no-any-return]


def abs(x: ArrayLike, /) -> Tensor:
    """Compute the absolute value, for complex numbers the modulus.

    The derivative at 0 is 0.

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
    sign

    Notes
    -----
    Derivative: ``sign(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.abs(xg.asarray([-3.0, 4.0]))
    xg.Tensor([3., 4.], shape=(2,), dtype=float64, device=cpu)
    """
    return _abs(x)  # type: ignore[no-any-return]


def sign(x: ArrayLike, /) -> Tensor:
    """Compute the sign: -1, 0 or 1; for complex numbers x / abs(x).

    The derivative is zero almost everywhere, so the result is a constant.

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
    abs

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sign(xg.asarray([-3.0, 0.0, 4.0]))
    xg.Tensor([-1.,  0.,  1.], shape=(3,), dtype=float64, device=cpu)
    """
    return _sign(x)  # type: ignore[no-any-return]


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


def maximum(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Take the larger of two elements; NaN wins.

    Where both are equal each gets half of the gradient.

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
    minimum, max, clip

    Notes
    -----
    Derivatives: 1 where it is the larger, else 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.maximum(xg.asarray([1.0, 5.0]), xg.asarray([3.0, 2.0]))
    xg.Tensor([3., 5.], shape=(2,), dtype=float64, device=cpu)
    """
    return _maximum(x1, x2)  # type: ignore[no-any-return]


def minimum(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Take the smaller of two elements; NaN wins.

    Where both are equal each gets half of the gradient.

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
    maximum, min, clip

    Notes
    -----
    Derivatives: 1 where it is the smaller, else 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.minimum(xg.asarray([1.0, 5.0]), xg.asarray([3.0, 2.0]))
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _minimum(x1, x2)  # type: ignore[no-any-return]


def copysign(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Give x1 the signs of x2, zeros and NaN included.

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
    Derivatives: 1 or -1, 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.copysign(xg.asarray([1.0, -2.0]), xg.asarray([-1.0, -1.0]))
    xg.Tensor([-1., -2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _copysign(scalar_like(x1, x2), scalar_like(x2, x1))  # type: ignore[no-any-return]


def nextafter(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Find the next floating number from x1 towards x2.

    The result is a constant.

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

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nextafter(xg.asarray([1.0]), xg.asarray([2.0])) > 1.0
    xg.Tensor([ True], shape=(1,), dtype=bool, device=cpu)
    """
    return _nextafter(scalar_like(x1, x2), scalar_like(x2, x1))  # type: ignore[no-any-return]
