"""Matrices of diagonals and diagonals of matrices, in NumPy's spelling.

Not in the standard, but in NumPy, CuPy, torch and JAX, so that SciPy takes it for granted."""

from __future__ import annotations

from .._arguments import as_int
from .._typing import ArrayLike
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ShapeError
from ._arguments import as_operand
from .manipulation import reshape
from .products import diagonal

__all__ = ["diag"]

_PUT = primitive("put")


def diag(x: ArrayLike, /, k: int = 0) -> Tensor:
    """Make a matrix of its diagonal, or take the diagonal of a matrix.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (n,), or a matrix of shape (m, n).
    k : int
        Places above the main diagonal; negative: below.

    Returns
    -------
    Tensor
        Of a vector a matrix with n + abs(k) rows, zero elsewhere; of a matrix a vector.

    Raises
    ------
    ShapeError
        If x has not one axis or two.

    See Also
    --------
    linalg.diagonal, linalg.trace, tril, triu

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diag(xg.asarray([1.0, 2.0]))
    xg.Tensor([[1., 0.],
               [0., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    >>> xg.diag(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), 1)
    xg.Tensor([2.], shape=(1,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "diag")
    k = as_int(k, "diag", "k")
    if x.ndim == 2:
        return diagonal(x, offset=k)
    if x.ndim != 1:
        raise ShapeError(
            f"diag: x {describe(x)} must be a vector or a matrix. Use linalg.diagonal for stacks of "
            "matrices."
        )
    n = x.shape[0] + abs(k)
    first = k if k >= 0 else -k * n
    stop = first + (x.shape[0] - 1) * (n + 1) + 1 if x.shape[0] else first
    key = slice(first, stop, n + 1)
    flat = apply(_PUT, (x,), {"key": key, "shape": (n * n,)})
    return reshape(flat, (n, n))
