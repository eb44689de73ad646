"""Distribution functions of the gamma, chi-square and Poisson distributions, and their inverses.

They are compositions of the incomplete gamma functions and differentiable in what those are, shapes
included. Counts are rounded down: they have no derivative."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ..rounding import floor
from ..searching import where
from ..utility import stop_gradient
from ._operands import count, floating
from .incomplete import gammainc, gammaincc, gammainccinv

__all__ = [
    "chdtr",
    "chdtrc",
    "chdtri",
    "gdtr",
    "gdtrc",
    "pdtr",
    "pdtrc",
    "pdtri",
]


def gdtr(a: ArrayLike, b: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the gamma distribution of rate a and shape b.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        The rate.
    b : Tensor, Variable, array or Python scalar
        The shape.
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
    gdtrc, gammainc

    Notes
    -----
    ``gdtr(a, b, x) = gammainc(b, a * x)``.

    Derivatives: the density in x; in a and b those of gammainc.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.gdtr(xg.asarray([1.0, 2.0]), xg.asarray([2.0, 2.0]), xg.asarray([1.0, 1.0]))
    xg.Tensor([0.26424112, 0.59399415], shape=(2,), dtype=float64, device=cpu)
    """
    a, b, x = floating("gdtr", a=a, b=b, x=x)
    at_zero, scale, product = _scaled(a, b, x)
    value = gammainc(b, product)
    return where(at_zero, scale * value, value)


def gdtrc(a: ArrayLike, b: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the complement of gdtr, without cancellation.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        The rate.
    b : Tensor, Variable, array or Python scalar
        The shape.
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
    gdtr, gammaincc

    Notes
    -----
    ``gdtrc(a, b, x) = gammaincc(b, a * x)``.

    Derivatives: those of gdtr with the other sign.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([1.0, 2.0])
    >>> b = xg.asarray([2.0, 2.0])
    >>> x = xg.asarray([1.0, 20.0])
    >>> xg.special.gdtrc(a, b, x)
    xg.Tensor([7.35758882e-01, 1.74182524e-16], shape=(2,), dtype=float64, device=cpu)
    """
    a, b, x = floating("gdtrc", a=a, b=b, x=x)
    at_zero, scale, product = _scaled(a, b, x)
    value = gammaincc(b, product)
    return where(at_zero, 1 + scale * (value - 1), value)


def _scaled(a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Say where x is 0 and gammainc(b, a x) goes as a fractional power of it, a^b times that of x.

    An infinite slope would meet that 0 in the product. Next to the slope in b that of a^b is nothing."""
    at_zero = (x == 0) & (a > 0) & (b != floor(b))
    scale = where(at_zero, a, 1) ** stop_gradient(b)
    return at_zero, scale, where(at_zero, x, a * x)


def chdtr(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the distribution function of the chi-square distribution of v degrees of freedom.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        Degrees of freedom, positive.
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
    chdtrc, chdtri

    Notes
    -----
    ``chdtr(v, x) = gammainc(v / 2, x / 2)``.

    Derivatives: the density in x; in v that of gammainc.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.chdtr(xg.asarray([1.0, 4.0]), xg.asarray([1.0, 1.0]))
    xg.Tensor([0.68268949, 0.09020401], shape=(2,), dtype=float64, device=cpu)
    """
    v, x = floating("chdtr", v=v, x=x)
    return gammainc(v / 2, x / 2)


def chdtrc(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the complement of chdtr, without cancellation.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        Degrees of freedom, positive.
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
    chdtr, chdtri

    Notes
    -----
    ``chdtrc(v, x) = gammaincc(v / 2, x / 2)``, and 1 for x < 0.

    Derivatives: those of chdtr with the other sign.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.chdtrc(xg.asarray([1.0, 4.0]), xg.asarray([1.0, 100.0]))
    xg.Tensor([3.17310508e-01, 9.83662422e-21], shape=(2,), dtype=float64, device=cpu)
    """
    v, x = floating("chdtrc", v=v, x=x)
    return where(x < 0, 1, gammaincc(v / 2, where(x < 0, 0, x) / 2))


def chdtri(v: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of chdtrc in x.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        Degrees of freedom, positive.
    p : Tensor, Variable, array or Python scalar
        The probability of more than x.

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
    chdtrc

    Notes
    -----
    ``chdtri(v, p) = 2 * gammainccinv(v / 2, p)``.

    Derivatives: minus one over the density in p; in v that of gammainccinv.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.chdtri(xg.asarray([1.0, 4.0]), xg.asarray([0.05, 0.05]))
    xg.Tensor([3.84145882, 9.48772904], shape=(2,), dtype=float64, device=cpu)
    """
    v, p = floating("chdtri", v=v, p=p)
    return 2 * gammainccinv(v / 2, p)  # type: ignore[no-any-return]


def pdtr(k: ArrayLike, m: ArrayLike, /) -> Tensor:
    """Compute the distribution function of Poisson's distribution of mean m.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of events.
    m : Tensor, Variable, array or Python scalar
        The mean.

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
    pdtrc, pdtri

    Notes
    -----
    ``pdtr(k, m) = gammaincc(floor(k) + 1, m)``.

    Derivatives: minus the probability of k in m; k has none.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.pdtr(xg.asarray([0.0, 3.0]), xg.asarray([1.0, 2.0]))
    xg.Tensor([0.36787944, 0.85712346], shape=(2,), dtype=float64, device=cpu)
    """
    k, m = floating("pdtr", k=k, m=m)
    return gammaincc(count(k) + 1, m)


def pdtrc(k: ArrayLike, m: ArrayLike, /) -> Tensor:
    """Compute the complement of pdtr, without cancellation.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of events.
    m : Tensor, Variable, array or Python scalar
        The mean.

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
    pdtr, pdtri

    Notes
    -----
    ``pdtrc(k, m) = gammainc(floor(k) + 1, m)``.

    Derivatives: the probability of k in m; k has none.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.pdtrc(xg.asarray([0.0, 30.0]), xg.asarray([1.0, 2.0]))
    xg.Tensor([6.32120559e-01, 3.76955286e-26], shape=(2,), dtype=float64, device=cpu)
    """
    k, m = floating("pdtrc", k=k, m=m)
    return gammainc(count(k) + 1, m)


def pdtri(k: ArrayLike, p: ArrayLike, /) -> Tensor:
    """Compute the inverse of pdtr in the mean m.

    Parameters
    ----------
    k : Tensor, Variable, array or Python scalar
        The number of events.
    p : Tensor, Variable, array or Python scalar
        The probability of at most k events.

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
    pdtr

    Notes
    -----
    ``pdtri(k, p) = gammainccinv(floor(k) + 1, p)``.

    Derivatives: that of gammainccinv in p; k has none.

    Source: DLMF 8.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.pdtri(xg.asarray([0.0, 3.0]), xg.asarray([0.5, 0.5]))
    xg.Tensor([0.69314718, 3.67206075], shape=(2,), dtype=float64, device=cpu)
    """
    k, p = floating("pdtri", k=k, p=p)
    return gammainccinv(count(k) + 1, p)
