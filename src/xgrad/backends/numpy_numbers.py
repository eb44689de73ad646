"""Python numbers as arrays: numpy takes longer to convert a number than to compute with a small array.

A number is converted once per dtype, as numpy does it, and kept. What is extreme is left out, so that
numpy can warn of it. Of bfloat16, which is not numpy's, and a number numpy would make float32, so that
there every number is converted."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BFLOAT16", "Numbers"]

_MOST = 4096
_SMALLEST, _LARGEST = (
    1e-30,
    1e30,
)  # far from where a number, or one over it, leaves the dtypes below
BFLOAT16 = "E"  # of ml_dtypes, as numpy names it
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class Numbers(dict[tuple[Any, Any], Any]):
    """From a dtype and a number to an array without axes, or None where the number is to be used.

    Numbers are of type int or float; -0.0, which is equal to 0.0, is the text of it."""

    def __missing__(self, key: tuple[Any, Any]) -> Any:
        dtype, value = key
        value = float(value) if isinstance(value, str) else value
        array = None
        if dtype.char == BFLOAT16:
            array = np.asarray(float(value), dtype)  # ml_dtypes takes no int of more than 64 bits
        elif dtype in _DTYPES and (not value or _SMALLEST < abs(value) < _LARGEST):
            array = np.asarray(value, dtype)
        if array is not None:
            array.flags.writeable = False
        if len(self) >= _MOST:
            self.clear()
        self[key] = array
        return array
