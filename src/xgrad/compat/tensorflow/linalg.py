"""``tf.linalg``: products, factorisations, norms.

Most are lines of a table; below are those where TensorFlow's arguments or results are different."""

from __future__ import annotations

from typing import Any, NamedTuple

import xgrad as xg

from ._arrays import eye
from ._convert import as_tensor, as_tensors, static
from ._tables import Namespace, followed
from .math import l2_normalize

__all__ = [
    "adjoint",
    "band_part",
    "diag",
    "diag_part",
    "eigh",
    "einsum",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "lstsq",
    "lu",
    "matmul",
    "matvec",
    "norm",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "svd",
    "tensordot",
    "triangular_solve",
]

_namespace = Namespace(
    __name__,
    """
    cholesky = linalg.cholesky(input)
    cross = linalg.cross(a, b)
    det = linalg.det(input)
    eigvals = linalg.eigvals(tensor)
    eigvalsh = linalg.eigvalsh(tensor)
    expm = linalg.expm(input)
    matrix_transpose = matrix_transpose(a)
    trace = linalg.trace(x)
    """,
)


def __getattr__(name: str) -> Any:
    return _namespace.get(name, globals())


def __dir__() -> list[str]:
    return _namespace.names(globals())


# -- products --------------------------------------------------------------------------------------


@followed
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    name: str | None = None,
) -> Any:
    """Multiply matrices, or stacks of them."""
    a, b = as_tensors([a, b])
    y = _turned(a, transpose_a, adjoint_a) @ _turned(b, transpose_b, adjoint_b)
    return y if output_type is None else xg.astype(y, output_type)


@followed
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply matrices by vectors."""
    a, b = as_tensors([a, b])
    return xg.squeeze(_turned(a, transpose_a, adjoint_a) @ xg.expand_dims(b, axis=-1), axis=-1)


@followed
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Multiply and sum over pairs of axes; a number means that many last and first ones."""
    a, b = as_tensors([a, b])
    return xg.tensordot(a, b, axes=static(axes))


@followed
def einsum(equation: str, *inputs: Any, optimize: str = "greedy", name: str | None = None) -> Any:
    """Multiply and sum by Einstein's convention."""
    return xg.einsum(equation.replace(" ", ""), *as_tensors(inputs))


@followed
def adjoint(matrix: Any, name: str | None = None) -> Any:
    """Transpose and conjugate matrices."""
    return _turned(as_tensor(matrix), False, True)


# -- parts of matrices -----------------------------------------------------------------------------


@followed
def diag(diagonal: Any, name: str = "diag", k: int = 0) -> Any:
    """Make matrices with given diagonals."""
    d = as_tensor(diagonal)
    size = d.shape[-1] + abs(k)
    before = max(k, 0)
    rows = xg.pad(d, [(0, 0)] * (d.ndim - 1) + [(before, abs(k) - before)])
    spread = xg.broadcast_to(xg.expand_dims(rows, axis=-2), (*d.shape[:-1], size, size))
    mask = xg.eye(size, size, k=k, dtype=xg.bool, device=d.device)
    return xg.where(mask, spread, xg.zeros_like(spread))


@followed
def diag_part(input: Any, name: str = "diag_part", k: int = 0) -> Any:
    """Give the diagonals of matrices."""
    return xg.linalg.diagonal(as_tensor(input), offset=k)


@followed
def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Keep a band around the diagonal; a negative number keeps everything on its side."""
    x, lower, upper = as_tensor(input), static(num_lower), static(num_upper)
    if lower >= 0:
        x = xg.triu(x, k=-lower)
    return xg.tril(x, k=upper) if upper >= 0 else xg.asarray(x)


@followed
def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: int = 0) -> Any:
    """Put other elements on the diagonal of square matrices."""
    x, d = as_tensors([input, diagonal])
    n = x.shape[-1]
    index = xg.arange(n - abs(k), device=x.device)
    return x.at[..., index + max(-k, 0), index + max(k, 0)].set(d)


# -- solving ---------------------------------------------------------------------------------------


@followed
def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Invert matrices."""
    return xg.linalg.inv(_turned(as_tensor(input), False, adjoint))


@followed
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """Give the pseudo-inverse of matrices."""
    return xg.linalg.pinv(as_tensor(a), rtol=rcond)


@followed
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Solve linear systems."""
    a, b = as_tensors([matrix, rhs])
    return xg.linalg.solve(_turned(a, False, adjoint), b)


@followed
def triangular_solve(
    matrix: Any,
    rhs: Any,
    lower: bool = True,
    adjoint: bool = False,
    name: str | None = None,
) -> Any:
    """Solve linear systems of triangular matrices."""
    a, b = as_tensors([matrix, rhs])
    return xg.linalg.solve_triangular(_turned(a, False, adjoint), b, upper=lower == adjoint)


@followed
def lstsq(
    matrix: Any,
    rhs: Any,
    l2_regularizer: float = 0.0,
    fast: bool = True,
    name: str | None = None,
) -> Any:
    """Solve linear systems in the sense of least squares."""
    a, b = as_tensors([matrix, rhs])
    if l2_regularizer:
        turned = _turned(a, False, True)
        n = a.shape[-1]
        ridge = l2_regularizer * xg.eye(n, dtype=a.dtype, device=a.device)
        return xg.linalg.solve(turned @ a + ridge, turned @ b)
    return xg.linalg.pinv(a) @ b


@followed
def logdet(matrix: Any, name: str | None = None) -> Any:
    """Give the logarithm of the determinant of positive definite matrices."""
    return xg.linalg.slogdet(as_tensor(matrix)).logabsdet


@followed
def slogdet(input: Any, name: str | None = None) -> Any:
    """Give sign and logarithm of the absolute value of the determinant."""
    return xg.linalg.slogdet(as_tensor(input))


# -- factorisations --------------------------------------------------------------------------------


@followed
def eigh(tensor: Any, name: str | None = None) -> Any:
    """Give eigenvalues and eigenvectors of self-adjoint matrices."""
    return xg.linalg.eigh(as_tensor(tensor))


class Lu(NamedTuple):
    """What `lu` returns."""

    lu: Any
    p: Any


@followed
def lu(input: Any, output_idx_type: Any = xg.int32, name: str | None = None) -> Lu:
    """Factor square matrices into two triangles, in one matrix, and the order of the rows."""
    permutation, lower, upper = xg.linalg.lu(as_tensor(input))
    order = xg.argmax(xg.real(permutation), axis=-2)
    return Lu(xg.tril(lower, k=-1) + upper, xg.astype(order, output_idx_type))


class Qr(NamedTuple):
    """What `qr` returns."""

    q: Any
    r: Any


@followed
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Factor matrices into an orthogonal and an upper triangular one."""
    mode = "complete" if full_matrices else "reduced"
    return Qr(*xg.linalg.qr(as_tensor(input), mode=mode))


class Svd(NamedTuple):
    """What `svd` returns, in TensorFlow's order."""

    s: Any
    u: Any
    v: Any


@followed
def svd(
    tensor: Any,
    full_matrices: bool = False,
    compute_uv: bool = True,
    name: str | None = None,
) -> Any:
    """Give singular values, left and right singular vectors; these as columns."""
    x = as_tensor(tensor)
    if not compute_uv:
        return xg.linalg.svdvals(x)
    u, s, vh = xg.linalg.svd(x, full_matrices=full_matrices)
    return Svd(s, u, _turned(vh, False, True))


# -- norms -----------------------------------------------------------------------------------------


@followed
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> Any:
    """Compute a norm of all elements, of vectors (one axis) or of matrices (two axes)."""
    x, axes = as_tensor(tensor), static(axis)
    keepdims = keepdims if keep_dims is None else keep_dims
    if ord == "euclidean":
        return xg.linalg.vector_norm(x, axis=axes, keepdims=keepdims)
    if isinstance(axes, tuple) and len(axes) == 2:
        return xg.norm(x, ord=ord, axis=axes, keepdims=keepdims)
    order = 2 if ord == "fro" else ord
    return xg.linalg.vector_norm(x, ord=order, axis=axes, keepdims=keepdims)


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Compute the norm of all tensors together; None counts nothing."""
    return xg.global_norm(t_list)


def _turned(x: Any, transposed: bool, adjoint: bool) -> Any:
    if transposed or adjoint:
        x = xg.matrix_transpose(x)
    return xg.conj(x) if adjoint and xg.isdtype(x.dtype, "complex floating") else x
