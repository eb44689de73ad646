"""Products of vectors and matrices that are made of others, and diagonals.

Signatures are those of the array API standard's `linalg` extension (2025.12) where it has the
function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import as_int
from .._typing import ArrayLike, DType
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ._arguments import as_axis, as_operand, as_stack, sequence_of_operands
from .arithmetic import multiply
from .joining import stack, unstack
from .linear_algebra import matmul
from .manipulation import expand_dims, moveaxis, reshape
from .statistical import sum as sum_over

__all__ = ["cross", "diagonal", "kron", "multi_dot", "outer", "trace"]


def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """Compute cross products of vectors with three components.

    Parameters
    ----------
    x1, x2 : Tensors, Variables or arrays
        They broadcast against each other.
    axis : int
        Of the components, in both and in the result.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    AxisError
        If there is no such axis.
    ShapeError
        If its size is not 3.

    See Also
    --------
    outer, vecdot

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cross(xg.asarray([1.0, 0.0, 0.0]), xg.asarray([0.0, 1.0, 0.0]))
    xg.Tensor([0., 0., 1.], shape=(3,), dtype=float64, device=cpu)
    """
    a = unstack(_vectors(x1, axis, "x1"), axis=-1)
    b = unstack(_vectors(x2, axis, "x2"), axis=-1)
    parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    y = stack(parts, axis=-1)
    return y if axis == -1 else moveaxis(y, -1, axis)


def _vectors(x: Any, axis: int, name: str) -> Tensor:
    """Move the components to the last axis."""
    x = as_operand(x, "cross", name)
    place = as_axis(axis, x.ndim, "cross")
    if x.shape[place] != 3:
        raise ShapeError(
            f"cross: {name} {describe(x)} must have 3 components along axis {axis}, but has "
            f"{x.shape[place]}. Use another axis, or xg.pad with zeros for vectors in a plane."
        )
    return moveaxis(x, place, -1)


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Tensor:
    """Take the diagonals of matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n).
    offset : int
        Places above the main diagonal; negative: below.

    Returns
    -------
    Tensor
        Of shape (..., k), k the length of the diagonal.

    Raises
    ------
    ShapeError
        If x has fewer than two axes.

    See Also
    --------
    trace

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.diagonal(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    xg.Tensor([1., 4.], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_stack(x, "diagonal")
    offset = as_int(offset, "diagonal", "offset")
    rows, columns = x.shape[-2:]
    count = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    start = offset if offset >= 0 else -offset * columns
    flat = reshape(x, (*x.shape[:-2], rows * columns))
    stop = start + (count - 1) * (columns + 1) + 1
    return flat[..., start : stop : columns + 1] if count > 0 else flat[..., :0]


def trace(x: ArrayLike, /, *, offset: int = 0, dtype: DType = None) -> Tensor:
    """Sum the diagonals of matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n).
    offset : int
        Places above the main diagonal; negative: below.
    dtype : dtype, optional
        Of the result; as `sum` chooses it by default.

    Returns
    -------
    Tensor
        Of shape (...).

    Raises
    ------
    ShapeError
        If x has fewer than two axes.

    See Also
    --------
    diagonal

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.trace(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    """
    return sum_over(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Multiply each element of a vector with each of another.

    Parameters
    ----------
    x1, x2 : Tensors, Variables or arrays
        Of shapes (m,) and (n,).

    Returns
    -------
    Tensor
        Of shape (m, n).

    Raises
    ------
    ShapeError
        If one is no vector.

    See Also
    --------
    kron, tensordot

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.outer(xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0]))
    xg.Tensor([[3., 4.],
               [6., 8.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x1, x2 = as_operand(x1, "outer", "x1"), as_operand(x2, "outer", "x2")
    for name, x in (("x1", x1), ("x2", x2)):
        if x.ndim != 1:
            raise ShapeError(
                f"outer: {name} {describe(x)} must be a vector, with one axis. Use "
                f"xg.reshape({name}, (-1,)), or xg.tensordot(x1, x2, axes=0)."
            )
    return multiply(expand_dims(x1, axis=1), x2)


def kron(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the Kronecker product: blocks x2 scaled by each element of x1.

    Parameters
    ----------
    x1, x2 : Tensors, Variables or arrays
        The one with fewer axes gets axes of size 1 in front.

    Returns
    -------
    Tensor
        Whose size along each axis is the product of theirs.

    See Also
    --------
    outer, tensordot

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.kron(xg.asarray([1.0, 10.0]), xg.asarray([1.0, 2.0]))
    xg.Tensor([ 1.,  2., 10., 20.], shape=(4,), dtype=float64, device=cpu)
    """
    x1, x2 = as_operand(x1, "kron", "x1"), as_operand(x2, "kron", "x2")
    ndim = max(x1.ndim, x2.ndim)
    sizes1 = (1,) * (ndim - x1.ndim) + x1.shape
    sizes2 = (1,) * (ndim - x2.ndim) + x2.shape
    blocks = reshape(x1, tuple(n for size in sizes1 for n in (size, 1)))
    inside = reshape(x2, tuple(n for size in sizes2 for n in (1, size)))
    return reshape(blocks * inside, tuple(m * n for m, n in zip(sizes1, sizes2, strict=True)))


def multi_dot(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Multiply several matrices in the order that takes the fewest operations.

    Parameters
    ----------
    arrays : sequence of Tensors, Variables or arrays
        Two or more matrices; the first may be a row, the last a column, with one axis.

    Returns
    -------
    Tensor
        The product, without the axes that a row or a column lacks.

    Raises
    ------
    ArgumentError
        If there are fewer than two.
    ShapeError
        If they are no matrices, or do not fit.

    See Also
    --------
    matmul

    References
    ----------
    Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", chapter on matrix-chain
    multiplication.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.multi_dot([xg.ones((2, 3)), xg.ones((3, 4)), xg.ones(4)])
    xg.Tensor([12., 12.], shape=(2,), dtype=float64, device=cpu)
    """
    chain = sequence_of_operands(arrays, "multi_dot")
    if len(chain) < 2:
        raise ArgumentError("multi_dot: arrays has one array only. Use at least two.")
    for i, x in enumerate(chain):
        if x.ndim != 2 and not (x.ndim == 1 and i in (0, len(chain) - 1)):
            raise ShapeError(
                f"multi_dot: arrays[{i}] {describe(x)} must be a matrix; only the first and the "
                "last may be a vector. Use xg.matmul for stacks."
            )
    return _multiply(chain, _best_splits(_sizes(chain)), 0, len(chain) - 1)


def _sizes(chain: list[Any]) -> list[int]:
    """List the rows of the first matrix, and the columns of each."""
    rows = [1 if chain[0].ndim == 1 else chain[0].shape[0]]
    columns = [x.shape[-1] for x in chain[:-1]]
    return rows + columns + [1 if chain[-1].ndim == 1 else chain[-1].shape[1]]


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Find after which matrix to split each part of a chain."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return split


def _multiply(chain: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    if i == j:
        return chain[i]  # type: ignore[no-any-return]
    k = split[i, j]
    return matmul(_multiply(chain, split, i, k), _multiply(chain, split, k + 1, j))
