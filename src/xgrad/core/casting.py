"""Python values into raw arrays, and arrays into a dtype of the same kind.

Casting happens within a kind, as NumPy's ``same_kind``: float64 to float32, real to complex,
integer to float; never float to integer or complex to real behind anybody's back."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any

from .._arguments import as_flag
from .._typing import SCALAR_TYPES, Array, DType
from ..backends import Device, as_device, backend_of, host, is_array, place_of
from ..backends.base import dtype_name
from ..errors import ArgumentError, ArgumentTypeError, DTypeError
from .defaults import chosen_dtype
from .handle import Handle, Sparse
from .protocols import protocols
from .spec import describe

__all__ = [
    "arrays_inside",
    "cast_within_kind",
    "copy_needed",
    "dtype_kind",
    "from_python",
    "inferred_dtype",
    "is_inexact",
    "kind_fits",
    "move",
    "refuse_worse_kind",
    "to_array",
]

_KINDS = ("bool", "integer", "floating", "complex")
_STEMS = {
    "bool": "bool",
    "int": "integer",
    "uint": "integer",
    "float": "floating",
    "bfloat": "floating",
    "complex": "complex",
}
_SCALAR_KINDS = {bool: "bool", int: "integer", float: "floating", complex: "complex"}


def dtype_kind(dtype: DType) -> str:
    """``bool``, ``integer``, ``floating`` or ``complex``.

    Raises
    ------
    DTypeError
        For dtypes that hold something else than numbers: objects, strings, dates.
    """
    return _kind_of(type(dtype), dtype)  # type: ignore[arg-type]


@functools.cache
def _kind_of(_library: Hashable, dtype: Hashable) -> str:
    """The library's type keeps dtypes apart that hash alike but do not like to be compared."""
    name = dtype_name(dtype)
    for stem, kind in _STEMS.items():
        if name.startswith(stem):
            return kind
    raise DTypeError(f"the dtype {name} holds no numbers. Use a boolean or numeric dtype.")


def is_inexact(dtype: DType) -> bool:
    """Whether values of the dtype can have gradients: real or complex floating."""
    return _kind_of(type(dtype), dtype) in ("floating", "complex")  # type: ignore[arg-type]


def cast_within_kind(array: Array, dtype: DType, what: str, whose: str) -> Array:
    """The array in another dtype of its kind or a higher one.

    Raises
    ------
    DTypeError
        If the conversion would leave the kind (complex to real, float to integer).
    """
    if array.dtype == dtype:
        return array
    refuse_worse_kind(array, dtype, what, whose)
    return backend_of(array).xp.astype(array, dtype=dtype)


def kind_fits(value: Any, dtype: DType) -> bool:
    """Whether an array or Python scalar is of the kind of a dtype or a lower one."""
    kind = _SCALAR_KINDS.get(type(value)) or dtype_kind(value.dtype)
    return _KINDS.index(kind) <= _KINDS.index(dtype_kind(dtype))


def refuse_worse_kind(value: Any, dtype: DType, what: str, whose: str) -> None:
    """Raise DTypeError where an array or Python scalar is of a higher kind than a dtype."""
    if not kind_fits(value, dtype):
        raise DTypeError(
            f"{what} {describe(value)} cannot become {dtype_name(dtype)}, the dtype of {whose}: "
            f"that would lose more than precision. Use astype to convert on purpose."
        )


def to_array(
    value: Any,
    *,
    dtype: DType = None,
    device: Device | str | None = None,
    copy: bool | None = None,
) -> Array:
    """A raw array from anything that `xg.asarray` takes.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If no array of numbers, or none of that dtype, can be made of it.
    ArgumentError
        If it cannot be done without a copy where `copy` is False.
    """
    if copy is not None:
        copy = as_flag(copy, "asarray", "copy")
    if isinstance(value, Sparse):
        value = value.to_dense()
    if isinstance(value, Handle):
        value = value.raw
    if is_array(value):
        home = place_of(value)
        target = home if device is None else as_device(device, home.backend)
        dtype_kind(value.dtype)
        if target != home:
            if copy is False:
                raise copy_needed(describe(value), f"another device, {target}")
            value, copy = move(value, home, target), None
        return _convert(value, target, dtype, copy)
    if isinstance(value, (list, tuple)) and arrays_inside(value):
        return protocols.asarray(value, dtype=dtype, device=device, copy=copy).raw
    return from_python(value, dtype=dtype, device=device, copy=copy)


def from_python(
    value: Any, *, dtype: DType, device: Device | str | None, copy: bool | None
) -> Array:
    """A raw array from scalars, nested lists of numbers and what only the library understands."""
    if copy is False and isinstance(value, (list, tuple, *SCALAR_TYPES)):
        raise copy_needed(f"a {type(value).__name__}", "an array")
    target = as_device(device)
    wanted = target.backend.dtype(dtype) if dtype is not None else inferred_dtype(value, target)
    try:
        array = target.backend.asarray(value, wanted, target.native, copy)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ArgumentTypeError(
            f"asarray: cannot make an array on {target} of a {type(value).__name__}: "
            f"{str(error).rstrip('.')}. Use "
            "nested lists of numbers of equal lengths, an array or a Tensor."
        ) from error
    return target.backend.finish(array)


def move(array: Array, source: Device, target: Device) -> Array:
    """The same values on another device, of the same library or another."""
    if source.backend is target.backend:
        return target.backend.transfer(array, target.native)
    host = source.backend.to_numpy(array)
    return target.backend.asarray(host, target.backend.dtype(array.dtype), target.native)


def arrays_inside(value: Any) -> list[Any]:
    """The Tensors, Variables and arrays in nested lists, if not all are numpy's own."""
    found = []
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, (list, tuple)):
            parts.extend(reversed(part))
        elif type(part) not in SCALAR_TYPES and (isinstance(part, Handle) or is_array(part)):
            found.append(part if isinstance(part, Handle) else backend_of(part).plain(part))
    foreign = any(isinstance(x, Handle) or backend_of(x) is not host() for x in found)
    return found if foreign else []


def copy_needed(what: str, result: str) -> ArgumentError:
    """What to raise where ``copy=False`` cannot be had."""
    return ArgumentError(
        f"asarray: {what} cannot become {result} with copy=False. Use copy=None, which copies "
        "where it must."
    )


def _convert(array: Array, target: Device, dtype: DType, copy: bool | None) -> Array:
    backend = backend_of(array)
    array = backend.finish(array)
    if dtype is not None and array.dtype != (wanted := target.backend.dtype(dtype)):
        if copy is False:
            raise copy_needed(describe(array), dtype_name(wanted))
        if dtype_kind(array.dtype) == "complex" != dtype_kind(wanted):
            raise DTypeError(
                f"{describe(array)} is complex and {dtype_name(wanted)} is not. Use xg.real, "
                "xg.imag or xg.abs."
            )
        return backend.xp.astype(array, dtype=wanted)
    return backend.xp.copy(array) if copy else array


def inferred_dtype(value: Any, target: Device) -> DType:
    """The default dtype for Python floats and complex numbers in lists, where one was set."""
    wanted = chosen_dtype()
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
