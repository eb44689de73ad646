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

    # Products do not look at dtypes, which are not to be mixed: the rules' would refuse them later.

    def matmul(xp: Any, x1: Array, x2: Array) -> Array:
        xp._namespace.result_type(x1, x2)
        return xp._namespace.matmul(x1, x2)

    def tensordot(xp: Any, x1: Array, x2: Array, *, axes: Any) -> Array:
        xp._namespace.result_type(x1, x2)
        return xp._namespace.tensordot(x1, x2, axes=axes)

    def vecdot(xp: Any, x1: Array, x2: Array, *, axis: int) -> Array:
        xp._namespace.result_type(x1, x2)
        return xp._namespace.vecdot(x1, x2, axis=axis)


class StrictBackend(Backend):
    """Arrays of array_api_strict."""

    Own = Own

    def __init__(self, namespace: Namespace) -> None:
        super().__init__("array_api_strict", namespace)

    def from_dlpack(self, x: Any, native: NativeDevice) -> Array:
        return self.namespace.from_dlpack(x, device=native)
