"""Diagonals and triangles: taken, made, and where they are."""

from __future__ import annotations

from typing import Any

from ..._arguments import as_int
from ...errors import ShapeError
from ..rule_namespace import rule_namespace as xp
from .operands import tensor
from .shapes import ravel

__all__ = [
    "diag",
    "diag_indices_from",
    "diagflat",
    "diagonal",
    "tril",
    "tril_indices_from",
    "triu",
    "triu_indices_from",
]


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    a = xp.moveaxis(tensor(a), (axis1, axis2), (-2, -1))
    offset = as_int(offset, "numpy.diagonal", "offset")
    rows, columns = a.shape[-2:]
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    first = offset if offset >= 0 else -offset * columns
    places = first + (columns + 1) * xp.arange(count, device=a.device)
    return xp.take(xp.reshape(a, (*a.shape[:-2], rows * columns)), places, axis=-1)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    return xp.diag(tensor(v), k)


def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix whose diagonal is the flattened v."""
    return xp.diag(ravel(v), k)


def tril(m: Any, k: int = 0) -> Any:
    """Zero above the k-th diagonal; a vector is taken as every row."""
    return xp.tril(_matrix(m), k=k)


def triu(m: Any, k: int = 0) -> Any:
    """Zero below the k-th diagonal; a vector is taken as every row."""
    return xp.triu(_matrix(m), k=k)


def _matrix(m: Any) -> Any:
    m = tensor(m)
    return xp.broadcast_to(m, (m.shape[0], m.shape[0])) if m.ndim == 1 else m


def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """Where the main diagonal of an array of equal sizes is."""
    arr = tensor(arr)
    if arr.ndim < 2 or len(set(arr.shape)) != 1:
        raise ShapeError(
            f"numpy.diag_indices_from: the axes must be of equal sizes, not {arr.shape}."
        )
    numbers = xp.arange(arr.shape[0], device=arr.device)
    return tuple(numbers for _ in arr.shape)


def tril_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """Where the lower triangle of a matrix is."""
    return _triangle(xp.tril, arr, k)


def triu_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """Where the upper triangle of a matrix is."""
    return _triangle(xp.triu, arr, k)


def _triangle(part: Any, arr: Any, k: int) -> tuple[Any, ...]:
    arr = tensor(arr)
    if arr.ndim != 2:
        raise ShapeError(f"the triangle of a matrix is asked for, but arr has shape {arr.shape}.")
    ones = xp.ones(arr.shape, dtype="float64", device=arr.device)
    return tuple(xp.nonzero(part(ones, k=k)))
