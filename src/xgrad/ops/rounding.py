"""Rounding, signs and the parts of complex numbers, element by element.

What rounds is a constant to every tape. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import unary
from ..core.instructions import primitive
from ..core.tensor import Tensor

__all__ = [
    "ceil",
    "conj",
    "floor",
    "imag",
    "real",
    "round",
    "signbit",
    "trunc",
]

_ceil = unary(primitive("ceil"))
_floor = unary(primitive("floor"))
_round = unary(primitive("round"))
_trunc = unary(primitive("trunc"))
_signbit = unary(primitive("signbit"))
_conj = unary(primitive("conj"))
_real = unary(primitive("real"))
_imag = unary(primitive("imag"))


def ceil(x: ArrayLike, /) -> Tensor:
    """Round up to whole numbers.

    The derivative is zero almost everywhere, so the result is a constant.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ceil(xg.asarray([1.2, -1.2]))
    xg.Tensor([ 2., -1.], shape=(2,), dtype=float64, device=cpu)
    """
    return _ceil(x)  # type: ignore[no-any-return]


def floor(x: ArrayLike, /) -> Tensor:
    """Round down to whole numbers.

    The derivative is zero almost everywhere, so the result is a constant.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.floor(xg.asarray([1.2, -1.2]))
    xg.Tensor([ 1., -2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _floor(x)  # type: ignore[no-any-return]


def round(x: ArrayLike, /) -> Tensor:
    """Round to the nearest whole numbers, halves to even ones.

    The derivative is zero almost everywhere, so the result is a constant.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.round(xg.asarray([0.5, 1.5, 2.4]))
    xg.Tensor([0., 2., 2.], shape=(3,), dtype=float64, device=cpu)
    """
    return _round(x)  # type: ignore[no-any-return]


def trunc(x: ArrayLike, /) -> Tensor:
    """Round towards zero to whole numbers.

    The derivative is zero almost everywhere, so the result is a constant.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.trunc(xg.asarray([1.8, -1.8]))
    xg.Tensor([ 1., -1.], shape=(2,), dtype=float64, device=cpu)
    """
    return _trunc(x)  # type: ignore[no-any-return]


def signbit(x: ArrayLike, /) -> Tensor:
    """Tell which elements carry a minus sign, -0.0 included.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x, boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signbit(xg.asarray([1.0, -0.0]))
    xg.Tensor([False,  True], shape=(2,), dtype=bool, device=cpu)
    """
    return _signbit(x)  # type: ignore[no-any-return]


def conj(x: ArrayLike, /) -> Tensor:
    """Conjugate every element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    real, imag

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.conj(xg.asarray([1.0 + 2.0j]))
    xg.Tensor([1.-2.j], shape=(1,), dtype=complex128, device=cpu)
    """
    return _conj(x)  # type: ignore[no-any-return]


def real(x: ArrayLike, /) -> Tensor:
    """Take the real part of every element.

    The gradient of a real part is real in a complex operand.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of numeric dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    imag, conj

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.real(xg.asarray([1.0 + 2.0j]))
    xg.Tensor([1.], shape=(1,), dtype=float64, device=cpu)
    """
    return _real(x)  # type: ignore[no-any-return]


def imag(x: ArrayLike, /) -> Tensor:
    """Take the imaginary part of every element.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of complex dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    real, conj

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.imag(xg.asarray([1.0 + 2.0j]))
    xg.Tensor([2.], shape=(1,), dtype=float64, device=cpu)
    """
    return _imag(x)  # type: ignore[no-any-return]
