"""What dtypes are called, whichever library they are of."""

from __future__ import annotations

import functools
from collections.abc import Hashable

from .._typing import DType

__all__ = ["dtype_name", "is_half_dtype"]


def dtype_name(dtype: DType) -> str:
    """The standard's name of a dtype of any namespace: ``float32``, ``int64``, ``bool`` ..."""
    name = getattr(dtype, "name", None)
    if isinstance(name, str):
        return name
    if isinstance(dtype, type):
        name = dtype.__name__
        return {"bool_": "bool", "float": "float64", "int": "int64", "complex": "complex128"}.get(
            name, name
        )
    return str(dtype).rsplit(".", 1)[-1]


def is_half_dtype(dtype: DType) -> bool:
    """Whether a dtype is of floats of 16 bits."""
    return _is_half(type(dtype), dtype)  # type: ignore[arg-type]


@functools.cache
def _is_half(_library: Hashable, dtype: Hashable) -> bool:
    """Remembered, because a name takes NumPy a microsecond; dtypes of two libraries refuse to be compared."""
    return dtype_name(dtype) in ("float16", "bfloat16")
