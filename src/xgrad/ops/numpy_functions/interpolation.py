"""Straight lines between samples.

NumPy calls the places of the samples `xp`, so the namespace has another name in this file."""

from __future__ import annotations

from typing import Any

from ...backends import quiet
from ...errors import ArgumentError, ShapeError
from ..rule_namespace import rule_namespace as ns
from .operands import floating, not_complex, tensors

__all__ = ["interp"]


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    """The value at x of the lines through the points (xp, fp); outside, that of the edge.

    Differentiable in all three; at a sample the line to its right counts."""
    x, xp, fp = tensors(x, xp, fp)
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.shape[0]:
        raise ShapeError(
            f"numpy.interp: xp {xp.shape} and fp {fp.shape} must be vectors of the same size, and "
            "not empty."
        )
    not_complex(x, "interp")
    not_complex(xp, "interp", "xp")
    x, xp, fp = (floating(a) for a in (x, xp, fp))
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    if xp.shape[0] == 1:
        y = x * 0 + fp[0]
    else:
        with quiet():  # samples may be infinite
            y = _on_lines(x, xp, fp)
    y = ns.where(x < xp[0], fp[0] if left is None else left, y)
    return ns.where(x > xp[-1], fp[-1] if right is None else right, y)


def _on_lines(x: Any, xp: Any, fp: Any) -> Any:
    flat = ns.reshape(x, (-1,))
    place = ns.reshape(ns.searchsorted(xp, flat, side="right"), x.shape) - 1
    place = ns.clip(place, 0, xp.shape[0] - 2)
    x0, x1, f0, f1 = (a[place + i] for a in (xp, fp) for i in (0, 1))
    gap, rise = x1 - x0, f1 - f0
    steep = ~(ns.isfinite(gap) & ns.isfinite(rise))
    step = ns.where(steep | (x < xp[0]) | (x > xp[-1]), 0.0, x - x0)
    y = f0 + ns.where(steep, 0.0, rise) * (step / ns.where(steep | (gap == 0), 1.0, gap))
    return ns.where(steep & (x != x0), ns.stop_gradient(_limit(x, x0, x1, f0, f1)), y)


def _limit(x: Any, x0: Any, x1: Any, f0: Any, f1: Any) -> Any:
    """NumPy's value where a sample is not finite: from its left, else from its right, else of both."""
    slope = (f1 - f0) / (x1 - x0)
    left, right = f0 + slope * (x - x0), f1 + slope * (x - x1)
    y = ns.where(x == x1, f1, ns.where(ns.isnan(left), right, left))
    return ns.where(ns.isnan(y) & (f0 == f1), f0, y)


def _periodic(x: Any, xp: Any, fp: Any, period: float) -> tuple[Any, Any, Any]:
    """The samples of one period in order, with the neighbours on both sides."""
    if period == 0:
        raise ArgumentError("numpy.interp: period must not be zero.")
    period = abs(period)
    x, xp = ns.remainder(x, period), ns.remainder(xp, period)
    order = ns.argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = ns.concat([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, ns.concat([fp[-1:], fp, fp[:1]])
