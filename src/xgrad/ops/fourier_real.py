"""Discrete Fourier transforms of real numbers, which keep half of the spectrum, and their inverses.

`hfft` and `ihfft` are the same pair with time and frequency exchanged. Signatures are those of the
array API standard's `fft` extension (2025.12)."""

from __future__ import annotations

from collections.abc import Sequence

from .._typing import ArrayLike
from ..core.tensor import Tensor
from ._fourier import as_signal, as_spectrum, opposite, transform
from .rounding import conj

__all__ = ["hfft", "ihfft", "irfft", "irfftn", "rfft", "rfftn"]


def rfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> Tensor:
    """Compute the discrete Fourier transform of real numbers along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    n : int, optional
        The size to crop x to, or to pad it to with zeros, along the axis.
    axis : int
    norm : str
        As for `fft`.

    Returns
    -------
    Tensor
        Complex, of the precision of x, with ``n // 2 + 1`` elements along the axis: the others
        would be their mirror image.

    Raises
    ------
    DTypeError
        If x is complex.
    ShapeError
        If there is no such axis, or nothing along it.

    See Also
    --------
    irfft, fft, rfftn

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfft(xg.asarray([1.0, 2.0, 3.0, 4.0]))
    xg.Tensor([10.+0.j, -2.+2.j, -2.+0.j], shape=(3,), dtype=complex128, device=cpu)
    """
    return transform(as_signal(x, "rfft"), "rfft", "rfftn", s=(n,), axes=(axis,), norm=norm)


def irfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> Tensor:
    """Compute the inverse of `rfft` along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Half a spectrum. Of bins without a mirror image (the first, and the last for even n) only
        the real part counts.
    n : int, optional
        The size of the result along the axis: ``2 * (m - 1)`` for m elements of x by default. An
        odd size must be given. x is cropped or padded to ``n // 2 + 1``.
    axis : int
    norm : str
        As for `ifft`.

    Returns
    -------
    Tensor
        Real, of the precision of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing to compute along it.

    See Also
    --------
    rfft, ifft, irfftn

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.irfft(xg.fft.rfft(xg.asarray([1.0, 2.0, 6.0])), n=3)
    xg.Tensor([1., 2., 6.], shape=(3,), dtype=float64, device=cpu)
    """
    return transform(as_spectrum(x, "irfft"), "irfft", "irfftn", s=(n,), axes=(axis,), norm=norm)


def rfftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """Compute the discrete Fourier transform of real numbers along several axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    s : sequence of int, optional
        The sizes to crop x to, or to pad it to with zeros, one per axis; -1 keeps one.
    axes : sequence of int, optional
        All axes by default; with `s` alone the last ones. The last of them is halved.
    norm : str
        As for `fft`; n is the product of all sizes.

    Returns
    -------
    Tensor
        Complex, of the precision of x, with ``s[-1] // 2 + 1`` elements along the last of the axes.

    Raises
    ------
    DTypeError
        If x is complex.
    ShapeError
        If there is no such axis, or nothing along it.
    ArgumentError
        If there are not as many sizes as axes.

    See Also
    --------
    irfftn, rfft, fftn

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfftn(xg.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).shape
    (2, 2)
    """
    return transform(as_signal(x, "rfftn"), "rfftn", "rfftn", s=s, axes=axes, norm=norm)


def irfftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """Compute the inverse of `rfftn` along several axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        Half a spectrum, halved along the last of the axes.
    s : sequence of int, optional
        The sizes of the result, one per axis; an odd last one must be given, and x is cropped or
        padded to what is needed.
    axes : sequence of int, optional
        All axes by default; with `s` alone the last ones.
    norm : str
        As for `ifft`; n is the product of all sizes.

    Returns
    -------
    Tensor
        Real, of the precision of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing to compute along it.
    ArgumentError
        If there are not as many sizes as axes.

    See Also
    --------
    rfftn, irfft, ifftn

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> xg.fft.irfftn(xg.fft.rfftn(x))
    xg.Tensor([[1., 2.],
               [3., 4.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return transform(as_spectrum(x, "irfftn"), "irfftn", "irfftn", s=s, axes=axes, norm=norm)


def hfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> Tensor:
    """Compute the discrete Fourier transform of a signal with Hermitian symmetry along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Half a signal; the other half is its mirror image, conjugated.
    n : int, optional
        The size of the result along the axis: ``2 * (m - 1)`` for m elements of x by default.
    axis : int
    norm : str
        As for `fft`.

    Returns
    -------
    Tensor
        Real, of the precision of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or nothing to compute along it.

    See Also
    --------
    ihfft, fft

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.hfft(xg.asarray([1.0, 2.0, 3.0]))
    xg.Tensor([ 8., -2.,  0., -2.], shape=(4,), dtype=float64, device=cpu)
    """
    mirrored = conj(as_spectrum(x, "hfft"))
    norm = opposite(norm, "hfft")
    return transform(mirrored, "hfft", "irfftn", s=(n,), axes=(axis,), norm=norm)


def ihfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> Tensor:
    """Compute the inverse of `hfft` along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    n : int, optional
        The size to crop x to, or to pad it to with zeros, along the axis.
    axis : int
    norm : str
        As for `ifft`.

    Returns
    -------
    Tensor
        Complex, of the precision of x, with ``n // 2 + 1`` elements along the axis.

    Raises
    ------
    DTypeError
        If x is complex.
    ShapeError
        If there is no such axis, or nothing along it.

    See Also
    --------
    hfft, ifft

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ihfft(xg.asarray([4.0, 0.0, 0.0, 0.0]))
    xg.Tensor([1.-0.j, 1.-0.j, 1.-0.j], shape=(3,), dtype=complex128, device=cpu)
    """
    signal, norm = as_signal(x, "ihfft"), opposite(norm, "ihfft")
    return conj(transform(signal, "ihfft", "rfftn", s=(n,), axes=(axis,), norm=norm))
