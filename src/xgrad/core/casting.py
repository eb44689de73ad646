"""Python values into raw arrays, and arrays into a dtype of the same kind.

Casting happens within a kind, as NumPy's ``same_kind``: float64 to float32, real to complex,
integer to float; never float to integer or complex to real behind anybody's back."""

from __future__ import annotations

from typing import Any

from .._typing import SCALAR_TYPES, Array, DType
from ..backends import Device, as_device, backend_of, is_array
from ..backends.base import Backend, dtype_name
from ..errors import ArgumentTypeError, DTypeError
from .defaults import default_dtype
from .handle import Handle
from .spec import describe

__all__ = ["cast_within_kind", "dtype_kind", "is_inexact", "to_array"]

_KINDS = ("bool", "integer", "floating", "complex")


def dtype_kind(dtype: DType) -> str:
    """``bool``, ``integer``, ``floating`` or ``complex``."""
    name = dtype_name(dtype)
    if name.startswith(("float", "bfloat")):
        return "floating"
    if name.startswith("complex"):
        return "complex"
    return "bool" if name.startswith("bool") else "integer"


def is_inexact(dtype: DType) -> bool:
    """Whether values of the dtype can have gradients: real or complex floating."""
    return dtype_name(dtype).startswith(("float", "complex", "bfloat"))


def cast_within_kind(array: Array, dtype: DType, what: str, whose: str) -> Array:
    """The array in another dtype of its kind or a higher one.

    Raises
    ------
    DTypeError
        If the conversion would leave the kind (complex to real, float to integer).
    """
    if array.dtype == dtype:
        return array
    if _KINDS.index(dtype_kind(array.dtype)) > _KINDS.index(dtype_kind(dtype)):
        raise DTypeError(
            f"{what} {describe(array)} cannot become {dtype_name(dtype)}, the dtype of {whose}: "
            f"that would lose more than precision. Use astype to convert on purpose."
        )
    return backend_of(array).xp.astype(array, dtype=dtype)


def to_array(
    value: Any,
    *,
    dtype: DType = None,
    device: Device | str | None = None,
    copy: bool | None = None,
) -> Array:
    """A raw array from anything that `xg.asarray` takes except nests that contain Tensors."""
    if isinstance(value, Handle):
        value = value.array
    if is_array(value):
        backend = backend_of(value)
        home = Device(backend, backend.device_of(value))
        target = home if device is None else as_device(device)
        if target != home:
            value, copy = move(value, home, target), None
        return _convert(value, target, dtype, copy)
    target = as_device(device)
    wanted = target.backend.dtype(dtype) if dtype is not None else _inferred(value, target)
    try:
        array = target.backend.asarray(value, wanted, target.native, copy)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentTypeError(
            f"asarray: cannot make an array on {target} of a {type(value).__name__}: {error}. Use "
            "nested lists of numbers of equal lengths, an array or a Tensor."
        ) from error
    return target.backend.finish(array)


def move(array: Array, source: Device, target: Device) -> Array:
    """The same values on another device, of the same library or another."""
    if source.backend is target.backend:
        return target.backend.transfer(array, target.native)
    host = source.backend.to_numpy(array)
    return target.backend.asarray(host, target.backend.dtype(array.dtype), target.native)


def _convert(array: Array, target: Device, dtype: DType, copy: bool | None) -> Array:
    backend: Backend = target.backend
    array = backend.finish(array)
    if dtype is not None and array.dtype != (wanted := backend.dtype(dtype)):
        return backend.xp.astype(array, dtype=wanted)
    return backend.xp.copy(array) if copy else array


def _inferred(value: Any, target: Device) -> DType:
    """The default dtype for Python floats and complex numbers, where one was set."""
    wanted = default_dtype(None)
    if wanted is None:
        return None
    leaves = [value]
    kinds = set()
    while leaves:
        leaf = leaves.pop()
        if isinstance(leaf, (list, tuple)):
            leaves.extend(leaf)
        elif type(leaf) in SCALAR_TYPES:
            kinds.add(type(leaf))
        else:
            return None
    if complex in kinds:
        return target.backend.dtype("complex64" if "32" in dtype_name(wanted) else "complex128")
    return target.backend.dtype(wanted) if float in kinds or not kinds else None
