"""Norms of vectors and matrices, and the numbers that singular values tell.

Signatures are those of the array API standard's `linalg` extension (2025.12) where it has the
function. Every norm has the subgradient 0 at 0, and what attains a maximum shares its gradient."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from .._arguments import as_choice, as_flag
from .._typing import ArrayLike
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ._arguments import as_axes
from ._matrices import as_floating, as_matrices, as_tolerance, rounding
from .arithmetic import abs as modulus
from .data_types import astype, narrowed, widened
from .decompositions import svdvals
from .manipulation import reshape
from .rounding import real
from .searching import count_nonzero
from .statistical import max as maximum_of
from .statistical import min as smallest
from .statistical import sum as sum_over

__all__ = ["MATRIX_NORMS", "matrix_norm", "matrix_rank", "vector_norm"]

_NUMBERS: tuple[type, ...] = (int, float, Real)  # NumPy's numbers are the last only
MATRIX_NORMS = (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)
_VECTOR_NORM = primitive("vector_norm")


def vector_norm(
    x: ArrayLike,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float = 2,
) -> Tensor:
    """Compute the norm of vectors along one or several axes.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype.
    axis : int, tuple of int or None
        None takes all elements for one vector.
    keepdims : bool
        Whether the axes stay, with size 1.
    ord : float
        p for ``sum(abs(x)**p)**(1/p)``, any number but 0; 0 for the number of elements that are not
        zero; inf and -inf for the largest and smallest modulus.

    Returns
    -------
    Tensor
        Real, of the precision of x.

    Raises
    ------
    ArgumentError
        If ord is no real number.
    DTypeError
        If the dtype of x is not floating.

    See Also
    --------
    matrix_norm, norm

    Notes
    -----
    The gradient is 0 where the norm is 0, and for p < 1 where an element is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.vector_norm(xg.asarray([3.0, 4.0]))
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    """
    x = as_floating(x, "vector_norm")
    if not isinstance(ord, _NUMBERS) or math.isnan(ord):
        raise ArgumentError(f"vector_norm: ord {ord!r} must be a real number, inf or -inf.")
    axes = as_axes(axis, x.ndim, "vector_norm")
    keepdims = as_flag(keepdims, "vector_norm", "keepdims")
    if ord == math.inf:
        return largest(modulus(x), axis=axes, keepdims=keepdims)
    if ord == -math.inf:
        return smallest(modulus(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        counted = astype(x != 0, real(x).dtype)
        return sum_over(counted, axis=axes, keepdims=keepdims)
    if ord == 1:
        return sum_over(modulus(x), axis=axes, keepdims=keepdims)
    parameters = {"axis": axes, "keepdims": keepdims, "ord": ord}
    wide = widened(x)
    y = apply1(_VECTOR_NORM, wide, parameters)
    return narrowed(y, wide, x)


def largest(x: Tensor, *, axis: Any, keepdims: bool = False) -> Tensor:
    """Find the largest of numbers that are not negative; of none it is 0."""
    axes = as_axes(axis, x.ndim, "max")
    empty = 0 in [x.shape[a] for a in (range(x.ndim) if axes is None else axes)]
    return (sum_over if empty else maximum_of)(x, axis=axis, keepdims=keepdims)


def matrix_norm(
    x: ArrayLike, /, *, keepdims: bool = False, ord: float | str | None = "fro"
) -> Tensor:
    """Compute the norm of matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    keepdims : bool
        Whether the last two axes stay, with size 1.
    ord : str or float
        ``"fro"`` (or None): the root of the sum of squares; ``"nuc"``: the sum of singular values;
        2 and -2: the largest and smallest of them; 1 and -1: the largest and smallest sum of
        moduli over a column; inf and -inf: over a row.

    Returns
    -------
    Tensor
        Real, of the precision of x and of shape (...).

    Raises
    ------
    ArgumentError
        If ord is another.
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    vector_norm, norm, svdvals

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_norm(xg.asarray([[3.0, 0.0], [0.0, -4.0]]), ord="nuc")
    xg.Tensor(7., shape=(), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "matrix_norm")
    keepdims = as_flag(keepdims, "matrix_norm", "keepdims")
    as_choice(ord, MATRIX_NORMS, "matrix_norm", "ord")
    if ord in (None, "fro"):
        return vector_norm(x, axis=(x.ndim - 2, x.ndim - 1), keepdims=keepdims)
    extremum = largest if ord in (1, 2, math.inf) else smallest
    if ord == "nuc":
        y = sum_over(svdvals(x), axis=-1)
    elif ord in (2, -2):
        y = extremum(svdvals(x), axis=-1)
    else:
        y = extremum(sum_over(modulus(x), axis=-2 if ord in (1, -1) else -1), axis=-1)
    return reshape(y, (*y.shape, 1, 1)) if keepdims else y


def matrix_rank(x: ArrayLike, /, *, rtol: float | ArrayLike | None = None) -> Tensor:
    """Count the singular values of matrices that are not as good as zero.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    rtol : float or array of shape (...), optional
        Singular values below this part of the largest one count as zero; max(m, n) times the
        dtype's eps by default.

    Returns
    -------
    Tensor
        Integers of shape (...): constants.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    svdvals, pinv

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_rank(xg.asarray([[1.0, 2.0], [2.0, 4.0]]))
    xg.Tensor(1, shape=(), dtype=int64, device=cpu)
    """
    x = as_matrices(x, "matrix_rank")
    return rank_of(svdvals(x), rounding(x) if rtol is None else rtol)


def rank_of(values: Tensor, rtol: Any) -> Tensor:
    """Count singular values above a part of the largest."""
    if values.shape[-1] == 0:
        return count_nonzero(values, axis=-1)
    rtol = as_tolerance(rtol, "matrix_rank")
    if not isinstance(rtol, (int, float)):
        rtol = rtol[..., None]
    return count_nonzero(values > largest(values, axis=-1, keepdims=True) * rtol, axis=-1)
