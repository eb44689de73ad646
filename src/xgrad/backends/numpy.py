"""numpy: the device ``cpu``.

`Own` replaces what numpy does differently from the standard or slowly: `np.sum` takes five times as
long as `np.add.reduce`, which is the same. Array results are made sure of in `finish`: numpy gives
scalars of its own for 0-d results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._typing import Array, DType, NativeDevice
from ..errors import ArgumentTypeError, BackendUnavailableError
from .base import Backend
from .indices import fill_key

__all__ = ["NumpyBackend"]

_CPU = "cpu"


class Own:
    """Where numpy needs its own version."""

    @staticmethod
    def sum(x: Array, *, axis: Any = None, dtype: DType = None, keepdims: bool = False) -> Array:
        return np.add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)

    @staticmethod
    def prod(x: Array, *, axis: Any = None, dtype: DType = None, keepdims: bool = False) -> Array:
        return np.multiply.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)

    @staticmethod
    def max(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        return np.maximum.reduce(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def min(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        return np.minimum.reduce(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def sort(x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
        from array_api_compat.numpy import sort

        return sort(x, axis=axis, descending=descending, stable=stable)

    @staticmethod
    def argsort(
        x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array:
        from array_api_compat.numpy import argsort

        return argsort(x, axis=axis, descending=descending, stable=stable)

    @staticmethod
    def searchsorted(x1: Array, x2: Array, *, side: str = "left", sorter: Any = None) -> Array:
        return np.searchsorted(x1, x2, side=side, sorter=sorter)

    @staticmethod
    def isin(x1: Array, x2: Array, *, invert: bool = False) -> Array:
        return np.isin(x1, x2, invert=invert)

    @staticmethod
    def astype(x: Array, dtype: DType, *, copy: bool = True, device: Any = None) -> Array:
        return x.astype(dtype, copy=copy)

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        return x.mT

    @staticmethod
    def copy(x: Array) -> Array:
        return np.array(x)

    @staticmethod
    def reshape(x: Array, shape: Any, *, copy: bool | None = None) -> Array:
        return x.reshape(shape)

    @staticmethod
    def permute_dims(x: Array, axes: tuple[int, ...]) -> Array:
        return x.transpose(axes)

    @staticmethod
    def expand_dims(x: Array, *, axis: Any) -> Array:
        if axis == -1:
            return x[..., None]
        if axis == 0:
            return x[None]
        return np.expand_dims(x, axis)

    @staticmethod
    def broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
        """A read-only view; np.broadcast_to takes seven times as long for a scalar."""
        if x.ndim == 0 and type(x) is np.ndarray:
            view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
            view.flags.writeable = False
            return view
        return np.broadcast_to(x, shape)

    @staticmethod
    def getitem(x: Array, *indices: Array, key: Any) -> Array:
        return x[fill_key(key, indices)] if indices else x[key]

    @staticmethod
    def setitem(x: Array, value: Any, *indices: Array, key: Any) -> Array:
        out = np.array(x)
        if getattr(value, "dtype", None) is not None:
            _refuse_worse_kind(value.dtype, out.dtype)
        out[fill_key(key, indices)] = value
        return out

    @staticmethod
    def put(x: Array, *indices: Array, key: Any, shape: tuple[int, ...]) -> Array:
        out = np.zeros(shape, dtype=x.dtype)
        filled = fill_key(key, indices)
        if all(index.dtype == np.bool for index in indices):
            out[filled] = x
        else:
            np.add.at(out, filled, x)
        return out

    @staticmethod
    def index_add(x: Array, indices: Array, *, axis: int, size: int) -> Array:
        shape = list(x.shape)
        shape[axis] = size
        out = np.zeros(shape, dtype=x.dtype)
        np.add.at(np.moveaxis(out, axis, 0), indices, np.moveaxis(x, axis, 0))
        return out

    @staticmethod
    def take(x: Array, indices: Array, *, axis: int | None = None) -> Array:
        return x.take(indices, axis=axis)

    @staticmethod
    def take_along_axis(x: Array, indices: Array, *, axis: int = -1) -> Array:
        return np.take_along_axis(x, indices, axis=axis)

    @staticmethod
    def scatter_along_axis(x: Array, indices: Array, *, axis: int, size: int) -> Array:
        axis %= x.ndim
        shape = list(x.shape)
        shape[axis] = size
        out = np.zeros(shape, dtype=x.dtype)
        key: list[Array] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
        key[axis] = indices
        np.add.at(out, tuple(key), x)
        return out

    @staticmethod
    def scatter(x: Array, indices: Array, updates: Array, *, axis: int, mode: str) -> Array:
        out = np.array(x)
        view = np.moveaxis(out, axis, 0)
        rows = np.moveaxis(updates, axis, 0)
        if mode == "set":
            view[indices] = rows
        else:
            functions: dict[str, Any] = {
                "add": np.add,
                "multiply": np.multiply,
                "min": np.minimum,
                "max": np.maximum,
            }
            functions[mode].at(view, indices, rows)
        return out

    @staticmethod
    def zero_where_zero(r: Array, g: Array) -> Array:
        """The guard of rules/edges.py, paid for only where something is not finite.

        The dot product of a finite array with itself is finite or overflows, which costs no more
        than a look; it is the cheapest pass over memory there is."""
        if r.ndim:
            flat = r if r.ndim == 1 else r.ravel("K")
            total = abs(flat.dot(flat))
        else:
            total = abs(r)
        if math.isfinite(total):
            return r
        return np.where(np.isfinite(r) | (g != 0), r, np.zeros_like(r))


def _plain(value: Any) -> Array:
    """A scalar or an array of a subclass as an ndarray, if nothing is lost by it."""
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentTypeError("a masked array would lose its mask. Use .filled(...) or xg.where.")
    return np.asarray(value)


def _refuse_worse_kind(dtype: DType, target: DType) -> None:
    if not np.can_cast(dtype, target, "same_kind"):
        raise TypeError(
            f"a value of dtype {dtype} cannot be written into an array of dtype {target}; use "
            "astype to convert on purpose"
        )


class NumpyBackend(Backend):
    """numpy arrays in host memory."""

    one_device = True
    Own = Own

    def __init__(self) -> None:
        super().__init__("numpy", np)

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        array = np.asarray(value, dtype=dtype, copy=copy)
        if array.dtype == object or array.dtype.kind in "USVMm":
            raise TypeError(f"it has dtype {array.dtype}, which holds no numbers")
        return array

    def finish(self, value: Any) -> Array:
        return value if type(value) is np.ndarray else _plain(value)

    def to_numpy(self, array: Array) -> Array:
        return np.array(array)

    def dtype(self, dtype: DType) -> DType:
        if isinstance(dtype, (type, np.dtype)):
            return np.dtype(dtype)
        return super().dtype(dtype)

    def _find_dtype(self, name: str) -> DType | None:
        try:
            return np.dtype(name)
        except TypeError:
            return None

    def device_of(self, array: Array) -> NativeDevice:
        return _CPU

    def device_name(self, native: NativeDevice) -> str:
        return _CPU

    def parse_device(self, text: str | None) -> NativeDevice:
        if text not in (None, "0"):
            raise BackendUnavailableError(f"there is one cpu, but cpu:{text} was asked for. Use cpu.")
        return _CPU

    def native_devices(self) -> list[NativeDevice]:
        return [_CPU]

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        return array
