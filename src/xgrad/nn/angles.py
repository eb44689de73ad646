"""Losses that compare directions: cosines of the angles between vectors."""

from __future__ import annotations

from typing import Any

from .._typing import ArrayLike
from ..core.tensor import Tensor
from ..ops._arguments import as_axis
from ..ops.norm import norm
from ..ops.searching import where
from ..ops.statistical import sum as sum_over
from ._arguments import of_one_shape, reduced

__all__ = ["cosine_distance", "cosine_similarity"]


def cosine_similarity(
    predictions: ArrayLike, targets: ArrayLike, axis: int = -1, reduction: str = "mean"
) -> Tensor:
    """Compute cosines of angles between vectors: 1 where they point in the same direction.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape.
    axis : int
        Of the components.
    reduction : str
        ``"mean"`` or ``"sum"`` over all vectors, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape without the axis. It grows with similarity; what to minimise is
        `cosine_distance`, which is 1 less it. (Keras calls minus this by the same name.)

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no such axis.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    cosine_distance

    Notes
    -----
    ``sum(a * b) / (norm(a) * norm(b))``, and 0 where a vector is zero, with a finite gradient.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.cosine_similarity(xg.asarray([[1.0, 0.0]]), xg.asarray([[1.0, 1.0]]))
    xg.Tensor(0.70710678, shape=(), dtype=float64, device=cpu)
    """
    cosines = _cosines(predictions, targets, axis, "cosine_similarity")
    return reduced(cosines, reduction, "cosine_similarity")


def cosine_distance(
    predictions: ArrayLike, targets: ArrayLike, axis: int = -1, reduction: str = "mean"
) -> Tensor:
    """Compute 1 less the cosines of angles between vectors: 0 in the same direction.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape.
    axis : int
        Of the components.
    reduction : str
        ``"mean"`` or ``"sum"`` over all vectors, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape without the axis.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no such axis.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    cosine_similarity

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.cosine_distance(xg.asarray([[1.0, 0.0]]), xg.asarray([[-2.0, 0.0]]))
    xg.Tensor(2., shape=(), dtype=float64, device=cpu)
    """
    cosines = _cosines(predictions, targets, axis, "cosine_distance")
    return reduced(1 - cosines, reduction, "cosine_distance")


def _cosines(predictions: Any, targets: Any, axis: int, function: str) -> Tensor:
    a, b = of_one_shape(predictions, targets, function)
    place = as_axis(axis, a.ndim, function)
    return sum_over(_direction(a, place) * _direction(b, place), axis=place)


def _direction(x: Any, axis: int) -> Any:
    """Vectors of length 1; zero stays zero."""
    length = norm(x, axis=axis, keepdims=True)
    return x / where(length == 0, 1, length)
