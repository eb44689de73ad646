"""`where` on large NumPy arrays, as arithmetic on bits: ``b ^ ((a ^ b) & mask)``.

numpy's own branches for every element, and where masks are irregular the processor guesses wrong
half of the time: a million float32 take 4.4 ms, and 0.6 by bits, whatever the mask. The results are
the same to the last bit."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from .._typing import SCALAR_TYPES, Array
from .numpy_numbers import BFLOAT16

__all__ = ["where", "where_into"]

_MANY = 1 << 14  # elements; below, the processor learns the mask
_SCRATCH = 1 << 17  # elements: longer arrays are done in parts of this length
_memory = threading.local()
_INTEGERS = {np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}


def where(condition: Array, x1: Any, x2: Any) -> Array:
    """Elements of x1 where a condition holds, of x2 elsewhere."""
    if type(condition) is not np.ndarray or condition.size < _MANY or condition.dtype != np.bool:
        return _chosen(condition, x1, x2)
    dtype = np.result_type(x1, x2)
    integer = _INTEGERS.get(dtype)
    if integer is None or not (_is_of(x1, dtype) and _is_of(x2, dtype)):
        return _chosen(condition, x1, x2)
    mask = np.negative(condition.view(np.int8)).astype(integer)
    a, b = (np.asarray(x, dtype).view(integer) for x in (x1, x2))
    if type(x2) in SCALAR_TYPES and not b:  # 0 and not -0
        return np.bitwise_and(a, mask).view(dtype)
    y = np.bitwise_xor(a, b)
    y = np.bitwise_and(y, mask, out=y if y.shape == mask.shape else None)
    out = y if y.shape == np.broadcast_shapes(y.shape, b.shape) else None
    return np.bitwise_xor(y, b, out=out).view(dtype)


def _chosen(condition: Array, x1: Any, x2: Any) -> Array:
    """NumPy's own, in which a Python number and bfloat16, which is not NumPy's, are bfloat16."""
    if type(x2) in SCALAR_TYPES:
        x2 = _as_bfloat16(x2, x1)
    elif type(x1) in SCALAR_TYPES:
        x1 = _as_bfloat16(x1, x2)
    return np.where(condition, x1, x2)


def _as_bfloat16(number: Any, x: Any) -> Any:
    if getattr(x, "itemsize", 0) != 2 or x.dtype.char != BFLOAT16 or type(number) is complex:
        return number
    return np.asarray(number, x.dtype)


def where_into(condition: Array, x1: Any, x2: Any, out: Array) -> None:
    """The same into a buffer, whose memory may be that of x1 or x2."""
    integer = _INTEGERS.get(out.dtype)
    size = out.size
    if size > _SCRATCH and all(_is_flat(x, out) for x in (condition, x1, x2, out)):
        flat = [x if type(x) in SCALAR_TYPES else x.reshape(-1) for x in (condition, x1, x2)]
        result = out.reshape(-1)
        for start in range(0, size, _SCRATCH):
            part = slice(start, start + _SCRATCH)
            mask, a, b = (x if type(x) in SCALAR_TYPES else x[part] for x in flat)
            where_into(mask, a, b, result[part])
        return
    if (
        integer is None
        or not _MANY <= size <= _SCRATCH
        or condition.dtype != np.bool
        or not (_fits(condition, out) and _fits(x1, out) and _fits(x2, out))
        or not (_is_of(x1, out.dtype) and _is_of(x2, out.dtype))
    ):
        if type(x1) is np.ndarray and np.may_share_memory(out, x1):
            np.copyto(out, x2, where=np.logical_not(condition))
        else:
            np.copyto(out, x2)
            np.copyto(out, x1, where=condition)
        return
    if _lies_in(x1, out) and _lies_in(x2, out):  # then they are the same
        np.copyto(out, x2)
        return
    result = out.view(integer)
    mask = _mask_memory(size)[:size].reshape(out.shape)
    a, b = (np.asarray(x, out.dtype).view(integer) for x in (x1, x2))
    if np.may_share_memory(out, x2):  # what is read again in the end must not be written before
        np.subtract(condition.view(np.int8), 1, out=mask)
        a, b = b, a
    else:
        np.negative(condition.view(np.int8), out=mask)
        if type(x2) in SCALAR_TYPES and not b:
            np.bitwise_and(a, mask, out=result)
            return
    np.bitwise_xor(a, b, out=result)
    np.bitwise_and(result, mask, out=result)
    np.bitwise_xor(result, b, out=result)


def _mask_memory(size: int) -> Array:
    """Memory of this thread for the longest mask so far: fresh memory costs more than masks."""
    found: Array | None = getattr(_memory, "mask", None)
    if found is None or found.size < size:
        found = _memory.mask = np.empty(size, np.int8)
    return found


def _lies_in(x: Any, out: Array) -> bool:
    return type(x) is np.ndarray and bool(np.may_share_memory(out, x))


def _is_flat(x: Any, out: Array) -> bool:
    """Whether x is a number, or an array as long as the result whose elements lie side by side."""
    return type(x) in SCALAR_TYPES or (x.shape == out.shape and x.flags.c_contiguous)


def _fits(x: Any, out: Array) -> bool:
    """Whether x is a number, or an array that is not spread out."""
    return type(x) in SCALAR_TYPES or x.shape == out.shape or not x.shape


def _is_of(x: Any, dtype: Any) -> bool:
    return type(x) in SCALAR_TYPES or (type(x) is np.ndarray and x.dtype == dtype)
