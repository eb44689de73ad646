"""Instructions beyond the standard, written in the standard's functions.

Every function takes the namespace first. They read nothing back to the host and create arrays only
with the dtype and device of an operand, so they serve any library; a backend that has something
faster says so in its `Own`."""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

from .._typing import Array, DType, NativeDevice, Shape
from .activations import (
    activate,
    activate_cotangent,
    activate_sum,
    relu_cotangent,
    squash_cotangent,
    squash_sum,
)
from .contraction import absorbing_contract, absorbing_matmul, contract
from .convolution import convolve, convolve_input, convolve_kernel, fold, windows
from .cross_entropy import (
    cross_entropy,
    cross_entropy_cotangent,
    label_logarithms,
    sparse_cross_entropy,
    sparse_cross_entropy_cotangent,
)
from .fourier import fftn, frequencies, ifftn, irfftn, rfftn
from .indices import Slot, fill_key, flat_positions, full_key, without_masks
from .matrices import (
    absorb_zeros,
    cholesky,
    cholesky_cotangent,
    cofactor,
    det,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    expm,
    inv,
    lu,
    pinv,
    qr,
    qr_complete,
    slogdet,
    solve,
    solve_triangular,
    svd,
    svdvals,
    vector_norm,
)
from .networks import (
    log_softmax,
    log_softmax_cotangent,
    relu,
    softmax,
    softmax_cotangent,
    standardize,
    standardize_cotangent,
)
from .pooling import max_pool, max_pool_input, max_pool_tangent

__all__ = [
    "absorb_zeros",
    "absorbing_contract",
    "absorbing_matmul",
    "activate",
    "activate_cotangent",
    "activate_sum",
    "astype",
    "cast",
    "check_numerics",
    "cholesky",
    "cholesky_cotangent",
    "clip_lower",
    "clip_upper",
    "cofactor",
    "complex_sign",
    "contract",
    "convolve",
    "convolve_input",
    "convolve_kernel",
    "copy",
    "cross_entropy",
    "cross_entropy_cotangent",
    "cumulative_max",
    "cumulative_min",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "fftn",
    "finfo",
    "fold",
    "frequencies",
    "getitem",
    "ifftn",
    "index_add",
    "index_add_into",
    "inv",
    "irfftn",
    "isdtype",
    "label_logarithms",
    "log_softmax",
    "log_softmax_cotangent",
    "logsumexp",
    "lu",
    "max_pool",
    "max_pool_input",
    "max_pool_tangent",
    "pinv",
    "power",
    "put",
    "put_into",
    "qr",
    "qr_complete",
    "relu",
    "relu_cotangent",
    "rfftn",
    "scatter",
    "scatter_along_axis",
    "setitem",
    "slogdet",
    "softmax",
    "softmax_cotangent",
    "solve",
    "solve_triangular",
    "sparse_cross_entropy",
    "sparse_cross_entropy_cotangent",
    "squash_cotangent",
    "squash_sum",
    "standardize",
    "standardize_cotangent",
    "stop_gradient",
    "surely_false",
    "surely_finite",
    "svd",
    "svdvals",
    "take_sparse",
    "to_device",
    "vector_norm",
    "windows",
    "zero_where_zero",
]


def power(xp: Any, x: Array, *, exponent: float) -> Array:
    """x ** exponent for a Python number."""
    return x**exponent


def clip_lower(xp: Any, x: Array, bound: Array) -> Array:
    """The maximum, without a say on ties."""
    return xp.maximum(x, bound)


def clip_upper(xp: Any, x: Array, bound: Array) -> Array:
    """The minimum, without a say on ties."""
    return xp.minimum(x, bound)


def complex_sign(xp: Any, x: Array) -> Array:
    """x / |x|, and 0 at 0."""
    return xp.sign(x)


def astype(xp: Any, x: Array, dtype: DType, *, copy: bool = True) -> Array:
    """The standard's, which takes its dtype by position only."""
    return xp._namespace.astype(x, dtype, copy=copy)


def cast(xp: Any, x: Array, *, dtype: DType) -> Array:
    """The conversion to a dtype that has no derivatives."""
    return xp.astype(x, dtype)


def copy(xp: Any, x: Array) -> Array:
    """A fresh array with the same values."""
    return xp.asarray(x, copy=True)


def stop_gradient(xp: Any, x: Array) -> Array:
    """The identity."""
    return x


def take_sparse(xp: Any, x: Array, indices: Array, *, axis: int) -> Array:
    """The same as take."""
    return xp.take(x, indices, axis=axis)


def to_device(xp: Any, x: Array, *, device: Any, source: Any) -> Array:
    """The same values on another device, of this library or another."""
    if device.backend is source.backend:
        return device.backend.transfer(x, device.native)
    host = source.backend.to_numpy(x)
    return device.backend.asarray(host, device.backend.dtype(x.dtype), device.native)


def getitem(xp: Any, x: Array, *indices: Array, key: Any) -> Array:
    """``x[key]``; the standard has no index arrays next to slices, so those are taken flat."""
    key, indices = without_masks(xp, key, indices)
    if _holds_mask(xp, indices):
        return x[fill_key(key, indices)]
    full = full_key(key, x.ndim)
    if indices and not all(isinstance(part, (int, Slot)) for part in full):
        flat = flat_positions(xp, tuple(x.shape), full, indices, x.device)
        taken = xp.take(xp.reshape(x, (-1,)), xp.reshape(flat, (-1,)), axis=0)
        return xp.reshape(taken, flat.shape)
    return x[fill_key(full, indices)]


def setitem(xp: Any, x: Array, value: Array, *indices: Array, key: Any) -> Array:
    """A copy of x with value at key; the standard writes by slices and by masks only."""
    value = xp.asarray(value, device=x.device) if not hasattr(value, "dtype") else value
    value = xp.astype(value, x.dtype) if value.dtype != x.dtype else value
    key, indices = without_masks(xp, key, indices)
    if _holds_mask(xp, indices) or not (indices or _adds_axes(key)):
        out = xp.asarray(x, copy=True)
        out[fill_key(key if indices else full_key(key, x.ndim), indices)] = value
        return out
    flat = flat_positions(xp, tuple(x.shape), key, indices, x.device)
    if value.ndim > flat.ndim:
        value = xp.reshape(value, value.shape[value.ndim - flat.ndim :])
    written = scatter(
        xp,
        xp.reshape(x, (-1,)),
        xp.reshape(flat, (-1,)),
        xp.reshape(xp.broadcast_to(value, flat.shape), (-1,)),
        axis=0,
        mode="set",
    )
    return xp.reshape(written, x.shape)


def check_numerics(xp: Any, x: Array, *, message: str, origin: Any, gradient: bool) -> Array:
    """x itself, or NumericsError where it is not finite; `origin` prints as the user's line."""
    from .survey import refuse_nonfinite  # which needs the registry

    what = f"gradient of the Tensor checked{origin}" if gradient else "Tensor"
    refuse_nonfinite(x, f"{message} : {what}")
    return x


@functools.cache
def isdtype(xp: Any, dtype: DType, kind: Any) -> bool:
    """The standard's question about a dtype, answered once: rules ask it of every cotangent.

    NumPy and CuPy do not know what the bfloat16 of ml_dtypes is."""
    if getattr(dtype, "name", None) == "bfloat16":
        kinds = kind if isinstance(kind, tuple) else (kind,)
        return any(k in ("real floating", "numeric") or k == dtype for k in kinds)
    return bool(xp._namespace.isdtype(dtype, kind))


def finfo(xp: Any, dtype: DType) -> Any:
    """The limits of a floating dtype; those of bfloat16 are known to ml_dtypes."""
    if getattr(dtype, "name", None) == "bfloat16":
        return importlib.import_module("ml_dtypes").finfo(dtype)
    return xp._namespace.finfo(dtype)


def put(xp: Any, x: Array, *indices: Array, key: Any, shape: Shape) -> Array:
    """Zeros of a shape with x added at a key."""
    key, indices = without_masks(xp, key, indices)
    if _holds_mask(xp, indices) or not (indices or _adds_axes(key)):
        out = xp.zeros(shape, dtype=x.dtype, device=x.device)
        out[fill_key(key if indices else full_key(key, len(shape)), indices)] = x
        return out
    flat = xp.reshape(flat_positions(xp, shape, key, indices, x.device), (-1,))
    added = xp.index_add(xp.reshape(x, (-1,)), flat, axis=0, size=math.prod(shape))
    return xp.reshape(added, shape)


def put_into(xp: Any, total: Array, x: Array, *indices: Array, key: Any) -> bool:
    """Add x to an array at a key, in place, as `put` and a sum would; False if that cannot be."""
    return False


def _holds_mask(xp: Any, indices: tuple[Array, ...]) -> bool:
    return any(xp.isdtype(index.dtype, "bool") for index in indices)


def _adds_axes(key: Any) -> bool:
    return any(part is None for part in key) if isinstance(key, tuple) else key is None


def index_add(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
    """Zeros with the slices of x added at 1-d indices of an axis: a product with one-hot rows."""
    x = xp.moveaxis(x, axis, 0)
    hot = _one_hot(xp, indices, size, x.dtype)
    rest = x.shape[1:]
    columns = 1
    for n in rest:
        columns *= n
    flat = xp.reshape(x, (x.shape[0], columns))
    if xp.isdtype(x.dtype, ("real floating", "complex floating")):
        flat = xp.matmul(xp.matrix_transpose(hot), flat)
    else:
        flat = xp.sum(hot[:, :, None] * flat[:, None, :], axis=0, dtype=x.dtype)
    return xp.moveaxis(xp.reshape(flat, (size, *rest)), 0, axis)


def scatter_along_axis(xp: Any, x: Array, indices: Array, *, axis: int, size: int) -> Array:
    """Zeros of `size` along an axis with x added at indices of the same shape as x."""
    x = xp.moveaxis(x, axis, -1)
    hot = _one_hot(xp, xp.moveaxis(indices, axis, -1), size, x.dtype)
    if hot.ndim < x.ndim + 1:
        hot = xp.broadcast_to(hot, (*x.shape, size))
    added = xp.sum(hot * xp.expand_dims(x, axis=-1), axis=-2, dtype=x.dtype)
    return xp.moveaxis(added, -1, axis)


def scatter(xp: Any, x: Array, indices: Array, updates: Array, *, axis: int, mode: str) -> Array:
    """x with the slices of updates put at 1-d indices of an axis."""
    size = x.shape[axis]
    updates = xp.astype(updates, x.dtype, copy=False)
    if mode == "add":
        return x + xp.index_add(updates, indices, axis=axis, size=size)
    x = xp.moveaxis(x, axis, 0)
    updates = xp.moveaxis(updates, axis, 0)
    out = xp.asarray(x, copy=True)
    for k in range(updates.shape[0]):
        here = _one_hot(xp, indices[k : k + 1], size, xp.bool)
        here = xp.reshape(here, (size,) + (1,) * (x.ndim - 1))
        row = updates[k : k + 1, ...]
        new = {
            "set": lambda old, row: xp.broadcast_to(row, old.shape),
            "multiply": lambda old, row: old * row,
            "min": xp.minimum,
            "max": xp.maximum,
        }[mode](out, row)
        out = xp.where(here, new, out)
    return xp.moveaxis(out, 0, axis)


def logsumexp(xp: Any, x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """The logarithm of the sum of exponentials, shifted by the largest, so that none overflows."""
    if 0 in x.shape:  # of no elements it is -inf, but there is no largest
        return xp.log(xp.sum(x, axis=axis, keepdims=keepdims))
    is_complex = xp.isdtype(x.dtype, "complex floating")
    shift = xp.max(xp.real(x) if is_complex else x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(shift), shift, xp.zeros_like(shift))
    total = xp.log(xp.sum(xp.exp(x - shift), axis=axis, keepdims=keepdims))
    return total + xp.reshape(shift, total.shape)


def cumulative_max(xp: Any, x: Array, *, axis: int) -> Array:
    """The largest element so far."""
    return _scan(xp, xp.maximum, x, axis)


def cumulative_min(xp: Any, x: Array, *, axis: int) -> Array:
    """The smallest element so far."""
    return _scan(xp, xp.minimum, x, axis)


def _scan(xp: Any, combine: Any, x: Array, axis: int) -> Array:
    """Combine all elements so far, in log2(n) steps; each may be taken more than once."""
    step = 1
    while step < x.shape[axis]:
        head, later, before = (
            x[tuple(part if i == axis else slice(None) for i in range(x.ndim))]
            for part in (slice(None, step), slice(step, None), slice(None, -step))
        )
        x = xp.concat([head, combine(later, before)], axis=axis)
        step *= 2
    return x


def surely_false(xp: Any, mask: Array) -> bool:
    """Whether a cheap look finds a condition false everywhere; without a cheap way, False."""
    return False


def surely_finite(xp: Any, x: Array) -> bool:
    """Whether a look at x, where it costs nothing, finds only finite numbers; here nobody looks."""
    return False


def zero_where_zero(xp: Any, r: Array, g: Array) -> Array:
    """r, with 0 where g is 0 and r is not finite: the edge's guard (rules/edges.py)."""
    return xp.where(xp.isfinite(r) | (g != 0), r, xp.zeros_like(r))


def index_add_into(xp: Any, total: Array, x: Array, indices: Array, *, axis: int) -> bool:
    """Add the slices of x to an array in place, as `index_add` and a sum would; or False."""
    return False


def _one_hot(xp: Any, indices: Array, size: int, dtype: DType) -> Array:
    """Shape (*indices.shape, size), one where the index says; negative ones count from the end."""
    indices = xp.astype(indices, xp.int64, copy=False)
    positions: NativeDevice = xp.arange(size, dtype=xp.int64, device=indices.device)
    indices = xp.where(indices < 0, indices + size, indices)
    hot = xp.expand_dims(indices, axis=-1) == positions
    return hot if xp.isdtype(dtype, "bool") else xp.astype(hot, dtype)
