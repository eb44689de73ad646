"""Distribution functions of Student's and of the F distribution, and their inverses.

Both are incomplete beta functions of a ratio w; of w and 1 - w the smaller one is used, because it
is exact there, and so are its derivatives."""

from __future__ import annotations

from collections.abc import Callable

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ..rounding import floor
from ..searching import where
from ..utility import stop_gradient
from ._operands import double, floating
from .incomplete import betainc, betaincc, betainccinv, betaincinv

__all__ = [
    "fdtr",
    "fdtrc",
    "fdtri",
    "stdtr",
    "stdtrit",
]

_stdtr = double("stdtr")
_stdtrit = double("stdtrit")


def stdtr(df: ArrayLike, t: ArrayLike, /) -> Tensor:
    """Compute the distribution function of Student's distribution.

    Parameters
    ----------
    df : Tensor, Variable, array or Python scalar
        Degrees of freedom, positive.
    t : Tensor, Variable, array or Python scalar
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
    stdtrit, betainc

    Notes
    -----
    ``stdtr(df, t) = 1 - betainc(df / 2, 1 / 2, df / (df + t**2)) / 2`` for t > 0.

    Derivatives: the density in t; in df by numerical integration.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.stdtr(xg.asarray([1.0, 5.0]), xg.asarray([1.0, -2.0]))
    xg.Tensor([0.75      , 0.05096974], shape=(2,), dtype=float64, device=cpu)
    """
    return _stdtr(df, t)


def stdtrit(df: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the quantile of Student's distribution, the inverse of stdtr in t.

    Parameters
    ----------
    df : Tensor, Variable, array or Python scalar
        Degrees of freedom, positive.
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
    stdtr

    Notes
    -----
    ``stdtr(df, stdtrit(df, p)) = p`` for 0 <= p <= 1.

    Derivatives: one over the density in p; in df minus the slope of stdtr over the density.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.stdtrit(xg.asarray([1.0, 5.0]), xg.asarray([0.75, 0.025]))
    xg.Tensor([ 1.        , -2.57058184], shape=(2,), dtype=float64, device=cpu)
    """
    return _stdtrit(df, p)


def fdtr(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the F distribution.

    Parameters
    ----------
    dfn : Tensor, Variable, array or Python scalar
        Degrees of freedom of the numerator, positive.
    dfd : Tensor, Variable, array or Python scalar
        Degrees of freedom of the denominator, positive.
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
    fdtrc, fdtri

    Notes
    -----
    ``fdtr(dfn, dfd, x) = betainc(dfn / 2, dfd / 2, dfn * x / (dfn * x + dfd))``.

    Derivatives: the density in x; in the degrees of freedom those of betainc.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.fdtr(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]), xg.asarray([0.5, 2.0]))
    xg.Tensor([0.46952223, 0.75      ], shape=(2,), dtype=float64, device=cpu)
    """
    dfn, dfd, x = floating("fdtr", dfn=dfn, dfd=dfd, x=x)
    at_zero, scale, value = _f_tail(betainc, betaincc, dfn, dfd, x)
    return where(at_zero, scale * value, value)


def fdtrc(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the complement of fdtr, without cancellation.

    Parameters
    ----------
    dfn : Tensor, Variable, array or Python scalar
        Degrees of freedom of the numerator, positive.
    dfd : Tensor, Variable, array or Python scalar
        Degrees of freedom of the denominator, positive.
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
    fdtr, fdtri

    Notes
    -----
    ``fdtrc(dfn, dfd, x) = betainc(dfd / 2, dfn / 2, dfd / (dfn * x + dfd))``.

    Derivatives: those of fdtr with the other sign.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.fdtrc(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]), xg.asarray([0.5, 2.0]))
    xg.Tensor([0.53047777, 0.25      ], shape=(2,), dtype=float64, device=cpu)
    """
    dfn, dfd, x = floating("fdtrc", dfn=dfn, dfd=dfd, x=x)
    at_zero, scale, value = _f_tail(betaincc, betainc, dfn, dfd, x)
    return where(at_zero, 1 + scale * (value - 1), value)


def fdtri(dfn: ArrayLike, dfd: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of fdtr in x.

    Parameters
    ----------
    dfn : Tensor, Variable, array or Python scalar
        Degrees of freedom of the numerator, positive.
    dfd : Tensor, Variable, array or Python scalar
        Degrees of freedom of the denominator, positive.
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
    fdtr

    Notes
    -----
    ``fdtr(dfn, dfd, fdtri(dfn, dfd, p)) = p`` for 0 <= p < 1.

    Derivatives: those of betaincinv.

    Source: DLMF 8.17.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.fdtri(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]), xg.asarray([0.5, 0.9]))
    xg.Tensor([0.58506027, 4.32455532], shape=(2,), dtype=float64, device=cpu)
    """
    dfn, dfd, p = floating("fdtri", dfn=dfn, dfd=dfd, p=p)
    w, rest = betaincinv(dfn / 2, dfd / 2, p), betainccinv(dfd / 2, dfn / 2, p)
    return dfd / dfn * (w / rest)  # type: ignore[no-any-return]


def _f_tail(
    lower: Callable[..., Tensor],
    upper: Callable[..., Tensor],
    dfn: Tensor,
    dfd: Tensor,
    x: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute a tail of F as a function of w = dfn x / (dfn x + dfd), or of 1 - w if that is smaller.

    Where x is 0, and the lower tail goes as a fractional power of it, it is that of w = x, and the
    power of dfn / dfd is returned too: an infinite slope would meet a 0 in the quotient."""
    a, b = dfn / 2, dfd / 2
    at_zero = (x == 0) & (a != floor(a))
    ratio = where(at_zero, stop_gradient(dfn) / dfd, 1)
    part = dfn * x
    total = part + dfd
    near = part < dfd
    w = where(at_zero, x, where(near, part / total, 0.5))
    rest = where(near, 0.5, dfd / total)
    value = where(near, lower(a, where(at_zero, stop_gradient(b), b), w), upper(b, a, rest))
    return at_zero, ratio ** stop_gradient(a), value
