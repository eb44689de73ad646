"""Choosing elements: by conditions, by indices, by functions of pieces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._arguments import as_choice, as_int
from ...core.casting import dtype_kind
from ...core.spec import describe
from ...errors import ArgumentError, DTypeError, ShapeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from .operands import operands, seen, tensor, tensors
from .shapes import ravel

__all__ = [
    "apply_along_axis",
    "apply_over_axes",
    "argwhere",
    "choose",
    "clip",
    "compress",
    "extract",
    "flatnonzero",
    "ix_",
    "nonzero",
    "piecewise",
    "ravel_multi_index",
    "select",
    "take",
    "take_along_axis",
    "unravel_index",
    "where",
]


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """A choice between x and y, or without them the places where the condition holds."""
    if x is None and y is None:
        return xp.nonzero(tensor(condition))
    condition, x, y = operands(condition, x, y)
    return xp.where(condition, x, y)


def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **kwargs: Any,
) -> Any:
    """Between two bounds, under either of NumPy's pairs of names."""
    if kwargs.pop("where", True) is not True or kwargs.pop("dtype", None) is not None:
        raise ArgumentError("numpy.clip with where= or dtype= is not there. Use np.where, astype.")
    if not ((min is None and max is None) or (a_min is None and a_max is None)):
        raise ArgumentError("numpy.clip: a_min and a_max cannot be used with min and max.")
    a, low, high = operands(a, a_min if min is None else min, a_max if max is None else max)
    return xp.clip(tensor(a), low, high)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The first choice whose condition holds."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ArgumentError(
            f"numpy.select: {len(condlist)} conditions and {len(choicelist)} choices. Use as many "
            "of each, and at least one."
        )
    *choices, found = tensors(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = xp.where(tensor(condition), choice, found)
    return found


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """Element by element, the choice of that number."""
    a = tensor(a)
    parts = xp.broadcast_arrays(*tensors(*choices))
    n = len(parts)
    a = _within(a, n, mode, "numpy.choose")
    a, *parts = xp.broadcast_arrays(a, *parts)
    return xp.take_along_axis(xp.stack(parts), xp.expand_dims(a, axis=0), axis=0)[0]


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """A function of each piece, which gets those elements only; zero where there is none."""
    x = tensor(x)
    conditions = [xp.astype(tensor(c), "bool") for c in _conditions(condlist, x)]
    n = len(conditions)
    if len(funclist) == n + 1:
        rest = conditions[0]
        for condition in conditions[1:]:
            rest = rest | condition
        conditions.append(~rest)
    elif len(funclist) != n:
        raise ArgumentError(
            f"numpy.piecewise: {len(funclist)} functions for {n} conditions. Use as many, or one "
            "more for the rest."
        )
    y = xp.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        here = xp.broadcast_to(condition, x.shape)
        if not callable(function):
            value = xp.astype(tensors(function, x)[0], x.dtype, copy=False)
            y = xp.where(here, value, y)
        elif bool(xp.any(here)):
            y[here] = xp.astype(tensor(function(x[here], *args, **kw)), x.dtype, copy=False)
    return y


def _conditions(condlist: Any, x: Any) -> Any:
    """One condition per piece; a single one need not be in a list."""
    if not hasattr(condlist, "__len__"):
        return [condlist]
    first = condlist[0]
    several = isinstance(first, list) or bool(getattr(first, "ndim", 0)) or x.ndim == 0
    return condlist if several else [condlist]


def extract(condition: Any, arr: Any) -> Any:
    """The elements where a condition holds."""
    return ravel(arr)[xp.astype(ravel(condition), "bool")]


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The slices along an axis where a condition holds."""
    condition, a = operands(condition, a)
    condition = tensor(condition)
    if condition.ndim != 1:
        raise ShapeError(
            f"numpy.compress: condition {describe(condition)} must have one axis. Use numpy.extract "
            "for conditions of elements."
        )
    a, axis = (ravel(a), 0) if axis is None else (tensor(a), axis)
    return xp.take(a, xp.nonzero(condition)[0], axis=axis)


def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    """Slices along an axis, for an array of indices of any shape; flattened without an axis."""
    a, axis = (ravel(a), 0) if axis is None else (tensor(a), axis)
    axis = as_axis(axis, a.ndim, "numpy.take")
    n = a.shape[axis]
    nothing = isinstance(indices, (list, tuple)) and not indices  # no floats, as they are elsewhere
    indices = xp.asarray(indices, dtype="int64" if nothing else None, device=a.device)
    indices = indices if mode == "raise" else _within(indices, n, mode, "numpy.take")
    found = xp.take(a, xp.reshape(indices, (-1,)), axis=axis)
    return xp.reshape(found, a.shape[:axis] + indices.shape + a.shape[axis + 1 :])


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """One element per index, along an axis; flattened where it is None."""
    indices, arr = operands(indices, arr)
    arr, axis = (ravel(arr), 0) if axis is None else (tensor(arr), axis)
    return xp.take_along_axis(arr, indices, axis=axis)


def nonzero(a: Any) -> Any:
    """The indices of the elements that are not zero, one array per axis."""
    return xp.nonzero(tensor(a))


def argwhere(a: Any) -> Any:
    """The same, one row each."""
    return xp.stack(xp.nonzero(tensor(a)), axis=-1)


def flatnonzero(a: Any) -> Any:
    """The same in the flattened array."""
    return xp.nonzero(ravel(a))[0]


def ix_(*args: Any) -> tuple[Any, ...]:
    """Index vectors, each along an axis of its own."""
    vectors = [_positions(tensor(x)) for x in args]
    return tuple(
        xp.reshape(x, tuple(-1 if i == place else 1 for i in range(len(args))))
        for place, x in enumerate(vectors)
    )


def _positions(index: Any) -> Any:
    """Where a mask is true; integers as they are."""
    return xp.nonzero(index)[0] if xp.isdtype(index.dtype, "bool") else index


def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """The indices per axis of places in the flattened array."""
    name = "numpy.unravel_index"
    as_choice(order, ("C", "F"), name, "order")
    sizes = [as_int(n, name, "shape") for n in (shape if hasattr(shape, "__len__") else (shape,))]
    index = xp.astype(_whole(indices, name), "int64")
    if seen(xp.any((index < 0) | (index >= math.prod(sizes)))):
        raise ArgumentError(f"{name}: an index is not in 0 to {math.prod(sizes) - 1}.")
    found = []
    for n in reversed(sizes) if order == "C" else sizes:
        found.append(xp.remainder(index, n))
        index = xp.floor_divide(index, n)
    return tuple(reversed(found)) if order == "C" else tuple(found)


def _whole(indices: Any, name: str) -> Any:
    index = tensor(indices)
    if dtype_kind(index.dtype) != "integer":
        raise DTypeError(f"{name}: indices must be integers, but are {describe(index)}.")
    return index


def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """The places in the flattened array of indices per axis."""
    name = "numpy.ravel_multi_index"
    as_choice(order, ("C", "F"), name, "order")
    sizes = [as_int(n, name, "dims") for n in dims]
    modes = (mode,) * len(sizes) if isinstance(mode, str) else mode
    parts = list(zip(multi_index, sizes, modes, strict=True))
    index: Any = 0
    for part, n, how in parts if order == "C" else reversed(parts):
        index = index * n + _within(_whole(part, name), n, how, name)
    return index


def _within(index: Any, n: int, mode: str, name: str) -> Any:
    """Indices made non-negative and smaller than n, in NumPy's three ways."""
    mode = as_choice(mode, ("raise", "wrap", "clip"), name, "mode")
    if mode == "wrap":
        return xp.remainder(index, n)
    if mode == "clip":
        return xp.clip(index, 0, n - 1)
    if not bool(xp.all((index >= 0) & (index < n))):
        raise ArgumentError(
            f"{name}: an index is not in 0 to {n - 1}. Use mode='wrap' or 'clip' to allow it."
        )
    return index


# -- functions of slices ---------------------------------------------------------------------------


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of each vector along an axis, in a Python loop."""
    arr = tensor(arr)
    axis = as_axis(axis, arr.ndim, "numpy.apply_along_axis")
    rows = xp.moveaxis(arr, axis, -1)
    sizes = rows.shape[:-1]
    rows = xp.reshape(rows, (-1, rows.shape[-1]))
    found = [tensor(func1d(rows[i], *args, **kwargs)) for i in range(rows.shape[0])]
    y = xp.reshape(xp.stack(found), sizes + found[0].shape)
    count = found[0].ndim
    return xp.moveaxis(
        y, tuple(range(len(sizes), len(sizes) + count)), tuple(range(axis, axis + count))
    )


def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """A reduction over several axes, one after the other, which stay with size 1."""
    y = tensor(a)
    for axis in axes if isinstance(axes, (tuple, list)) else (axes,):
        found = tensor(func(y, axis))
        y = xp.expand_dims(found, axis=axis) if found.ndim < y.ndim else found
    return y
