"""Products of matrices and vectors, and transposes.

Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from collections.abc import Sequence

from .._arguments import as_sequence
from .._typing import ArrayLike
from ..core.dispatch import apply, apply1, binary
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ._arguments import as_axis, as_operand, as_stack

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]

_matmul = binary(primitive("matmul"))
_MATRIX_TRANSPOSE = primitive("matrix_transpose")
_TENSORDOT = primitive("tensordot")
_VECDOT = primitive("vecdot")


def matmul(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Multiply matrices, or stacks of matrices.

    Parameters
    ----------
    x1 : Tensor, Variable or array
        Of shape (..., n, k), or (k,): a row.
    x2 : Tensor, Variable or array
        Of shape (..., k, m), or (k,): a column. Stacks broadcast.

    Returns
    -------
    Tensor
        Of shape (..., n, m), without the axes that a row or a column lacks.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    See Also
    --------
    tensordot, vecdot

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.matmul(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([1.0, 1.0]))
    xg.Tensor([3., 7.], shape=(2,), dtype=float64, device=cpu)
    """
    return _matmul(x1, x2)  # type: ignore[no-any-return]


def matrix_transpose(x: ArrayLike, /) -> Tensor:
    """Exchange the last two axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least two axes.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If x has fewer than two axes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.matrix_transpose(xg.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    return apply1(_MATRIX_TRANSPOSE, as_stack(x, "matrix_transpose"))  # type: ignore[no-any-return]


def tensordot(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    *,
    axes: int | tuple[Sequence[int], Sequence[int]] = 2,
) -> Tensor:
    """Sum products over several axes of two arrays.

    Parameters
    ----------
    x1, x2 : Tensors, Variables or arrays
    axes : int or pair of sequences of int
        The last `axes` of x1 against the first of x2, or the axes of each to pair up.

    Returns
    -------
    Tensor
        With the other axes of x1, then those of x2.

    Raises
    ------
    ArgumentError
        If the two sequences differ in length.
    ShapeError
        If paired axes differ in size.

    See Also
    --------
    matmul

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tensordot(xg.ones((2, 3)), xg.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    x1, x2 = as_operand(x1, "tensordot", "x1"), as_operand(x2, "tensordot", "x2")
    found: int | tuple[tuple[int, ...], tuple[int, ...]]
    if isinstance(axes, int) and not isinstance(axes, bool):
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            raise ArgumentError(
                f"tensordot: axes {axes} must be between 0 and the number of axes of x1 "
                f"{describe(x1)} and x2 {describe(x2)}."
            )
        found = axes
    else:
        pair = as_sequence(axes, "tensordot", "axes", "two lists of axes")
        if len(pair) != 2:
            raise ArgumentError(
                f"tensordot: axes {axes} must be a number, or the axes of x1 and those of x2."
            )
        named = [as_sequence(part, "tensordot", "axes") for part in pair]
        first = tuple(as_axis(a, x1.ndim, "tensordot") for a in named[0])
        second = tuple(as_axis(a, x2.ndim, "tensordot") for a in named[1])
        if len(first) != len(second):
            raise ArgumentError(f"tensordot: axes {axes} must name as many axes of x1 as of x2.")
        found = (first, second)
    return apply(_TENSORDOT, (x1, x2), {"axes": found})  # type: ignore[no-any-return]


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """Compute dot products along an axis, with x1 conjugated.

    Parameters
    ----------
    x1, x2 : Tensors, Variables or arrays
        They broadcast against each other.
    axis : int
        Negative: counted from the end.

    Returns
    -------
    Tensor
        Of the broadcast shape without the axis.

    Raises
    ------
    ShapeError
        If the sizes along the axis differ.

    See Also
    --------
    matmul

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vecdot(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]))
    xg.Tensor(11., shape=(), dtype=float64, device=cpu)
    """
    x1, x2 = as_operand(x1, "vecdot", "x1"), as_operand(x2, "vecdot", "x2")
    ndim = max(x1.ndim, x2.ndim)
    axis = as_axis(axis, ndim, "vecdot") - ndim
    if -axis > min(x1.ndim, x2.ndim) or x1.shape[axis] != x2.shape[axis]:
        raise ShapeError(
            f"vecdot: x1 {describe(x1)} and x2 {describe(x2)} must have the same size along axis "
            f"{axis}."
        )
    return apply(_VECDOT, (x1, x2), {"axis": axis})  # type: ignore[no-any-return]
