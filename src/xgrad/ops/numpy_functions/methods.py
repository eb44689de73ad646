"""What NumPy's methods do for Tensors: the functions of those names, or a few lines here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ...core.casting import dtype_kind
from ...errors import ArgumentError
from ..rule_namespace import rule_namespace as xp
from . import ordering, shapes, writing
from .dispatch import function_named
from .operands import tensor

__all__ = ["METHODS"]

# Functions that take the array first, and then the method's arguments.
_FUNCTIONS = """all any argmax argmin argpartition argsort choose clip conj conjugate copy cumprod
    cumsum diagonal dot imag max mean min nonzero prod ravel real repeat round searchsorted squeeze
    std sum swapaxes take trace var"""
_ELSEWHERE = {"conj": "conjugate"}


def compress(a: Any, condition: Any, axis: int | None = None, out: Any = None) -> Any:
    """The slices along an axis where a condition holds."""
    return function_named("compress")(condition, a, axis, out)


def flatten(a: Any, order: Any = "C") -> Any:
    """One axis, and a fresh value."""
    return xp.asarray(shapes.ravel(a, order), copy=True)


def reshape(a: Any, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
    """The same elements with other axes, whose sizes may be apart."""
    sizes = shape[0] if len(shape) == 1 else shape
    return shapes.reshape(a, sizes, order, copy=copy)


def transpose(a: Any, *axes: Any) -> Any:
    """The axes in another order, which may be apart."""
    if len(axes) == 1 and (axes[0] is None or hasattr(axes[0], "__iter__")):
        return shapes.transpose(a, axes[0])
    return shapes.transpose(a, axes or None)


def view(a: Any, dtype: Any = None) -> Any:
    """The same numbers as another dtype: pairs of real ones for complex, and back."""
    a = tensor(a)
    if dtype is None:
        return a
    wanted = xp.zeros((0,), dtype=dtype, device=a.device).dtype
    kinds = (dtype_kind(a.dtype), dtype_kind(wanted))
    parts = xp.real(a).dtype if kinds[0] == "complex" else a.dtype
    if wanted == a.dtype:
        return a
    if kinds == ("complex", "floating") and wanted == parts and a.ndim:
        pairs = xp.stack([xp.real(a), xp.imag(a)], axis=-1)
        return xp.reshape(pairs, (*a.shape[:-1], 2 * a.shape[-1]))
    if kinds == ("floating", "complex") and a.ndim and a.shape[-1] % 2 == 0:
        z = xp.astype(a[..., ::2], wanted) + 1j * xp.astype(a[..., 1::2], wanted)
        if xp.real(z[..., :0]).dtype == a.dtype:
            return z
    raise ArgumentError(
        f"view: {a.dtype} cannot be seen as {wanted}, because that would look at the bits. Use astype."
    )


# -- attributes ------------------------------------------------------------------------------------


class Flat:
    """The elements of an array one after the other: ``x.flat[3]``, ``x.flat[::2] = 0``."""

    __slots__ = ("_x",)

    def __init__(self, x: Any) -> None:
        self._x = x

    def __len__(self) -> int:
        return int(self._x.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(xp.reshape(self._x, (-1,)))

    def __getitem__(self, key: Any) -> Any:
        return xp.reshape(self._x, (-1,))[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        flat = xp.reshape(self._x, (-1,))
        flat[key] = value
        self._x[...] = xp.reshape(flat, self._x.shape)


def itemsize(a: Any) -> int:
    """The bytes of one element."""
    kind = dtype_kind(a.dtype)
    if kind in ("floating", "complex"):
        parts = 2 if kind == "complex" else 1
        return parts * int(xp.finfo(a.dtype).bits) // 8
    return 1 if kind == "bool" else int(xp.iinfo(a.dtype).bits) // 8


def nbytes(a: Any) -> int:
    """The bytes of all elements."""
    return int(itemsize(a) * math.prod(a.shape))


# -- in place --------------------------------------------------------------------------------------


def fill(a: Any, value: Any) -> None:
    """Give every element one value."""
    a[...] = value


def put(a: Any, indices: Any, values: Any, mode: str = "raise") -> None:
    """Write values at places of the flattened array."""
    writing.put(a, indices, values, mode)


def sort(
    a: Any,
    axis: int = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
) -> None:
    """Sort along an axis."""
    a[...] = ordering.sort(a, axis, descending=descending)


def partition(
    a: Any, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None
) -> None:
    """Sort along an axis, so that the k-th is in its place."""
    a[...] = ordering.partition(a, kth, axis)


METHODS: dict[str, Callable[..., Any]] = {
    **{name: function_named(_ELSEWHERE.get(name, name)) for name in _FUNCTIONS.split()},
    **{f.__name__: f for f in (compress, flatten, reshape, transpose, view, itemsize, nbytes)},
    **{f.__name__: f for f in (fill, put, sort, partition)},
    "flat": Flat,
}
