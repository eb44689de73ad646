"""Sorting, searching in sorted arrays, and arrays as sets.

Sorting follows its permutation, so gradients go back to where the elements came from; positions
and counts are constants. A partition is the whole sort here: NumPy promises less, not more."""

from __future__ import annotations

from typing import Any

from ..._arguments import as_int
from ...core.casting import dtype_kind
from ...errors import ArgumentError, OutOfRangeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from ..sorting import UniqueAll, UniqueCounts, UniqueInverse
from .operands import arrays, is_floating, operands, tensor
from .refused import no_counterpart
from .shapes import ravel

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "intersect1d",
    "isin",
    "lexsort",
    "partition",
    "searchsorted",
    "setdiff1d",
    "setxor1d",
    "sort",
    "sort_complex",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def sort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
) -> Any:
    """Sorted along an axis; flattened where the axis is None."""
    a, axis = (ravel(a), -1) if axis is None else (tensor(a), axis)
    return xp.sort(a, axis=axis, descending=bool(descending))


def argsort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
) -> Any:
    """The indices that sort along an axis; flattened where the axis is None."""
    a, axis = (ravel(a), -1) if axis is None else (tensor(a), axis)
    return xp.argsort(a, axis=axis, descending=bool(descending))


def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    """Sorted, so that the k-th is in its place."""
    return sort(*_with_places(a, kth, axis, "numpy.partition"))


def argpartition(
    a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    """The indices that sort."""
    return argsort(*_with_places(a, kth, axis, "numpy.argpartition"))


def _with_places(a: Any, kth: Any, axis: int | None, function: str) -> tuple[Any, int]:
    """What to sort along which axis; refuses places that are not there, though all are sorted."""
    a, axis = (ravel(a), 0) if axis is None else (tensor(a), axis)
    size = a.shape[as_axis(axis, a.ndim, function)]
    several = isinstance(kth, (tuple, list)) or getattr(kth, "shape", ()) != ()
    for k in kth if several else (kth,):
        place = as_int(k, function, "kth")
        if not -size <= place < size:
            raise OutOfRangeError(
                f"{function}: kth {place} is out of range for {size} elements. Use a number from "
                f"{-size} to {size - 1}."
            )
    return a, axis


def lexsort(keys: Any, axis: int = -1) -> Any:
    """The indices that sort by several keys, the last one first."""
    rows = [tensor(key) for key in keys]
    order = xp.argsort(rows[0], axis=axis, stable=True)
    for row in rows[1:]:
        again = xp.argsort(xp.take_along_axis(row, order, axis=axis), axis=axis, stable=True)
        order = xp.take_along_axis(order, again, axis=axis)
    return order


def sort_complex(a: Any) -> Any:
    """Sorted by the real part, then the imaginary one, and always complex."""
    a = tensor(a)
    if dtype_kind(a.dtype) == "complex":
        return xp.take_along_axis(a, lexsort((xp.imag(a), xp.real(a))), axis=-1)
    wide = "complex64" if "32" in str(a.dtype) else "complex128"
    return xp.astype(xp.sort(a), wide)


def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """Where to insert values so that the order is kept."""
    a, v = arrays(a, v)
    found = xp.searchsorted(a, ravel(v), side=side, sorter=sorter)
    return xp.reshape(found, v.shape)


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The number of the bin of each element; the bins increase or decrease."""
    x, bins = arrays(x, bins)
    first, second = bins[:-1], bins[1:]
    if not bool(xp.all(first <= second) | xp.all(first >= second)):
        raise ArgumentError("numpy.digitize: bins must increase or decrease. Use xg.sort.")
    if bins.shape[0] > 1 and bool(bins[0] > bins[-1]):
        return bins.shape[0] - searchsorted(xp.flip(bins), x, "left" if right else "right")
    return searchsorted(bins, x, "left" if right else "right")


# -- sets ------------------------------------------------------------------------------------------


def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    """Whether each element is among others."""
    element, test_elements = arrays(element, test_elements)
    return xp.isin(element, test_elements, invert=invert)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct elements, and what else is asked for."""
    if axis is not None:
        raise no_counterpart("numpy.unique with axis=")
    found = _distinct(ar, equal_nan)
    wanted = (True, return_index, return_inverse, return_counts)
    chosen = tuple(part for part, want in zip(found, wanted, strict=True) if want)
    return chosen if len(chosen) > 1 else chosen[0]


def unique_all(x: Any) -> Any:
    """The distinct elements, each with the gradient of its first appearance, and all about them."""
    return _distinct(x, False)


def unique_counts(x: Any) -> Any:
    """The distinct elements and how many of each."""
    found = _distinct(x, False)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any) -> Any:
    """The distinct elements and which is where."""
    found = _distinct(x, False)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any) -> Any:
    """The distinct elements."""
    return _distinct(x, False).values


def _distinct(x: Any, equal_nan: bool) -> UniqueAll:
    """Sort, and take the first of each run of equal elements."""
    x = tensor(x)
    flat = ravel(x)
    order = xp.argsort(flat, stable=True)
    ordered = xp.take(flat, order, axis=0)
    before, after = ordered[:-1], ordered[1:]
    new = before != after
    if equal_nan and is_floating(x):
        new = new & ~(xp.isnan(before) & xp.isnan(after))
    new = xp.concat([xp.ones((min(1, flat.size),), dtype="bool", device=x.device), new])
    (starts,) = xp.nonzero(new)
    number = xp.cumulative_sum(xp.astype(new, "int64")) - 1
    ends = xp.concat([starts[1:], xp.full_like(starts[:1], flat.size)])
    return UniqueAll(
        xp.take(ordered, starts, axis=0),
        xp.take(order, starts, axis=0),
        xp.reshape(xp.take(number, xp.argsort(order), axis=0), x.shape),
        ends - starts,
    )


def union1d(ar1: Any, ar2: Any) -> Any:
    """What is in one or the other, sorted."""
    return unique(xp.concat([ravel(x) for x in operands(ar1, ar2)]))


def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """What is in both, sorted; and where it is first, if asked for."""
    one, two = (ravel(x) for x in arrays(ar1, ar2))
    values, index = unique(one, return_index=True)
    (common,) = xp.nonzero(xp.isin(values, two))
    values = xp.take(values, common, axis=0)
    if not return_indices:
        return values
    others, place = unique(two, return_index=True)
    second = xp.take(place, xp.searchsorted(others, values), axis=0)
    return values, xp.take(index, common, axis=0), second


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in the first and not in the second."""
    one, two = (ravel(x) for x in arrays(ar1, ar2))
    one = one if assume_unique else unique(one)
    return one[xp.isin(one, two, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in one of the two and not in both, sorted."""
    one, two = (unique(x) for x in arrays(ar1, ar2))
    parts = [one[xp.isin(one, two, invert=True)], two[xp.isin(two, one, invert=True)]]
    return xp.sort(xp.concat(parts))
