"""Entropies, products with a logarithm, and robust losses.

Where 0 log 0 is 0, so is 0 / 0 in the derivatives."""

from __future__ import annotations

import math

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ..searching import where
from ._operands import double, floating, single

__all__ = [
    "entr",
    "huber",
    "kl_div",
    "pseudo_huber",
    "rel_entr",
    "xlog1py",
    "xlogy",
]

_entr = single("entr")
_xlogy = double("xlogy")
_xlog1py = double("xlog1py")
_rel_entr = double("rel_entr")
_kl_div = double("kl_div")
_pseudo_huber = double("pseudo_huber")


def xlogy(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute x1 * log(x2), and 0 where x1 is 0.

    Parameters
    ----------
    x1 : Tensor, Variable, array or Python scalar
        Real or complex, of shapes that broadcast.
    x2 : Tensor, Variable, array or Python scalar
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
    xlog1py, entr, rel_entr

    Notes
    -----
    ``xlogy(x1, x2) = x1 * log(x2)``, and 0 where x1 is 0 and x2 is not NaN.

    Derivatives: ``log(x2)`` and ``x1 / x2``, the latter 0 where both are 0.

    Source: the limit of x log(x) at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.xlogy(xg.asarray([0.0, 2.0]), xg.asarray([0.0, 3.0]))
    xg.Tensor([0.        , 2.19722458], shape=(2,), dtype=float64, device=cpu)
    """
    return _xlogy(x1, x2)


def xlog1py(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute x1 * log(1 + x2), exact for small x2, and 0 where x1 is 0.

    Parameters
    ----------
    x1 : Tensor, Variable, array or Python scalar
        Real or complex, of shapes that broadcast.
    x2 : Tensor, Variable, array or Python scalar
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
    xlogy

    Notes
    -----
    ``xlog1py(x1, x2) = x1 * log(1 + x2)``, and 0 where x1 is 0 and x2 is not NaN.

    Derivatives: ``log1p(x2)`` and ``x1 / (1 + x2)``, the latter 0 where both parts are 0.

    Source: the limit of x log(x) at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.xlog1py(xg.asarray([0.0, 2.0]), xg.asarray([-1.0, 1e-10]))
    xg.Tensor([0.e+00, 2.e-10], shape=(2,), dtype=float64, device=cpu)
    """
    return _xlog1py(x1, x2)


def entr(x: ArrayLike, /) -> Tensor:
    """Compute the entropy -x * log(x) of every element.

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
    rel_entr, kl_div, xlogy

    Notes
    -----
    ``entr(x) = -x * log(x)`` for x > 0, 0 at 0, and -inf for x < 0.

    Derivative: ``-log(x) - 1``.

    Source: Boyd and Vandenberghe, Convex Optimization, 3.1.5.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.entr(xg.asarray([0.0, 0.5, 1.0]))
    xg.Tensor([ 0.        ,  0.34657359, -0.        ], shape=(3,), dtype=float64, device=cpu)
    """
    return _entr(x)


def rel_entr(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the relative entropy x1 * log(x1 / x2) of every element.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
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
    kl_div, entr

    Notes
    -----
    ``rel_entr(x1, x2) = x1 * log(x1 / x2)`` for positive ones, 0 where x1 is 0 and x2 is not
    negative, and inf elsewhere.

    Derivatives: ``log(x1 / x2) + 1`` and ``-x1 / x2``, the latter 0 where both are 0.

    Source: Boyd and Vandenberghe, Convex Optimization, 3.2.6.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.rel_entr(xg.asarray([0.0, 0.5]), xg.asarray([0.5, 0.25]))
    xg.Tensor([0.        , 0.34657359], shape=(2,), dtype=float64, device=cpu)
    """
    return _rel_entr(x1, x2)


def kl_div(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the Kullback-Leibler divergence x1 * log(x1 / x2) - x1 + x2 of every element.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
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
    rel_entr, entr

    Notes
    -----
    ``kl_div(x1, x2) = rel_entr(x1, x2) - x1 + x2``.

    Derivatives: ``log(x1 / x2)`` and ``1 - x1 / x2``.

    Source: Boyd and Vandenberghe, Convex Optimization, 3.2.6.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.kl_div(xg.asarray([0.0, 0.5]), xg.asarray([0.5, 0.25]))
    xg.Tensor([0.5       , 0.09657359], shape=(2,), dtype=float64, device=cpu)
    """
    return _kl_div(x1, x2)


def huber(delta: ArrayLike, r: ArrayLike, /) -> Tensor:
    """Compute Huber's loss: a parabola near 0, straight lines beyond delta.

    Parameters
    ----------
    delta : Tensor, Variable, array or Python scalar
        Where the straight lines begin.
    r : Tensor, Variable, array or Python scalar
        The residual.

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
    pseudo_huber

    Notes
    -----
    ``huber(delta, r) = r**2 / 2`` for ``abs(r) <= delta``, else
    ``delta * (abs(r) - delta / 2)``; inf for delta < 0.

    Derivatives: ``clip(r, -delta, delta)`` in r and ``max(abs(r) - delta, 0)`` in delta.

    Source: P. Huber, Robust Estimation of a Location Parameter, 1964.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.huber(xg.asarray([1.0, 1.0]), xg.asarray([0.5, 3.0]))
    xg.Tensor([0.125, 2.5  ], shape=(2,), dtype=float64, device=cpu)
    """
    delta, r = floating("huber", delta=delta, r=r)
    size = abs(r)
    loss = where(size <= delta, r * r / 2, delta * (size - delta / 2))
    return where(delta < 0, math.inf, loss)


def pseudo_huber(delta: ArrayLike, r: ArrayLike, /) -> Tensor:
    """Compute the smooth form of Huber's loss.

    Parameters
    ----------
    delta : Tensor, Variable, array or Python scalar
        Where the straight lines begin.
    r : Tensor, Variable, array or Python scalar
        The residual.

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
    huber

    Notes
    -----
    ``pseudo_huber(delta, r) = delta**2 * (sqrt(1 + (r / delta)**2) - 1)``; inf for delta < 0.

    Derivatives: ``delta * r / h`` in r and ``(h - delta)**2 / h`` in delta with
    ``h = hypot(delta, r)``, and 0 where both are 0.

    Source: Charbonnier and others, 1997.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.pseudo_huber(xg.asarray([1.0, 1.0]), xg.asarray([0.5, 3.0]))
    xg.Tensor([0.11803399, 2.16227766], shape=(2,), dtype=float64, device=cpu)
    """
    return _pseudo_huber(delta, r)
