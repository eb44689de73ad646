"""Line searches: how far to go along a direction in which a function falls.

The function is one of a number here; who knows what lies behind it passes that along in the points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Point", "strong_wolfe"]


class Point(NamedTuple):
    """Where a line search has been.

    Attributes
    ----------
    t, value, slope : float
        How far, the function there, and its derivative.
    behind : object
        Whatever the function was computed from.
    """

    t: float
    value: float
    slope: float
    behind: Any = None


def strong_wolfe(
    function: Callable[[float], Point],
    start: Point,
    first: float,
    decrease: float = 1e-4,
    curvature: float = 0.9,
    most: int = 25,
) -> Point:
    """Find a point that satisfies the strong Wolfe conditions.

    There the function is at most ``start.value + decrease * t * start.slope``, and its slope at most
    `curvature` times that at the start, in absolute value. First an interval is found that holds
    such points, by going farther and farther; then it is narrowed by cubic interpolation [1]_.
    Values that are not finite count as too high.

    Parameters
    ----------
    function : callable
        Gives the point at a number above 0.
    start : Point
        At 0, with a negative slope.
    first : float
        What to try first.
    decrease, curvature : float
        Of the conditions, ``0 < decrease < curvature < 1``.
    most : int
        How many points to try.

    Returns
    -------
    Point
        The best point found where none satisfies both conditions: maybe the start.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd edition, 2006, algorithms 3.5
       and 3.6.
    """

    def low_enough(point: Point) -> bool:
        return point.value <= start.value + decrease * point.t * start.slope

    def good(point: Point) -> bool:
        return low_enough(point) and abs(point.slope) <= -curvature * start.slope

    def too_high(point: Point, low: Point) -> bool:
        return not (low_enough(point) and point.value < low.value)

    previous, t = start, first
    for tried in range(1, most + 1):
        point = function(t)
        if good(point):
            return point
        if too_high(point, previous):
            return _narrow(function, previous, point, too_high, good, most - tried)
        if point.slope >= 0.0:
            return _narrow(function, point, previous, too_high, good, most - tried)
        found = _cubic(previous, point)
        t = _between(4.0 * point.t if found is None else found, 1.5 * point.t, 10.0 * point.t)
        previous = point
    return previous


def _narrow(
    function: Callable[[float], Point],
    low: Point,
    high: Point,
    too_high: Callable[[Point, Point], bool],
    good: Callable[[Point], bool],
    most: int,
) -> Point:
    """Narrow an interval whose end `low` is the best point so far, and falls towards `high`."""
    for _ in range(most):
        width = high.t - low.t
        if abs(width) <= 1e-12 * max(abs(low.t), abs(high.t)):
            break
        found, margin = _cubic(low, high), 0.1 * width
        middle = low.t + 0.5 * width
        t = _between(middle if found is None else found, low.t + margin, high.t - margin)
        point = function(t)
        if good(point):
            return point
        if too_high(point, low):
            high = point
            continue
        if point.slope * width >= 0.0:
            high = low
        low = point
    return low


def _cubic(a: Point, b: Point) -> float | None:
    """Where the cubic with the values and slopes of two points is least; None if nowhere."""
    if not all(map(math.isfinite, (b.value, b.slope))):
        return None
    width = b.t - a.t
    first = a.slope + b.slope - 3.0 * (b.value - a.value) / width
    square = first * first - a.slope * b.slope
    if not square >= 0.0:
        return None
    root = math.copysign(math.sqrt(square), width)
    bottom = b.slope - a.slope + 2.0 * root
    if bottom == 0.0:
        return None
    found = b.t - width * (b.slope + root - first) / bottom
    return found if math.isfinite(found) else None


def _between(t: float, end: float, other: float) -> float:
    """Find the nearest number to t between two ends."""
    return min(max(t, min(end, other)), max(end, other))
