"""``np.fft``: the transforms, with NumPy's names and defaults of their arguments."""

from __future__ import annotations

from typing import Any

from ...errors import ArgumentError
from .. import fourier, fourier_bins, fourier_real
from .operands import tensor

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]

_LAST_TWO = (-2, -1)


def _size(n: Any) -> Any:
    """The length to transform; -1, which is the axis's own where there are several, is none."""
    if n == -1:
        raise ArgumentError(
            "numpy.fft: n must be at least 1, but is -1. Use None for all there is."
        )
    return n


def fft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The transform along an axis."""
    return fourier.fft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `fft`."""
    return fourier.ifft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The transform of real numbers: half of the spectrum."""
    return fourier_real.rfft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `rfft`."""
    return fourier_real.irfft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The real spectrum of half of a Hermitian signal."""
    return fourier_real.hfft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `hfft`."""
    return fourier_real.ihfft(tensor(a), n=_size(n), axis=axis, norm=norm or "backward")


def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """The transform over several axes."""
    return fourier.fftn(tensor(a), s=s, axes=axes, norm=norm or "backward")


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `fftn`."""
    return fourier.ifftn(tensor(a), s=s, axes=axes, norm=norm or "backward")


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """The transform of real numbers over several axes."""
    return fourier_real.rfftn(tensor(a), s=s, axes=axes, norm=norm or "backward")


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `rfftn`."""
    return fourier_real.irfftn(tensor(a), s=s, axes=axes, norm=norm or "backward")


def fft2(a: Any, s: Any = None, axes: Any = _LAST_TWO, norm: Any = None, out: Any = None) -> Any:
    """The transform over two axes."""
    return fftn(a, s, axes, norm)


def ifft2(a: Any, s: Any = None, axes: Any = _LAST_TWO, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `fft2`."""
    return ifftn(a, s, axes, norm)


def rfft2(a: Any, s: Any = None, axes: Any = _LAST_TWO, norm: Any = None, out: Any = None) -> Any:
    """The transform of real numbers over two axes."""
    return rfftn(a, s, axes, norm)


def irfft2(a: Any, s: Any = None, axes: Any = _LAST_TWO, norm: Any = None, out: Any = None) -> Any:
    """The inverse of `rfft2`."""
    return irfftn(a, s, axes, norm)


def fftshift(x: Any, axes: Any = None) -> Any:
    """The zero frequency moved to the middle."""
    return fourier_bins.fftshift(tensor(x), axes=axes)


def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return fourier_bins.ifftshift(tensor(x), axes=axes)
