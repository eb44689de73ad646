"""Arguments of Fourier transforms: axes and sizes settled, the operand cropped or padded.

Cropping and padding are `getitem` and `put`, a closed pair, so that the transforms themselves have
nothing to do with sizes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from .._arguments import as_choice, as_sequence
from ..core.casting import dtype_kind
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from ..rules import fourier  # noqa: F401 - gives the rules
from ._arguments import as_axis, as_operand
from .data_types import floating

__all__ = ["as_signal", "as_spectrum", "opposite", "transform"]

_PUT = primitive("put")
_OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def as_spectrum(x: Any, function: str) -> Any:
    """Take an operand of floating dtype, real or complex; whole numbers become floating."""
    return floating(as_operand(x, function))


def as_signal(x: Any, function: str) -> Any:
    """Take an operand of real floating dtype.

    Raises
    ------
    DTypeError
        If it is complex.
    """
    x = as_spectrum(x, function)
    if dtype_kind(x.dtype) == "complex":
        whole = {"rfft": "fft", "rfftn": "fftn", "ihfft": "ifft"}[function]
        raise DTypeError(
            f"{function}: x must be real, but is {describe(x)}. Use xg.fft.{whole}, or xg.real "
            "where the imaginary part is not wanted."
        )
    return x


def opposite(norm: Any, function: str) -> str:
    """Find the norm that scales the transform in the other direction alike."""
    return _OPPOSITE[_as_norm(norm, function)]


def transform(
    x: Any,
    function: str,
    instruction: str,
    *,
    s: Sequence[int | None] | None,
    axes: Sequence[int] | None,
    norm: Any,
) -> Tensor:
    """Apply one of the four instructions along axes, to x cropped or padded to sizes.

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError
        If norm, a size or an axis is none, or sizes and axes do not match.
    """
    parameters: dict[str, Any] = {"norm": _as_norm(norm, function)}
    s = None if s is None else as_sequence(s, function, "s")
    axes = None if axes is None else as_sequence(axes, function, "axes")
    found = _as_axes(x, s, axes, function)
    sizes = _as_sizes(x, found, s, function, inverse_of_real=instruction == "irfftn")
    if not found:
        raise ShapeError(
            f"{function}: x {describe(x)} needs at least one axis to transform. Use xg.reshape to "
            "give it one."
        )
    if instruction == "irfftn":
        parameters["size"] = sizes[-1]
        sizes = (*sizes[:-1], sizes[-1] // 2 + 1)
    for axis, size in zip(found, sizes, strict=True):
        x = _resized(x, axis, size)
    return apply1(primitive(instruction), x, {"axis": found, **parameters})  # type: ignore[no-any-return]


def _as_norm(norm: Any, function: str) -> str:
    if norm is None:
        return "backward"  # NumPy's spelling of it
    return str(as_choice(norm, tuple(_OPPOSITE), function, "norm"))


def _as_axes(x: Any, s: Any, axes: Any, function: str) -> tuple[int, ...]:
    if axes is None:
        count = x.ndim if s is None else len(s)
        axes = range(-min(count, x.ndim), 0)
    found = tuple(as_axis(a, x.ndim, function) for a in axes)
    if len(set(found)) != len(found):
        raise ShapeError(f"{function}: axes {tuple(axes)} name an axis twice. Use each axis once.")
    if s is not None and len(s) != len(found):
        raise ArgumentError(
            f"{function}: s {tuple(s)} has {len(s)} sizes for {len(found)} axes of x "
            f"{describe(x)}. Use one size per axis."
        )
    return found


def _as_sizes(
    x: Any, axes: tuple[int, ...], s: Any, function: str, *, inverse_of_real: bool
) -> tuple[int, ...]:
    """Find the size along each axis, of the whole spectrum where half is kept."""
    own = [x.shape[a] for a in axes]
    if inverse_of_real and own:
        own[-1] = 2 * (own[-1] - 1)
    given = own if s is None else [_as_size(n, function) for n in s]
    sizes = tuple(usual if n in (None, -1) else n for n, usual in zip(given, own, strict=True))
    if any(n < 1 for n in sizes):
        raise ShapeError(
            f"{function}: x {describe(x)} cannot be transformed to sizes {sizes} along axes "
            f"{axes}: each must be at least 1."
        )
    return sizes


def _as_size(n: Any, function: str) -> int | None:
    if n is None:
        return None
    try:
        return operator.index(n)
    except TypeError:
        raise ArgumentTypeError(
            f"{function}: a size must be an int, but is a {type(n).__name__}: {n!r}."
        ) from None


def _resized(x: Any, axis: int, size: int) -> Any:
    """x cropped, or padded with zeros, at the end of an axis."""
    own = x.shape[axis]
    if size == own:
        return x
    key = tuple(slice(min(size, own)) if i == axis else slice(None) for i in range(x.ndim))
    if size < own:
        return x[key]
    shape = tuple(size if i == axis else n for i, n in enumerate(x.shape))
    return apply(_PUT, (x,), {"key": key, "shape": shape})
