"""cupy: the devices ``cuda`` and ``cuda:<i>``.

cupy arrays have no array-API methods, its creation functions no ``device=``, and mixing GPUs only
warns; so devices are handled here. Importing cupy needs no GPU: what is missing is said when a
device is asked for."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .._typing import Array, DType, NativeDevice
from ..errors import BackendUnavailableError
from . import cupy_kernels, portable
from .base import CUDA, Backend
from .fourier import irfftn_of_hermitian
from .indices import fill_key, flat_positions

__all__ = ["CupyBackend"]


class Own:
    """Where cupy needs its own version."""

    def zeros(xp: Any, shape: Any, *, dtype: DType = None, device: Any = None) -> Array:
        with device if device is not None else xp.cuda.Device():
            return xp._namespace.zeros(shape, dtype=dtype)

    def arange(xp: Any, *bounds: Any, dtype: DType = None, device: Any = None) -> Array:
        with device if device is not None else xp.cuda.Device():
            return xp._namespace.arange(*bounds, dtype=dtype)

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        return x.swapaxes(-1, -2)

    @staticmethod
    def copy(x: Array) -> Array:
        return x.copy()

    absorbing_matmul = cupy_kernels.absorbing_matmul
    irfftn = irfftn_of_hermitian
    zero_where_zero = cupy_kernels.zero_where_zero

    def solve(xp: Any, x1: Array, x2: Array) -> Array:
        """cupy's does not broadcast stacks."""
        x1, x2 = _of_one_stack(xp, x1, x2)
        return x2 if 0 in x2.shape else xp._namespace.linalg.solve(x1, x2)

    def solve_triangular(xp: Any, x1: Array, x2: Array, *, upper: bool) -> Array:
        x1, x2 = _of_one_stack(xp, x1, x2)
        if 0 in x2.shape:
            return x2
        solver = importlib.import_module("cupyx.scipy.linalg").solve_triangular
        return solver(x1, x2, lower=not upper)

    def setitem(xp: Any, x: Array, value: Any, *indices: Array, key: Any) -> Array:
        if getattr(value, "ndim", 0) == 0 or any(index.dtype == bool for index in indices):
            out = x.copy()
            out[fill_key(key, indices)] = value
            return out
        if not indices:
            out = x.copy()
            out[key] = value
            return out
        # Of repeated indices the last holds, as in numpy; a GPU would write in any order.
        flat = flat_positions(xp, x.shape, key, indices, x.device)
        if value.ndim > flat.ndim:
            value = value.reshape(value.shape[value.ndim - flat.ndim :])
        values = xp.broadcast_to(value, flat.shape).reshape(-1)
        return _with_last(xp, x.reshape(-1), flat.reshape(-1), values).reshape(x.shape)

    def put(xp: Any, x: Array, *indices: Array, key: Any, shape: tuple[int, ...]) -> Array:
        out = xp.zeros(shape, dtype=x.dtype, device=x.device)
        filled = fill_key(key, indices)
        if all(index.dtype == bool for index in indices):
            out[filled] = x
        else:
            xp.add.at(out, filled, x)
        return out

    def index_add(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        shape = list(x.shape)
        shape[axis] = size
        out = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device)
        xp.add.at(xp.moveaxis(out, axis, 0), indices, xp.moveaxis(x, axis, 0))
        return out

    def scatter_along_axis(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        axis %= x.ndim
        shape = list(x.shape)
        shape[axis] = size
        out = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device)
        key = [
            xp.arange(n, device=x.device).reshape((-1,) + (1,) * (x.ndim - 1 - i))
            for i, n in enumerate(x.shape)
        ]
        key[axis] = indices
        xp.add.at(out, tuple(key), x)
        return out

    def scatter(
        xp: Any, x: Array, indices: Array, updates: Array, *, axis: int, mode: str
    ) -> Array:
        if mode == "multiply":  # the one that has no atomic operation
            return portable.scatter(xp, x, indices, updates, axis=axis, mode=mode)
        rows, updates = xp.moveaxis(x, axis, 0), xp.moveaxis(updates, axis, 0)
        if mode == "set":
            return xp.moveaxis(_with_last(xp, rows, indices, updates), 0, axis)
        out = rows.copy()
        {"add": xp.add, "min": xp.minimum, "max": xp.maximum}[mode].at(out, indices, updates)
        return xp.moveaxis(out, 0, axis)


def _of_one_stack(xp: Any, *matrices: Array) -> list[Array]:
    """Matrices with the axes before the last two broadcast against each other."""
    stack = np.broadcast_shapes(*(x.shape[:-2] for x in matrices))
    return [xp.broadcast_to(x, (*stack, *x.shape[-2:])) for x in matrices]


def _with_last(xp: Any, x: Array, indices: Array, rows: Array) -> Array:
    """x with rows at indices, the last of them where an index is repeated."""
    if rows.shape[0] == 0:
        return x.copy()
    last = xp.zeros((x.shape[0],), dtype=xp.int32, device=x.device)
    numbers = xp.arange(1, rows.shape[0] + 1, dtype=xp.int32, device=x.device)
    xp.maximum.at(last, indices, numbers)
    written = (last > 0).reshape((-1,) + (1,) * (x.ndim - 1))
    return xp.where(written, rows[xp.maximum(last - 1, 0)].astype(x.dtype), x)


class CupyBackend(Backend):
    """cupy arrays in the memory of NVIDIA GPUs."""

    Own = Own

    def __init__(self) -> None:
        try:
            self.cupy = importlib.import_module("cupy")
            namespace = importlib.import_module("array_api_compat.cupy")
        except ImportError as error:
            raise BackendUnavailableError(
                f"cuda: cupy is not installed ({error}). Use pip to install xgrad[cuda13] or "
                "xgrad[cuda12], whichever CUDA the driver supports."
            ) from error
        super().__init__("cupy", namespace)

    def reaches(self, kind: int, native: NativeDevice) -> bool:
        return kind == CUDA

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        with native:
            return self.namespace.asarray(value, dtype=dtype, copy=copy)

    def to_numpy(self, array: Array) -> Array:
        return array.get()

    def generator(self, seed: Any, native: NativeDevice) -> Any:
        from .cupy_generator import CupyGenerator

        return CupyGenerator(seed, native)

    def device_name(self, native: NativeDevice) -> str:
        return f"cuda:{native.id}"

    def parse_device(self, text: str | None) -> NativeDevice:
        count = self._device_count()
        if text is None:
            return self.cupy.cuda.Device()
        if not text.isdigit() or int(text) >= count:
            raise BackendUnavailableError(
                f"cuda:{text}: this machine has {count} CUDA device(s), numbered from 0. Use one "
                "of them."
            )
        return self.cupy.cuda.Device(int(text))

    def native_devices(self) -> list[NativeDevice]:
        return [self.cupy.cuda.Device(i) for i in range(self._device_count())]

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        with native:
            return self.cupy.array(array)

    def _device_count(self) -> int:
        try:
            return int(self.cupy.cuda.runtime.getDeviceCount())
        except Exception as error:
            raise BackendUnavailableError(
                f"cuda: cupy {self.cupy.__version__} is installed, but no CUDA device can be used: "
                f"{error}. Use a machine with an NVIDIA GPU and driver, or the device cpu."
            ) from error
