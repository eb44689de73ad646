"""The norm of vectors or matrices, whichever the arguments ask for, as NumPy's `linalg.norm`."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.casting import is_inexact
from ..core.defaults import default_dtype_name
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ._arguments import as_axes, as_operand
from .data_types import astype
from .manipulation import expand_dims, moveaxis
from .norms import matrix_norm, vector_norm

__all__ = ["norm"]


def norm(
    x: ArrayLike,
    ord: float | str | None = None,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Compute the norm of vectors or matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Whole numbers are taken for floating ones.
    ord : float, str or None
        As for `linalg.vector_norm` along one axis, as for `linalg.matrix_norm` along two. None is
        the root of the sum of squares.
    axis : int, pair of int or None
        One axis for vectors, two for matrices (rows, columns). None takes all of x: as one vector
        if `ord` is None, else x must have one axis or two.
    keepdims : bool
        Whether the axes stay, with size 1.

    Returns
    -------
    Tensor
        Real, of the precision of x.

    Raises
    ------
    ArgumentError
        If ord is none for a vector or a matrix.
    ShapeError
        If there are not one or two axes.

    See Also
    --------
    sum, linalg.vector_norm, linalg.matrix_norm

    Notes
    -----
    The gradient at 0 is 0, where ``sqrt(sum(x * x))`` gives NaN in other libraries.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([0.0, 0.0])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.norm(x)
    >>> tape.gradient(y, x)
    xg.Tensor([0., 0.], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "norm")
    if not is_inexact(x.dtype):
        x = astype(x, default_dtype_name())
    axes = as_axes(axis, x.ndim, "norm")
    if axes is None:
        if ord is None:
            return vector_norm(x, keepdims=keepdims)
        axes = tuple(range(x.ndim))
    if len(axes) not in (1, 2):
        raise ShapeError(
            f"norm: x {describe(x)} with axis={axis} has {len(axes)} axes to take the norm over, "
            "but there must be one for vectors or two for matrices. Use axis=, or ord=None for "
            "the root of the sum of all squares."
        )
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ArgumentError(
                f"norm: ord {ord!r} is for matrices, but x {describe(x)} has one axis to take the "
                "norm over. Use a number, or two axes."
            )
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=2 if ord is None else ord)
    y = matrix_norm(moveaxis(x, axes, (-2, -1)), ord=ord)
    return expand_dims(y, axis=tuple(sorted(axes))) if keepdims else y
