"""torch, through array-api-compat: a second opinion in tests, and a stand-in for a GPU.

On the device ``torch:meta`` there is no data, so every read-back to the host raises."""

from __future__ import annotations

import importlib
import math
from typing import Any

from .._typing import Array, DType, NativeDevice, Shape
from ..errors import BackendUnavailableError
from . import contraction, fourier, sets
from .base import CUDA, Backend, dtype_name
from .halves import WideFunctions
from .indices import fill_key, flat_positions, has_negative_step, without_masks

__all__ = ["TorchBackend"]


class Own:
    """Where torch needs its own version."""

    @staticmethod
    def copy(x: Array) -> Array:
        """torch.asarray warns of arrays of which torch follows the gradient."""
        return x.detach().clone()

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        return x.mT

    def irfftn(xp: Any, x: Array, *, axis: tuple[int, ...], size: int, norm: str) -> Array:
        transform = fourier.irfftn_of_hermitian if x.is_cuda else fourier.irfftn
        return transform(xp, x, axis=axis, size=size, norm=norm)

    unique_all = sets.unique_all
    unique_counts = sets.unique_counts
    unique_inverse = sets.unique_inverse
    unique_values = sets.unique_values

    def isin(xp: Any, x1: Array, x2: Array, *, invert: bool = False) -> Array:
        kinds = [x.dtype for x in (x1, x2) if hasattr(x, "dtype")]
        if any(xp.isdtype(kind, ("bool", "complex floating")) for kind in kinds):
            return sets.isin(xp, x1, x2, invert=invert)
        return xp._namespace.isin(x1, x2, invert=invert)

    def matmul(xp: Any, x1: Array, x2: Array) -> Array:
        return xp._namespace.matmul(*_in_one_dtype(x1, x2))

    def tensordot(xp: Any, x1: Array, x2: Array, *, axes: Any) -> Array:
        return xp._namespace.tensordot(*_in_one_dtype(x1, x2), axes=axes)

    def vecdot(xp: Any, x1: Array, x2: Array, *, axis: int) -> Array:
        return xp._namespace.vecdot(*_in_one_dtype(x1, x2), axis=axis)

    def absorbing_matmul(xp: Any, x1: Array, x2: Array, *, zeros: int) -> Array:
        """Only on the CPU may the plain product be looked at."""
        y = x1 @ x2 if x1.dtype == x2.dtype else xp.matmul(x1, x2)
        flat = y.reshape(-1)
        if y.device.type == "cpu" and math.isfinite(abs(flat.dot(flat).item())):
            return y
        return contraction.absorbing_matmul(xp, x1, x2, zeros=zeros)

    @staticmethod
    def cumulative_max(x: Array, *, axis: int) -> Array:
        return x.cummax(axis).values

    @staticmethod
    def cumulative_min(x: Array, *, axis: int) -> Array:
        return x.cummin(axis).values

    def solve_triangular(xp: Any, x1: Array, x2: Array, *, upper: bool) -> Array:
        return xp._namespace.linalg.solve_triangular(x1, x2, upper=upper)

    def lu(xp: Any, x: Array) -> tuple[Array, ...]:
        permutation, lower, upper = xp._namespace.linalg.lu(x)
        size = x.shape[-1]
        square = lower[..., :size, :].tril(-1) + upper
        return permutation, xp.concat([square, lower[..., size:, :]], axis=-2)

    def expm(xp: Any, x: Array) -> Array:
        return xp._namespace.linalg.matrix_exp(x)

    def sum(xp: Any, x: Array, *, dtype: DType = None, **options: Any) -> Array:
        return _as_unsigned(xp, xp._namespace.sum(x, dtype=dtype, **options), x, dtype)

    def prod(xp: Any, x: Array, *, dtype: DType = None, **options: Any) -> Array:
        return _as_unsigned(xp, xp._namespace.prod(x, dtype=dtype, **options), x, dtype)

    def cumulative_sum(xp: Any, x: Array, *, dtype: DType = None, **options: Any) -> Array:
        y = xp._namespace.cumulative_sum(x, dtype=dtype, **options)
        return _as_unsigned(xp, y, x, dtype)

    def cumulative_prod(xp: Any, x: Array, *, dtype: DType = None, **options: Any) -> Array:
        y = xp._namespace.cumulative_prod(x, dtype=dtype, **options)
        return _as_unsigned(xp, y, x, dtype)

    @staticmethod
    def std(
        x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False
    ) -> Array:
        """array-api-compat refuses corrections that are no integers; torch does not.

        torch takes no axes for all of them."""
        if axis == ():
            return (x - x) / max(1.0 - correction, 0.0) ** 0.5
        return x.std(axis, correction=correction, keepdim=keepdims)

    def count_nonzero(xp: Any, x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        if axis == ():
            return xp.astype(x != 0, xp.int64)
        return xp._namespace.count_nonzero(x, axis=axis, keepdims=keepdims)

    def getitem(xp: Any, x: Array, *indices: Array, key: Any) -> Array:
        key, indices = _plain_key(xp, key, indices)
        if _is_beyond_torch(xp, key, indices):
            return xp.reshape(x, (-1,))[flat_positions(xp, x.shape, key, indices, x.device)]
        return x[fill_key(key, indices)]

    def setitem(xp: Any, x: Array, value: Any, *indices: Array, key: Any) -> Array:
        """Of repeated indices the last holds; torch's threads write in any order."""
        key, indices = _plain_key(xp, key, indices)
        out = x.clone(memory_format=xp.contiguous_format)
        value = value.to(x.dtype) if hasattr(value, "dtype") else value
        anywhere = getattr(value, "ndim", 0) == 0
        if anywhere or all(index.dtype == xp.bool for index in indices):
            if _is_beyond_torch(xp, key, indices):
                out.view(-1)[flat_positions(xp, x.shape, key, indices, x.device)] = value
            else:
                out[fill_key(key, indices)] = value
            return out
        positions = _positions(xp, x.shape, key, indices, x.device)
        if not positions.numel():
            return out
        if value.ndim > positions.ndim:
            value = value.reshape(value.shape[value.ndim - positions.ndim :])
        values, flat = value.broadcast_to(positions.shape).reshape(-1), positions.reshape(-1)
        numbers = xp.arange(1, flat.numel() + 1, device=x.device)
        last = xp.zeros(out.numel(), dtype=xp.int64, device=x.device)
        last = last.scatter_reduce(0, flat, numbers, "amax").view(out.shape)
        return xp.where(last > 0, values[(last - 1).clamp(min=0)], out)

    def put(xp: Any, x: Array, *indices: Array, key: Any, shape: tuple[int, ...]) -> Array:
        key, indices = _plain_key(xp, key, indices)
        out = xp.zeros(shape, dtype=x.dtype, device=x.device)
        beyond = _is_beyond_torch(xp, key, indices)
        if not beyond and all(index.dtype == xp.bool for index in indices):
            out[fill_key(key, indices)] = x
            return out
        positions = _positions(xp, shape, key, indices, x.device)
        flat = out.view(-1).index_add(0, xp.reshape(positions, (-1,)), x.reshape(-1))
        return xp.reshape(flat, shape)

    def take(xp: Any, x: Array, indices: Array, *, axis: int) -> Array:
        (indices,) = _as_positions(xp, (indices,))
        return x.index_select(axis, xp.where(indices < 0, indices + x.shape[axis], indices))

    def take_along_axis(xp: Any, x: Array, indices: Array, *, axis: int) -> Array:
        (indices,) = _as_positions(xp, (indices,))
        return x.take_along_dim(xp.where(indices < 0, indices + x.shape[axis], indices), axis)

    def index_add(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        (indices,) = _as_positions(xp, (indices,))
        shape = list(x.shape)
        shape[axis] = size
        out = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device)
        return out.index_add(axis, xp.where(indices < 0, indices + size, indices), x)

    def scatter_along_axis(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
        (indices,) = _as_positions(xp, (indices,))
        shape = list(x.shape)
        shape[axis] = size
        out = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device)
        index = xp.broadcast_to(xp.where(indices < 0, indices + size, indices), x.shape)
        return out.scatter_add(axis, index, x)


def _in_one_dtype(x1: Array, x2: Array) -> tuple[Array, Array]:
    """Operands of a product, of which array-api-compat leaves those of 16 bits as they are."""
    if x1.dtype == x2.dtype:
        return x1, x2
    dtype = importlib.import_module("torch").promote_types(x1.dtype, x2.dtype)
    return x1.to(dtype), x2.to(dtype)


def _positions(
    xp: Any, shape: Shape, key: Any, indices: tuple[Array, ...], device: NativeDevice
) -> Array:
    """Where a key leads in the flat array."""
    if _is_beyond_torch(xp, key, indices):
        return flat_positions(xp, shape, key, indices, device)
    numbers = xp.arange(math.prod(shape), device=device).reshape(shape)
    return numbers[fill_key(key, indices)]


def _as_unsigned(xp: Any, y: Array, x: Array, dtype: DType) -> Array:
    """Sums and products y of x; torch's of uint64 are int64, and negative, with the same bits."""
    return y.to(x.dtype) if dtype is None and x.dtype == xp.uint64 else y


def _plain_key(xp: Any, key: Any, indices: tuple[Array, ...]) -> tuple[Any, tuple[Array, ...]]:
    """A key without masks next to anything else, and its index arrays as torch takes them."""
    key, indices = without_masks(xp, key, indices)
    return key, _as_positions(xp, indices)


def _as_positions(xp: Any, indices: tuple[Array, ...]) -> tuple[Array, ...]:
    """Index arrays as int64, the only integers that all of torch's functions take for indices."""
    return tuple([i if i.dtype in (xp.bool, xp.int64) else i.to(xp.int64) for i in indices])


def _is_beyond_torch(xp: Any, key: Any, indices: tuple[Array, ...]) -> bool:
    """Whether torch refuses a key, or puts the axes of the result elsewhere than NumPy.

    It refuses slices that go backwards, and does not count ints among the index arrays, nor an
    Ellipsis that stands for no axis among what separates them."""
    if has_negative_step(key):
        return True
    parts = key if isinstance(key, tuple) else (key,)
    numbers = any(isinstance(part, int) for part in parts) or any(i.ndim == 0 for i in indices)
    numbers = numbers or (len(indices) > 1 and any(part is Ellipsis for part in parts))
    return numbers and bool(indices) and all(i.dtype != xp.bool for i in indices)


class TorchBackend(Backend):
    """torch tensors; their own autograd is never used."""

    Own = Own

    def __init__(self) -> None:
        try:
            namespace = importlib.import_module("array_api_compat.torch")
        except ImportError as error:
            raise BackendUnavailableError(
                f"torch is not installed ({error}). Use pip to install it, or another device: "
                "xg.devices() lists what this machine offers."
            ) from error
        super().__init__("torch", namespace)
        self.xp = WideFunctions(namespace, self.Own)

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        if (
            str(getattr(value, "dtype", None)) == "bfloat16"
        ):  # of ml_dtypes, which torch cannot read
            value = value.astype("float32")
            dtype = self.namespace.bfloat16 if dtype is None else dtype
        return self.namespace.asarray(value, dtype=dtype, device=native, copy=copy).detach()

    def reaches(self, kind: int, native: NativeDevice) -> bool:
        return bool(native.type == ("cuda" if kind == CUDA else "cpu"))

    def to_numpy(self, array: Array) -> Array:
        if (
            dtype_name(array.dtype) == "bfloat16"
        ):  # which numpy does not have; float32 has its values
            array = array.float()
        return array.detach().cpu().numpy().copy()

    def is_device(self, value: Any) -> bool:
        return isinstance(value, importlib.import_module("torch").device)

    def device_name(self, native: NativeDevice) -> str:
        return f"torch:{native}"

    def parse_device(self, text: str | None) -> NativeDevice:
        torch = importlib.import_module("torch")
        try:
            native = torch.device(text or "cpu")
            torch.empty(0, device=native)
        except (RuntimeError, AssertionError) as error:
            raise BackendUnavailableError(
                f"torch has no usable device {text!r}: {error}. Use torch:cpu."
            ) from error
        return native

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        return array.to(native)
