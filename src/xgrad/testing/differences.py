"""Derivatives from values alone, each with an estimate of how wrong it may be.

Central differences with shrinking steps are extrapolated to step zero (Ridders' way of Richardson's
idea), and every element takes the entry of the table whose estimated error is least: large steps
where the function is smooth, small ones where an edge is near.

Source: Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software
4 (1982)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .._typing import Array
from ..backends import host

__all__ = ["Estimate", "extrapolated", "precision", "reach"]


_DIGITS_LOST = 10.0  # by how much more than its last digit a value may be off


class Estimate(NamedTuple):
    """A derivative from differences.

    Attributes
    ----------
    derivative : array
    error : array
        How far the differences are from settling; infinite where no two steps gave numbers.
    rounding : array
        The part of it that comes from the precision of the values.
    """

    derivative: Array
    error: Array
    rounding: Array


def precision(dtype: str) -> float:
    """Give the relative spacing of the numbers of a floating or complex dtype, by its name."""
    if dtype == "bfloat16":
        return 2.0**-7
    return float(host().xp.finfo(dtype).eps)


def reach(x: Any) -> float:
    """Give the largest step that is tried from a number."""
    return 0.05 * max(float(abs(x)), 0.4)


def extrapolated(
    values: Callable[[float], Array], first: float, eps: float, size: float = 0.0
) -> Estimate:
    """Differentiate an array-valued function of a real number, at zero.

    Parameters
    ----------
    values : callable
        Real or complex results.
    first : float
        The first step; each further one is half as long.
    eps : float
        The precision of the values, which says how often it makes sense to halve.
    size : float
        Of the numbers that the values are made of, where that is more than the values.

    Returns
    -------
    Estimate
    """
    np = host().namespace
    best: Any = None
    error: Any = None
    rounding: Any = None
    former: list[Array] = []
    for level in range(max(4, round(-math.log2(eps) / 5))):
        step = first / 2.0**level
        ahead, behind = values(step), values(-step)
        row = [(ahead - behind) / (2.0 * step)]
        for order, entry in enumerate(former, start=1):
            row.append((4.0**order * row[-1] - entry) / (4.0**order - 1.0))
        if best is None:
            best, error = row[0], np.full(row[0].shape, np.inf)
            rounding = np.zeros(row[0].shape)
        size = max(size, float(np.maximum(abs(ahead), abs(behind)).max(initial=0.0)))
        noise = _DIGITS_LOST * eps * size / step
        for order in range(1, len(row)):
            wrong = np.maximum(
                abs(row[order] - row[order - 1]), abs(row[order] - former[order - 1])
            )
            wrong = np.where(np.isfinite(wrong), wrong + noise, np.inf)
            better = wrong < error
            best = np.where(better, row[order], best)
            error = np.where(better, wrong, error)
            rounding = np.where(better, noise, rounding)
        former = row
    return Estimate(best, error, rounding)
