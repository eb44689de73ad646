"""Dtypes: conversion, promotion and what is known about them.

`astype` between floating dtypes is differentiable; to an integer or boolean dtype it cuts the path.
Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any, NamedTuple

from .._arguments import as_flag
from .._typing import SCALAR_TYPES, ArrayLike, DType
from ..backends import Device, as_device, backend_of, backend_of_dtype, is_array, library_of
from ..backends.base import Backend
from ..backends.dtypes import dtype_name, is_half_dtype
from ..core.casting import dtype_kind, is_inexact
from ..core.defaults import default_dtype_name
from ..core.dispatch import apply1, unwrap
from ..core.handle import Handle
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ArgumentError, ArgumentTypeError, DeviceMismatchError, DTypeError
from ._arguments import as_operand

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type", "to_device"]

_ASTYPE = primitive("astype")
_CAST = primitive("cast")
_COPY = primitive("copy")
_NO_DTYPES = (int, float, complex, list, dict)
_TO_DEVICE = primitive("to_device")


_STEMS = {
    "bool": ("bool",),
    "signed integer": ("int",),
    "unsigned integer": ("uint",),
    "integral": ("int", "uint"),
    "real floating": ("float", "bfloat"),
    "complex floating": ("complex",),
    "numeric": ("int", "uint", "float", "bfloat", "complex"),
}


def astype(
    x: ArrayLike, dtype: DType, /, *, copy: bool = True, device: Device | str | None = None
) -> Tensor:
    """Convert to another dtype.

    Parameters
    ----------
    x : Tensor, Variable or array
    dtype : dtype
        Of any namespace, or a name such as ``"float32"``.
    copy : bool
        Whether a value that has the dtype already is copied.
    device : Device or str, optional
        Where the result goes; the device of x by default.

    Returns
    -------
    Tensor
        Its gradient comes back in the dtype of x.

    Raises
    ------
    DTypeError
        If x is complex and the dtype is not.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.astype(xg.asarray([1.5, 2.5]), xg.int64)
    xg.Tensor([1, 2], shape=(2,), dtype=int64, device=cpu)
    """
    x = as_operand(x, "astype")
    if device is not None:
        x = to_device(x, device)
    wanted = library_of(x.raw).dtype(dtype)
    if dtype_kind(x.dtype) == "complex" and dtype_kind(wanted) != "complex":
        raise DTypeError(
            f"astype: x {describe(x)} is complex and {dtype_name(wanted)} is not. Use xg.real, "
            "xg.imag or xg.abs."
        )
    copy = as_flag(copy, "astype", "copy")
    if x.dtype == wanted:
        return apply1(_COPY, x) if copy else alias(x)
    return apply1(_ASTYPE if is_inexact(wanted) else _CAST, x, {"dtype": wanted})  # type: ignore[no-any-return]


def in_dtype(x: Any, dtype: DType) -> Any:
    """Convert where needed; what libraries do to small integers is undone, with their wrapping."""
    if dtype is None or x.dtype == library_of(x.raw).dtype(dtype):
        return x
    return astype(x, dtype)


def floating(x: Any) -> Any:
    """Convert whole numbers and booleans to the default dtype; leave the others."""
    return x if is_inexact(x.dtype) else astype(x, default_dtype_name())


def widened(x: Any) -> Any:
    """Convert floats of 16 bits to float32, in which sums of many neither stop nor overflow."""
    return astype(x, "float32") if is_half_dtype(x.raw.dtype) else x


def narrowed(y: Any, wide: Any, x: Any) -> Tensor:
    """Round what was computed with `wide` to the dtype of x, if that is what it was made of."""
    return y if wide is x else astype(y, x.dtype)


def to_device(x: ArrayLike, device: Device | str, /) -> Tensor:
    """Copy to another device; the gradient travels back.

    Parameters
    ----------
    x : Tensor, Variable or array
    device : Device or str

    Returns
    -------
    Tensor

    Raises
    ------
    BackendUnavailableError
        If there is no such device on this machine.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.to_device(xg.asarray([1.0]), "cpu")
    xg.Tensor([1.], shape=(1,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "to_device")
    target = as_device(device, library_of(x.raw))
    source = x.device
    if target == source:
        return alias(x)
    return apply1(_TO_DEVICE, x, {"device": target, "source": source})  # type: ignore[no-any-return]


def can_cast(from_: DType | ArrayLike, to: DType, /) -> bool:
    """Tell whether a dtype can be cast to another by the standard's promotion rules.

    Parameters
    ----------
    from_ : dtype, Tensor, Variable or array
    to : dtype

    Returns
    -------
    bool

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.can_cast(xg.float32, xg.float64)
    True
    """
    if type(from_) in SCALAR_TYPES:
        raise ArgumentTypeError(f"can_cast: from_ must be a dtype or an array, but is {from_!r}.")
    backend, (source,) = _native([from_])
    return bool(backend.namespace.can_cast(source, backend.dtype(to)))


class FloatingLimits(NamedTuple):
    """What `finfo` gives: the standard's fields, numbers as Python's own."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerLimits(NamedTuple):
    """What `iinfo` gives: the standard's fields, numbers as Python's own."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: DType | ArrayLike, /) -> FloatingLimits:
    """Find the limits of a floating dtype: bits, eps, max, min, smallest_normal, dtype.

    Parameters
    ----------
    type : dtype, Tensor, Variable or array
        Of a complex dtype the limits are those of its parts.

    Returns
    -------
    FloatingLimits
        A named tuple.

    Raises
    ------
    DTypeError
        If the dtype is not floating.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.finfo(xg.float32).bits
    32
    """
    backend, (dtype,) = _native([type])
    dtype = getattr(dtype, "dtype", dtype)
    if not is_inexact(dtype):
        raise DTypeError(f"finfo: {dtype_name(dtype)} is not floating. Use iinfo for integers.")
    found = backend.xp.finfo(dtype)
    return FloatingLimits(
        bits=int(found.bits),
        eps=float(found.eps),
        max=float(found.max),
        min=float(found.min),
        smallest_normal=float(found.smallest_normal),
        dtype=backend.dtype(found.dtype),
    )


def iinfo(type: DType | ArrayLike, /) -> IntegerLimits:
    """Find the limits of an integer dtype: bits, max, min, dtype.

    Parameters
    ----------
    type : dtype, Tensor, Variable or array

    Returns
    -------
    IntegerLimits
        A named tuple.

    Raises
    ------
    DTypeError
        If the dtype is no integer one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.iinfo(xg.int8).max
    127
    """
    backend, (dtype,) = _native([type])
    dtype = getattr(dtype, "dtype", dtype)
    if dtype_kind(dtype) != "integer":
        raise DTypeError(
            f"iinfo: {dtype_name(dtype)} is no integer dtype. Use finfo for floating ones."
        )
    found = backend.namespace.iinfo(dtype)
    return IntegerLimits(
        int(found.bits), int(found.max), int(found.min), dtype=backend.dtype(found.dtype)
    )


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> bool:
    """Tell whether a dtype is of a kind.

    Parameters
    ----------
    dtype : dtype
    kind : dtype, str or tuple
        ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
        ``"real floating"``, ``"complex floating"``, ``"numeric"``, a dtype, or a tuple of these.

    Returns
    -------
    bool

    Raises
    ------
    ArgumentError
        If a kind is unknown.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isdtype(xg.float32, "real floating")
    True
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if not isinstance(kind, str):
        _check_dtype(dtype, "dtype")
        _check_dtype(kind, "kind")
        return dtype_name(dtype) == dtype_name(kind)
    if kind not in _STEMS:
        raise ArgumentError(f"isdtype: kind {kind!r} is unknown. Use one of {', '.join(_STEMS)}.")
    try:
        return _is_of_kind(type(dtype), dtype, kind)  # type: ignore[arg-type]
    except TypeError:  # what cannot be hashed is no dtype either
        _check_dtype(dtype, "dtype")
        raise


@functools.cache
def _is_of_kind(_library: Hashable, dtype: Hashable, kind: str) -> bool:
    """Answer once: rules ask for it of every cotangent."""
    _check_dtype(dtype, "dtype")
    return dtype_name(dtype).rstrip("0123456789") in _STEMS[kind]


def _check_dtype(dtype: Any, name: str) -> None:
    """Refuse what would be no dtype of any kind, silently."""
    holds_numbers = hasattr(dtype, "__dlpack__")
    if dtype is None or holds_numbers or isinstance(dtype, _NO_DTYPES):
        shown = describe(dtype) if holds_numbers else repr(dtype)
        raise ArgumentTypeError(
            f"isdtype: {name} must be a dtype, but is a {type(dtype).__name__}, {shown}. Use x.dtype."
        )


def result_type(*arrays_and_dtypes: ArrayLike | DType) -> DType:
    """Find the dtype of the result of an operation on arrays, dtypes and Python scalars.

    Parameters
    ----------
    *arrays_and_dtypes : Tensors, Variables, arrays, dtypes or Python scalars

    Returns
    -------
    dtype

    Raises
    ------
    ArgumentError
        If there is no argument.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.result_type(xg.asarray([1.0]), xg.float32)
    dtype('float64')
    """
    if not arrays_and_dtypes:
        raise ArgumentError("result_type: there is nothing to promote. Use an array or a dtype.")
    backend, values = _native(list(arrays_and_dtypes))
    others = [value for value in values if type(value) not in SCALAR_TYPES]
    if len(others) < len(values) and complex not in map(type, values):
        dtype = backend.namespace.result_type(*others) if others else None
        if dtype is not None and dtype_name(dtype) == "bfloat16":
            return dtype  # which NumPy would make float64
    try:
        return backend.namespace.result_type(*values)
    except TypeError as error:
        raise DTypeError(
            f"result_type: {error}. Use astype for what is of another kind."
        ) from error


def _native(values: list[Any]) -> tuple[Backend, list[Any]]:
    """Arrays and dtypes as one library's own: that of the first array, else the default's."""
    backend = None
    found: list[Any] = []
    for value in values:
        if _has_data(value):
            array, _ = unwrap(value)
            backend = backend or library_of(array)
            if backend is not library_of(array):
                raise DeviceMismatchError(
                    f"the arrays are of different libraries: {backend.name} and "
                    f"{library_of(array).name}. Use xg.to_device to bring them together."
                )
            found.append(array.dtype if backend_of(array).nests else array)
        else:
            found.append(value)
    if backend is None:
        backend = _backend_of_dtype(found)
    keep = [type(v) in SCALAR_TYPES or _has_data(v) for v in found]
    return backend, [v if k else backend.dtype(v) for v, k in zip(found, keep, strict=True)]


def _has_data(value: Any) -> bool:
    """Whether a value is an array or a Tensor, not a dtype (numpy's are classes with a shape)."""
    return (
        not isinstance(value, type)
        and hasattr(value, "shape")
        and hasattr(value, "dtype")
        and (isinstance(value, Handle) or is_array(value))
    )


def _backend_of_dtype(values: list[Any]) -> Backend:
    found = (backend_of_dtype(value) for value in values)
    return next((backend for backend in found if backend), as_device(None).backend)


protocols.astype = astype
protocols.to_device = to_device
