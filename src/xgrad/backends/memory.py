"""How much memory an array keeps alive: its own, or that of the array it is a view of."""

from __future__ import annotations

import re
from typing import Any

from .._typing import Array
from .base import dtype_name
from .registry import backend_of

__all__ = ["bytes_of", "owner_of"]


def owner_of(array: Any) -> Array:
    """The array whose memory is kept: that of a view, as far as the library tells, or itself."""
    _, array = backend_of(array).bottom(array)
    while type(base := getattr(array, "base", None)) is type(array):
        array = base
    return array


def bytes_of(array: Array) -> int:
    """The number of bytes of an array's elements."""
    known = getattr(array, "nbytes", None)
    if isinstance(known, int):
        return known
    digits = re.search(r"\d+", dtype_name(array.dtype))
    count = int(digits.group()) // 8 if digits else 1
    for n in array.shape:
        count *= n
    return count
