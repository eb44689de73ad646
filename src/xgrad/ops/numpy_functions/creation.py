"""Arrays like others, sequences of numbers, and `like=`.

NumPy hands over ``np.zeros(3, like=t)`` without saying what t was, so the new Tensor goes to the
default device."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import as_int
from ..._typing import DType
from ...errors import ArgumentError
from ..rule_namespace import rule_namespace as xp
from .operands import operands, tensor, tensors

__all__ = [
    "arange",
    "array",
    "asanyarray",
    "asarray",
    "ascontiguousarray",
    "asfortranarray",
    "astype",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "require",
    "tri",
    "zeros",
    "zeros_like",
]


def array(
    object: Any,
    dtype: DType = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
    like: Any = None,
) -> Any:
    """A Tensor of anything array-like, with at least `ndmin` axes."""
    x = xp.asarray(object, dtype=dtype, copy=copy)
    return xp.reshape(x, (1,) * (ndmin - x.ndim) + x.shape) if x.ndim < ndmin else x


def asarray(
    a: Any,
    dtype: DType = None,
    order: Any = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """A Tensor of anything array-like."""
    return xp.asarray(a, dtype=dtype, copy=copy)


asanyarray = asarray


def ascontiguousarray(a: Any, dtype: DType = None, *, like: Any = None) -> Any:
    """A Tensor; what it is in memory is its own business."""
    return array(a, dtype, copy=None, ndmin=1)


asfortranarray = ascontiguousarray


def require(a: Any, dtype: DType = None, requirements: Any = None, *, like: Any = None) -> Any:
    """A Tensor; what it is in memory is its own business."""
    return xp.asarray(a, dtype=dtype)


def astype(x: Any, dtype: DType, /, *, copy: bool = True, device: Any = None) -> Any:
    """The same values in another dtype."""
    return xp.astype(tensor(x), dtype, copy=copy)


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """A fresh value."""
    return xp.asarray(a, copy=True)


def arange(
    start_or_stop: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: DType = None,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Numbers at equal distances."""
    return xp.arange(start_or_stop, stop, step, dtype=dtype)


def empty(
    shape: Any, dtype: DType = None, order: Any = "C", *, device: Any = None, like: Any = None
) -> Any:
    """An array whose values nobody has set."""
    return xp.empty(shape, dtype=dtype)


def zeros(
    shape: Any, dtype: DType = None, order: Any = "C", *, device: Any = None, like: Any = None
) -> Any:
    """Zeros."""
    return xp.zeros(shape, dtype=dtype)


def ones(
    shape: Any, dtype: DType = None, order: Any = "C", *, device: Any = None, like: Any = None
) -> Any:
    """Ones."""
    return xp.ones(shape, dtype=dtype)


def full(
    shape: Any,
    fill_value: Any,
    dtype: DType = None,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """One value everywhere, or an array broadcast to a shape."""
    (value,) = operands(fill_value)
    if getattr(value, "ndim", 0):
        return xp.asarray(xp.broadcast_to(xp.asarray(value, dtype=dtype), shape), copy=True)
    return xp.full(shape, value, dtype=dtype)


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: DType = float,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Ones on a diagonal."""
    return xp.eye(N, M, k=k, dtype=dtype)


def identity(n: int, dtype: DType = None, *, like: Any = None) -> Any:
    """Ones on the main diagonal of a square."""
    return xp.eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DType = float, *, like: Any = None) -> Any:
    """Ones on and below a diagonal."""
    return xp.tril(xp.ones((N, N if M is None else M), dtype=dtype), k=k)


def zeros_like(
    a: Any,
    dtype: DType = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Zeros of the shape of another, or of a shape on its device."""
    return _like(a, 0, dtype, shape)


def ones_like(
    a: Any,
    dtype: DType = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Ones of the shape of another, or of a shape on its device."""
    return _like(a, 1, dtype, shape)


def empty_like(
    prototype: Any,
    /,
    dtype: DType = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """An array of the shape of another whose values nobody has set."""
    return _like(prototype, 0, dtype, shape)


def full_like(
    a: Any,
    fill_value: Any,
    dtype: DType = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """One value in the shape of another, or an array broadcast to it."""
    a, value = operands(a, fill_value)
    return _like(a, value, dtype, shape)


def _like(a: Any, value: Any, dtype: DType, shape: Any) -> Any:
    a = tensor(a)
    dtype = a.dtype if dtype is None else dtype
    sizes = a.shape if shape is None else shape
    if getattr(value, "ndim", 0):
        filled = xp.broadcast_to(xp.asarray(value, dtype=dtype), sizes)
        return xp.asarray(filled, copy=True)
    return xp.full(sizes, value, dtype=dtype, device=a.device)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DType = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Numbers at equal distances from start to stop, which may be arrays."""
    num = as_int(num, "numpy.linspace", "num")
    if num < 0:
        raise ArgumentError(f"numpy.linspace: num must not be negative, but is {num}.")
    start, stop = tensors(start, stop)
    start, stop = (x * 1.0 for x in (start, stop))
    pieces = num - 1 if endpoint else num
    step = (stop - start) / pieces if pieces else (stop - start) * math.nan
    numbers = xp.arange(num, dtype=start.dtype, device=start.device)
    numbers = xp.reshape(numbers, (num,) + (1,) * (start - stop).ndim)
    y = start + numbers * (step if pieces else 0.0)
    if endpoint and num > 1:
        y = xp.where(numbers == num - 1, stop, y)
    y = xp.moveaxis(y, 0, axis) if axis else y
    y = y if dtype is None else xp.astype(y, dtype)
    return (y, step) if retstep else y


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: DType = None,
    axis: int = 0,
) -> Any:
    """Powers of a base at exponents of equal distances."""
    base, start, stop = operands(base, start, stop)
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    if getattr(base, "ndim", 0):
        base = xp.expand_dims(tensor(base), axis=axis)
    y = xp.pow(base, exponents)
    return y if dtype is None else xp.astype(y, dtype)


def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: DType = None,
    axis: int = 0,
) -> Any:
    """Numbers at equal ratios from start to stop, of equal signs."""
    start, stop = tensors(start, stop)
    start, stop = (x * 1.0 for x in (start, stop))
    ratio = xp.log(stop / start)
    shares = linspace(0.0, 1.0, num, endpoint)
    shares = xp.asarray(shares, dtype=ratio.dtype, device=ratio.device)
    shares = xp.reshape(shares, (num,) + (1,) * ratio.ndim)
    y = start * xp.exp(ratio * shares)
    if endpoint and num > 1:
        y = xp.where(shares == 1, stop, y)
    y = xp.moveaxis(y, 0, axis) if axis else y
    return y if dtype is None else xp.astype(y, dtype)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """The coordinates of a grid, one array per axis."""
    vectors = [xp.reshape(x, (-1,)) for x in (tensor(x) for x in operands(*xi))]
    if not sparse:
        return tuple(xp.meshgrid(*vectors, indexing=indexing))
    count = len(vectors)
    places = list(range(count))
    if indexing == "xy" and count > 1:
        places[:2] = 1, 0
    return tuple(
        xp.reshape(x, tuple(-1 if i == place else 1 for i in range(count)))
        for x, place in zip(vectors, places, strict=True)
    )
