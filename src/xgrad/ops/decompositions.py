"""Decompositions of matrices: Cholesky, LU, QR, singular values.

Signatures and named tuples are those of the array API standard's `linalg` extension (2025.12). The
last two axes are the matrices, those before are a stack."""

from __future__ import annotations

from typing import NamedTuple

from .._arguments import as_choice, as_flag
from .._typing import ArrayLike
from ..core.casting import dtype_kind
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ._matrices import as_matrices
from .creation import tril, triu
from .filling import ones_like
from .joining import concat
from .linear_algebra import matmul, matrix_transpose
from .rounding import conj
from .utility import stop_gradient

__all__ = ["cholesky", "lu", "qr", "svd", "svdvals"]

_CHOLESKY = primitive("cholesky")
_LU = primitive("lu")
_QR = primitive("qr")
_QR_COMPLETE = primitive("qr_complete")
_SOLVE_TRIANGULAR = primitive("solve_triangular")
_SVD = primitive("svd")
_SVDVALS = primitive("svdvals")


class LUResult(NamedTuple):
    """What `lu` returns."""

    P: Tensor
    L: Tensor
    U: Tensor


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def cholesky(x: ArrayLike, /, *, upper: bool = False) -> Tensor:
    """Factor positive definite matrices into a triangular matrix and its adjoint.

    Parameters
    ----------
    x : Tensor, Variable or array
        Hermitian (real: symmetric) and positive definite, of shape (..., n, n) and floating dtype.
        Only its lower triangle is read (the upper one if `upper`).
    upper : bool
        Whether to return U with U^H U = x in place of L with L L^H = x.

    Returns
    -------
    Tensor
        Of the shape and dtype of x; the diagonal is real and positive.

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    solve_triangular, eigh

    Notes
    -----
    The gradient is the Hermitian one: it tells how the result changes when x changes and stays
    Hermitian, so steps along it keep x Hermitian.

    References
    ----------
    Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cholesky(xg.asarray([[4.0, 2.0], [2.0, 5.0]]))
    xg.Tensor([[2., 0.],
               [1., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "cholesky", square=True)
    if as_flag(upper, "cholesky", "upper"):
        return _adjoint(apply1(_CHOLESKY, _adjoint(x)))
    return apply1(_CHOLESKY, x)  # type: ignore[no-any-return]


def lu(x: ArrayLike, /) -> LUResult:
    """Factor matrices into a permutation, a lower and an upper triangle.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.

    Returns
    -------
    LUResult
        A named tuple with P L U = x: P of shape (..., m, m) has a single 1 in each row and column,
        L of shape (..., m, k) has ones on its diagonal and no element larger than 1, and U has the
        shape (..., k, n), with k = min(m, n). All are of the dtype of x.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    solve, det, qr

    Notes
    -----
    Differentiable where the first k columns of x are linearly independent and no two pivots are of
    the same size. P has no gradient: it is constant but for jumps.

    References
    ----------
    De Hoog, Anderssen and Lukas, "Differentiation of matrix functionals using triangular
    factorization", Mathematics of Computation 80 (2011).

    Examples
    --------
    >>> import xgrad as xg
    >>> p, l, u = xg.linalg.lu(xg.asarray([[1.0, 2.0], [4.0, 6.0]]))
    >>> u
    xg.Tensor([[4. , 6. ],
               [0. , 0.5]], shape=(2, 2), dtype=float64, device=cpu)
    >>> p @ l @ u
    xg.Tensor([[1., 2.],
               [4., 6.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "lu")
    rows, columns = x.shape[-2:]
    size = min(rows, columns)
    permutation, factors = apply(_LU, (x[..., :size] if size < columns else x,))
    permutation = stop_gradient(permutation)
    lower = tril(factors, k=-1) + tril(triu(ones_like(factors)))
    upper = triu(factors[..., :size, :] if size < rows else factors)
    if size < columns:  # the first columns decide: x = [X Y] = P L [U, L^-1 P^T Y]
        others = matmul(matrix_transpose(permutation), x[..., size:])
        others = apply(_SOLVE_TRIANGULAR, (lower, others), {"upper": False})
        upper = concat([upper, others], axis=-1)
    return LUResult(permutation, lower, upper)


def qr(x: ArrayLike, /, *, mode: str = "reduced") -> QRResult:
    """Factor matrices into orthonormal columns and an upper triangle.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    mode : str
        ``"reduced"``: Q has k = min(m, n) columns; ``"complete"``: Q is square.

    Returns
    -------
    QRResult
        A named tuple: Q of shape (..., m, k) and R of shape (..., k, n), or (..., m, m) and
        (..., m, n), with Q R = x.

    Raises
    ------
    ArgumentError
        If the mode is another.
    NotDifferentiableError
        For the complete factors of a followed x with more rows than columns: the columns of Q
        beyond those of x are any that complete a basis.
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    svd, lstsq

    Notes
    -----
    Differentiable where the first k columns of x are linearly independent.

    References
    ----------
    Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", Optimization
    Methods and Software 33 (2018).

    Examples
    --------
    >>> import xgrad as xg
    >>> q, r = xg.linalg.qr(xg.asarray([[3.0, 1.0], [4.0, 2.0]]))
    >>> xg.abs(r)
    xg.Tensor([[5. , 2.2],
               [0. , 0.4]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "qr")
    as_choice(mode, ("reduced", "complete"), "qr", "mode")
    rows, columns = x.shape[-2:]
    if rows < columns:  # the first columns decide: x = [X Y] = Q [R, Q^H Y]
        q, r = apply(_QR, (x[..., :rows],))
        return QRResult(q, concat([r, matmul(_adjoint(q), x[..., rows:])], axis=-1))
    complete = mode == "complete" and rows > columns
    return QRResult(*apply(_QR_COMPLETE if complete else _QR, (x,)))


def svd(x: ArrayLike, /, *, full_matrices: bool = True) -> SVDResult:
    """Compute the singular value decomposition x = U diag(S) Vh.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.
    full_matrices : bool
        Whether U and Vh are square; else they have k = min(m, n) columns and rows.

    Returns
    -------
    SVDResult
        A named tuple: U of shape (..., m, m) or (..., m, k), real S of shape (..., k) in descending
        order, Vh of shape (..., n, n) or (..., k, n).

    Raises
    ------
    LinAlgError
        If the iteration does not converge, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    svdvals, pinv, eigh

    Notes
    -----
    Vectors are unique up to a sign or phase (a common one for u and v), those of a repeated value
    and those beyond the last value up to a rotation. Functions that do not depend on a phase have
    the right gradient; that of others is finite and belongs to vectors that turn no more than they
    must. Values that differ by less than their rounding errors count as repeated: there the
    gradient is right for functions that treat all vectors of the value alike, such as a projection
    onto their space, and second derivatives are finite but no more. For a function of a matrix
    such as ``U f(S) Vh`` use `pinv`, `inv` or `matrix_norm` where values may be repeated.

    References
    ----------
    Townsend, "Differentiating the singular value decomposition" (2016); Wan and Zhang,
    arXiv:1909.02659 (2019), for complex numbers.

    Examples
    --------
    >>> import xgrad as xg
    >>> u, s, vh = xg.linalg.svd(xg.asarray([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]]))
    >>> s
    xg.Tensor([3., 2.], shape=(2,), dtype=float64, device=cpu)
    >>> u.shape
    (3, 3)
    """
    x = as_matrices(x, "svd")
    return SVDResult(
        *apply(_SVD, (x,), {"full_matrices": as_flag(full_matrices, "svd", "full_matrices")})
    )


def svdvals(x: ArrayLike, /) -> Tensor:
    """Compute the singular values of matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype.

    Returns
    -------
    Tensor
        Real, of shape (..., min(m, n)), in descending order.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of matrices of floating dtype.

    See Also
    --------
    svd, matrix_norm

    Notes
    -----
    The gradient of a singular value that is 0 is 0, as that of the modulus is. Where values are
    repeated, it is right for functions that treat equal ones alike; second derivatives are right
    for distinct values other than 0 only. Use ``sum(x * x)`` for the sum of their squares.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.svdvals(xg.asarray([[0.0, 2.0], [3.0, 0.0]]))
    xg.Tensor([3., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    return apply1(_SVDVALS, as_matrices(x, "svdvals"))  # type: ignore[no-any-return]


def _adjoint(x: Tensor) -> Tensor:
    return matrix_transpose(conj(x) if dtype_kind(x.dtype) == "complex" else x)
