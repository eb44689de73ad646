"""numpy: the device ``cpu``.

`Own` replaces what numpy does differently from the standard or slowly: `np.sum` takes five times as
long as `np.add.reduce`, which is the same. Array results are made sure of in `finish`: numpy gives
scalars of its own for 0-d results."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, DType, NativeDevice
from ..errors import ArgumentTypeError, BackendUnavailableError
from . import contraction, numpy_masks, numpy_products, portable, whole_powers
from .base import Backend, Functions, Job, Replaced
from .blocks import LARGE
from .indices import fill_key
from .looks import square_sum
from .numpy_convolution import Convolutions
from .numpy_cross_entropy import CrossEntropies
from .numpy_halves import in_float32, is_half, mended
from .numpy_matrices import Matrices
from .numpy_networks import Networks
from .numpy_numbers import Numbers
from .numpy_pooling import Pooling
from .numpy_rows import Reductions
from .numpy_scatter import FEW, add_at, add_rows, combine, sums_of_rows
from .numpy_sorting import Sorting
from .numpy_standard import Standards, compiled_rows
from .numpy_ufuncs import UFUNCS
from .replacing import is_alone, replace_by_blocks

__all__ = ["NumpyBackend"]

# NumPy's short names, and those that it has from Python and C.
_CODES = re.compile(
    r"[<=|]?([?bhilqpBHILQPefdFD]|[iu][1248]|f[248]|c8|c16)|half|single|double|float|u?intp?|complex"
)
_CPU = "cpu"
_SMALL = 4096
_MODES = {"add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}


class Own(
    Convolutions, CrossEntropies, Matrices, Networks, Pooling, Reductions, Sorting, Standards
):
    """Where numpy needs its own version."""

    logaddexp = staticmethod(UFUNCS.get("logaddexp", np.logaddexp))
    matmul = staticmethod(numpy_products.matmul)
    power = staticmethod(whole_powers.power)
    where = staticmethod(numpy_masks.where)

    @staticmethod
    def cumulative_max(x: Array, *, axis: int) -> Array:
        return np.maximum.accumulate(x, axis=axis)

    @staticmethod
    def cumulative_min(x: Array, *, axis: int) -> Array:
        return np.minimum.accumulate(x, axis=axis)

    def logsumexp(xp: Any, x: Array, *, axis: Any = None, keepdims: Any = False) -> Array:
        """In one buffer, because a fresh large array costs more than an exponential."""
        if x.size == 0 or x.dtype.kind == "c":
            with np.errstate(divide="ignore", over="ignore"):  # infinite results are exact ones
                return portable.logsumexp(xp, x, axis=axis, keepdims=keepdims)
        shift = xp.max(x, axis=axis, keepdims=True)
        shift = np.where(np.isfinite(shift), shift, np.zeros_like(shift))
        with np.errstate(divide="ignore", over="ignore"):
            powers = np.subtract(x, shift)
            powers = np.exp(powers, out=powers) if powers.ndim else np.exp(powers)
            total = np.log(np.add.reduce(powers, axis=axis, keepdims=keepdims))
        return total + shift.reshape(total.shape)

    @staticmethod
    def unique_values(x: Array) -> Array:
        """Sorted, as callers of every other library rely on; NumPy's own is not since 2.3."""
        return np.unique(x, equal_nan=False)

    @staticmethod
    def searchsorted(x1: Array, x2: Array, *, side: Any = "left", sorter: Any = None) -> Array:
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
        if x.ndim == 0:
            view = np.ndarray(shape, x.dtype, np.asarray(x), 0, (0,) * len(shape))
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
        if not all([index.dtype == np.bool for index in indices]):  # noqa: C419 - a hot path
            return _put_often(x, indices, key, shape)
        out = np.zeros(shape, dtype=x.dtype)
        out[fill_key(key, indices) if indices else key] = x
        return out

    @staticmethod
    def put_into(total: Array, x: Array, *indices: Array, key: Any) -> bool:
        # A sum of two 0-d arrays is a NumPy scalar, whose parts are copies.
        if type(total) is not np.ndarray or total.dtype is not x.dtype:
            return False
        if not total.flags.c_contiguous or is_half(total):
            return False
        if not indices:
            part = total[key]
            if type(part) is np.ndarray:  # a view: `total[key] += x` would copy it onto itself
                part += x
            else:
                total[key] += x
        elif all([index.dtype == np.bool for index in indices]):  # noqa: C419 - a hot path
            total[fill_key(key, indices)] += x
        else:
            add_at(total, x, indices, key)
        return True

    @staticmethod
    def index_add(
        x: Array,
        indices: Array,
        *,
        axis: int,
        size: int,
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        return sums_of_rows(indices, x, axis, size, out, scratch)

    @staticmethod
    def index_add_into(total: Array, x: Array, indices: Array, *, axis: int) -> bool:
        if total.dtype is not x.dtype or not total.flags.c_contiguous or is_half(total):
            return False
        add_rows(total, indices, x, axis)
        return True

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
        if x.size < FEW:
            np.add.at(out, tuple(key), x)
            return out
        places = indices.astype(np.intp)
        places[places < 0] += size
        key[axis] = places
        flat = sum(part * math.prod(shape[i + 1 :]) for i, part in enumerate(key))
        np.add.at(out.reshape(-1), np.broadcast_to(flat, x.shape).reshape(-1), x.reshape(-1))
        return out

    @staticmethod
    def scatter(x: Array, indices: Array, updates: Array, *, axis: int, mode: str) -> Array:
        out = np.array(x, order="C")
        if mode == "set":
            np.moveaxis(out, axis, 0)[indices] = np.moveaxis(updates, axis, 0)
        else:
            combine(_MODES[mode], out, indices, updates, axis)
        return out

    def contract(xp: Any, x1: Array, x2: Array, *, subscripts: str) -> Array:
        """A matrix product, but for those that np.einsum's plain loops do faster."""
        layout = contraction.layout_of(subscripts)
        free = layout.free1 + layout.free2
        if not layout.summed or (layout.stack and not free) or x1.size * x2.size <= _SMALL:
            return np.einsum(subscripts, x1, x2)
        return contraction.contract_by_matmul(xp, x1, x2, layout)

    # One axis after the other, as np.fft.fftn does at twice the price for a small array.

    @staticmethod
    def fftn(x: Array, *, axis: tuple[int, ...], norm: Any) -> Array:
        for a in axis:
            x = np.fft.fft(x, axis=a, norm=norm)
        return x

    @staticmethod
    def ifftn(x: Array, *, axis: tuple[int, ...], norm: Any) -> Array:
        for a in axis:
            x = np.fft.ifft(x, axis=a, norm=norm)
        return x

    @staticmethod
    def rfftn(x: Array, *, axis: tuple[int, ...], norm: Any) -> Array:
        x = np.fft.rfft(x, axis=axis[-1], norm=norm)
        for a in axis[:-1]:
            x = np.fft.fft(x, axis=a, norm=norm)
        return x

    @staticmethod
    def irfftn(x: Array, *, axis: tuple[int, ...], size: int, norm: Any) -> Array:
        if is_half(x):
            x = x.astype(np.float32)  # which numpy takes for float64, or gives float16 for
        for a in axis[:-1]:
            x = np.fft.ifft(x, axis=a, norm=norm)
        return np.fft.irfft(x, n=size, axis=axis[-1], norm=norm)

    def absorbing_contract(xp: Any, x1: Array, x2: Array, *, subscripts: str, zeros: int) -> Array:
        """The plain contraction, and the careful one only where something is not finite."""
        y = xp.contract(x1, x2, subscripts=subscripts)
        if xp.surely_finite(y):
            return y
        return contraction.absorbing_contract(xp, x1, x2, subscripts=subscripts, zeros=zeros)

    def absorbing_matmul(xp: Any, x1: Array, x2: Array, *, zeros: int) -> Array:
        """The plain product, and the careful one only where something is not finite."""
        y = numpy_products.matmul(x1, x2)
        if math.isfinite(abs(square_sum(y.ravel()))):
            return y
        return contraction.absorbing_matmul(xp, x1, x2, zeros=zeros)

    @staticmethod
    def surely_false(mask: Array) -> bool:
        return not mask.any()

    @staticmethod
    def surely_finite(x: Array) -> bool:
        """A look, which only host memory allows; what overflows in it is looked at with care."""
        return math.isfinite(abs(square_sum(x.ravel("K"))))

    @staticmethod
    def zero_where_zero(r: Array, g: Array) -> Array:
        """The guard of rules/edges.py, paid for only where something is not finite.

        The dot product of a finite array with itself is finite or overflows, which costs no more
        than a look; it is the cheapest pass over memory there is."""
        total = square_sum(r if r.ndim == 1 else r.ravel("K")) if r.ndim else r
        if math.isfinite(abs(total)):
            return r
        return np.where(np.isfinite(r) | (g != 0), r, np.zeros_like(r))


def _plain(value: Any) -> Array:
    """A scalar or an array of a subclass as an ndarray, if nothing is lost by it."""
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentTypeError("a masked array would lose its mask. Use .filled(...) or xg.where.")
    if isinstance(value, (np.ndarray, complex, float, int)):
        return np.asarray(value)
    return value  # `to_device` has left the library


@in_float32
def _put_often(x: Array, indices: tuple[Array, ...], key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros with x added at a key, at which the same place may come up more than once."""
    out = np.zeros(shape, dtype=x.dtype)
    add_at(out, x, indices, key)
    return out


def _refuse_worse_kind(dtype: DType, target: DType) -> None:
    if not np.can_cast(dtype, target, "same_kind"):
        raise TypeError(
            f"a value of dtype {dtype} cannot be written into an array of dtype {target}; use "
            "astype to convert on purpose"
        )


class NumpyFunctions(Functions):
    """Functions of NumPy's arrays, which serve floats of 16 bits too."""

    def _mended(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return mended(name, function)


class NumpyBackend(Backend):
    """numpy arrays in host memory."""

    one_device = True
    on_host = True
    smallest_reused = LARGE
    wholes = frozenset(
        [
            *(["activate_cotangent", "relu_cotangent"] if UFUNCS else []),
            *(["standardize_cotangent"] if compiled_rows is not None else []),
        ]
    )
    Own = Own

    def __init__(self) -> None:
        super().__init__("numpy", np)
        self.xp = NumpyFunctions(np, self.Own)
        self.numbers = Numbers()

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        array = np.asarray(value, dtype=dtype, copy=copy)
        dtype = array.dtype
        if dtype == object or (dtype.kind in "USVMm" and dtype.name != "bfloat16"):
            raise TypeError(f"it has dtype {array.dtype}, which holds no numbers of a fixed size")
        return array

    def finish(self, value: Any) -> Array:
        return value if type(value) is np.ndarray else _plain(value)

    def plain(self, value: Any) -> Array:
        return value if isinstance(value, np.generic) else self.finish(value)

    def to_numpy(self, array: Array) -> Array:
        if array.dtype.isnative:
            return np.array(array)
        return np.array(array, dtype=array.dtype.newbyteorder("="))  # as other libraries want it

    def replace(
        self,
        function: Callable[..., Any],
        jobs: Sequence[Job],
        elementwise: bool,
        kept: dict[Any, Any] | None = None,
    ) -> Replaced:
        if not elementwise:
            return super().replace(function, jobs, elementwise)
        whole = functools.partial(self.replace_whole, function)
        return replace_by_blocks(function, jobs, whole, kept)

    def is_alone(self, holder: Any) -> bool:
        return is_alone(holder)

    def generator(self, seed: Any, native: NativeDevice) -> Any:
        from .generators import HostGenerator

        return HostGenerator(seed)

    def dtype(self, dtype: DType) -> DType:
        if isinstance(dtype, (type, np.dtype)):
            return np.dtype(dtype)
        if isinstance(dtype, str) and _CODES.fullmatch(dtype):
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
            raise BackendUnavailableError(
                f"there is one cpu, but cpu:{text} was asked for. Use cpu."
            )
        return _CPU

    def native_devices(self) -> list[NativeDevice]:
        return [_CPU]

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        return array
