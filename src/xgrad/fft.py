"""Discrete Fourier transforms: the array API standard's `fft` extension, differentiable.

`xg.namespace(backend).fft` is the same over one backend. The functions are in `ops/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ops.fourier import fft, fftn, ifft, ifftn
from .ops.fourier_bins import fftfreq, fftshift, ifftshift, rfftfreq
from .ops.fourier_real import hfft, ihfft, irfft, irfftn, rfft, rfftn

__all__ = [
    "fft",
    "ifft",
    "fftn",
    "ifftn",
    "rfft",
    "irfft",
    "rfftn",
    "irfftn",
    "hfft",
    "ihfft",
    "fftfreq",
    "rfftfreq",
    "fftshift",
    "ifftshift",
]

if not TYPE_CHECKING:  # which is to report names that there are not

    def __getattr__(name: str) -> Any:
        """Say what to use for a name that other libraries have."""
        from ._elsewhere import no_name

        raise no_name(__name__, name)
