"""Exponential and elliptic integrals, the dilogarithm, Legendre's and Kummer's functions."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import double, single, triple

__all__ = [
    "ellipk",
    "ellipkm1",
    "exp1",
    "expi",
    "expn",
    "hyp1f1",
    "lpmv",
    "spence",
]

_exp1 = single("exp1")
_expi = single("expi")
_ellipk = single("ellipk")
_ellipkm1 = single("ellipkm1")
_spence = single("spence")
_expn = double("expn")
_lpmv = triple("lpmv")
_hyp1f1 = triple("hyp1f1")


def exp1(x: ArrayLike, /) -> Tensor:
    """Compute the exponential integral E_1.

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
    expi, expn

    Notes
    -----
    ``exp1(x)`` is the integral of ``exp(-t) / t`` from x to infinity.

    Derivative: ``-exp(-x) / x``.

    Source: DLMF 6.2.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.exp1(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([5.59773595e-01, 2.19383934e-01, 4.15696893e-06], shape=(3,), dtype=float64, device=cpu)
    """
    return _exp1(x)


def expi(x: ArrayLike, /) -> Tensor:
    """Compute the exponential integral Ei.

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
    exp1

    Notes
    -----
    ``expi(x)`` is the principal value of the integral of ``exp(t) / t`` from minus infinity to
    x.

    Derivative: ``exp(x) / x``.

    Source: DLMF 6.2.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.expi(xg.asarray([-1.0, 0.5, 1.0]))
    xg.Tensor([-0.21938393,  0.4542199 ,  1.89511782], shape=(3,), dtype=float64, device=cpu)
    """
    return _expi(x)


def expn(n: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the generalized exponential integral E_n of whole order.

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
    exp1

    Notes
    -----
    ``expn(n, x)`` is the integral of ``exp(-x * t) / t**n`` from 1 to infinity, for n >= 0 and
    x >= 0.

    Derivatives: ``-expn(n - 1, x)`` in x; n has none.

    Source: DLMF 8.19.3.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.expn(2, xg.asarray([0.0, 0.5, 1.0]))
    xg.Tensor([1.        , 0.32664386, 0.14849551], shape=(3,), dtype=float64, device=cpu)
    """
    return _expn(n, x)


def ellipk(x: ArrayLike, /) -> Tensor:
    """Compute the complete elliptic integral of the first kind.

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
    ellipkm1

    Notes
    -----
    ``ellipk(x)`` is the integral of ``1 / sqrt(1 - x * sin(t)**2)`` from 0 to pi / 2, for x <
    1.

    Derivative: ``(E(x) - (1 - x) * K(x)) / (2 * x * (1 - x))``, exact near 0.

    Source: DLMF 19.2.8 with the parameter m = k**2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ellipk(xg.asarray([-1.0, 0.0, 0.5]))
    xg.Tensor([1.31102878, 1.57079633, 1.85407468], shape=(3,), dtype=float64, device=cpu)
    """
    return _ellipk(x)


def ellipkm1(x: ArrayLike, /) -> Tensor:
    """Compute ``ellipk(1 - x)``, exact near the singularity at x = 0.

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
    ellipk

    Notes
    -----
    ``ellipkm1(x) = ellipk(1 - x)`` for x > 0.

    Derivative: that of ellipk with the other sign.

    Source: DLMF 19.2.8 with the parameter m = k**2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ellipkm1(xg.asarray([1e-20, 0.5, 1.0]))
    xg.Tensor([24.41214529,  1.85407468,  1.57079633], shape=(3,), dtype=float64, device=cpu)
    """
    return _ellipkm1(x)


def spence(x: ArrayLike, /) -> Tensor:
    """Compute Spence's function, the dilogarithm of 1 - x.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Not negative, or complex.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    zeta

    Notes
    -----
    ``spence(x)`` is the integral of ``log(t) / (1 - t)`` from 1 to x.

    Derivative: ``log(x) / (1 - x)``, exact near 1.

    Source: DLMF 25.12.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.spence(xg.asarray([0.0, 1.0, 2.0]))
    xg.Tensor([ 1.64493407,  0.        , -0.82246703], shape=(3,), dtype=float64, device=cpu)
    """
    return _spence(x)


def lpmv(m: ArrayLike, v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the associated Legendre function of whole order m and real degree v.

    Parameters
    ----------
    m : Tensor, Variable, array or Python scalar
        The order, a whole number.
    v : Tensor, Variable, array or Python scalar
        The degree.
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
    j0

    Notes
    -----
    ``lpmv(m, v, x)`` is Ferrers' function of the first kind, with the Condon-Shortley phase,
    for -1 <= x <= 1.

    Derivatives: by DLMF 14.10 from the neighbouring orders, in x; m and v have none.

    Source: DLMF 14.3.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.lpmv(1, 2, xg.asarray([0.0, 0.5]))
    xg.Tensor([ 0.        , -1.29903811], shape=(2,), dtype=float64, device=cpu)
    """
    return _lpmv(m, v, x)


def hyp1f1(a: ArrayLike, b: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute Kummer's confluent hypergeometric function.

    Parameters
    ----------
    a : Tensor, Variable, array or Python scalar
        Real; x may be complex.
    b, x : Tensor, Variable, array or Python scalar
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
    gammainc

    Notes
    -----
    ``hyp1f1(a, b, x)`` is the sum of ``(a)_k / (b)_k * x**k / k!``.

    Derivatives: ``a / b * hyp1f1(a + 1, b + 1, x)`` in x; a and b have none.

    Source: DLMF 13.2.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.hyp1f1(1, 2, xg.asarray([0.0, 1.0]))
    xg.Tensor([1.        , 1.71828183], shape=(2,), dtype=float64, device=cpu)
    """
    return _hyp1f1(a, b, x)
