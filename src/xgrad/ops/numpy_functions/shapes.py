"""Axes and sizes: asked for, rearranged, added, flipped, repeated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._arguments import as_choice, as_int, as_sequence
from ...backends import host
from ...errors import ArgumentError, ShapeError
from .._arguments import as_axis, sizes_in
from ..rule_namespace import rule_namespace as xp
from .operands import as_axes, operands, tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "matrix_transpose",
    "moveaxis",
    "ndim",
    "ravel",
    "repeat",
    "reshape",
    "resize",
    "roll",
    "rollaxis",
    "rot90",
    "shape",
    "size",
    "squeeze",
    "swapaxes",
    "tile",
    "transpose",
    "trim_zeros",
]


def ndim(a: Any) -> int:
    """The number of axes."""
    return len(shape(a))


def shape(a: Any) -> tuple[int, ...]:
    """The size of each axis."""
    return tuple(tensor(a).shape)


def size(a: Any, axis: Any = None) -> int:
    """The number of elements, or the size of an axis or several."""
    sizes = shape(a)
    if axis is None:
        return math.prod(sizes)
    return math.prod(sizes[i] for i in as_axes(axis, len(sizes), "numpy.size"))


def reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: bool | None = None) -> Any:
    """The same elements with other axes; in Fortran's order if asked for."""
    a = tensor(a)
    sizes = sizes_in(shape)
    if not _is_fortrans(order, "CFA", "numpy.reshape"):
        return xp.reshape(a, sizes)
    return transpose(xp.reshape(transpose(a), tuple(reversed(sizes))))


def ravel(a: Any, order: Any = "C") -> Any:
    """One axis; in Fortran's order if asked for."""
    fortrans = _is_fortrans(order, "CFAK", "numpy.ravel")
    return xp.reshape(transpose(a) if fortrans else tensor(a), (-1,))


def _is_fortrans(order: Any, choices: str, function: str) -> bool:
    """Whether the first axis is to run fastest; Tensors themselves are in C's order."""
    if order is None:
        return False
    name = order.upper() if isinstance(order, str) else order
    return bool(as_choice(name, tuple(choices), function, "order") == "F")


def resize(a: Any, new_shape: Any) -> Any:
    """The elements again and again, as many as fit."""
    flat = ravel(a)
    sizes = sizes_in(new_shape)
    if any(n < 0 for n in sizes):
        raise ArgumentError(f"numpy.resize: new_shape must not be negative, but is {new_shape!r}.")
    wanted = math.prod(sizes)
    if flat.size == 0:
        return xp.zeros(sizes, dtype=flat.dtype, device=flat.device)
    times = -(-wanted // flat.size)
    return xp.reshape(xp.tile(flat, (times,))[:wanted], sizes)


def transpose(a: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed where none is given."""
    a = tensor(a)
    if axes is None:
        order = tuple(reversed(range(a.ndim)))
    else:
        order = as_sequence(axes, "numpy.transpose", "axes")
    return xp.permute_dims(a, order)


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    return xp.matrix_transpose(tensor(x))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    a = tensor(a)
    axis1, axis2 = (as_axis(axis, a.ndim, "numpy.swapaxes") for axis in (axis1, axis2))
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return xp.permute_dims(a, tuple(order))


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes in other places, the rest in order."""
    source, destination = (tuple(x) if isinstance(x, list) else x for x in (source, destination))
    return xp.moveaxis(tensor(a), source, destination)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved to before another."""
    a = tensor(a)
    axis = as_axis(axis, a.ndim, "numpy.rollaxis")
    start = start if start == a.ndim else as_axis(start, a.ndim, "numpy.rollaxis", "start")
    return xp.moveaxis(a, axis, start - 1 if axis < start else start)


def expand_dims(a: Any, axis: Any) -> Any:
    """With axes of size 1."""
    return xp.expand_dims(tensor(a), axis=tuple(axis) if isinstance(axis, list) else axis)


def squeeze(a: Any, axis: Any = None) -> Any:
    """Without axes of size 1: all of them, or those that are named."""
    a = tensor(a)
    if axis is None:
        axis = tuple(i for i, n in enumerate(a.shape) if n == 1)
    return xp.squeeze(a, axis=axis)


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """Repeated along new axes and those of size 1."""
    return xp.broadcast_to(tensor(array), sizes_in(shape))


def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    """All of the same shape; what holds no numbers, such as None and words, stays NumPy's."""
    others = {i: host().namespace.asarray(x) for i, x in enumerate(args) if _holds_no_numbers(x)}
    if not others:
        return xp.broadcast_arrays(*(tensor(x) for x in operands(*args)))
    numbers = iter(
        [tensor(x) for x in operands(*(x for i, x in enumerate(args) if i not in others))]
    )
    arrays = [others[i] if i in others else next(numbers) for i in range(len(args))]
    shape = xp.broadcast_shapes(*(x.shape for x in arrays))
    return tuple([host().namespace.broadcast_to(x, shape) for x in arrays])


def _holds_no_numbers(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return x is None or isinstance(x, str) or getattr(dtype, "kind", "f") in "OSU"


def flip(m: Any, axis: Any = None) -> Any:
    """Axes reversed; all of them where none is named."""
    return xp.flip(tensor(m), axis=axis)


def fliplr(m: Any) -> Any:
    """The second axis reversed."""
    return xp.flip(tensor(m), axis=1)


def flipud(m: Any) -> Any:
    """The first axis reversed."""
    return xp.flip(tensor(m), axis=0)


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Quarter turns from the first of two axes towards the second."""
    m = tensor(m)
    pair = as_axes(axes, m.ndim, "numpy.rot90")
    if len(pair) != 2:
        raise ArgumentError(f"numpy.rot90: axes must be two axes, but is {axes!r}.")
    first, second = pair
    for _ in range(as_int(k, "numpy.rot90", "k") % 4):
        m = xp.flip(swapaxes(m, first, second), axis=first)
    return m


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along an axis, those at the end to the beginning."""
    a = tensor(a)
    if isinstance(axis, (tuple, list)) and not isinstance(shift, (tuple, list)):
        shift = (shift,) * len(axis)
    elif isinstance(shift, (tuple, list)) and isinstance(axis, int):
        axis = (axis,) * len(shift)
    as_tuple = (tuple(x) if isinstance(x, list) else x for x in (shift, axis))
    shift, axis = as_tuple
    if axis is None and isinstance(shift, tuple):
        shift = sum(shift)
    return xp.roll(a, shift, axis=axis)


def tile(A: Any, reps: Any) -> Any:
    """The whole array several times along each axis."""
    return xp.tile(tensor(A), sizes_in(reps))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times."""
    (repeats, a) = operands(repeats, a)
    return xp.repeat(tensor(a), repeats, axis=axis)


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
    found = tuple(with_axes(x, count) for x in operands(*arrays))
    return found if len(found) != 1 else found[0]


def with_axes(x: Any, count: int) -> Any:
    """At least so many axes: in front, but a matrix gets its third one behind."""
    x = tensor(x)
    sizes = x.shape
    while len(sizes) < count:
        sizes = (*sizes, 1) if len(sizes) == 2 else (1, *sizes)
    return xp.reshape(x, sizes) if sizes != x.shape else x


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Without the zeros at the front and the back, where the values are looked at."""
    if set(trim.lower()) - set("fb"):
        raise ArgumentError(f"numpy.trim_zeros: trim must consist of 'f' and 'b', but is {trim!r}.")
    x = tensor(filt)
    if x.ndim != 1:
        raise ShapeError(
            f"numpy.trim_zeros: filt must have one axis in xgrad, but has shape {x.shape}. Use "
            "slices."
        )
    places = [int(i) for i in xp.nonzero(x)[0].tolist()] or [x.shape[0], x.shape[0] - 1]
    start = places[0] if "f" in trim.lower() else 0
    stop = places[-1] + 1 if "b" in trim.lower() else x.shape[0]
    return x[start : max(start, stop)]
