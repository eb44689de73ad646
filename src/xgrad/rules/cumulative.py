"""The cumulative product, exact at zeros and to any order, and the cumulative extrema.

Division by x is out of the question at zeros; a scan by doubling needs only products and sums."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import along, attained, counted, give


def cumulative_prod_x(xp: Any, g: Array, x: Array, *, axis: int, include_initial: bool) -> Array:
    """y_j = x_0 ... x_j;  dx_i = (x_0 ... x_(i-1)) s_i  with  s_i = g_i + x_(i+1) s_(i+1)."""
    first = along(x.ndim, axis, slice(1, None))
    last = along(x.ndim, axis, slice(None, -1))
    if include_initial:
        g = g[first]
    if x.shape[axis] == 0:
        return g
    before = xp.cumulative_prod(x, axis=axis, include_initial=True)[last]
    later = reversed_recurrence(xp, _shifted_left(xp, x, axis), g, axis)
    return xp.zero_where_zero(before * later, later)


def cumulative_extremum_x(xp: Any, g: Array, x: Array, y: Array, *, axis: int) -> Array:
    """y_j = max of x_i over i <= j, or min;  the elements that attain it so far share g_j equally."""
    if x.shape[axis] == 0:
        return g
    winners, joined = attained(xp, x, y), _goes_on(xp, y, axis)
    ones, one = counted(xp, winners, x.dtype)
    count = xp.flip(ones, axis=axis)
    count = xp.flip(reversed_recurrence(xp, xp.flip(joined, axis=axis), count, axis), axis=axis)
    later = _shifted_left(xp, joined, axis)
    return xp.where(winners, reversed_recurrence(xp, later, g * (one / count), axis), 0)


def _goes_on(xp: Any, y: Array, axis: int) -> Array:
    """1 where an extremum is that of the place before, 0 where it is new and at the start."""
    first, rest, before = (
        y[along(y.ndim, axis, part)] for part in (slice(0, 1), slice(1, None), slice(None, -1))
    )
    same = (rest == before) | (xp.isnan(rest) & xp.isnan(before))
    return xp.concat([xp.zeros_like(first), xp.astype(same, y.dtype)], axis=axis)


def _shifted_left(xp: Any, x: Array, axis: int) -> Array:
    """x without its first element, and a zero at the end."""
    first, rest = (x[along(x.ndim, axis, part)] for part in (slice(0, 1), slice(1, None)))
    return xp.concat([rest, xp.zeros_like(first)], axis=axis)


def reversed_recurrence(
    xp: Any, factor: Array, term: Array, axis: int, cut: Array | None = None
) -> Array:
    """s with s_i = term_i + factor_i s_(i+1), in log2(n) steps (Hillis and Steele, 1986).

    A zero stays zero, whatever it is multiplied by. Where `cut`, s_i = term_i, whatever follows."""
    size, step = term.shape[axis], 1
    ndim = term.ndim
    while step < size:
        head = along(ndim, axis, slice(None, size - step))
        tail = along(ndim, axis, slice(size - step, None))
        later = along(ndim, axis, slice(step, None))
        carried = xp.zero_where_zero(factor[head] * term[later], term[later])
        new_factor = factor[head] * factor[later]
        if cut is not None:
            carried = xp.where(cut[head], 0, carried)
            cut = xp.concat([cut[head] | cut[later], cut[tail]], axis=axis)
        term = xp.concat([term[head] + carried, term[tail]], axis=axis)
        factor = xp.concat([new_factor, factor[tail]], axis=axis)
        step *= 2
    return term


give("cumulative_max", x=cumulative_extremum_x)
give("cumulative_min", x=cumulative_extremum_x)
give("cumulative_prod", x=cumulative_prod_x)
