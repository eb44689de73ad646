"""Bessel functions of real order, differentiable in their argument."""

from __future__ import annotations

from typing import Any

from ..._typing import ArrayLike
from ...core.casting import dtype_kind
from ...core.spec import describe
from ...core.tensor import Tensor
from ...errors import DTypeError
from ._operands import double, floating

__all__ = [
    "iv",
    "ive",
    "jv",
    "kv",
    "kve",
    "yv",
]

_iv = double("iv")
_ive = double("ive")
_jv = double("jv")
_kv = double("kv")
_kve = double("kve")
_yv = double("yv")


def jv(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the first kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    j0, j1, yv, iv

    Notes
    -----
    ``jv(v, x)`` is NaN for x < 0 unless v is a whole number.

    Derivative: ``(jv(v - 1, x) - jv(v + 1, x)) / 2`` in x.

    Source: DLMF 10.2.2 and 10.6.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.jv(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([ 0.54097379,  0.67139671, -0.13726374], shape=(3,), dtype=float64, device=cpu)
    """
    return _jv(*_real("jv", v, x))


def yv(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the Bessel function of the second kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    y0, y1, yn, jv

    Notes
    -----
    ``yv(v, x)`` for x > 0.

    Derivative: ``(yv(v - 1, x) - yv(v + 1, x)) / 2`` in x.

    Source: DLMF 10.2.3 and 10.6.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.yv(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([-0.99024588, -0.43109887,  0.21170887], shape=(3,), dtype=float64, device=cpu)
    """
    return _yv(*_real("yv", v, x))


def iv(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the first kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    i0, i1, ive, kv

    Notes
    -----
    ``iv(v, x)`` is NaN for x < 0 unless v is a whole number.

    Derivative: ``(iv(v - 1, x) + iv(v + 1, x)) / 2`` in x.

    Source: DLMF 10.25.2 and 10.29.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.iv(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([5.87993087e-01, 9.37674888e-01, 2.77878460e+03], shape=(3,), dtype=float64, device=cpu)
    """
    return _iv(*_real("iv", v, x))


def ive(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the first kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    iv, i0e, i1e

    Notes
    -----
    ``exp(-abs(x)) * iv(v, x)``, which does not overflow.

    Derivative: of its neighbours in x; where these cancel, by the series of its logarithm.

    Source: DLMF 10.25.2, 10.29.1 and 10.40.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ive(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([0.35663583, 0.34495131, 0.12615663], shape=(3,), dtype=float64, device=cpu)
    """
    return _ive(*_real("ive", v, x))


def kv(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the modified Bessel function of the second kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    k0, k1, kve, iv

    Notes
    -----
    ``kv(v, x)`` for x > 0.

    Derivative: ``-(kv(v - 1, x) + kv(v + 1, x)) / 2`` in x.

    Source: DLMF 10.25.3 and 10.29.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.kv(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([1.07504760e+00, 4.61068504e-01, 1.79934781e-05], shape=(3,), dtype=float64, device=cpu)
    """
    return _kv(*_real("kv", v, x))


def kve(v: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Compute the exponentially scaled modified Bessel function of the second kind of real order.

    Parameters
    ----------
    v : Tensor, Variable, array or Python scalar
        The order, a real number.
    x : Tensor, Variable, array or Python scalar
        Real, of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.
    DTypeError
        If an operand is complex.
    NotDifferentiableError
        If a tape follows v, in which the derivative has no closed form.

    See Also
    --------
    kv, k0e, k1e

    Notes
    -----
    ``exp(x) * kv(v, x)`` for x > 0, which does not underflow.

    Derivative: of its neighbours in x; where these cancel, by the series of its logarithm.

    Source: DLMF 10.25.3, 10.29.1 and 10.40.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.kve(0.5, xg.asarray([0.5, 1.0, 10.0]))
    xg.Tensor([1.77245385, 1.25331414, 0.39633273], shape=(3,), dtype=float64, device=cpu)
    """
    return _kve(*_real("kve", v, x))


def _real(function: str, v: Any, x: Any) -> tuple[Any, ...]:
    """Operands, none of which is complex: rules hold for real ones."""
    operands = floating(function, v=v, x=x)
    for name, operand in zip(("x", "v"), reversed(operands), strict=True):
        if dtype_kind(operand.dtype) == "complex":
            raise DTypeError(
                f"{function}: {name} must be real, but is {describe(operand)}. Use xg.real or xg.abs."
            )
    return operands
