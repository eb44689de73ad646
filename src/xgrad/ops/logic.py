"""Logic and bits, element by element.

The results are boolean or integer, so they are constants to every tape. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]

_logical_and = binary(primitive("logical_and"))
_logical_or = binary(primitive("logical_or"))
_logical_xor = binary(primitive("logical_xor"))
_logical_not = unary(primitive("logical_not"))
_bitwise_and = binary(primitive("bitwise_and"))
_bitwise_or = binary(primitive("bitwise_or"))
_bitwise_xor = binary(primitive("bitwise_xor"))
_bitwise_left_shift = binary(primitive("bitwise_left_shift"))
_bitwise_right_shift = binary(primitive("bitwise_right_shift"))
_bitwise_invert = unary(primitive("bitwise_invert"))


def logical_and(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell where both are true.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of boolean dtype, of shapes that broadcast.

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
    >>> xg.logical_and(xg.asarray([True, True, False]), xg.asarray([True, False, False]))
    xg.Tensor([ True, False, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _logical_and(x1, x2)  # type: ignore[no-any-return]


def logical_or(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell where at least one is true.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of boolean dtype, of shapes that broadcast.

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
    >>> xg.logical_or(xg.asarray([True, True, False]), xg.asarray([True, False, False]))
    xg.Tensor([ True,  True, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _logical_or(x1, x2)  # type: ignore[no-any-return]


def logical_xor(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Tell where exactly one is true.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of boolean dtype, of shapes that broadcast.

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
    >>> xg.logical_xor(xg.asarray([True, True, False]), xg.asarray([True, False, False]))
    xg.Tensor([False,  True, False], shape=(3,), dtype=bool, device=cpu)
    """
    return _logical_xor(x1, x2)  # type: ignore[no-any-return]


def logical_not(x: ArrayLike, /) -> Tensor:
    """Turn true into false and false into true.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of boolean dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x, boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logical_not(xg.asarray([True, False]))
    xg.Tensor([False,  True], shape=(2,), dtype=bool, device=cpu)
    """
    return _logical_not(x)  # type: ignore[no-any-return]


def bitwise_and(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Combine bits by and.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of integer or boolean dtype, of shapes that broadcast.

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
    >>> xg.bitwise_and(xg.asarray([6, 3]), xg.asarray([1, 1]))
    xg.Tensor([0, 1], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_and(x1, x2)  # type: ignore[no-any-return]


def bitwise_or(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Combine bits by or.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of integer or boolean dtype, of shapes that broadcast.

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
    >>> xg.bitwise_or(xg.asarray([6, 3]), xg.asarray([1, 1]))
    xg.Tensor([7, 3], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_or(x1, x2)  # type: ignore[no-any-return]


def bitwise_xor(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Combine bits by exclusive or.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of integer or boolean dtype, of shapes that broadcast.

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
    >>> xg.bitwise_xor(xg.asarray([6, 3]), xg.asarray([1, 1]))
    xg.Tensor([7, 2], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_xor(x1, x2)  # type: ignore[no-any-return]


def bitwise_left_shift(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Shift the bits of x1 to the left by x2 places.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of integer or boolean dtype, of shapes that broadcast.

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
    >>> xg.bitwise_left_shift(xg.asarray([6, 3]), xg.asarray([1, 1]))
    xg.Tensor([12,  6], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_left_shift(x1, x2)  # type: ignore[no-any-return]


def bitwise_right_shift(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Shift the bits of x1 to the right by x2 places.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of integer or boolean dtype, of shapes that broadcast.

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
    >>> xg.bitwise_right_shift(xg.asarray([6, 3]), xg.asarray([1, 1]))
    xg.Tensor([3, 1], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_right_shift(x1, x2)  # type: ignore[no-any-return]


def bitwise_invert(x: ArrayLike, /) -> Tensor:
    """Invert every bit.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of integer or boolean dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.bitwise_invert(xg.asarray([0, 5]))
    xg.Tensor([-1, -6], shape=(2,), dtype=int64, device=cpu)
    """
    return _bitwise_invert(x)  # type: ignore[no-any-return]
