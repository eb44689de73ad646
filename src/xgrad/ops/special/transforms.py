"""Power transforms of statistics, exact where their exponent vanishes."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import double

__all__ = [
    "boxcox",
    "boxcox1p",
    "inv_boxcox",
    "inv_boxcox1p",
]

_boxcox = double("boxcox")
_boxcox1p = double("boxcox1p")
_inv_boxcox = double("inv_boxcox")
_inv_boxcox1p = double("inv_boxcox1p")


def boxcox(x: ArrayLike, lmbda: ArrayLike, /) -> Tensor:
    """Compute the Box-Cox transform.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    lmbda : Tensor, Variable, array or Python scalar
        The exponent.

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
    inv_boxcox, boxcox1p

    Notes
    -----
    ``boxcox(x, lmbda) = (x**lmbda - 1) / lmbda``, and ``log(x)`` where lmbda is 0.

    Derivatives: ``x**(lmbda - 1)`` and ``(x**lmbda * log(x) - y) / lmbda``, the latter
    ``log(x)**2 / 2`` where lmbda is 0.

    Source: Box and Cox, An Analysis of Transformations, 1964.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.boxcox(xg.asarray([2.0, 2.0]), xg.asarray([0.0, 3.0]))
    xg.Tensor([0.69314718, 2.33333333], shape=(2,), dtype=float64, device=cpu)
    """
    return _boxcox(x, lmbda)


def boxcox1p(x: ArrayLike, lmbda: ArrayLike, /) -> Tensor:
    """Compute the Box-Cox transform of 1 + x, exact for small x.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    lmbda : Tensor, Variable, array or Python scalar
        The exponent.

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
    boxcox, inv_boxcox1p

    Notes
    -----
    ``boxcox1p(x, lmbda) = boxcox(1 + x, lmbda)``.

    Derivatives: those of ``boxcox(1 + x, lmbda)``.

    Source: Box and Cox, An Analysis of Transformations, 1964.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.boxcox1p(xg.asarray([1e-10, 2.0]), xg.asarray([0.5, 0.5]))
    xg.Tensor([1.00000000e-10, 1.46410162e+00], shape=(2,), dtype=float64, device=cpu)
    """
    return _boxcox1p(x, lmbda)


def inv_boxcox(x: ArrayLike, lmbda: ArrayLike, /) -> Tensor:
    """Compute the inverse of the Box-Cox transform.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    lmbda : Tensor, Variable, array or Python scalar
        The exponent.

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
    boxcox

    Notes
    -----
    ``inv_boxcox(x, lmbda) = (lmbda * x + 1)**(1 / lmbda)``, and ``exp(x)`` where lmbda is 0.

    Derivatives: ``y**(1 - lmbda)`` in x; in lmbda its limit where lmbda is 0.

    Source: Box and Cox, An Analysis of Transformations, 1964.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.inv_boxcox(xg.asarray([1.0, 1.0]), xg.asarray([0.0, 2.0]))
    xg.Tensor([2.71828183, 1.73205081], shape=(2,), dtype=float64, device=cpu)
    """
    return _inv_boxcox(x, lmbda)


def inv_boxcox1p(x: ArrayLike, lmbda: ArrayLike, /) -> Tensor:
    """Compute the inverse of boxcox1p, exact for small x.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    lmbda : Tensor, Variable, array or Python scalar
        The exponent.

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
    boxcox1p

    Notes
    -----
    ``inv_boxcox1p(x, lmbda) = inv_boxcox(x, lmbda) - 1``.

    Derivatives: those of inv_boxcox.

    Source: Box and Cox, An Analysis of Transformations, 1964.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.inv_boxcox1p(xg.asarray([1e-10, 1.0]), xg.asarray([0.5, 2.0]))
    xg.Tensor([1.00000000e-10, 7.32050808e-01], shape=(2,), dtype=float64, device=cpu)
    """
    return _inv_boxcox1p(x, lmbda)
