"""Sorting and sets.

`sort` follows its permutation backwards, and distinct values go back to where they first occur.
Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arguments import as_flag
from .._typing import ArrayLike
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.observers import state
from ..core.tensor import Tensor
from ._arguments import as_axis, as_operand
from .indexing import take
from .manipulation import reshape

__all__ = [
    "argsort",
    "isin",
    "sort",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]

_ARGSORT = primitive("argsort")
_ISIN = primitive("isin")
_SORT = primitive("sort")


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Tensor
    inverse_indices: Tensor


def argsort(
    x: ArrayLike, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """Find the indices that sort an array along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype.
    axis : int
    descending : bool
    stable : bool
        Whether equal elements keep their order.

    Returns
    -------
    Tensor
        Of integers, of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argsort(xg.asarray([3.0, 1.0, 2.0]))
    xg.Tensor([1, 2, 0], shape=(3,), dtype=int64, device=cpu)
    """
    return _ordered(_ARGSORT, x, axis, descending, stable)


def isin(x1: ArrayLike, x2: ArrayLike, /, *, invert: bool = False) -> Tensor:
    """Tell which elements of x1 occur in x2.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
    invert : bool
        Whether to tell which do not.

    Returns
    -------
    Tensor
        Boolean, of the shape of x1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isin(xg.asarray([1, 2, 3]), xg.asarray([2, 3]))
    xg.Tensor([False,  True,  True], shape=(3,), dtype=bool, device=cpu)
    """
    return apply(_ISIN, (x1, x2), {"invert": as_flag(invert, "isin", "invert")})  # type: ignore[no-any-return]


def sort(
    x: ArrayLike, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """Sort an array along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype.
    axis : int
    descending : bool
    stable : bool
        Whether equal elements keep their order, and so their gradients.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    argsort

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sort(xg.asarray([3.0, 1.0, 2.0]))
    xg.Tensor([1., 2., 3.], shape=(3,), dtype=float64, device=cpu)
    """
    return _ordered(_SORT, x, axis, descending, stable)


def unique_all(x: ArrayLike, /) -> UniqueAll:
    """Find the distinct elements, where each first occurs, which is where, and how often.

    Parameters
    ----------
    x : Tensor, Variable or array

    Returns
    -------
    named tuple of Tensor
        `values` in ascending order, whose gradient goes to the first of equal elements, `indices`,
        `inverse_indices` and `counts`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_all(xg.asarray([2, 1, 2])).indices
    xg.Tensor([1, 0], shape=(2,), dtype=int64, device=cpu)
    """
    x = as_operand(x, "unique_all")
    values, *rest = apply(primitive("unique_all"), (x,))
    return UniqueAll(_taken(x, rest[0]) if _is_watched(x) else values, *rest)


def unique_counts(x: ArrayLike, /) -> UniqueCounts:
    """Find the distinct elements and how often each occurs.

    Parameters
    ----------
    x : Tensor, Variable or array

    Returns
    -------
    named tuple of Tensor
        `values`, whose gradient goes to the first of equal elements, and `counts`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_counts(xg.asarray([2, 1, 2])).counts
    xg.Tensor([1, 2], shape=(2,), dtype=int64, device=cpu)
    """
    x = as_operand(x, "unique_counts")
    if _is_watched(x):
        found = unique_all(x)
        return UniqueCounts(found.values, found.counts)
    return UniqueCounts(*apply(primitive("unique_counts"), (x,)))


def unique_inverse(x: ArrayLike, /) -> UniqueInverse:
    """Find the distinct elements and which of them each element is.

    Parameters
    ----------
    x : Tensor, Variable or array

    Returns
    -------
    named tuple of Tensor
        `values`, whose gradient goes to the first of equal elements, and `inverse_indices`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_inverse(xg.asarray([2, 1, 2])).inverse_indices
    xg.Tensor([1, 0, 1], shape=(3,), dtype=int64, device=cpu)
    """
    x = as_operand(x, "unique_inverse")
    if _is_watched(x):
        found = unique_all(x)
        return UniqueInverse(found.values, found.inverse_indices)
    return UniqueInverse(*apply(primitive("unique_inverse"), (x,)))


def unique_values(x: ArrayLike, /) -> Tensor:
    """Find the distinct elements.

    Parameters
    ----------
    x : Tensor, Variable or array

    Returns
    -------
    Tensor
        With one axis, in ascending order. Its gradient goes to the first of equal elements.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_values(xg.asarray([2, 1, 2]))
    xg.Tensor([1, 2], shape=(2,), dtype=int64, device=cpu)
    """
    x = as_operand(x, "unique_values")
    if _is_watched(x):
        return unique_all(x).values
    return apply1(primitive("unique_values"), x)  # type: ignore[no-any-return]


def _is_watched(x: Any) -> bool:
    """Tell whether a gradient may be wanted, which needs to know where values first occur."""
    return x.node is not None and state.recorder is not None


def _taken(x: Any, indices: Tensor) -> Tensor:
    return take(reshape(x, (-1,)), indices, axis=0)


def _ordered(instruction: Any, x: Any, axis: int, descending: bool, stable: bool) -> Tensor:
    x = as_operand(x, instruction.name)
    parameters = {
        "axis": as_axis(axis, x.ndim, instruction.name),
        "descending": as_flag(descending, instruction.name, "descending"),
        "stable": as_flag(stable, instruction.name, "stable"),
    }
    return apply1(instruction, x, parameters)  # type: ignore[no-any-return]
