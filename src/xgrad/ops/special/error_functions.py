"""The error function and the normal distribution.

The scaled functions keep their digits, and all of their derivatives, in the tails."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import single

__all__ = [
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "log_ndtr",
    "ndtr",
    "ndtri",
]

_erf = single("erf")
_erfc = single("erfc")
_erfcx = single("erfcx")
_erfinv = single("erfinv")
_erfcinv = single("erfcinv")
_ndtr = single("ndtr")
_ndtri = single("ndtri")
_log_ndtr = single("log_ndtr")


def erf(x: ArrayLike, /) -> Tensor:
    """Compute the error function.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Real or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    erfc, erfinv, ndtr

    Notes
    -----
    ``erf(x) = 2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

    Derivative: ``2 / sqrt(pi) * exp(-x**2)``.

    Source: DLMF 7.2.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.erf(xg.asarray([0.0, 0.5, 1.0]))
    xg.Tensor([0.        , 0.52049988, 0.84270079], shape=(3,), dtype=float64, device=cpu)
    """
    return _erf(x)


def erfc(x: ArrayLike, /) -> Tensor:
    """Compute the complementary error function, without the cancellation of ``1 - erf(x)``.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Real or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    erf, erfcx, erfcinv

    Notes
    -----
    ``erfc(x) = 1 - erf(x)``.

    Derivative: ``-2 / sqrt(pi) * exp(-x**2)``.

    Source: DLMF 7.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.erfc(xg.asarray([0.0, 1.0, 5.0]))
    xg.Tensor([1.00000000e+00, 1.57299207e-01, 1.53745979e-12], shape=(3,), dtype=float64, device=cpu)
    """
    return _erfc(x)


def erfcx(x: ArrayLike, /) -> Tensor:
    """Compute the scaled complementary error function, which does not underflow.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Real or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    erfc, log_ndtr

    Notes
    -----
    ``erfcx(x) = exp(x**2) * erfc(x)``.

    Derivative: ``2 * x * erfcx(x) - 2 / sqrt(pi)``, computed without cancellation to any order.

    Source: DLMF 7.18.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.erfcx(xg.asarray([0.0, 1.0, 100.0]))
    xg.Tensor([1.        , 0.42758358, 0.00564161], shape=(3,), dtype=float64, device=cpu)
    """
    return _erfcx(x)


def erfinv(x: ArrayLike, /) -> Tensor:
    """Compute the inverse of the error function.

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
    erf, erfcinv, ndtri

    Notes
    -----
    ``erf(erfinv(x)) = x`` for -1 <= x <= 1.

    Derivative: ``sqrt(pi) / 2 * exp(y**2)`` with y the result.

    Source: DLMF 7.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.erfinv(xg.asarray([0.0, 0.5, 0.9]))
    xg.Tensor([0.        , 0.47693628, 1.16308715], shape=(3,), dtype=float64, device=cpu)
    """
    return _erfinv(x)


def erfcinv(x: ArrayLike, /) -> Tensor:
    """Compute the inverse of the complementary error function.

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
    erfc, erfinv

    Notes
    -----
    ``erfc(erfcinv(x)) = x`` for 0 <= x <= 2.

    Derivative: ``-sqrt(pi) / 2 * exp(y**2)`` with y the result.

    Source: DLMF 7.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.erfcinv(xg.asarray([0.5, 1.0, 1e-20]))
    xg.Tensor([ 0.47693628, -0.        ,  6.60158062], shape=(3,), dtype=float64, device=cpu)
    """
    return _erfcinv(x)


def ndtr(x: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the standard normal distribution.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Real or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    log_ndtr, ndtri, erf

    Notes
    -----
    ``ndtr(x) = erfc(-x / sqrt(2)) / 2``.

    Derivative: the density ``exp(-x**2 / 2) / sqrt(2 * pi)``.

    Source: DLMF 7.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ndtr(xg.asarray([-1.0, 0.0, 1.0]))
    xg.Tensor([0.15865525, 0.5       , 0.84134475], shape=(3,), dtype=float64, device=cpu)
    """
    return _ndtr(x)


def ndtri(x: ArrayLike, /) -> Tensor:
    """Compute the quantile of the standard normal distribution, the inverse of ndtr.

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
    ndtr, erfinv

    Notes
    -----
    ``ndtr(ndtri(x)) = x`` for 0 <= x <= 1.

    Derivative: ``sqrt(2 * pi) * exp(y**2 / 2)`` with y the result.

    Source: DLMF 7.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ndtri(xg.asarray([0.025, 0.5, 0.975]))
    xg.Tensor([-1.95996398,  0.        ,  1.95996398], shape=(3,), dtype=float64, device=cpu)
    """
    return _ndtri(x)


def log_ndtr(x: ArrayLike, /) -> Tensor:
    """Compute the logarithm of the normal distribution function, exact far into the lower tail.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Real or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    ndtr, erfcx

    Notes
    -----
    ``log_ndtr(x) = log(ndtr(x))``.

    Derivative: the density divided by ``ndtr(x)``, as ``sqrt(2 / pi) / erfcx(-x / sqrt(2))``.

    Source: DLMF 7.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.log_ndtr(xg.asarray([-100.0, -1.0, 1.0]))
    xg.Tensor([-5.00552421e+03, -1.84102165e+00, -1.72753779e-01], shape=(3,), dtype=float64, device=cpu)
    """
    return _log_ndtr(x)
