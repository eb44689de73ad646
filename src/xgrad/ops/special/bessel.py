"""Bessel functions of the first and second kind, of the orders 0 and 1 and of any."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import double, single

__all__ = [
    "j0",
    "j1",
    "y0",
    "y1",
    "yn",
]

_j0 = single("j0")
_j1 = single("j1")
_y0 = single("y0")
_y1 = single("y1")
_yn = double("yn")


def j0(x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the first kind of order 0.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    j1, y0, y1

    Notes
    -----
    ``j0(x)`` is the solution J_0 of Bessel's equation that is 1 at 0.

    Derivative: ``-j1(x)``.

    Source: DLMF 10.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.j0(xg.asarray([0.0, 1.0, 10.0]))
    xg.Tensor([ 1.        ,  0.76519769, -0.24593576], shape=(3,), dtype=float64, device=cpu)
    """
    return _j0(x)


def j1(x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the first kind of order 1.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    j0, y0, y1

    Notes
    -----
    ``j1(x)`` is the solution J_1 of Bessel's equation.

    Derivative: ``j0(x) - j1(x) / x``, exact near 0.

    Source: DLMF 10.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.j1(xg.asarray([0.0, 1.0, 10.0]))
    xg.Tensor([0.        , 0.44005059, 0.04347275], shape=(3,), dtype=float64, device=cpu)
    """
    return _j1(x)


def y0(x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the second kind of order 0.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    j0, j1, y1

    Notes
    -----
    ``y0(x)`` for x > 0.

    Derivative: ``-y1(x)``.

    Source: DLMF 10.2.3.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.y0(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-0.44451873,  0.08825696,  0.05567117], shape=(3,), dtype=float64, device=cpu)
    """
    return _y0(x)


def y1(x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the second kind of order 1.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    j0, j1, y0

    Notes
    -----
    ``y1(x)`` for x > 0.

    Derivative: ``y0(x) - y1(x) / x``.

    Source: DLMF 10.2.3.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.y1(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-1.47147239, -0.78121282,  0.24901542], shape=(3,), dtype=float64, device=cpu)
    """
    return _y1(x)


def yn(n: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the second kind of whole order.

    Parameters
    ----------
    n : Tensor, Variable, array or Python scalar
        The order, a whole number.
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    NotDifferentiableError
        If a tape follows an operand that has no derivative.

    See Also
    --------
    y0, y1

    Notes
    -----
    ``yn(n, x)`` for x > 0.

    Derivatives: ``(yn(n - 1, x) - yn(n + 1, x)) / 2`` in x; n has none.

    Source: DLMF 10.6.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.yn(2, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-5.44137084, -1.65068261, -0.00586808], shape=(3,), dtype=float64, device=cpu)
    """
    return _yn(n, x)
