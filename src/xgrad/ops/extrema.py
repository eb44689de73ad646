"""The larger, the smaller, the same with another sign, the next one: of two, element by element.

Ties share the gradient. Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary
from ..core.instructions import primitive
from ..core.operators import scalar_like
from ..core.tensor import Tensor

__all__ = [
    "copysign",
    "maximum",
    "minimum",
    "nextafter",
]

_maximum = binary(primitive("maximum"))
_minimum = binary(primitive("minimum"))
_copysign = binary(primitive("copysign"))
_nextafter = binary(primitive("nextafter"))


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
