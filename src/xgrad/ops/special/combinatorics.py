"""The beta function, binomial coefficients, rising factorials, and the zeta functions."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import double, single

__all__ = [
    "beta",
    "betaln",
    "binom",
    "poch",
    "zeta",
    "zetac",
]

_zetac = single("zetac")
_beta = double("beta")
_betaln = double("betaln")
_binom = double("binom")
_poch = double("poch")
_zeta = double("zeta")
_riemann_zeta = single("riemann_zeta")


def beta(a: ArrayLike, b: ArrayLike, /) -> Tensor:
    """Compute the beta function.

    Parameters
    ----------
    a, b : Tensor, Variable, array or Python scalar
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
    betaln, gamma

    Notes
    -----
    ``beta(a, b) = gamma(a) * gamma(b) / gamma(a + b)``.

    Derivatives: ``beta(a, b) * (digamma(a) - digamma(a + b))`` in a, likewise in b.

    Source: DLMF 5.12.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.beta(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 0.5]))
    xg.Tensor([0.33333333, 1.33333333], shape=(2,), dtype=float64, device=cpu)
    """
    return _beta(a, b)


def betaln(a: ArrayLike, b: ArrayLike, /) -> Tensor:
    """Compute the logarithm of the absolute value of the beta function.

    Parameters
    ----------
    a, b : Tensor, Variable, array or Python scalar
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
    beta, gammaln

    Notes
    -----
    ``betaln(a, b) = log(abs(beta(a, b)))``.

    Derivatives: ``digamma(a) - digamma(a + b)`` in a, likewise in b, computed without
    cancellation.

    Source: DLMF 5.12.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.betaln(xg.asarray([1.0, 10000000000.0]), xg.asarray([3.0, 0.5]))
    xg.Tensor([ -1.09861229, -10.94056052], shape=(2,), dtype=float64, device=cpu)
    """
    return _betaln(a, b)


def binom(n: ArrayLike, k: ArrayLike, /) -> Tensor:
    """Compute the binomial coefficient for real arguments.

    Parameters
    ----------
    n, k : Tensor, Variable, array or Python scalar
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
    beta, poch

    Notes
    -----
    ``binom(n, k) = gamma(n + 1) / (gamma(k + 1) * gamma(n - k + 1))``.

    Derivatives: ``y * (digamma(n + 1) - digamma(n - k + 1))`` in n and
    ``y * (digamma(n - k + 1) - digamma(k + 1))`` in k.

    Source: DLMF 1.2.6.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.binom(xg.asarray([5.0, 2.5]), xg.asarray([2.0, 1.0]))
    xg.Tensor([10. ,  2.5], shape=(2,), dtype=float64, device=cpu)
    """
    return _binom(n, k)


def poch(x: ArrayLike, m: ArrayLike, /) -> Tensor:
    """Compute Pochhammer's symbol, the rising factorial.

    Parameters
    ----------
    x, m : Tensor, Variable, array or Python scalar
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
    gamma, binom

    Notes
    -----
    ``poch(x, m) = gamma(x + m) / gamma(x)``.

    Derivatives: ``y * (digamma(x + m) - digamma(x))`` in x, finite where x is a whole number,
    and ``y * digamma(x + m)`` in m.

    Source: DLMF 5.2.4.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.poch(xg.asarray([1.0, 0.5]), xg.asarray([3.0, 2.0]))
    xg.Tensor([6.  , 0.75], shape=(2,), dtype=float64, device=cpu)
    """
    return _poch(x, m)


def zeta(x: ArrayLike, q: ArrayLike | None = None) -> Tensor:
    """Compute Hurwitz's zeta function; without q, Riemann's.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Above 1; without q any real number but 1.
    q : Tensor, Variable, array or Python scalar, optional
        Of a shape that broadcasts with that of x, by default 1.

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
    zetac, polygamma

    Notes
    -----
    ``zeta(x, q)`` is the sum of ``(k + q)**-x`` over k >= 0, for x > 1.

    Derivatives: ``-x * zeta(x + 1, q)`` in q; in x the sum of ``-log(k + q) * (k + q)**-x``, by
    Euler's and Maclaurin's formula.

    Source: DLMF 25.11.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.zeta(xg.asarray([2.0, 4.0]))
    xg.Tensor([1.64493407, 1.08232323], shape=(2,), dtype=float64, device=cpu)
    """
    return _riemann_zeta(x) if q is None else _zeta(x, q)


def zetac(x: ArrayLike, /) -> Tensor:
    """Compute Riemann's zeta function minus 1, exact for large x.

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
    zeta

    Notes
    -----
    ``zetac(x) = zeta(x) - 1``.

    Derivative: the sum of ``-log(k) * k**-x`` over k > 1.

    Source: DLMF 25.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.zetac(xg.asarray([2.0, 4.0, 60.0]))
    xg.Tensor([6.44934067e-01, 8.23232337e-02, 8.67361738e-19], shape=(3,), dtype=float64, device=cpu)
    """
    return _zetac(x)
