"""Distribution functions of the binomial and negative binomial distributions, and their inverses.

They are compositions of the incomplete beta functions. Counts are rounded down: they have no
derivative."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ..rounding import floor
from ..searching import where
from ._operands import count, floating
from .incomplete import betainc, betaincc, betainccinv, betaincinv

__all__ = [
    "bdtr",
    "bdtrc",
    "bdtri",
    "nbdtr",
    "nbdtrc",
    "nbdtri",
]


def bdtr(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the binomial distribution of n trials.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of successes.
    n : Tensor, Variable, array or Python scalar
        The number of trials.
    p : Tensor, Variable, array or Python scalar
        The probability of a success.

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
    bdtrc, bdtri

    Notes
    -----
    ``bdtr(k, n, p) = betaincc(floor(k) + 1, n - floor(k), p)``.

    Derivative: in p minus the density of that beta distribution; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.bdtr(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 3.0]), xg.asarray([0.5, 0.25]))
    xg.Tensor([0.5     , 0.984375], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("bdtr", k=k, n=n, p=p)
    whole = count(k)
    rest = floor(n) - whole
    value = betaincc(whole + 1, where(rest == 0, 1, rest), p)
    return where(rest == 0, 1, value)


def bdtrc(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the complement of bdtr, without cancellation.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of successes.
    n : Tensor, Variable, array or Python scalar
        The number of trials.
    p : Tensor, Variable, array or Python scalar
        The probability of a success.

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
    bdtr, bdtri

    Notes
    -----
    ``bdtrc(k, n, p) = betainc(floor(k) + 1, n - floor(k), p)``.

    Derivative: in p the density of that beta distribution; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> k = xg.asarray([1.0, 2.0])
    >>> n = xg.asarray([3.0, 3.0])
    >>> p = xg.asarray([0.5, 0.25])
    >>> xg.special.bdtrc(k, n, p)
    xg.Tensor([0.5     , 0.015625], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("bdtrc", k=k, n=n, p=p)
    whole, rest = count(k), floor(n) - floor(k)
    value = betainc(whole + 1, where(rest == 0, 1, rest), p)
    return where(k < 0, 1, where(rest == 0, 0, value))


def bdtri(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of bdtr in the probability of success.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of successes.
    n : Tensor, Variable, array or Python scalar
        The number of trials.
    p : Tensor, Variable, array or Python scalar
        The probability of at most k successes.

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
    bdtr

    Notes
    -----
    ``bdtri(k, n, p) = betainccinv(floor(k) + 1, n - floor(k), p)``.

    Derivatives: that of betainccinv in p; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> k = xg.asarray([1.0, 2.0])
    >>> n = xg.asarray([3.0, 3.0])
    >>> p = xg.asarray([0.5, 0.25])
    >>> xg.special.bdtri(k, n, p)
    xg.Tensor([0.5      , 0.9085603], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("bdtri", k=k, n=n, p=p)
    return betainccinv(count(k) + 1, floor(n) - floor(k), p)


def nbdtr(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the negative binomial distribution: k failures before the n-th success.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of failures.
    n : Tensor, Variable, array or Python scalar
        The number of successes.
    p : Tensor, Variable, array or Python scalar
        The probability of a success.

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
    nbdtrc, nbdtri

    Notes
    -----
    ``nbdtr(k, n, p) = betainc(n, floor(k) + 1, p)``.

    Derivative: in p the density of that beta distribution; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> k = xg.asarray([1.0, 2.0])
    >>> n = xg.asarray([3.0, 3.0])
    >>> p = xg.asarray([0.5, 0.25])
    >>> xg.special.nbdtr(k, n, p)
    xg.Tensor([0.3125    , 0.10351562], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("nbdtr", k=k, n=n, p=p)
    return betainc(floor(n), count(k) + 1, p)


def nbdtrc(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the complement of nbdtr, without cancellation.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of failures.
    n : Tensor, Variable, array or Python scalar
        The number of successes.
    p : Tensor, Variable, array or Python scalar
        The probability of a success.

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
    nbdtr, nbdtri

    Notes
    -----
    ``nbdtrc(k, n, p) = betaincc(n, floor(k) + 1, p)``.

    Derivative: in p minus the density of that beta distribution; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> k = xg.asarray([1.0, 2.0])
    >>> n = xg.asarray([3.0, 3.0])
    >>> p = xg.asarray([0.5, 0.25])
    >>> xg.special.nbdtrc(k, n, p)
    xg.Tensor([0.6875    , 0.89648438], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("nbdtrc", k=k, n=n, p=p)
    return betaincc(floor(n), count(k) + 1, p)


def nbdtri(k: ArrayLike, n: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of nbdtr in the probability of success.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of failures.
    n : Tensor, Variable, array or Python scalar
        The number of successes.
    p : Tensor, Variable, array or Python scalar
        The probability of at most k failures.

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
    nbdtr

    Notes
    -----
    ``nbdtri(k, n, p) = betaincinv(n, floor(k) + 1, p)``.

    Derivatives: that of betaincinv in p; k and n have none.

    Source: DLMF 8.17.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> k = xg.asarray([1.0, 2.0])
    >>> n = xg.asarray([3.0, 3.0])
    >>> p = xg.asarray([0.5, 0.25])
    >>> xg.special.nbdtri(k, n, p)
    xg.Tensor([0.61427243, 0.35943616], shape=(2,), dtype=float64, device=cpu)
    """
    k, n, p = floating("nbdtri", k=k, n=n, p=p)
    return betaincinv(floor(n), count(k) + 1, p)
