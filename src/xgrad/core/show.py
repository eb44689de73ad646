"""How Tensors and Variables print: value, shape, dtype, device."""

from __future__ import annotations

import reprlib

from .._typing import Array
from ..backends import backend_of, host, place_of
from ..backends.base import dtype_name

__all__ = ["show"]


def show(array: Array, name: str, extra: str = "") -> str:
    """``xg.Tensor([2., 4.], shape=(2,), dtype=float64, device=cpu)``."""
    device = place_of(array)
    tail = f"shape={tuple(array.shape)}, dtype={dtype_name(array.dtype)}, device={device}{extra}"
    return f"{name}({_value(array, len(name) + 1)}, {tail})"


def _value(array: Array, indent: int) -> str:
    xp = host().namespace
    backend = backend_of(array)
    if backend.nests:
        return repr(array)
    try:
        value = backend.to_numpy(array)
        return str(xp.array2string(value, separator=", ", prefix=" " * indent, threshold=100))
    except Exception as error:  # noqa: BLE001 - a repr must not raise, whatever the library does
        return f"<{reprlib.repr(str(error)) if str(error) else 'no data'}>"
