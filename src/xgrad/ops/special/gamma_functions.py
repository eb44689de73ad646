"""The gamma function, its logarithm, its reciprocal, and the polygamma functions."""

from __future__ import annotations

import math

from ..._arguments import as_int
from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ...errors import ArgumentError
from ..searching import where
from ._operands import double, floating, single

__all__ = [
    "digamma",
    "gamma",
    "gammaln",
    "gammasgn",
    "loggamma",
    "multigammaln",
    "polygamma",
    "psi",
    "rgamma",
]

_gamma = single("gamma")
_gammaln = single("gammaln")
_gammasgn = single("gammasgn")
_loggamma = single("loggamma")
_rgamma = single("rgamma")
_digamma = single("digamma")
_polygamma = double("polygamma")


def gamma(x: ArrayLike, /) -> Tensor:
    """Compute the gamma function.

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
    gammaln, rgamma, digamma

    Notes
    -----
    ``gamma(x)`` is the integral of ``t**(x - 1) * exp(-t)`` from 0 to infinity, continued to x
    < 0.

    Derivative: ``gamma(x) * digamma(x)``.

    Source: DLMF 5.2.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gamma(xg.asarray([0.5, 1.0, 5.0]))
    xg.Tensor([ 1.77245385,  1.        , 24.        ], shape=(3,), dtype=float64, device=cpu)
    """
    return _gamma(x)


def gammaln(x: ArrayLike, /) -> Tensor:
    """Compute the logarithm of the absolute value of the gamma function.

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
    gamma, gammasgn, loggamma

    Notes
    -----
    ``gammaln(x) = log(abs(gamma(x)))``.

    Derivative: ``digamma(x)``.

    Source: DLMF 5.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammaln(xg.asarray([0.5, 1.0, 1e10]))
    xg.Tensor([5.72364943e-01, 0.00000000e+00, 2.20258509e+11], shape=(3,), dtype=float64, device=cpu)
    """
    return _gammaln(x)


def gammasgn(x: ArrayLike, /) -> Tensor:
    """Compute the sign of the gamma function: a constant.

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
    gammaln

    Notes
    -----
    ``gamma(x) = gammasgn(x) * exp(gammaln(x))``; NaN at the negative whole numbers.

    The derivative is 0 wherever there is one.

    Source: DLMF 5.4.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gammasgn(xg.asarray([-1.5, -0.5, 2.0]))
    xg.Tensor([ 1., -1.,  1.], shape=(3,), dtype=float64, device=cpu)
    """
    return _gammasgn(x)


def loggamma(x: ArrayLike, /) -> Tensor:
    """Compute the principal branch of the logarithm of the gamma function; NaN for x < 0.

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
    gammaln

    Notes
    -----
    ``loggamma(x) = log(gamma(x))`` for x > 0.

    Derivative: ``digamma(x)``.

    Source: DLMF 5.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.loggamma(xg.asarray([0.5, 1.0, 1e10]))
    xg.Tensor([5.72364943e-01, 0.00000000e+00, 2.20258509e+11], shape=(3,), dtype=float64, device=cpu)
    """
    return _loggamma(x)


def rgamma(x: ArrayLike, /) -> Tensor:
    """Compute the reciprocal of the gamma function, which is 0 at its poles.

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
    gamma

    Notes
    -----
    ``rgamma(x) = 1 / gamma(x)``.

    Derivative: ``-digamma(x) / gamma(x)``, finite at the poles.

    Source: DLMF 5.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.rgamma(xg.asarray([-1.0, 0.5, 5.0]))
    xg.Tensor([0.        , 0.56418958, 0.04166667], shape=(3,), dtype=float64, device=cpu)
    """
    return _rgamma(x)


def digamma(x: ArrayLike, /) -> Tensor:
    """Compute the digamma function, the derivative of the logarithm of the gamma function.

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
    polygamma, gammaln, psi

    Notes
    -----
    ``digamma(x)`` is the derivative of gammaln.

    Derivative: ``polygamma(1, x)``, for real x.

    Source: DLMF 5.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.digamma(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-1.96351003, -0.57721566,  2.25175259], shape=(3,), dtype=float64, device=cpu)
    """
    return _digamma(x)


def psi(x: ArrayLike, /) -> Tensor:
    """Compute the digamma function; the other name of digamma.

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
    digamma

    Notes
    -----
    ``psi(x)`` is the derivative of gammaln.

    Derivative: ``polygamma(1, x)``, for real x.

    Source: DLMF 5.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.psi(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-1.96351003, -0.57721566,  2.25175259], shape=(3,), dtype=float64, device=cpu)
    """
    return _digamma(x)


def polygamma(n: ArrayLike, x: ArrayLike) -> Tensor:
    """Compute the n-th derivative of the digamma function.

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
    digamma, zeta

    Notes
    -----
    ``polygamma(n, x)`` for whole n >= 0.

    Derivatives: ``polygamma(n + 1, x)`` in x; n has none.

    Source: DLMF 5.15.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.polygamma(1, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([4.9348022 , 1.64493407, 0.10516634], shape=(3,), dtype=float64, device=cpu)
    """
    return _polygamma(n, x)


def multigammaln(a: ArrayLike, d: int) -> Tensor:
    """Compute the logarithm of the multivariate gamma function.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.
    d : int
        The dimension, a positive int.

    Returns
    -------
    Tensor
        Of the shape of a.

    See Also
    --------
    gammaln

    Notes
    -----
    ``multigammaln(a, d) = d * (d - 1) / 4 * log(pi)`` plus the sum of ``gammaln(a - j / 2)``
    over j < d.

    Derivative: the sum of ``digamma(a - j / 2)`` over j < d.

    Source: DLMF 35.3.6.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.multigammaln(xg.asarray([2.0, 3.0]), 2)
    xg.Tensor([0.45158271, 1.55019499], shape=(2,), dtype=float64, device=cpu)
    """
    d = as_int(d, "multigammaln", "d")
    if d < 1:
        raise ArgumentError(
            f"multigammaln: d must be positive, but is {d}. Use the dimension of the matrices."
        )
    (a,) = floating("multigammaln", a=a)
    total = gammaln(a) + d * (d - 1) / 4 * math.log(math.pi)
    for j in range(1, d):
        total = total + gammaln(a - j / 2)
    return where(a > (d - 1) / 2, total, math.nan)
