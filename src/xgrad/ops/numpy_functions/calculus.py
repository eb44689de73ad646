"""Differences, integrals of samples: gradient, trapezoid, unwrap."""

from __future__ import annotations

import math
from typing import Any

from ...core.casting import refuse_worse_kind
from ...errors import ArgumentError, ShapeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from .operands import as_axes, floating, is_floating, operands, tensor, tensors
from .shapes import ravel

__all__ = ["diff", "ediff1d", "gradient", "trapezoid", "unwrap"]


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences along an axis."""
    a = tensor(a)
    if n == 0:
        return a  # without what is put before or after it
    edges = [_edge(x, a, axis) for x in (prepend, append)]
    return xp.diff(a, axis=axis, n=n, prepend=edges[0], append=edges[1])


def _edge(x: Any, a: Any, axis: int) -> Any:
    """What is put before or after a: a number stands for a slice full of it."""
    if x is None:
        return None
    x, a = tensors(x, a)
    if x.ndim:
        return x
    axis = as_axis(axis, a.ndim, "numpy.diff")
    return xp.broadcast_to(x, tuple(1 if i == axis else n for i, n in enumerate(a.shape)))


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of the flattened array, with something before and after them."""
    middle = xp.diff(ravel(ary))
    before, after = (
        middle[:0] if x is None else ravel(_of_kind(tensors(x, middle)[0], middle))
        for x in (to_begin, to_end)
    )
    return xp.concat([before, middle, after])


def _of_kind(x: Any, middle: Any) -> Any:
    refuse_worse_kind(x, middle.dtype, "numpy.ediff1d: to_begin or to_end", "ary")
    return xp.astype(x, middle.dtype)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral by the trapezoidal rule."""
    y, x, dx = operands(y, x, dx)
    y = tensor(y)
    if x is not None:
        x = tensor(x)
        dx = xp.diff(x if x.ndim == 1 else xp.moveaxis(x, axis, -1))
    y = xp.moveaxis(y, axis, -1)
    return xp.sum(dx * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Second-order differences inside, and first or second at the edges, one array per axis."""
    f = tensor(f)
    f = f if is_floating(f) else xp.astype(f, "float64")
    axes = as_axes(axis, f.ndim, "numpy.gradient")
    if len(varargs) not in (0, 1, len(axes)):
        raise ArgumentError(
            f"numpy.gradient: {len(varargs)} spacings for {len(axes)} axes. Use one or none for "
            "all, or one each."
        )
    rows = [step for step in operands(*varargs) if getattr(step, "ndim", 0)]
    if rows and len(varargs) != len(axes):
        raise ArgumentError(
            f"numpy.gradient: places of samples are of one axis, and there are {len(axes)}. Use one "
            "row of them for each axis."
        )
    steps = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    found = tuple(_slope(f, step, i, edge_order) for i, step in zip(axes, steps, strict=True))
    return found[0] if len(axes) == 1 else found


def _slope(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n <= edge_order or edge_order not in (1, 2):
        raise ShapeError(
            f"numpy.gradient: axis {axis} of size {n} needs at least {edge_order + 1} elements, "
            "with edge_order 1 or 2."
        )
    f = xp.moveaxis(f, axis, -1)
    step, _ = operands(step, f)
    if getattr(step, "ndim", 0) and step.shape != (n,):
        raise ShapeError(
            f"numpy.gradient: the places of samples along axis {axis} must be {n} numbers, but are "
            f"{step.shape}."
        )
    gaps = xp.diff(floating(tensor(step))) if getattr(step, "ndim", 0) == 1 else None
    inner = (f[..., 2:] - f[..., :-2]) / (2.0 * step) if gaps is None else _uneven(f, gaps)
    first = _start(f, gaps, step, edge_order)
    backwards = None if gaps is None else -xp.flip(gaps)
    last = _start(xp.flip(f, axis=-1), backwards, step if gaps is not None else -step, edge_order)
    slope = xp.astype(xp.concat([first, inner, last], axis=-1), f.dtype, copy=False)
    return xp.moveaxis(slope, -1, axis)


def _uneven(f: Any, gaps: Any) -> Any:
    """The slope in the middle of parabolas through three neighbours."""
    h1, h2 = gaps[:-1], gaps[1:]
    a = -h2 / (h1 * (h1 + h2))
    b = (h2 - h1) / (h1 * h2)
    c = h1 / (h2 * (h1 + h2))
    return a * f[..., :-2] + b * f[..., 1:-1] + c * f[..., 2:]


def _start(f: Any, gaps: Any, step: Any, order: int) -> Any:
    """The slope at the first sample: of a line through two, or of a parabola through three."""
    h1 = step if gaps is None else gaps[0]
    if order == 1:
        return (f[..., 1:2] - f[..., 0:1]) / h1
    h2 = step if gaps is None else gaps[1]
    a = -(2.0 * h1 + h2) / (h1 * (h1 + h2))
    b = (h1 + h2) / (h1 * h2)
    c = -h1 / (h2 * (h1 + h2))
    return a * f[..., 0:1] + b * f[..., 1:2] + c * f[..., 2:3]


def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    """Phases without jumps: multiples of the period are added, which are constants."""
    p = tensor(p)
    p = p if is_floating(p) else xp.astype(p, "float64")
    limit = period / 2 if discont is None else discont
    steps = xp.stop_gradient(xp.diff(p, axis=axis))
    half = period / 2
    wrapped = xp.remainder(steps + half, period) - half
    wrapped = xp.where((wrapped == -half) & (steps > 0), half, wrapped)
    jumps = xp.where(xp.abs(steps) < limit, 0.0, wrapped - steps)
    total = xp.cumulative_sum(jumps, axis=axis, include_initial=True)
    return p + total
