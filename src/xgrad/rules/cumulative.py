"""The cumulative product, exact at zeros and to any order.

Division by x is out of the question there; a scan by doubling needs only products and sums."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import along, give


def cumulative_prod_x(xp: Any, g: Array, x: Array, *, axis: int, include_initial: bool) -> Array:
    """y_j = x_0 ... x_j;  dx_i = (x_0 ... x_(i-1)) s_i  with  s_i = g_i + x_(i+1) s_(i+1)."""
    first = along(x.ndim, axis, slice(1, None))
    last = along(x.ndim, axis, slice(None, -1))
    if include_initial:
        g = g[first]
    if x.shape[axis] == 0:
        return g
    before = xp.cumulative_prod(x, axis=axis, include_initial=True)[last]
    factor = xp.concat([x[first], xp.zeros_like(x[along(x.ndim, axis, slice(0, 1))])], axis=axis)
    later = reversed_recurrence(xp, factor, g, axis)
    return xp.zero_where_zero(before * later, later)


def reversed_recurrence(xp: Any, factor: Array, term: Array, axis: int) -> Array:
    """s with s_i = term_i + factor_i s_(i+1), in log2(n) steps (Hillis and Steele, 1986).

    A zero stays zero, whatever it is multiplied by."""
    size, step = term.shape[axis], 1
    ndim = term.ndim
    while step < size:
        head = along(ndim, axis, slice(None, size - step))
        tail = along(ndim, axis, slice(size - step, None))
        later = along(ndim, axis, slice(step, None))
        new_term = term[head] + xp.zero_where_zero(factor[head] * term[later], term[later])
        new_factor = factor[head] * factor[later]
        term = xp.concat([new_term, term[tail]], axis=axis)
        factor = xp.concat([new_factor, factor[tail]], axis=axis)
        step *= 2
    return term


give("cumulative_prod", x=cumulative_prod_x)
