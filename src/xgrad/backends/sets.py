"""Sets, in functions of the standard, for libraries that lack some of them or some dtypes.

Distinct elements come in ascending order, complex ones by their real parts first, as in numpy."""

from __future__ import annotations

from typing import Any

from .._typing import Array

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


def isin(xp: Any, x1: Array, x2: Array, *, invert: bool = False) -> Array:
    """Which elements of x1 occur in x2, by comparing all pairs; one of them may be a scalar."""
    if hasattr(x1, "shape") and hasattr(x2, "shape"):
        x1, x2 = xp.expand_dims(x1, axis=-1), xp.reshape(x2, (-1,))
    found = x1 == x2
    if hasattr(x2, "shape"):
        found = xp.any(found, axis=-1 if hasattr(x1, "shape") else None)
    return ~found if invert else found


def unique_all(xp: Any, x: Array) -> tuple[Array, Array, Array, Array]:
    """The distinct elements, where each first occurs, which is where, and how often."""
    flat = xp.reshape(x, (-1,))
    order = _ascending(xp, flat)
    ordered = xp.take(flat, order, axis=0)
    first = xp.astype(xp.ones_like(order[:1]), xp.bool)
    is_new = xp.concat([first, ordered[1:] != ordered[:-1]], axis=0)
    (starts,) = xp.nonzero(is_new)
    number = xp.cumulative_sum(xp.astype(is_new, starts.dtype), axis=0) - 1
    inverse = xp.take(number, xp.argsort(order), axis=0)
    end = xp.asarray([flat.shape[0]], dtype=starts.dtype, device=x.device)
    ends = xp.concat([starts[1:], end[: min(1, flat.shape[0])]], axis=0)
    return (
        xp.take(ordered, starts, axis=0),
        xp.take(order, starts, axis=0),
        xp.reshape(inverse, x.shape),
        ends - starts,
    )


def unique_counts(xp: Any, x: Array) -> tuple[Array, Array]:
    """The distinct elements and how often each occurs."""
    values, _, _, counts = unique_all(xp, x)
    return values, counts


def unique_inverse(xp: Any, x: Array) -> tuple[Array, Array]:
    """The distinct elements and which of them each element is."""
    values, _, inverse, _ = unique_all(xp, x)
    return values, inverse


def unique_values(xp: Any, x: Array) -> Array:
    """The distinct elements."""
    return unique_all(xp, x)[0]


def _ascending(xp: Any, x: Array) -> Array:
    """The indices that sort a flat array; equal elements keep their order."""
    if not xp.isdtype(x.dtype, "complex floating"):
        return xp.argsort(x, stable=True)
    order = xp.argsort(xp.imag(x), stable=True)
    by_real = xp.argsort(xp.take(xp.real(x), order, axis=0), stable=True)
    return xp.take(order, by_real, axis=0)
