"""Arithmetic, element by element.

Operands broadcast against each other; a Python scalar never changes a dtype. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.casting import dtype_kind
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ._arguments import as_operand

__all__ = [
    "abs",
    "add",
    "divide",
    "floor_divide",
    "multiply",
    "negative",
    "positive",
    "remainder",
    "sign",
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
_complex_sign = unary(primitive("complex_sign"))


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

    Of real numbers the derivative is zero almost everywhere, so the result is a constant. Of
    complex numbers it is not: a sign turns with its number.

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
    x = as_operand(x, "sign")
    return _complex_sign(x) if dtype_kind(x.dtype) == "complex" else _sign(x)  # type: ignore[no-any-return]
