"""Logic and bits, element by element.

The results are boolean or integer, so they are constants to every tape. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import apply1, apply2
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

_LOGICAL_AND = primitive("logical_and")
_LOGICAL_OR = primitive("logical_or")
_LOGICAL_XOR = primitive("logical_xor")
_LOGICAL_NOT = primitive("logical_not")
_BITWISE_AND = primitive("bitwise_and")
_BITWISE_OR = primitive("bitwise_or")
_BITWISE_XOR = primitive("bitwise_xor")
_BITWISE_LEFT_SHIFT = primitive("bitwise_left_shift")
_BITWISE_RIGHT_SHIFT = primitive("bitwise_right_shift")
_BITWISE_INVERT = primitive("bitwise_invert")


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
    return apply2(_LOGICAL_AND, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_LOGICAL_OR, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_LOGICAL_XOR, x1, x2)  # type: ignore[no-any-return]


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
    return apply1(_LOGICAL_NOT, x)  # type: ignore[no-any-return]


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
    return apply2(_BITWISE_AND, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_BITWISE_OR, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_BITWISE_XOR, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_BITWISE_LEFT_SHIFT, x1, x2)  # type: ignore[no-any-return]


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
    return apply2(_BITWISE_RIGHT_SHIFT, x1, x2)  # type: ignore[no-any-return]


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
    return apply1(_BITWISE_INVERT, x)  # type: ignore[no-any-return]
