"""Fourier transforms over several axes, in the functions of the standard's `fft` extension.

Every function takes the namespace first, and axes that are there, each once. Sizes are settled
before (ops/fourier.py), so the libraries are never asked to crop or pad, which not all of them get
right, and are spared arrays without elements, which some refuse. Real arrays are taken for complex
ones where the standard wants those."""

from __future__ import annotations

from typing import Any

from .._typing import Array, DType, NativeDevice
from .dtypes import is_half_dtype

__all__ = [
    "as_complex",
    "fftn",
    "frequencies",
    "hermitian",
    "ifftn",
    "irfftn",
    "irfftn_of_hermitian",
    "rfftn",
]


def fftn(xp: Any, x: Array, *, axis: tuple[int, ...], norm: str) -> Array:
    """The discrete Fourier transform."""
    x = as_complex(xp, x)
    return x if 0 in x.shape else xp._namespace.fft.fftn(x, axes=axis, norm=norm)


def ifftn(xp: Any, x: Array, *, axis: tuple[int, ...], norm: str) -> Array:
    """Its inverse."""
    x = as_complex(xp, x)
    return x if 0 in x.shape else xp._namespace.fft.ifftn(x, axes=axis, norm=norm)


def rfftn(xp: Any, x: Array, *, axis: tuple[int, ...], norm: str) -> Array:
    """Half the transform of real numbers: the last axis stops at half the sampling rate."""
    if 0 in x.shape:
        return as_complex(xp, _empty(xp, x, axis[-1], x.shape[axis[-1]] // 2 + 1))
    if is_half_dtype(x.dtype):
        x = xp.astype(x, xp.float32)  # few libraries have transforms of 16 bits
    return xp._namespace.fft.rfftn(x, axes=axis, norm=norm)


def irfftn(xp: Any, x: Array, *, axis: tuple[int, ...], size: int, norm: str) -> Array:
    """The inverse of `rfftn`; `size` is that of the last axis of the result."""
    if 0 in x.shape:
        return xp.real(_empty(xp, as_complex(xp, x), axis[-1], size))
    sizes = (*(x.shape[a] for a in axis[:-1]), size)
    return xp._namespace.fft.irfftn(as_complex(xp, x), s=sizes, axes=axis, norm=norm)


def irfftn_of_hermitian(xp: Any, x: Array, *, axis: tuple[int, ...], size: int, norm: str) -> Array:
    """`irfftn` for libraries that need the half to be one of a real array's transform.

    The others take the real part of the bins without an image once the other axes are transformed;
    on a GPU what the imaginary part does there is anybody's guess."""
    if 0 in x.shape:
        return irfftn(xp, x, axis=axis, size=size, norm=norm)
    if len(axis) > 1:
        x = xp.ifftn(x, axis=axis[:-1], norm=norm)
    half = hermitian(xp, as_complex(xp, x), axis[-1], size)
    return xp._namespace.fft.irfft(half, n=size, axis=axis[-1], norm=norm)


def hermitian(xp: Any, half: Array, axis: int, size: int) -> Array:
    """Half a spectrum with the bins that have no image made real."""
    real = [0] if size % 2 else [0, size // 2]
    keys = [tuple(k if i == axis else slice(None) for i in range(half.ndim)) for k in real]
    out = xp.copy(half)
    for key in keys:
        out[key] = xp.astype(xp.real(half[key]), half.dtype)
    return out


def as_complex(xp: Any, x: Array) -> Array:
    """x in the complex dtype of its precision; of 16 bits there is none."""
    if xp.isdtype(x.dtype, "complex floating"):
        return x
    single = x.dtype == xp.float32 or is_half_dtype(x.dtype)
    return xp.astype(x, xp.complex64 if single else xp.complex128)


def frequencies(
    xp: Any, n: int, *, half: bool, d: float, dtype: DType, device: NativeDevice
) -> Array:
    """Those of the bins of a transform of n samples at a distance d, rounded as numpy does."""
    if dtype is None:
        dtype = xp.zeros((), device=device).dtype
    bins = xp.arange(n // 2 + 1 if half else n, device=device)
    if not half:
        bins = xp.where(bins < (n + 1) // 2, bins, bins - n)
    wide = xp.float32 if is_half_dtype(dtype) else dtype  # which has the numbers of many bins
    return xp.astype(xp.astype(bins, wide) * (1.0 / (n * d)), dtype, copy=False)


def _empty(xp: Any, x: Array, axis: int, size: int) -> Array:
    """An array without elements like x, of another size along one axis."""
    return xp.reshape(x, tuple(size if i == axis else n for i, n in enumerate(x.shape)))
