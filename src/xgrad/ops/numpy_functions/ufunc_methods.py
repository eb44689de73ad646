"""The methods of ufuncs: reduce, accumulate, reduceat, outer and at.

Where the standard has the reduction it is that. Other associative ufuncs combine halves, which takes
few operations however long the axis is. The rest is folded along the axis in Python, which is slow for
long axes and as differentiable as the ufunc."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

from ..._typing import Axis, DType
from ...backends import host
from ...core.casting import is_inexact
from ...core.tensor import Tensor
from ...core.variable import Variable
from ...errors import ArgumentError, ArgumentTypeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from . import reductions
from .operands import as_axes, is_floating, masked, operands, tensor, tensors
from .writing import write_into_array

__all__ = ["METHODS"]

_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": reductions.sum,
    "logical_and": reductions.all,
    "logical_or": reductions.any,
    "maximum": reductions.max,
    "minimum": reductions.min,
    "multiply": reductions.prod,
}
_ACCUMULATIONS: dict[str, Callable[..., Any]] = {
    "add": xp.cumulative_sum,
    "multiply": xp.cumulative_prod,
}
_EXTREMES = {"maximum": xp.cumulative_max, "minimum": xp.cumulative_min}
_ASSOCIATIVE = {
    *("bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "logical_or", "logical_xor"),
    *("fmax", "fmin", "gcd", "hypot", "lcm", "logaddexp", "logaddexp2"),
}
_NEUTRAL = {
    "add": 0,
    "multiply": 1,
    "logical_and": True,
    "logical_or": False,
    "logical_xor": False,
    "logaddexp": -math.inf,
    "logaddexp2": -math.inf,
    "hypot": 0,
}
# Functions that give floating numbers for integers too.
_FLOATING = {"arctan2", "copysign", "divide", "float_power", "heaviside", "hypot", "nextafter"}
_FLOATING |= {"logaddexp", "logaddexp2"}
# What `at` does at repeated indices: the mode of `scatter`, and what it does to the operand first.
_AT: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "add": ("add", lambda v: v),
    "subtract": ("add", lambda v: -v),
    "multiply": ("multiply", lambda v: v),
    "divide": ("multiply", lambda v: 1.0 / v),
    "maximum": ("max", lambda v: v),
    "minimum": ("min", lambda v: v),
}


def reduce(
    name: str,
    function: Callable[..., Any],
    array: Any,
    axis: Axis = 0,
    dtype: DType = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.add.reduce(a, axis=0)`` and the like."""
    x = tensor(array)
    axis = None if axis is None or x.ndim == 0 else axis
    target = _REDUCTIONS.get(name)
    if target is not None:
        options = {"initial": initial, "where": where, "dtype": dtype}
        options = {k: v for k, v in options.items() if v is not None and v is not True}
        return target(x, axis=axis, keepdims=keepdims, **options)
    x = _converted(name, x, dtype)
    x = x if where is True else masked(x, where, _neutral(name))
    axes = as_axes(axis, x.ndim, f"numpy.{name}.reduce")
    rows = xp.moveaxis(x, axes, tuple(range(len(axes))))
    count = math.prod(rows.shape[: len(axes)])
    rows = xp.reshape(rows, (count, *rows.shape[len(axes) :]))
    if initial is None and count < 2:
        initial = _NEUTRAL.get(name)  # which counts there: hypot of one number is not negative
    if initial is not None:
        first = xp.full((1, *rows.shape[1:]), initial, dtype=x.dtype, device=x.device)
        rows = xp.concat([first, rows])
    y = _folded(name, function, rows)
    return (
        xp.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
        if keepdims
        else y
    )


def accumulate_(
    name: str, function: Callable[..., Any], array: Any, axis: int = 0, dtype: DType = None
) -> Any:
    """``np.add.accumulate(a)`` and the like: the results of `reduce` of the first elements."""
    x = tensor(array)
    if name in _ACCUMULATIONS:
        return _ACCUMULATIONS[name](x, axis=axis, dtype=dtype)
    x = _converted(name, x, dtype)
    if name in _EXTREMES:
        return _EXTREMES[name](x, axis=axis)
    if name in _ASSOCIATIVE:
        return xp.moveaxis(_scanned(function, xp.moveaxis(x, axis, 0)), 0, axis)
    parts = list(accumulate(xp.unstack(x, axis=axis), function))
    return xp.stack(parts, axis=axis) if parts else x


def reduceat(
    name: str,
    function: Callable[..., Any],
    array: Any,
    indices: Any,
    axis: int = 0,
    dtype: DType = None,
) -> Any:
    """``np.add.reduceat(a, [0, 4, 8])``: the reductions of slices, whose bounds are read."""
    x = tensor(array)
    axis = as_axis(axis, x.ndim, f"numpy.{name}.reduceat")
    starts = [int(i) for i in tensor(indices).tolist()]
    bounds = [*starts, x.shape[axis]]
    rows = xp.moveaxis(x, axis, 0)
    for start in starts:
        if not 0 <= start < x.shape[axis]:
            raise ArgumentError(
                f"numpy.{name}.reduceat: index {start} is out of bounds for axis {axis} of size "
                f"{x.shape[axis]}."
            )
    stops = [max(stop, start + 1) for start, stop in pairwise(bounds)]
    if name == "add" and dtype is None and is_inexact(x.dtype):
        return xp.moveaxis(_sums_of(rows, starts, stops), 0, axis)
    parts = [
        _reduced_part(name, function, rows[start:stop, ...], dtype)
        for start, stop in zip(starts, stops, strict=True)
    ]
    return xp.stack(parts, axis=axis)


def _reduced_part(name: str, function: Callable[..., Any], rows: Any, dtype: DType) -> Any:
    """The reduction of a slice; a single row is itself, of which hypot's, which begins with 0, takes the sign."""
    y = reduce(name, function, rows, dtype=dtype)
    single = name == "hypot" and rows.shape[0] == 1
    return xp.astype(rows[0], y.dtype, copy=False) if single else y


def _sums_of(rows: Any, starts: list[int], stops: list[int]) -> Any:
    """The sum of each of some slices, all at once."""
    native = host().namespace
    first = native.asarray(starts, dtype="int64")
    lengths = native.asarray(stops, dtype="int64") - first
    ends = native.cumsum(lengths)
    which = native.repeat(native.arange(len(starts)), lengths)
    places = native.arange(len(which)) + (first - ends + lengths)[which]
    which, places = (xp.asarray(n, dtype="int64", device=rows.device) for n in (which, places))
    none = xp.zeros((len(starts), *rows.shape[1:]), dtype=rows.dtype, device=rows.device)
    return xp.scatter(none, which, xp.take(rows, places, axis=0), mode="add")


def outer(name: str, function: Callable[..., Any], a: Any, b: Any, **options: Any) -> Any:
    """``np.add.outer(a, b)``: every element of a with every element of b."""
    a, b = tensors(a, b)
    return function(xp.reshape(a, a.shape + (1,) * b.ndim), b, **options)


def at(name: str, function: Callable[..., Any], target: Any, key: Any, *value: Any) -> None:
    """``np.add.at(t, key, value)``: t is rebound, a Variable assigned to; at repeated indices each value counts."""
    if not isinstance(target, (Tensor, Variable)):
        native = getattr(host().namespace, name).at
        write_into_array(f"{name}.at", native, target, key, *value)
        return
    if name not in _AT or len(value) != 1:
        raise ArgumentTypeError(
            f"numpy.{name}.at for a {type(target).__name__} has no counterpart in xgrad, which "
            f"has {', '.join(_AT)} for Tensors. Use x.at[key] or item assignment."
        )
    mode, prepare = _AT[name]
    places = xp.reshape(xp.arange(target.size, device=target.device), target.shape)[key]
    (v,) = operands(value[0])
    v = xp.broadcast_to(xp.astype(tensors(v, target)[0], target.dtype), places.shape)
    flat = xp.reshape(target, (-1,))
    v = prepare(xp.reshape(v, (-1,)))
    new = xp.scatter(flat, xp.reshape(places, (-1,)), v, axis=0, mode=mode)
    target[...] = xp.reshape(new, target.shape)


def _converted(name: str, x: Any, dtype: DType) -> Any:
    """In the dtype that is asked for, or else of the kind that the function gives."""
    if name.startswith("logical_"):
        return x.astype("bool")
    if dtype is None and name in _FLOATING and not is_floating(x):
        dtype = "float64"
    return x if dtype is None else x.astype(dtype)


def _folded(name: str, function: Callable[..., Any], rows: Any) -> Any:
    """One row of all; halves are combined where their order does not matter."""
    if not rows.shape[0]:
        raise ArgumentError(
            f"numpy.{name}.reduce: nothing to reduce along an axis of size 0. Use initial=."
        )
    if name not in _ASSOCIATIVE:
        *_, last = accumulate([rows[i, ...] for i in range(rows.shape[0])], function)
        return last
    while (count := rows.shape[0]) > 1:
        half = count // 2
        both = function(rows[:half, ...], rows[half : 2 * half, ...])
        rows = both if count == 2 * half else xp.concat([both, rows[2 * half :, ...]])
    return rows[0, ...]


def _scanned(function: Callable[..., Any], rows: Any) -> Any:
    """The results for the first rows, by those of pairs of rows (Ladner and Fischer, 1980)."""
    count = rows.shape[0]
    half = count // 2
    if not half:
        return rows
    pairs = _scanned(function, function(rows[: 2 * half : 2, ...], rows[1::2, ...]))
    others = [rows[:1, ...]]
    if count > 2:
        others.append(function(pairs[: (count - 1) // 2, ...], rows[2::2, ...]))
    firsts = xp.concat(others)
    both = xp.stack([firsts[:half, ...], pairs], axis=1)
    both = xp.reshape(both, (2 * half, *rows.shape[1:]))
    return both if count == 2 * half else xp.concat([both, firsts[half:, ...]])


def _neutral(name: str) -> Any:
    if name not in _NEUTRAL:
        raise ArgumentTypeError(
            f"numpy.{name}.reduce with where= has no counterpart in xgrad, because {name} has no "
            "neutral element. Use xg.where before, or an index."
        )
    return _NEUTRAL[name]


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": reduce,
    "accumulate": accumulate_,
    "reduceat": reduceat,
    "outer": outer,
    "at": at,
}
