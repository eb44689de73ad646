"""Discrete Fourier transforms of complex numbers, and of real ones taken for complex.

A transform is a symmetric matrix, so its gradient is the same transform of the cotangent.
Signatures are those of the array API standard's `fft` extension (2025.12)."""

from __future__ import annotations

from collections.abc import Sequence

from .._typing import ArrayLike
from ..core.tensor import Tensor
from ._fourier import as_spectrum, transform

__all__ = ["fft", "fftn", "ifft", "ifftn"]


def fft(x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """Compute the discrete Fourier transform along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Complex; real numbers are taken for complex ones, and their gradient is real.
    n : int, optional
        The size to crop x to, or to pad it to with zeros, along the axis.
    axis : int
    norm : str
        ``"backward"`` (the inverse divides by n), ``"ortho"`` (both divide by its root) or
        ``"forward"`` (this transform divides).

    Returns
    -------
    Tensor
        Complex, of the precision of x, with n elements along the axis.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing along it.

    See Also
    --------
    ifft, fftn, rfft

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fft(xg.asarray([1.0, 2.0, 3.0, 4.0]))
    xg.Tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j], shape=(4,), dtype=complex128, device=cpu)
    """
    return transform(as_spectrum(x, "fft"), "fft", "fftn", s=(n,), axes=(axis,), norm=norm)


def ifft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> Tensor:
    """Compute the inverse of `fft` along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Complex; real numbers are taken for complex ones, and their gradient is real.
    n : int, optional
        The size to crop x to, or to pad it to with zeros, along the axis.
    axis : int
    norm : str
        ``"backward"`` (divides by n), ``"ortho"`` (both divide by its root) or ``"forward"``
        (the other transform divides).

    Returns
    -------
    Tensor
        Complex, of the precision of x, with n elements along the axis.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing along it.

    See Also
    --------
    fft, ifftn, irfft

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifft(xg.asarray([4.0, 0.0, 0.0, 0.0]))
    xg.Tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], shape=(4,), dtype=complex128, device=cpu)
    """
    return transform(as_spectrum(x, "ifft"), "ifft", "ifftn", s=(n,), axes=(axis,), norm=norm)


def fftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """Compute the discrete Fourier transform along several axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        Complex; real numbers are taken for complex ones, and their gradient is real.
    s : sequence of int, optional
        The sizes to crop x to, or to pad it to with zeros, one per axis; -1 keeps one.
    axes : sequence of int, optional
        All axes by default; with `s` alone the last ones.
    norm : str
        As for `fft`; n is the product of all sizes.

    Returns
    -------
    Tensor
        Complex, of the precision of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing along it.
    ArgumentError
        If there are not as many sizes as axes.

    See Also
    --------
    ifftn, fft, rfftn

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftn(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    xg.Tensor([[10.+0.j, -2.+0.j],
               [-4.+0.j,  0.+0.j]], shape=(2, 2), dtype=complex128, device=cpu)
    """
    return transform(as_spectrum(x, "fftn"), "fftn", "fftn", s=s, axes=axes, norm=norm)


def ifftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """Compute the inverse of `fftn` along several axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        Complex; real numbers are taken for complex ones, and their gradient is real.
    s : sequence of int, optional
        The sizes to crop x to, or to pad it to with zeros, one per axis; -1 keeps one.
    axes : sequence of int, optional
        All axes by default; with `s` alone the last ones.
    norm : str
        As for `ifft`; n is the product of all sizes.

    Returns
    -------
    Tensor
        Complex, of the precision of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing along it.
    ArgumentError
        If there are not as many sizes as axes.

    See Also
    --------
    fftn, ifft, irfftn

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifftn(xg.asarray([[4.0, 0.0], [0.0, 0.0]]))
    xg.Tensor([[1.+0.j, 1.+0.j],
               [1.+0.j, 1.+0.j]], shape=(2, 2), dtype=complex128, device=cpu)
    """
    return transform(as_spectrum(x, "ifftn"), "ifftn", "ifftn", s=s, axes=axes, norm=norm)
