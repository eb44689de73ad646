"""Modified Bessel functions of the orders 0 and 1, plain and exponentially scaled."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import single

__all__ = [
    "i0",
    "i0e",
    "i1",
    "i1e",
    "k0",
    "k0e",
    "k1",
    "k1e",
]

_i0 = single("i0")
_i1 = single("i1")
_k0 = single("k0")
_k1 = single("k1")
_i0e = single("i0e")
_i1e = single("i1e")
_k0e = single("k0e")
_k1e = single("k1e")


def i0(x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the first kind of order 0.

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
    i0e, i1, k0

    Notes
    -----
    ``i0(x) = j0(1j * x)``.

    Derivative: ``i1(x)``.

    Source: DLMF 10.25.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.i0(xg.asarray([0.0, 1.0, 10.0]))
    xg.Tensor([1.00000000e+00, 1.26606588e+00, 2.81571663e+03], shape=(3,), dtype=float64, device=cpu)
    """
    return _i0(x)


def i1(x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the first kind of order 1.

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
    i1e, i0, k1

    Notes
    -----
    ``i1(x) = -1j * j1(1j * x)``.

    Derivative: ``i0(x) - i1(x) / x``, exact near 0.

    Source: DLMF 10.25.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.i1(xg.asarray([0.0, 1.0, 10.0]))
    xg.Tensor([0.00000000e+00, 5.65159104e-01, 2.67098830e+03], shape=(3,), dtype=float64, device=cpu)
    """
    return _i1(x)


def k0(x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the second kind of order 0.

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
    k0e, k1, i0

    Notes
    -----
    ``k0(x)`` for x > 0.

    Derivative: ``-k1(x)``.

    Source: DLMF 10.25.3.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.k0(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([9.24419071e-01, 4.21024438e-01, 1.77800623e-05], shape=(3,), dtype=float64, device=cpu)
    """
    return _k0(x)


def k1(x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the second kind of order 1.

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
    k1e, k0, i1

    Notes
    -----
    ``k1(x)`` for x > 0.

    Derivative: ``-k0(x) - k1(x) / x``.

    Source: DLMF 10.25.3.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.k1(xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([1.65644112e+00, 6.01907230e-01, 1.86487735e-05], shape=(3,), dtype=float64, device=cpu)
    """
    return _k1(x)


def i0e(x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the first kind of order 0.

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
    i0, i1e

    Notes
    -----
    ``i0e(x) = exp(-abs(x)) * i0(x)``.

    Derivative: ``i1e(x) - sign(x) * i0e(x)``, computed without cancellation to any order.

    Source: DLMF 10.25.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.i0e(xg.asarray([0.0, 1.0, 1000.0]))
    xg.Tensor([1.        , 0.46575961, 0.01261724], shape=(3,), dtype=float64, device=cpu)
    """
    return _i0e(x)


def i1e(x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the first kind of order 1.

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
    i1, i0e

    Notes
    -----
    ``i1e(x) = exp(-abs(x)) * i1(x)``.

    Derivative: ``i0e(x) - i1e(x) * (sign(x) + 1 / x)``, computed without cancellation to any
    order.

    Source: DLMF 10.25.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.i1e(xg.asarray([0.0, 1.0, 1000.0]))
    xg.Tensor([0.        , 0.20791042, 0.01261093], shape=(3,), dtype=float64, device=cpu)
    """
    return _i1e(x)


def k0e(x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the second kind of order 0.

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
    k0, k1e

    Notes
    -----
    ``k0e(x) = exp(x) * k0(x)`` for x > 0.

    Derivative: ``k0e(x) - k1e(x)``, computed without cancellation to any order.

    Source: DLMF 10.25.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.k0e(xg.asarray([0.5, 1.0, 1000.0]))
    xg.Tensor([1.52410939, 1.14446308, 0.03962832], shape=(3,), dtype=float64, device=cpu)
    """
    return _k0e(x)


def k1e(x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the second kind of order 1.

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
    k1, k0e

    Notes
    -----
    ``k1e(x) = exp(x) * k1(x)`` for x > 0.

    Derivative: ``k1e(x) * (1 - 1 / x) - k0e(x)``, computed without cancellation to any order.

    Source: DLMF 10.25.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.k1e(xg.asarray([0.5, 1.0, 1000.0]))
    xg.Tensor([2.73100971, 1.63615349, 0.03964813], shape=(3,), dtype=float64, device=cpu)
    """
    return _k1e(x)
