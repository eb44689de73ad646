"""Functions of matrices, in the functions of the standard's `linalg` extension.

Every function takes the namespace first and matrices as the last two axes; those before are a
stack, which broadcasts. Several results are a plain tuple. What the standard has no function for
(`cofactor`, `expm`, `lu`, `solve_triangular`) is written in what it has, and replaced by a backend that
has something better."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .fourier import as_complex

__all__ = [
    "absorb_zeros",
    "cholesky",
    "cholesky_cotangent",
    "cofactor",
    "cofactor_by_inverse",
    "cofactor_by_svd",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lu",
    "pinv",
    "qr",
    "qr_complete",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vector_norm",
]

# The numerator of the Padé approximant of order 13 to the exponential function, and the norm up to
# which it is good to double precision (Higham, 2005).
_PADE = (
    *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0),
    *(129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0),
    *(40840800.0, 960960.0, 16380.0, 182.0, 1.0),
)
_PADE_NORM = 5.371920351148152
_SQUARINGS = 32

_INACCURATE = 0.01  # the condition number times the root of eps from which on svd does better


def cholesky(xp: Any, x: Array) -> Array:
    """The lower factor; the lower triangle of x is read."""
    return xp._namespace.linalg.cholesky(x)


def cholesky_cotangent(xp: Any, g: Array, y: Array) -> Array:
    """L^-T S L^-1, S Hermitian with half the lower triangle of L^T g: before L, what g is of it."""
    lower = xp.tril(xp.matmul(xp.matrix_transpose(y), g))
    half = lower - xp.tril(xp.triu(lower)) * 0.5
    inner = (half + _adjoint(xp, half)) * 0.5
    left = xp.solve_triangular(xp.matrix_transpose(y), inner, upper=True)
    right = xp.solve_triangular(_adjoint(xp, y), xp.matrix_transpose(left), upper=True)
    return xp.matrix_transpose(right)


def absorb_zeros(xp: Any, r: Array, g: Array) -> Array:
    """r, with 0 for matrices that are not finite and whose cotangent g is zero.

    A matrix is inverted or decomposed as a whole, so one NaN or infinity may be anywhere."""
    if xp.surely_finite(r):
        return r
    size = xp.sum(xp.abs(r), axis=(-2, -1), keepdims=True)
    size_of_g = xp.sum(xp.abs(g), axis=(-2, -1), keepdims=True)
    return xp.where((size_of_g == 0) & ~xp.isfinite(size), 0, r)


def det(xp: Any, x: Array) -> Array:
    """The determinant."""
    return xp._namespace.linalg.det(x)


def cofactor(xp: Any, x: Array) -> Array:
    """The matrix of cofactors: det(x) x^-T, which exists where x has no inverse, too."""
    if 0 in x.shape:
        return x
    cofactors, ill = cofactor_by_inverse(xp, x)
    return xp.where(ill, cofactor_by_svd(xp, xp.where(ill, x, _identity(xp, x))), cofactors)


def cofactor_by_inverse(xp: Any, x: Array) -> tuple[Array, Array]:
    """The cofactors by that formula, and for which matrices it is not accurate.

    Determinant and inverse may come from different factorizations, so that of a nearly singular
    matrix each has another error."""
    determinant = xp.det(x)[..., None, None]
    singular = determinant == 0
    inverse = xp.inv(xp.where(singular, _identity(xp, x), x))
    size, inverse_size = (
        xp.sqrt(xp.sum(xp.abs(m) ** 2, axis=(-2, -1), keepdims=True)) for m in (x, inverse)
    )
    errors = size * inverse_size * xp.finfo(x.dtype).eps ** 0.5
    ill = (singular | (errors > _INACCURATE)) & xp.isfinite(size)
    return determinant * xp.matrix_transpose(inverse), ill


def cofactor_by_svd(xp: Any, x: Array) -> Array:
    """The same from x = U S V: cofactors of products are products of cofactors."""
    u, s, vh = xp.svd(x, full_matrices=False)
    before = xp.cumulative_prod(s, axis=-1, include_initial=True)[..., :-1]
    after = xp.cumulative_prod(xp.flip(s, axis=-1), axis=-1, include_initial=True)[..., :-1]
    others = xp.expand_dims(before * xp.flip(after, axis=-1), axis=-2)
    rotation = (xp.det(u) * xp.det(vh))[..., None, None]
    product = xp.matmul(u * xp.astype(others, x.dtype), vh)
    return rotation * (xp.conj(product) if _is_complex(xp, x) else product)


def inv(xp: Any, x: Array) -> Array:
    """The inverse."""
    return xp._namespace.linalg.inv(x)


def slogdet(xp: Any, x: Array) -> tuple[Array, ...]:
    """Sign and logarithm of the modulus of the determinant."""
    return tuple(xp._namespace.linalg.slogdet(x))


def solve(xp: Any, x1: Array, x2: Array) -> Array:
    """x1^-1 x2, for matrices on both sides."""
    return xp._namespace.linalg.solve(x1, x2)


def solve_triangular(xp: Any, x1: Array, x2: Array, *, upper: bool) -> Array:
    """The same for a triangular x1, whose other triangle is not read."""
    return xp.solve(xp.triu(x1) if upper else xp.tril(x1), x2)


def eig(xp: Any, x: Array) -> tuple[Array, ...]:
    """Eigenvalues and eigenvectors, always complex."""
    values, vectors = xp._namespace.linalg.eig(x)
    return as_complex(xp, values), as_complex(xp, vectors)


def eigvals(xp: Any, x: Array) -> Array:
    """The eigenvalues, always complex."""
    return as_complex(xp, xp._namespace.linalg.eigvals(x))


def eigh(xp: Any, x: Array) -> tuple[Array, ...]:
    """Eigenvalues and eigenvectors of Hermitian matrices; the lower triangle is read."""
    return tuple(xp._namespace.linalg.eigh(x))


def eigvalsh(xp: Any, x: Array) -> Array:
    """The eigenvalues of Hermitian matrices; the lower triangle is read."""
    return xp._namespace.linalg.eigvalsh(x)


def lu(xp: Any, x: Array) -> tuple[Array, ...]:
    """x = P L U by elimination with the largest pivots: P, and L below the diagonal of U.

    One step for each column, on all rows at once, so that no value is looked at."""
    rows, columns = x.shape[-2:]
    places = xp.arange(rows, device=x.device)
    unit = xp.eye(rows, dtype=x.dtype, device=x.device)
    permuted = xp.broadcast_to(unit, (*x.shape[:-2], rows, rows))
    across = xp.arange(columns, device=x.device)
    for step in range(min(columns, rows - 1)):
        below = places > step
        size = xp.where(places >= step, xp.abs(x[..., :, step]), -1.0)
        pivot = xp.argmax(size, axis=-1, keepdims=True)
        order = xp.where(places == step, pivot, xp.where(places == pivot, step, places))
        x, permuted = (_rows(xp, m, order) for m in (x, permuted))
        row, column = x[..., step : step + 1, :], x[..., :, step : step + 1]
        divisor = x[..., step : step + 1, step : step + 1]
        divisor = xp.where(divisor == 0, xp.ones_like(divisor), divisor)
        factor = xp.where(below[:, None], column / divisor, xp.zeros_like(column))
        x = x - factor * xp.where(across > step, row, xp.zeros_like(row))
        x = xp.where(below[:, None] & (across == step), factor, x)
    return xp.matrix_transpose(permuted), x


def qr(xp: Any, x: Array) -> tuple[Array, ...]:
    """The reduced factors."""
    return tuple(xp._namespace.linalg.qr(x, mode="reduced"))


def qr_complete(xp: Any, x: Array) -> tuple[Array, ...]:
    """The complete factors."""
    return tuple(xp._namespace.linalg.qr(x, mode="complete"))


def svd(xp: Any, x: Array, *, full_matrices: bool) -> tuple[Array, ...]:
    """Singular vectors and values."""
    return tuple(xp._namespace.linalg.svd(x, full_matrices=full_matrices))


def svdvals(xp: Any, x: Array) -> Array:
    """The singular values."""
    return xp._namespace.linalg.svdvals(x)


def pinv(xp: Any, x: Array, *, rtol: float) -> Array:
    """The pseudo-inverse; singular values below rtol times the largest one count as zero."""
    if 0 in x.shape:
        return xp.matrix_transpose(x)
    u, s, vh = xp.svd(x, full_matrices=False)
    kept = s > rtol * xp.max(s, axis=-1, keepdims=True)
    inverse = xp.where(kept, 1 / xp.where(kept, s, xp.ones_like(s)), xp.zeros_like(s))
    columns = _adjoint(xp, vh) * xp.astype(xp.expand_dims(inverse, axis=-2), x.dtype)
    return xp.matmul(columns, _adjoint(xp, u))


def expm(xp: Any, x: Array, squarings: int = _SQUARINGS) -> Array:
    """The exponential: Padé approximation, scaling and squaring, where looking is not allowed.

    Each matrix is scaled by its own power of two; `squarings` is the largest that any may need."""
    if 0 in x.shape:
        return x
    norm = xp.max(xp.sum(xp.abs(x), axis=-2), axis=-1)[..., None, None]
    needed = xp.ceil(xp.log2(xp.maximum(norm / _PADE_NORM, xp.ones_like(norm))))
    y = _pade(xp, x * xp.astype(2.0**-needed, x.dtype))
    for number in range(squarings):
        y = xp.where(needed > number, xp.matmul(y, y), y)
    return y


def squarings_for(norm: float) -> int:
    """How many squarings a matrix of a norm needs."""
    return math.ceil(math.log2(max(1.0, norm / _PADE_NORM))) if math.isfinite(norm) else 0


def _pade(xp: Any, x: Array) -> Array:
    """The quotient of two polynomials of degree 13, of which one has the signs of the other's."""
    b = _PADE
    unit = _identity(xp, x)
    x2 = xp.matmul(x, x)
    x4 = xp.matmul(x2, x2)
    x6 = xp.matmul(x4, x2)
    odd = xp.matmul(x6, b[13] * x6 + b[11] * x4 + b[9] * x2)
    odd = xp.matmul(x, odd + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * unit)
    even = xp.matmul(x6, b[12] * x6 + b[10] * x4 + b[8] * x2)
    even = even + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * unit
    return xp.solve(even - odd, even + odd)


def vector_norm(
    xp: Any, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool, ord: float
) -> Array:
    """The norm of order `ord`, which is neither 0 nor infinite."""
    size = xp.abs(x) if _is_complex(xp, x) or ord != 2 else x
    if ord == 2:
        return xp.sqrt(xp.sum(size * size, axis=axis, keepdims=keepdims))
    return xp.sum(size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _identity(xp: Any, x: Array) -> Array:
    """Identity matrices of the shape, dtype and device of x."""
    return xp.tril(xp.triu(xp.ones_like(x)))


def _rows(xp: Any, x: Array, order: Array) -> Array:
    """The rows of matrices in another order for each."""
    return xp.take_along_axis(x, xp.broadcast_to(order[..., None], x.shape), axis=-2)


def _adjoint(xp: Any, x: Array) -> Array:
    return xp.matrix_transpose(xp.conj(x) if _is_complex(xp, x) else x)


def _is_complex(xp: Any, x: Array) -> bool:
    return bool(xp.isdtype(x.dtype, "complex floating"))
