"""Powers with whole exponents as products.

np.power leaves its vectorised loop at every negative base and takes hundreds of times as long as
products do. Every product rounds once, so the n-th power is off by at most n / 2 units in the last
place, as in every library that does the same."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, DType
from .numpy_halves import in_float32

__all__ = ["by_products", "power", "whole_exponent"]

_LARGEST = 16
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

_wide_power = in_float32(operator.pow)


def whole_exponent(exponent: Any, dtype: DType) -> int | None:
    """The exponent as an integer, where products are the faster way to that power."""
    if dtype not in _DTYPES or exponent == 2 or not 2 <= abs(exponent) <= _LARGEST:
        return None
    whole = int(exponent)
    return whole if whole == exponent else None


def by_products(x: Any, exponent: int, multiply: Callable[[Any, Any], Any]) -> Any:
    """The power with an exponent above zero, by squaring."""
    y = None
    square = x
    while True:
        if exponent & 1:
            y = square if y is None else multiply(y, square)
        exponent >>= 1
        if not exponent:
            return y
        square = multiply(square, square)


def power(x: Array, *, exponent: float) -> Array:
    """``x ** exponent`` for a Python number."""
    whole = whole_exponent(exponent, x.dtype)
    if whole is None:
        return _wide_power(x, exponent) if x.itemsize == 2 else x**exponent
    y = by_products(x, abs(whole), np.multiply)
    return y if whole > 0 else np.reciprocal(y)
