"""Floats of 16 bits in libraries that have some functions of them not at all, or with few digits.

Those functions run in float32, and their result is rounded. Sums and products are left to the libraries,
which add up in float32 themselves; what they write to one place again and again they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._typing import Array, DType
from . import special
from .base import Functions
from .dtypes import is_half_dtype

__all__ = ["WideFunctions"]

_IN_FLOAT32 = special.NAMES | frozenset(
    "cumulative_prod expm index_add put scatter scatter_along_axis".split()  # noqa: SIM905
)


class WideFunctions(Functions):
    """The functions of a library that serve floats of 16 bits, too."""

    def _mended(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return _in_float32(self, function) if name in _IN_FLOAT32 else function


def _in_float32(xp: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any, **parameters: Any) -> Array:
        dtype: DType = next((x.dtype for x in arrays if _is_half(x)), None)
        if dtype is None:
            return function(*arrays, **parameters)
        wide = [xp.astype(x, xp.float32) if _is_half(x) else x for x in arrays]
        return xp.astype(function(*wide, **parameters), dtype)

    return run


def _is_half(x: Any) -> bool:
    return hasattr(x, "dtype") and is_half_dtype(x.dtype)
