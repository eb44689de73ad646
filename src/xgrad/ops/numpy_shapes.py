"""NumPy's functions that move, join and split, where the standard lacks them.

Under NumPy's names, as those of numpy_elementwise.py and numpy_reductions.py."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from .._typing import SCALAR_TYPES, DType
from ..core.handle import Handle
from ..core.operators import scalar_like
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError, ShapeError
from .rule_namespace import rule_namespace as xp

# fmt: off
__all__ = [
    "append",
    "argwhere",
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "column_stack",
    "concatenate",
    "copy",
    "copyto",
    "diag",
    "diagonal",
    "dsplit",
    "dstack",
    "flatnonzero",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "ndim",
    "ravel",
    "repeat",
    "rot90",
    "shape",
    "size",
    "split",
    "swapaxes",
    "take",
    "transpose",
    "vsplit",
    "vstack",
]
# fmt: on


def as_operand(x: Any) -> Any:
    """A list as a Tensor, anything else as it is."""
    return xp.asarray(x) if isinstance(x, (list, tuple)) else x


def as_pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands as Tensors; a Python scalar takes the dtype of the other."""
    a, b = (x if type(x) in SCALAR_TYPES else xp.asarray(x) for x in (a, b))
    return scalar_like(a, b), scalar_like(b, a)


# -- what is there ---------------------------------------------------------------------------------


def ndim(a: Any) -> int:
    """The number of axes."""
    return len(a.shape)


def shape(a: Any) -> tuple[int, ...]:
    """The size of each axis."""
    return tuple(a.shape)


def size(a: Any, axis: int | None = None) -> int:
    """The number of elements, or the size of an axis."""
    return int(a.size if axis is None else a.shape[axis])


def copy(a: Any) -> Any:
    """A fresh value."""
    return xp.asarray(a, copy=True)


def copyto(dst: Any, src: Any, where: Any = True) -> None:
    """Give a Tensor the values of another; an array only takes what no tape follows."""
    if isinstance(dst, Tensor):
        dst[...] = src if where is True else xp.where(where, src, dst)
    elif isinstance(src, Handle) and not protocols.is_followed(src) and where is True:
        dst[...] = src.array
    else:
        raise ArgumentTypeError(
            f"numpy.copyto into a {type(dst).__name__}: the gradient would be lost. Use a Tensor as "
            "dst."
        )


# -- places ----------------------------------------------------------------------------------------


def ravel(a: Any) -> Any:
    """One axis."""
    return xp.reshape(a, (-1,))


def transpose(a: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed where none is given."""
    order = tuple(reversed(range(ndim(a)))) if axes is None else tuple(axes)
    return xp.permute_dims(a, order)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(ndim(a)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return xp.permute_dims(a, tuple(order))


def fliplr(m: Any) -> Any:
    """The second axis reversed."""
    return xp.flip(m, axis=1)


def flipud(m: Any) -> Any:
    """The first axis reversed."""
    return xp.flip(m, axis=0)


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Quarter turns from the first of two axes towards the second."""
    first, second = axes
    for _ in range(k % 4):
        m = xp.flip(swapaxes(m, first, second), axis=first)
    return m


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times."""
    return xp.repeat(a, as_operand(repeats), axis=axis)


def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices along an axis; of the flattened array without one."""
    a, axis = (ravel(a), 0) if axis is None else (xp.asarray(a), axis)
    return xp.take(a, xp.asarray(indices, device=a.device), axis=axis)


def argwhere(a: Any) -> Any:
    """The indices of the elements that are not zero, one row each."""
    return xp.stack(xp.nonzero(a), axis=-1)


def flatnonzero(a: Any) -> Any:
    """The indices of the elements that are not zero, in the flattened array."""
    return xp.nonzero(ravel(a))[0]


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    a = xp.moveaxis(xp.asarray(a), (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    first = offset if offset >= 0 else -offset * columns
    places = first + (columns + 1) * xp.arange(count, device=a.device)
    return xp.take(xp.reshape(a, (*a.shape[:-2], rows * columns)), places, axis=-1)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    v = xp.asarray(v)
    if v.ndim != 1:
        return diagonal(v, k)
    n = v.shape[0] + abs(k)
    out = xp.zeros((n, n), dtype=v.dtype, device=v.device)
    places = xp.arange(v.shape[0], device=v.device)
    return out.at[places + max(-k, 0), places + max(k, 0)].set(v)


# -- joining ---------------------------------------------------------------------------------------


def concatenate(arrays: Any, /, axis: int | None = 0, *, dtype: DType = None) -> Any:
    """Joined along an axis, or flattened where it is None."""
    parts = [as_operand(x) for x in arrays] if isinstance(arrays, (list, tuple)) else arrays
    joined = xp.concat(parts, axis=axis)
    return joined if dtype is None else joined.astype(dtype)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values at the end."""
    return xp.concat([xp.asarray(arr), xp.asarray(values)], axis=axis)


def hstack(tup: Sequence[Any]) -> Any:
    """Joined along the second axis, or along the only one."""
    parts = [_with_axes(x, 1) for x in tup]
    return xp.concat(parts, axis=0 if parts[0].ndim == 1 else 1)


def vstack(tup: Sequence[Any]) -> Any:
    """Joined as rows."""
    return xp.concat([_with_axes(x, 2) for x in tup], axis=0)


def dstack(tup: Sequence[Any]) -> Any:
    """Joined along the third axis."""
    return xp.concat([_with_axes(x, 3) for x in tup], axis=2)


def column_stack(tup: Sequence[Any]) -> Any:
    """Joined as columns."""
    parts = [xp.asarray(x) for x in tup]
    return xp.concat([x if x.ndim > 1 else xp.reshape(x, (-1, 1)) for x in parts], axis=1)


def atleast_1d(*arys: Any) -> Any:
    """With one axis, if there is none."""
    return _each(arys, 1)


def atleast_2d(*arys: Any) -> Any:
    """With axes in front, up to two."""
    return _each(arys, 2)


def atleast_3d(*arys: Any) -> Any:
    """With axes on both sides, up to three."""
    return _each(arys, 3)


def _each(arrays: tuple[Any, ...], count: int) -> Any:
    found = tuple(_with_axes(x, count) for x in arrays)
    return found if len(found) > 1 else found[0]


def _with_axes(x: Any, count: int) -> Any:
    """At least so many axes: in front, but a matrix gets its third one behind."""
    x = xp.asarray(x)
    sizes = x.shape
    while len(sizes) < count:
        sizes = (*sizes, 1) if len(sizes) == 2 else (1, *sizes)
    return xp.reshape(x, sizes)


# -- splitting -------------------------------------------------------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis, at indices or in so many pieces of about the same size."""
    axis %= ndim(ary)
    total = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        each, more = divmod(total, indices_or_sections)
        sizes = [each + 1] * more + [each] * (indices_or_sections - more)
        bounds = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    else:
        bounds = [0, *indices_or_sections, total]
    before = (slice(None),) * axis
    ary = xp.asarray(ary)
    return [ary[(*before, slice(start, stop), ...)] for start, stop in pairwise(bounds)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The same, in pieces of exactly the same size."""
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ShapeError(
            f"split: axis {axis} of size {ary.shape[axis]} does not divide into "
            f"{indices_or_sections} parts. Use array_split."
        )
    return array_split(ary, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the second axis, or along the only one."""
    return split(ary, indices_or_sections, 1 if ndim(ary) > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the first axis."""
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the third axis."""
    return split(ary, indices_or_sections, 2)
