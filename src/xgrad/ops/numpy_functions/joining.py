"""Joining and splitting: concatenate, stack and their relatives, split and its own, blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from ..._arguments import as_int
from ..._typing import DType
from ...backends import host
from ...core.handle import Handle
from ...core.operators import scalar_like
from ...core.spec import describe
from ...errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from .operands import as_tensors, operands, refuse_cast, tensor
from .shapes import ndim, ravel, with_axes

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "concatenate",
    "delete",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "insert",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]

_HOST = host().namespace  # for places, which are read


def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: DType = None,
    casting: Any = "same_kind",
) -> Any:
    """Joined along an axis, or flattened where it is None."""
    return _joined(_parts(arrays), axis, dtype, casting)


def stack(
    arrays: Any,
    axis: int = 0,
    out: Any = None,
    *,
    dtype: DType = None,
    casting: Any = "same_kind",
) -> Any:
    """Joined along a new axis."""
    return xp.stack(_cast(_parts(arrays), dtype, casting), axis=axis)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values at the end."""
    return _joined(_parts((arr, values)), axis)


def hstack(tup: Sequence[Any], *, dtype: DType = None, casting: Any = "same_kind") -> Any:
    """Joined along the second axis, or along the only one."""
    parts = [with_axes(x, 1) for x in _parts(tup)]
    return _joined(parts, 0 if parts[0].ndim == 1 else 1, dtype, casting)


def vstack(tup: Sequence[Any], *, dtype: DType = None, casting: Any = "same_kind") -> Any:
    """Joined as rows."""
    return _joined([with_axes(x, 2) for x in _parts(tup)], 0, dtype, casting)


def dstack(tup: Sequence[Any]) -> Any:
    """Joined along the third axis."""
    return _joined([with_axes(x, 3) for x in _parts(tup)], 2)


def column_stack(tup: Sequence[Any]) -> Any:
    """Joined as columns."""
    parts = _parts(tup)
    return _joined([x if x.ndim > 1 else xp.reshape(x, (-1, 1)) for x in parts], 1)


def block(arrays: Any) -> Any:
    """Nested lists of blocks: the innermost are joined along the last axis, and so on outwards."""
    depth = _depth(arrays)
    dims = max(depth, *(ndim(x) for x in _leaves(arrays)))
    return _block(arrays, depth, iter(as_tensors(*_leaves(arrays))), dims)


def _block(arrays: Any, depth: int, leaves: Iterator[Any], dims: int) -> Any:
    if depth == 0:
        x = next(leaves)
        return xp.reshape(x, (1,) * (dims - x.ndim) + x.shape)
    return _joined([_block(part, depth - 1, leaves, dims) for part in arrays], -depth)


def _depth(arrays: Any) -> int:
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _leaves(arrays: Any) -> list[Any]:
    if not isinstance(arrays, list):
        return [arrays]
    return [leaf for part in arrays for leaf in _leaves(part)]


def _parts(arrays: Any) -> list[Any]:
    """What is to be joined, as Tensors; the rows of an array where it is one."""
    if isinstance(arrays, Handle):
        return list(xp.unstack(arrays))
    return list(as_tensors(*arrays))


def _joined(
    parts: list[Any], axis: int | None, dtype: DType = None, casting: Any = "same_kind"
) -> Any:
    return xp.concat(_cast(parts, dtype, casting), axis=axis)


def _cast(parts: list[Any], dtype: DType, casting: Any) -> list[Any]:
    if dtype is None:
        return parts
    dtype = host().dtype(dtype)
    for x in parts:
        refuse_cast(x, dtype, casting, "numpy.concatenate: an array", "the result")
    return [xp.astype(x, dtype, copy=False) for x in parts]


# -- splitting -------------------------------------------------------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis, at indices or in so many pieces of about the same size."""
    ary = tensor(ary)
    axis = as_axis(axis, ary.ndim, "array_split")
    total = ary.shape[axis]
    sections = _number(indices_or_sections, "array_split")
    if sections is not None:
        each, more = divmod(total, sections)
        sizes = [each + 1] * more + [each] * (sections - more)
        bounds = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    else:
        bounds = [0, *(int(i) for i in indices_or_sections), total]
    before = (slice(None),) * axis
    return [ary[(*before, slice(start, stop), ...)] for start, stop in pairwise(bounds)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The same, in pieces of exactly the same size."""
    ary = tensor(ary)
    axis = as_axis(axis, ary.ndim, "split")
    sections = _number(indices_or_sections, "split")
    if sections is not None and ary.shape[axis] % sections:
        raise ShapeError(
            f"split: axis {axis} of size {ary.shape[axis]} does not divide into {sections} parts. "
            "Use array_split."
        )
    return array_split(ary, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the second axis, or along the only one."""
    return split(ary, indices_or_sections, 1 if ndim(ary) > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the first axis."""
    return split(_with_axes(ary, 2, "vsplit"), indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the third axis."""
    return split(_with_axes(ary, 3, "dsplit"), indices_or_sections, 2)


def _with_axes(ary: Any, count: int, function: str) -> Any:
    if ndim(ary) < count:
        raise ShapeError(f"{function}: ary must have {count} axes or more, but has {ndim(ary)}.")
    return ary


def unstack(x: Any, /, *, axis: int = 0) -> Any:
    """The slices along an axis."""
    return xp.unstack(tensor(x), axis=axis)


def _number(value: Any, function: str) -> int | None:
    """How many pieces are wanted; None for a sequence, which is of indices."""
    if getattr(value, "ndim", 0) or (hasattr(value, "__len__") and not hasattr(value, "ndim")):
        return None
    number = as_int(value, function, "indices_or_sections")
    if number < 1:
        raise ArgumentError(f"{function}: indices_or_sections must be positive, but is {number}.")
    return number


# -- in between ------------------------------------------------------------------------------------


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Without the slices at some places, which are read."""
    arr, axis = _row(arr, axis, "numpy.delete")
    gone = _places(obj, arr.shape[axis], "numpy.delete")
    left = _HOST.delete(_HOST.arange(arr.shape[axis]), _HOST.asarray(gone, dtype="int64"))
    return xp.take(arr, xp.asarray(left, dtype="int64", device=arr.device), axis=axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """With values before some places, which are read."""
    arr, axis = _row(arr, axis, "numpy.insert")
    size = arr.shape[axis]
    places = _places(obj, size, "numpy.insert", 1)
    values, _ = operands(values, arr)
    values = xp.astype(tensor(scalar_like(values, arr)), arr.dtype, copy=False)
    values = xp.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
    if not isinstance(obj, slice) and not ndim(obj):
        values = xp.moveaxis(values, 0, axis)
    if len(places) == 1:
        places = places * values.shape[axis]
    rows = xp.broadcast_to(values, (*arr.shape[:axis], len(places), *arr.shape[axis + 1 :]))
    numbers = _HOST.arange(size + len(places))
    before = _HOST.asarray(places, dtype="int64")
    order = _HOST.insert(numbers[:size], before, numbers[size:])
    order = xp.asarray(order, dtype="int64", device=arr.device)
    return xp.take(xp.concat([arr, rows], axis=axis), order, axis=axis)


def _row(arr: Any, axis: int | None, function: str) -> tuple[Any, int]:
    """The array and the axis along which it is changed; flattened where none is named."""
    if axis is None:
        return ravel(arr), 0
    return tensor(arr), as_axis(axis, ndim(arr), function)


def _places(obj: Any, size: int, function: str, room: int = 0) -> list[int]:
    """The places along an axis that an int, a slice, integers or a mask mean, in that order.

    `room` is how many there are behind the last element."""
    if isinstance(obj, slice):
        return list(range(size))[obj]
    nothing = isinstance(obj, (list, tuple)) and not obj
    index = xp.asarray(obj, dtype="int64") if nothing else tensor(obj)
    if xp.isdtype(index.dtype, "bool"):
        if index.shape != (size,):
            raise ShapeError(f"{function}: obj has {index.shape} truth values for {size} places.")
        return [i for i, chosen in enumerate(index.tolist()) if chosen]
    if not xp.isdtype(index.dtype, "integral"):
        raise DTypeError(f"{function}: obj must be integers, but is {describe(index)}.")
    places = ravel(index).tolist()
    for i in places:
        if not -size <= i < size + room:
            raise OutOfRangeError(
                f"{function}: obj {i} is out of range for {size} places. Use a number from {-size} "
                f"to {size + room - 1}."
            )
    return [i + size if i < 0 else i for i in places]
