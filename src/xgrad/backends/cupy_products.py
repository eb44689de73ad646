"""Matrix products that a CUDA graph may hold: a binding of our own to the cuBLAS that cupy has loaded.

cupy refuses every call of cuBLAS while a stream is captured (cublas.pyx, setStream); cuBLAS itself does
not, given a workspace of the caller's own. Arrays are in row order and cuBLAS reads columns, so
what is asked for is the transpose: y' = x2' x1'."""

from __future__ import annotations

import ctypes
import functools
import importlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .captured import CaptureRefusedError

__all__ = ["DTYPES", "Products", "load_cublas"]

# cudaDataType_t (library_types.h), and cublasComputeType_t (cublas_api.h) of what is computed.
DTYPES = {"e": 2, "E": 14, "f": 0, "d": 1, "F": 4, "D": 5}
_SINGLE, _SINGLE_PEDANTIC, _SINGLE_TF32, _DOUBLE, _DOUBLE_PEDANTIC = 68, 69, 77, 70, 71
_PEDANTIC, _TF32 = 2, 7  # cupy's COMPUTE_TYPE_PEDANTIC and COMPUTE_TYPE_TF32 (_routines_linalg.pyx)
_AS_IT_IS, _TRANSPOSED = 0, 1  # cublasOperation_t
_DEFAULT = -1  # CUBLAS_GEMM_DEFAULT
# The number of the scalars alpha and beta: a half is multiplied as a float.
_SCALARS: dict[str, tuple[Any, int]] = {
    "e": (ctypes.c_float, 1),
    "E": (ctypes.c_float, 1),
    "f": (ctypes.c_float, 1),
    "d": (ctypes.c_double, 1),
    "F": (ctypes.c_float, 2),
    "D": (ctypes.c_double, 2),
}
# What cuBLAS takes for itself on Hopper and later, and before (its documentation, cublasSetWorkspace).
_LARGE_WORKSPACE, _SMALL_WORKSPACE, _HOPPER = 32 << 20, 4 << 20, 90


class Products:
    """Products on one stream, with a workspace that nobody else uses.

    Parameters
    ----------
    cupy : module
    stream : cupy.cuda.Stream
        The current one; kept by its address only.

    Attributes
    ----------
    workspace : array or None
        What captured products write to, once there are some: to be kept as long as they are.
    """

    def __init__(self, cupy: Any, stream: Any) -> None:
        self._cupy = cupy
        self._stream = stream.ptr
        self._handle: Any = None
        self.workspace: Array | None = None

    def matmul(self, x1: Array, x2: Array) -> Array:
        """The standard's matmul, of floats and complex numbers."""
        dtype = np.result_type(x1.dtype, x2.dtype)
        x1, x2 = x1.astype(dtype, copy=False), x2.astype(dtype, copy=False)
        if x1.ndim == 1:
            y = self.matmul(x1[None, :], x2)
            return y[..., 0] if x2.ndim == 1 else y[..., 0, :]
        if x2.ndim == 1:
            return self.matmul(x1, x2[:, None])[..., 0]
        stack = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        shape = (*stack, x1.shape[-2], x2.shape[-1])
        if 0 in (*shape, x1.shape[-1]):
            return self._cupy.zeros(shape, dtype=dtype)
        y = self._cupy.empty(shape, dtype=dtype)
        if x2.ndim == 2 and x1.flags.c_contiguous:  # one matrix, whatever the stack
            rows = x1.reshape(-1, x1.shape[-1])
            self._multiply(rows, x2, y.reshape(-1, y.shape[-1]))
        else:
            flat = (math.prod(stack), *shape[-2:])
            self._multiply(
                _flat(self._cupy, x1, stack), _flat(self._cupy, x2, stack), y.reshape(flat)
            )
        return y

    def _multiply(self, x1: Array, x2: Array, y: Array) -> None:
        """Write the product of matrices, or of stacks with one axis, where 1 stands for many."""
        first, second = _operand(self._cupy, x1), _operand(self._cupy, x2)
        character = y.dtype.char
        kind = DTYPES[character]
        scalar, count = _SCALARS[character]
        one, zero = (scalar * count)(1.0), (scalar * count)(0.0)
        rows, columns = y.shape[-2:]
        many = y.shape[0] if y.ndim == 3 else 1
        step = rows * columns if many > 1 else 0
        call("cublasGemmStridedBatchedEx", self._ready(), second.operation, first.operation,
             columns, rows, x1.shape[-1], ctypes.addressof(one),
             second.array.data.ptr, kind, second.leading, second.step,
             first.array.data.ptr, kind, first.leading, first.step, ctypes.addressof(zero),
             y.data.ptr, kind, columns, step, many, self._precision(y.dtype), _DEFAULT)  # fmt: skip

    def _precision(self, dtype: Any) -> int:
        """What cupy's own products of a dtype are computed in."""
        chosen = importlib.import_module("cupy._core._routines_linalg").get_compute_type(dtype)
        if dtype.char in "dD":
            return _DOUBLE_PEDANTIC if chosen == _PEDANTIC else _DOUBLE
        if chosen == _PEDANTIC:
            return _SINGLE_PEDANTIC
        return _SINGLE_TF32 if chosen == _TF32 and dtype.char in "fF" else _SINGLE

    def _ready(self) -> Any:
        """The device's handle, set to this stream and workspace by the first product."""
        if self._handle is None:
            device = self._cupy.cuda.Device()
            large = int(device.compute_capability) >= _HOPPER
            size = _LARGE_WORKSPACE if large else _SMALL_WORKSPACE
            self.workspace = self._cupy.empty(size, dtype=self._cupy.uint8)
            self._handle = _handle(device.id)
            call("cublasSetStream_v2", self._handle, self._stream)  # which forgets the workspace
            call("cublasSetWorkspace_v2", self._handle, self.workspace.data.ptr, size)
        return self._handle


class _Operand(NamedTuple):
    """How cuBLAS is to read an operand, whose transpose is what it sees.

    Attributes
    ----------
    array : array
        The operand, or a copy that can be read so.
    operation : int
    leading, step : int
        Elements from a row to the next, and from a matrix of a stack to the next.
    """

    array: Array
    operation: int
    leading: int
    step: int


def _operand(cupy: Any, x: Array) -> _Operand:
    rows, columns = x.shape[-2:]
    step = rows * columns if x.ndim == 3 and x.shape[0] > 1 else 0
    if x.flags.c_contiguous:
        return _Operand(x, _AS_IT_IS, columns, step)
    if x.swapaxes(-1, -2).flags.c_contiguous:
        return _Operand(x, _TRANSPOSED, rows, step)
    return _Operand(cupy.ascontiguousarray(x), _AS_IT_IS, columns, step)


def _flat(cupy: Any, x: Array, stack: tuple[int, ...]) -> Array:
    """A stack with one axis; of one matrix, for all, where nothing but that is repeated."""
    own = x.shape[:-2]
    if math.prod(own) == 1:
        return x.reshape(1, *x.shape[-2:])
    if own != stack:
        x = cupy.broadcast_to(x, (*stack, *x.shape[-2:]))
    return x.reshape(-1, *x.shape[-2:])  # a copy, where it was repeated in part


# -- the library -----------------------------------------------------------------------------------

_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
# cublas_api.h; sizes are `int` in the functions without the suffix _64.
_SIGNATURES: dict[str, list[Any]] = {
    "cublasCreate_v2": [ctypes.POINTER(_POINTER)],
    "cublasSetStream_v2": [_POINTER, _POINTER],
    "cublasSetWorkspace_v2": [_POINTER, _POINTER, ctypes.c_size_t],
    "cublasGemmStridedBatchedEx": [
        *(_POINTER, _INT, _INT, _INT, _INT, _INT, _POINTER),  # handle, operations, m, n, k, alpha
        *(_POINTER, _INT, _INT, _LONG, _POINTER, _INT, _INT, _LONG, _POINTER),  # a, b, beta
        *(_POINTER, _INT, _INT, _LONG, _INT, _INT, _INT),  # c, how many, precision, algorithm
    ],
}


def load_cublas() -> Any:
    """The library that cupy uses, through ctypes.

    Raises `CaptureRefusedError` if it cannot be found."""
    try:
        finder = importlib.import_module("cuda.pathfinder")
        path = finder.load_nvidia_dynamic_lib("cublas").abs_path
        if path is None:
            raise OSError("its path is not known")
        return ctypes.CDLL(path)
    except (ImportError, OSError, RuntimeError) as error:
        first = (str(error).splitlines() or ["no reason given"])[0]
        raise CaptureRefusedError(f"cuBLAS was not found: {first}") from error


@functools.cache
def _function(name: str) -> Callable[..., int]:
    function = getattr(load_cublas(), name)
    function.argtypes, function.restype = _SIGNATURES[name], _INT
    return function  # type: ignore[no-any-return]


def call(name: str, *arguments: Any) -> None:
    """Call a function of cuBLAS; what it refuses cannot be captured."""
    status = _function(name)(*arguments)
    if status:
        raise CaptureRefusedError(f"{name} failed with status {status}")


@functools.cache
def _handle(_device: int) -> ctypes.c_void_p:
    """The handle of a device, the current one; kept, as captured products may use its memory."""
    handle = ctypes.c_void_p()
    call("cublasCreate_v2", ctypes.byref(handle))
    return handle
