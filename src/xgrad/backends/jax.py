"""jax: arrays that never change, and a compiler for recorded programs.

Writing is jax's own ``x.at[key].set``; inside the compiler an array has no place yet, so nothing
asks for one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._typing import Array, DType, Namespace, NativeDevice, Shape
from . import sets
from .base import Backend, dtype_name
from .convolution import Steps, keys_of, padded
from .halves import WideFunctions
from .indices import fill_key, full_key
from .registry import host

__all__ = ["JaxBackend"]


class Own:
    """Where jax needs its own version."""

    unique_all = sets.unique_all
    unique_counts = sets.unique_counts
    unique_inverse = sets.unique_inverse
    unique_values = sets.unique_values

    @staticmethod
    def getitem(x: Array, *indices: Array, key: Any) -> Array:
        return x[fill_key(key, indices)]

    def setitem(xp: Any, x: Array, value: Array, *indices: Array, key: Any) -> Array:
        whole, value = fill_key(key, indices), xp.asarray(value, dtype=x.dtype)
        if value.ndim > 1 and value.shape[0] == 1:  # it may have more axes, as NumPy has it
            value = xp.reshape(value, value.shape[max(0, value.ndim - x[whole].ndim) :])
        return x.at[whole].set(value)

    def put(xp: Any, x: Array, *indices: Array, key: Any, shape: Shape) -> Array:
        whole = fill_key(key if indices else full_key(key, len(shape)), indices)
        return xp.zeros(shape, dtype=x.dtype).at[whole].add(x)

    def index_add(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        rows = xp.moveaxis(x, axis, 0)
        zeros = xp.zeros((size, *rows.shape[1:]), dtype=x.dtype)
        return xp.moveaxis(zeros.at[indices].add(rows), 0, axis)

    def scatter_along_axis(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        x, indices = xp.moveaxis(x, axis, -1), xp.moveaxis(indices, axis, -1)
        rows, width = math.prod(x.shape[:-1]), x.shape[-1]
        flat = xp.reshape(xp.broadcast_to(indices, x.shape), (rows, width))
        zeros = xp.zeros((rows, size), dtype=x.dtype)
        added = zeros.at[xp.arange(rows)[:, None], flat].add(xp.reshape(x, (rows, width)))
        return xp.moveaxis(xp.reshape(added, (*x.shape[:-1], size)), -1, axis)

    def scatter(
        xp: Any, x: Array, indices: Array, updates: Array, *, axis: int, mode: str
    ) -> Array:
        rows, new = xp.moveaxis(x, axis, 0), xp.moveaxis(updates, axis, 0)
        written = getattr(rows.at[indices], mode)(xp.astype(new, x.dtype))
        return xp.moveaxis(written, 0, axis)

    def lu(xp: Any, x: Array) -> tuple[Array, ...]:
        from jax.lax import linalg

        packed, _, order = linalg.lu(x)
        rows = xp.eye(x.shape[-2], dtype=x.dtype)[order]
        return xp.matrix_transpose(rows), packed

    def fold(xp: Any, x: Array, *, window: Shape, steps: Steps, size: Shape) -> Array:
        large = [n + sum(pair) for n, pair in zip(size, steps.padding, strict=True)]
        out = xp.zeros((x.shape[0], *large, x.shape[-1]), dtype=x.dtype)
        for number, key in enumerate(keys_of(tuple(x.shape[1:-2]), window, steps)):
            out = out.at[key].add(x[..., number, :])
        return padded(xp, out, tuple([(-before, -after) for before, after in steps.padding]))


class JaxBackend(Backend):
    """Arrays of jax."""

    Own = Own
    compiles = True

    def __init__(self, namespace: Namespace) -> None:
        super().__init__("jax", namespace)
        self.xp = WideFunctions(namespace, self.Own)

    def device_of(self, array: Array) -> NativeDevice:
        """Where an array lives; inside the compiler, where it is none yet, it will be on the first one."""
        if hasattr(array, "device"):
            return array.device
        import jax

        return jax.devices()[0]

    def dtype(self, dtype: DType) -> DType:
        """The dtype of that name; a mere name stands for one of 32 bits while jax has none of 64."""
        found = super().dtype(dtype)
        return self._present(found) if isinstance(dtype, str) else found

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        """An array of jax; NumPy's come in fewer bits without a warning, as jax itself takes them."""
        if dtype is not None and hasattr(value, "dtype"):
            dtype = self._present(dtype)
        return super().asarray(value, dtype, native, copy)

    def _present(self, dtype: DType) -> DType:
        """What jax makes of a dtype, by its present setting of 64 bits."""
        from jax.dtypes import canonicalize_dtype

        return canonicalize_dtype(dtype)

    def to_numpy(self, array: Array) -> Array:
        if dtype_name(array.dtype) != "bfloat16":  # which NumPy does not take through DLPack
            return super().to_numpy(array)
        return host().namespace.array(array)

    def compiled(
        self, run: Callable[[list[Any]], list[Any]], of_numpy: bool
    ) -> Callable[[list[Any]], list[Any]]:
        """Hand a function of lists of arrays to `jax.jit`."""
        import jax

        compiled = jax.jit(run)
        if not of_numpy:  # jax's own arrays follow jax's own setting of 64 bits
            return compiled

        def call(arrays: list[Any]) -> list[Any]:
            with jax.enable_x64(True):
                return compiled(arrays)  # type: ignore[no-any-return]

        return call
