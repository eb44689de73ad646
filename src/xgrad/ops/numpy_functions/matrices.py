"""``np.linalg``: the functions of `xg.linalg`, with NumPy's names and defaults of their arguments."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import as_int
from ..._typing import DType
from ...core.casting import dtype_kind
from ...core.spec import describe
from ...errors import ArgumentError, ShapeError, TracingError
from .. import decompositions, eigenvalues, matrix_functions, norms, solving
from .. import norm as norm_file
from .. import products as products_file
from .._arguments import as_axis
from .._matrices import as_matrices, rounding, whole_power
from ..rule_namespace import rule_namespace as xp
from . import products
from .operands import is_floating, operands, tensor, tensors

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

_LEFT_OUT: Any = object()  # where None means something else


def _matrix(a: Any) -> Any:
    """A Tensor of floating dtype; whole numbers are taken in float64, as NumPy does."""
    a = tensor(a)
    return a if is_floating(a) else xp.astype(a, "float64")


def _matrices(*values: Any) -> list[Any]:
    return [_matrix(x) for x in tensors(*values)]


# -- products --------------------------------------------------------------------------------------


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The vector perpendicular to two, of three components each."""
    return products_file.cross(*tensors(x1, x2), axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of matrices."""
    return products_file.diagonal(tensor(x), offset=offset)


def matmul(x1: Any, x2: Any, /) -> Any:
    """The matrix product."""
    return xp.matmul(*tensors(x1, x2))


def matrix_power(a: Any, n: int) -> Any:
    """A matrix times itself, n times; the inverse for negative n. Whole numbers stay whole."""
    a = tensor(a)
    if is_floating(a) or as_int(n, "numpy.linalg.matrix_power", "n") < 0:
        return matrix_functions.matrix_power(_matrix(a), n)
    identity = matrix_functions.matrix_power(_matrix(a), 0)
    return whole_power(a, n) if n else xp.astype(identity, a.dtype)


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    return xp.matrix_transpose(tensor(x))


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The product of several matrices, in the cheapest order."""
    return products_file.multi_dot(tensors(*arrays))


def outer(x1: Any, x2: Any, /) -> Any:
    """Every element of a vector times every element of another."""
    return products_file.outer(*tensors(x1, x2))


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes."""
    return products.tensordot(x1, x2, axes)


def trace(x: Any, /, *, offset: int = 0, dtype: DType = None) -> Any:
    """The sums of the diagonals of matrices."""
    return products_file.trace(tensor(x), offset=offset, dtype=dtype)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The dot products of vectors, the first conjugated."""
    return xp.vecdot(*tensors(x1, x2), axis=axis)


# -- equations -------------------------------------------------------------------------------------


def det(a: Any) -> Any:
    """The determinant."""
    return matrix_functions.det(_matrix(a))


def slogdet(a: Any) -> Any:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return matrix_functions.slogdet(_matrix(a))


def inv(a: Any) -> Any:
    """The inverse."""
    return solving.inv(_matrix(a))


def solve(a: Any, b: Any) -> Any:
    """The x for which a x = b."""
    return solving.solve(*_matrices(a, b))


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _LEFT_OUT) -> Any:
    """The pseudo-inverse; singular values below a part of the largest count as zero."""
    if rcond is not None and rtol is not _LEFT_OUT:
        raise ArgumentError("numpy.linalg.pinv: rcond and rtol mean the same. Use one of them.")
    if rcond is None:
        rcond = 1e-15 if rtol is _LEFT_OUT else rtol
    a = _matrix(a)
    return solving.pinv(_hermitian(a) if hermitian else a, rtol=rcond)


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The x for which a x is closest to b, the residuals, the rank and the singular values."""
    a, b = _matrices(a, b)
    if a.ndim != 2:
        raise ShapeError(
            f"numpy.linalg.lstsq: a {describe(a)} must be one matrix. Use xg.linalg.lstsq or vmap for "
            "a stack of them."
        )
    m, n = a.shape
    eps = float(xp.finfo(a.dtype).eps)
    rcond = eps * max(m, n) if rcond is None else float(rcond)
    rcond = rcond if 0 < rcond < 1 else eps  # as LAPACK reads it
    x, residuals, rank, values = solving.lstsq(a, b, rtol=rcond)
    residuals = xp.reshape(residuals, (-1,))
    try:
        found = int(rank)
    except (
        TracingError
    ):  # there is a rank for each call, or for each example: taken for the full one
        return x, residuals if m > n else residuals[:0], rank, values
    return x, residuals if m > n == found else residuals[:0], found, values


def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of `tensordot` with a over `ind` axes."""
    a = _matrix(a)
    if ind <= 0:
        raise ArgumentError(f"numpy.linalg.tensorinv: ind must be positive, but is {ind}.")
    shape = a.shape[ind:] + a.shape[:ind]
    flat = xp.reshape(a, (math.prod(a.shape[:ind]), math.prod(a.shape[ind:])))
    return xp.reshape(solving.inv(flat), shape)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The x for which tensordot(a, x, x.ndim) = b."""
    a, b = _matrices(a, b)
    if axes is not None:
        moved = [as_axis(i, a.ndim, "numpy.linalg.tensorsolve", "axes") for i in axes]
        a = xp.permute_dims(a, tuple([i for i in range(a.ndim) if i not in moved] + moved))
    shape = a.shape[b.ndim - a.ndim :] if b.ndim < a.ndim else ()
    n = math.prod(shape)
    if a.size != n * n or b.size != n:
        raise ShapeError(
            f"numpy.linalg.tensorsolve: a {a.shape} and b {b.shape} must fit a square system."
        )
    x = solving.solve(xp.reshape(a, (n, n)), xp.reshape(b, (n,)))
    return xp.reshape(x, shape)


# -- decompositions --------------------------------------------------------------------------------


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor of a positive matrix."""
    return decompositions.cholesky(_matrix(a), upper=upper)


def qr(a: Any, mode: str = "reduced") -> Any:
    """An orthonormal and a triangular factor, or only the latter."""
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"numpy.linalg.qr: mode {mode!r} is none of reduced, complete, r.")
    found = decompositions.qr(_matrix(a), mode="complete" if mode == "complete" else "reduced")
    return found.R if mode == "r" else found


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The singular values, and the vectors to the left and the right of them."""
    a = _matrix(a)
    if not compute_uv:
        return _values(a, hermitian)
    if not hermitian:
        return decompositions.svd(a, full_matrices=full_matrices)
    w, u = eigenvalues.eigh(a)
    order = xp.flip(xp.argsort(xp.abs(w), axis=-1), axis=-1)
    w = xp.take_along_axis(w, order, axis=-1)
    u = xp.take_along_axis(u, xp.expand_dims(order, axis=-2), axis=-1)
    signs = xp.expand_dims(xp.copysign(1.0, w), axis=-2)  # of zeros, too
    return decompositions.SVDResult(u, xp.abs(w), _adjoint(u * signs))


def svdvals(x: Any, /) -> Any:
    """The singular values."""
    return decompositions.svdvals(_matrix(x))


def eig(a: Any) -> Any:
    """The eigenvalues and eigenvectors; complex here, whether they need to be or not."""
    return eigenvalues.eig(_matrix(a))


def eigvals(a: Any) -> Any:
    """The eigenvalues; complex here, whether they need to be or not."""
    return eigenvalues.eigvals(_matrix(a))


def eigh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues and eigenvectors of a Hermitian matrix, of which one triangle is looked at."""
    return eigenvalues.eigh(_triangle(a, UPLO))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a Hermitian matrix, of which one triangle is looked at."""
    return eigenvalues.eigvalsh(_triangle(a, UPLO))


def _triangle(a: Any, which: str) -> Any:
    """The matrix, or its conjugate transpose where the upper triangle is meant."""
    a = _matrix(a)
    if which.upper() not in ("L", "U"):
        raise ArgumentError(f"numpy.linalg.eigh: UPLO must be 'L' or 'U', but is {which!r}.")
    return a if which.upper() == "L" else _adjoint(a)


def _hermitian(a: Any) -> Any:
    """The Hermitian matrix of a lower triangle, with the gradient that is Hermitian, as that of eigh."""
    a = as_matrices(a, "numpy.linalg.pinv", square=True)
    mean = (a + _adjoint(a)) / 2
    lower = xp.tril(a, k=-1)
    diagonal = xp.tril(xp.triu(mean))
    return mean + xp.stop_gradient(lower + _adjoint(lower) + diagonal - mean)


def _values(a: Any, hermitian: bool) -> Any:
    """The singular values."""
    if not hermitian:
        return decompositions.svdvals(a)
    return xp.sort(xp.abs(eigenvalues.eigvalsh(a)), axis=-1, descending=True)


def _adjoint(a: Any) -> Any:
    a = xp.matrix_transpose(a)
    return xp.conj(a) if dtype_kind(a.dtype) == "complex" else a


# -- norms -----------------------------------------------------------------------------------------


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors or matrices."""
    return norm_file.norm(tensor(x), ord, tuple(axis) if isinstance(axis, list) else axis, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of matrices."""
    return norms.matrix_norm(_matrix(x), keepdims=keepdims, ord=ord)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norms of vectors."""
    return norms.vector_norm(_matrix(x), axis=axis, keepdims=keepdims, ord=ord)


def cond(x: Any, p: Any = None) -> Any:
    """The condition number."""
    return matrix_functions.cond(_matrix(x), p)


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values are not zero, or above a tolerance: a constant."""
    if rtol is not None and tol is not None:
        raise ArgumentError("numpy.linalg.matrix_rank: tol and rtol exclude each other. Use one.")
    A = tensor(A)
    if A.ndim < 2:
        return int(bool(xp.any(A != 0)))
    A = _matrix(A)
    values = _values(A, hermitian)
    if tol is None:
        return norms.rank_of(values, rounding(A) if rtol is None else rtol)
    tol, values = operands(tol, values)
    tol = xp.expand_dims(tol, axis=-1) if getattr(tol, "ndim", 0) else tol
    return xp.count_nonzero(values > tol, axis=-1)
