"""Python numbers as arrays: numpy takes longer to convert a number than to compute with a small array.

A number is converted once per dtype, as numpy does it, and kept. Zeros are left out, because the
negative one is equal to the other, and what is extreme, so that numpy can warn of it."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Numbers"]

_MOST = 4096
_SMALLEST, _LARGEST = (
    1e-30,
    1e30,
)  # far from where a number, or one over it, leaves the dtypes below
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class Numbers(dict[tuple[Any, Any], Any]):
    """From a dtype and a number to an array without axes, or None where the number is to be used.

    Numbers are of type int or float, and not zero."""

    def __missing__(self, key: tuple[Any, Any]) -> Any:
        dtype, value = key
        array = None
        if dtype in _DTYPES and _SMALLEST < abs(value) < _LARGEST:
            array = np.asarray(value, dtype)
            array.flags.writeable = False
        if len(self) >= _MOST:
            self.clear()
        self[key] = array
        return array
