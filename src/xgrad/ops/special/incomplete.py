"""The incomplete gamma and beta functions and their inverses, differentiable in their shapes too.

In x they are distribution functions, whose derivatives are densities. The derivatives in the
shapes have no closed form; they are integrated numerically, to any order (backends/special/)."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import double, triple

__all__ = [
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
]

_gammainc = double("gammainc")
_gammaincc = double("gammaincc")
_gammaincinv = double("gammaincinv")
_gammainccinv = double("gammainccinv")
_betainc = triple("betainc")
_betaincc = triple("betaincc")
_betaincinv = triple("betaincinv")
_betainccinv = triple("betainccinv")


def gammainc(a: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the regularized lower incomplete gamma function.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        The shape, positive.
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

    See Also
    --------
    gammaincc, gammaincinv, gdtr

    Notes
    -----
    ``gammainc(a, x)`` is the integral of ``t**(a - 1) * exp(-t)`` from 0 to x, divided by
    ``gamma(a)``.

    Derivatives: ``x**(a - 1) * exp(-x) / gamma(a)`` in x; in a by numerical integration.

    Source: DLMF 8.2.4.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammainc(xg.asarray([0.5, 2.0]), xg.asarray([1.0, 1.0]))
    xg.Tensor([0.84270079, 0.26424112], shape=(2,), dtype=float64, device=cpu)
    """
    return _gammainc(a, x)


def gammaincc(a: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the regularized upper incomplete gamma function, without cancellation.

    Parameters
    ----------
    a, x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

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
    gammainc, gammainccinv

    Notes
    -----
    ``gammaincc(a, x) = 1 - gammainc(a, x)``.

    Derivatives: those of gammainc with the other sign.

    Source: DLMF 8.2.4.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammaincc(xg.asarray([0.5, 2.0]), xg.asarray([1.0, 50.0]))
    xg.Tensor([1.57299207e-01, 9.83662422e-21], shape=(2,), dtype=float64, device=cpu)
    """
    return _gammaincc(a, x)


def gammaincinv(a: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of gammainc in x.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    p : Tensor, Variable, array or Python scalar
        Of floating dtype, a probability.

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
    gammainc, gammainccinv

    Notes
    -----
    ``gammainc(a, gammaincinv(a, p)) = p`` for 0 <= p <= 1.

    Derivatives: one over the density in p; in a minus the slope of gammainc in a over the
    density.

    Source: DLMF 8.12.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammaincinv(xg.asarray([0.5, 2.0]), xg.asarray([0.1, 0.9]))
    xg.Tensor([0.00789539, 3.88972017], shape=(2,), dtype=float64, device=cpu)
    """
    return _gammaincinv(a, p)


def gammainccinv(a: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of gammaincc in x.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    p : Tensor, Variable, array or Python scalar
        Of floating dtype, a probability.

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
    gammaincc, gammaincinv

    Notes
    -----
    ``gammaincc(a, gammainccinv(a, p)) = p`` for 0 <= p <= 1.

    Derivatives: minus one over the density in p; in a as gammaincinv.

    Source: DLMF 8.12.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammainccinv(xg.asarray([0.5, 2.0]), xg.asarray([0.1, 1e-20]))
    xg.Tensor([ 1.35277173, 49.98319799], shape=(2,), dtype=float64, device=cpu)
    """
    return _gammainccinv(a, p)


def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the regularized incomplete beta function.

    Parameters
    ----------
    a, b, x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

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
    betaincc, betaincinv

    Notes
    -----
    ``betainc(a, b, x)`` is the integral of ``t**(a - 1) * (1 - t)**(b - 1)`` from 0 to x,
    divided by ``beta(a, b)``.

    Derivatives: ``x**(a - 1) * (1 - x)**(b - 1) / beta(a, b)`` in x; in a and b by numerical
    integration.

    Source: DLMF 8.17.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([0.5, 2.0])
    >>> b = xg.asarray([1.0, 3.0])
    >>> x = xg.asarray([0.2, 0.2])
    >>> xg.special.betainc(a, b, x)
    xg.Tensor([0.4472136, 0.1808   ], shape=(2,), dtype=float64, device=cpu)
    """
    return _betainc(a, b, x)


def betaincc(a: ArrayLike, b: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the complement of betainc, without cancellation.

    Parameters
    ----------
    a, b, x : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

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
    betainc, betainccinv

    Notes
    -----
    ``betaincc(a, b, x) = 1 - betainc(a, b, x)``.

    Derivatives: those of betainc with the other sign.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([0.5, 2.0])
    >>> b = xg.asarray([1.0, 3.0])
    >>> x = xg.asarray([0.2, 0.999])
    >>> xg.special.betaincc(a, b, x)
    xg.Tensor([5.52786405e-01, 3.99700000e-09], shape=(2,), dtype=float64, device=cpu)
    """
    return _betaincc(a, b, x)


def betaincinv(a: ArrayLike, b: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of betainc in x.

    Parameters
    ----------
    a, b : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    p : Tensor, Variable, array or Python scalar
        Of floating dtype, a probability.

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
    betainc, betainccinv

    Notes
    -----
    ``betainc(a, b, betaincinv(a, b, p)) = p`` for 0 <= p <= 1.

    Derivatives: one over the density in p; in a and b minus the slope of betainc over the
    density.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([0.5, 2.0])
    >>> b = xg.asarray([1.0, 3.0])
    >>> p = xg.asarray([0.2, 0.2])
    >>> xg.special.betaincinv(a, b, p)
    xg.Tensor([0.04      , 0.21231713], shape=(2,), dtype=float64, device=cpu)
    """
    return _betaincinv(a, b, p)


def betainccinv(a: ArrayLike, b: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of betaincc in x.

    Parameters
    ----------
    a, b : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    p : Tensor, Variable, array or Python scalar
        Of floating dtype, a probability.

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
    betaincc, betaincinv

    Notes
    -----
    ``betaincc(a, b, betainccinv(a, b, p)) = p`` for 0 <= p <= 1.

    Derivatives: minus one over the density in p; in a and b as betaincinv.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([0.5, 2.0])
    >>> b = xg.asarray([1.0, 3.0])
    >>> p = xg.asarray([0.2, 0.2])
    >>> xg.special.betainccinv(a, b, p)
    xg.Tensor([0.64      , 0.58245357], shape=(2,), dtype=float64, device=cpu)
    """
    return _betainccinv(a, b, p)
