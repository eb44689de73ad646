"""Linear equations: inverses, solutions, least squares.

Signatures are those of the array API standard's `linalg` extension (2025.12) where it has the
function. The last two axes are the matrices, those before are a stack; stacks broadcast."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arguments import as_flag
from .._typing import ArrayLike
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ._matrices import as_matrices, as_system, as_tolerance, rounding
from .decompositions import svd, svdvals
from .linear_algebra import matmul, matrix_transpose
from .manipulation import expand_dims
from .norms import rank_of
from .rounding import conj, real
from .searching import where
from .statistical import sum as sum_over

__all__ = ["inv", "lstsq", "pinv", "solve", "solve_triangular"]

_INV = primitive("inv")
_PINV = primitive("pinv")
_SOLVE = primitive("solve")
_SOLVE_TRIANGULAR = primitive("solve_triangular")


class LstsqResult(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def inv(x: ArrayLike, /) -> Tensor:
    """Invert square matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    Tensor
        Of the shape and dtype of x.

    Raises
    ------
    LinAlgError
        If a matrix is singular, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    solve, pinv

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.inv(xg.asarray([[2.0, 0.0], [0.0, 4.0]]))
    xg.Tensor([[0.5 , 0.  ],
               [0.  , 0.25]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_INV, as_matrices(x, "inv", square=True))  # type: ignore[no-any-return]


def solve(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Solve x1 y = x2 for y.

    Parameters
    ----------
    x1 : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.
    x2 : Tensor, Variable or array
        Of shape (..., n, k), or (n,): a vector, and only then.

    Returns
    -------
    Tensor
        Of shape (..., n, k), or (..., n) for a vector.

    Raises
    ------
    LinAlgError
        If a matrix is singular, from libraries that say so.
    ShapeError, DTypeError
        If the two do not fit.

    See Also
    --------
    solve_triangular, lstsq, inv

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve(xg.asarray([[2.0, 0.0], [1.0, 1.0]]), xg.asarray([2.0, 3.0]))
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    x1, x2, vector = as_system(x1, x2, "solve")
    y = apply(_SOLVE, (x1, x2))
    return y[..., 0] if vector else y  # type: ignore[no-any-return]


def solve_triangular(x1: ArrayLike, x2: ArrayLike, /, *, upper: bool = False) -> Tensor:
    """Solve x1 y = x2 for y, where x1 is triangular.

    Parameters
    ----------
    x1 : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype. The other triangle is not read.
    x2 : Tensor, Variable or array
        Of shape (..., n, k), or (n,): a vector, and only then.
    upper : bool
        Whether the upper triangle is the one that counts.

    Returns
    -------
    Tensor
        Of shape (..., n, k), or (..., n) for a vector.

    Raises
    ------
    LinAlgError
        If there is a zero on the diagonal, from libraries that say so.
    ShapeError, DTypeError
        If the two do not fit.

    See Also
    --------
    solve, cholesky

    Notes
    -----
    On NumPy a large single matrix is handed to SciPy where that is installed.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve_triangular(xg.asarray([[2.0, 0.0], [1.0, 1.0]]), xg.asarray([2.0, 3.0]))
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    x1, x2, vector = as_system(x1, x2, "solve_triangular")
    y = apply(_SOLVE_TRIANGULAR, (x1, x2), {"upper": as_flag(upper, "solve_triangular", "upper")})
    return y[..., 0] if vector else y  # type: ignore[no-any-return]


def pinv(x: ArrayLike, /, *, rtol: float | ArrayLike | None = None) -> Tensor:
    """Compute the Moore-Penrose pseudo-inverse of matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    rtol : float or array of shape (...), optional
        Singular values below this part of the largest one count as zero; max(m, n) times the
        dtype's eps by default. An array does not go below that.

    Returns
    -------
    Tensor
        Of shape (..., n, m).

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    inv, lstsq, matrix_rank

    Notes
    -----
    The gradient is that for a number of singular values above the limit that does not change,
    whatever it is.

    References
    ----------
    Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
    whose variables separate", SIAM Journal on Numerical Analysis 10 (1973).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.pinv(xg.asarray([[2.0, 0.0], [0.0, 0.0]]))
    xg.Tensor([[0.5, 0. ],
               [0. , 0. ]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "pinv")
    limit = rounding(x)
    rtol = None if rtol is None else as_tolerance(rtol, "pinv")
    if isinstance(rtol, (int, float)):
        x = _without_small_values(x, rtol) if rtol > limit else x
        limit = rtol
    elif rtol is not None:
        x = _without_small_values(x, rtol[..., None])
    return apply1(_PINV, x, {"rtol": limit})  # type: ignore[no-any-return]


def _without_small_values(x: Any, rtol: Any) -> Any:
    """Project onto the singular vectors that count: the rule of `pinv` is for those alone."""
    if 0 in x.shape:
        return x
    _, s, vh = svd(x, full_matrices=False)
    kept = expand_dims(s > rtol * s[..., :1], axis=-1)
    vectors = where(kept, vh, 0)
    return matmul(matmul(x, matrix_transpose(conj(vectors))), vectors)


def lstsq(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    *,
    rtol: float | ArrayLike | None = None,
    rcond: float | ArrayLike | None = None,
) -> LstsqResult:
    """Find the y of least norm among those for which x1 y comes closest to x2.

    Parameters
    ----------
    x1 : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    x2 : Tensor, Variable or array
        Of shape (..., m, k), or (m,): a vector, and only then.
    rtol : float or array of shape (...), optional
        Singular values of x1 below this part of the largest one count as zero; max(m, n) times the
        dtype's eps by default.
    rcond : float or array of shape (...), optional
        NumPy's name of `rtol`.

    Returns
    -------
    LstsqResult
        A named tuple: solution of shape (..., n, k) or (..., n); residuals, the sums of squares of
        x2 - x1 y, of shape (..., k) or (...), always computed; rank, integers of shape (...);
        singular_values of x1 of shape (..., min(m, n)).

    Raises
    ------
    ShapeError, DTypeError
        If the two do not fit.

    See Also
    --------
    pinv, solve, qr

    Notes
    -----
    ``pinv(x1) @ x2``, so the gradient is that for a rank that does not change. It is as accurate
    as the condition number of x1 allows, whether x1 has full rank or not.

    Examples
    --------
    >>> import xgrad as xg
    >>> x1 = xg.asarray([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> y, residuals, rank, _ = xg.linalg.lstsq(x1, xg.asarray([1.0, 3.0, 5.0]))
    >>> xg.round(y)
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    x1, x2, vector = as_system(x1, x2, "lstsq", square=False)
    rtol = rcond if rtol is None else rtol
    solution = matmul(pinv(x1, rtol=rtol), x2)
    difference = x2 - matmul(x1, solution)
    residuals = sum_over(real(difference * conj(difference)), axis=-2)
    values = svdvals(x1)
    rank = rank_of(values, rounding(x1) if rtol is None else rtol)
    if vector:
        solution, residuals = solution[..., 0], residuals[..., 0]
    return LstsqResult(solution, residuals, rank, values)
