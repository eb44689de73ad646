"""array_api_strict: the standard and nothing else, over numpy, with devices that do not mix.

It stands in for a GPU in tests. What is mended here is what it does differently itself."""

from __future__ import annotations

from typing import Any

from .._typing import Array, Namespace, NativeDevice
from . import sets
from .base import Backend
from .numpy_matrices import FiniteOnly

__all__ = ["StrictBackend"]


class Own(FiniteOnly):
    """Where array_api_strict needs its own version."""

    isin = sets.isin  # which takes more than integers

    def sign(xp: Any, x: Array) -> Array:
        y = xp._namespace.sign(x)
        # Of a complex 0 it gives -0 where the standard says +0, which adding 0 makes of it.
        return y + 0 if xp.isdtype(x.dtype, "complex floating") else y


class StrictBackend(Backend):
    """Arrays of array_api_strict."""

    Own = Own

    def __init__(self, namespace: Namespace) -> None:
        super().__init__("array_api_strict", namespace)

    def from_dlpack(self, x: Any, native: NativeDevice) -> Array:
        return self.namespace.from_dlpack(x, device=native)
