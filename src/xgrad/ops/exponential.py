"""Exponentials and logarithms, element by element.

Where a derivative is infinite, a zero cotangent still gives a zero gradient. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.operators import scalar_like
from ..core.tensor import Tensor

__all__ = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
]

_exp = unary(primitive("exp"))
_expm1 = unary(primitive("expm1"))
_log = unary(primitive("log"))
_log1p = unary(primitive("log1p"))
_log2 = unary(primitive("log2"))
_log10 = unary(primitive("log10"))
_logaddexp = binary(primitive("logaddexp"))


def exp(x: ArrayLike, /) -> Tensor:
    """Compute e**x.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``exp(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.exp(xg.asarray([0.0, 1.0]))
    xg.Tensor([1.        , 2.71828183], shape=(2,), dtype=float64, device=cpu)
    """
    return _exp(x)  # type: ignore[no-any-return]


def expm1(x: ArrayLike, /) -> Tensor:
    """Compute e**x - 1, accurately near 0.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``exp(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.expm1(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 1.71828183], shape=(2,), dtype=float64, device=cpu)
    """
    return _expm1(x)  # type: ignore[no-any-return]


def log(x: ArrayLike, /) -> Tensor:
    """Compute the natural logarithm.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / x``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log(xg.asarray([1.0, 2.0]))
    xg.Tensor([0.        , 0.69314718], shape=(2,), dtype=float64, device=cpu)
    """
    return _log(x)  # type: ignore[no-any-return]


def log1p(x: ArrayLike, /) -> Tensor:
    """Compute log(1 + x), accurately near 0.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / (1 + x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log1p(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 0.69314718], shape=(2,), dtype=float64, device=cpu)
    """
    return _log1p(x)  # type: ignore[no-any-return]


def log2(x: ArrayLike, /) -> Tensor:
    """Compute the logarithm to base 2.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / (x * log(2))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log2(xg.asarray([1.0, 8.0]))
    xg.Tensor([0., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    return _log2(x)  # type: ignore[no-any-return]


def log10(x: ArrayLike, /) -> Tensor:
    """Compute the logarithm to base 10.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / (x * log(10))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log10(xg.asarray([1.0, 100.0]))
    xg.Tensor([0., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _log10(x)  # type: ignore[no-any-return]


def logaddexp(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute log(exp(x1) + exp(x2)) without overflow.

    Where both are -inf the derivatives are 0.

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

    Notes
    -----
    Derivatives: ``exp(x1 - y), exp(x2 - y)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logaddexp(xg.asarray([0.0, 1000.0]), xg.asarray([0.0, 0.0]))
    xg.Tensor([6.93147181e-01, 1.00000000e+03], shape=(2,), dtype=float64, device=cpu)
    """
    return _logaddexp(scalar_like(x1, x2), scalar_like(x2, x1))  # type: ignore[no-any-return]
