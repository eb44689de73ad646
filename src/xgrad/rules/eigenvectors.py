"""Eigenvalues, singular values and their vectors.

Vectors are determined up to a phase, those of a repeated value up to a rotation. The derivative is
that of vectors which do neither: right for functions that treat such vectors alike, and finite for
all. Values that rounding cannot tell apart count as repeated."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from ._matrices import (
    absorb,
    adjoint,
    as_columns,
    conjugate,
    identity,
    invertible,
    negligible,
    reciprocal_differences,
    reciprocal_or_zero,
)
from .shared import give, is_complex

# -- Hermitian matrices ------------------------------------------------------------------------


def eigh_x(xp: Any, g: tuple[Array | None, ...], y: tuple[Array, ...]) -> Array:
    """x = V diag(w) V^H;  dw = diag(P) and dV = V (F o P) with P = V^H dx V, F_ij = 1/(w_j - w_i).

    Of the gradients of a function of Hermitian matrices, this is the Hermitian one."""
    g_values, g_vectors = g
    values, vectors = y
    left = None if g_values is None else conjugate(xp, vectors) * as_columns(xp, g_values)
    if g_vectors is not None:
        inner = xp.matmul(xp.matrix_transpose(vectors), g_vectors)
        inner = (inner - adjoint(xp, inner)) * (reciprocal_differences(xp, values) * 0.5)
        turned = xp.matmul(conjugate(xp, vectors), inner)
        left = turned if left is None else left + turned
    result = xp.matmul(left, xp.matrix_transpose(vectors))
    return absorb(xp, result, _as_column(xp, g_values), g_vectors)


def eigvalsh_x(xp: Any, g: Array, x: Array) -> Array:
    """The same for the values alone; the vectors are computed when they are needed."""
    return eigh_x(xp, (g, None), xp.eigh(x))


# -- other square matrices ---------------------------------------------------------------------


def eig_x(xp: Any, g: tuple[Array | None, ...], y: tuple[Array, ...]) -> Array:
    """x = V diag(w) V^-1;  as for Hermitian matrices with P = V^-1 dx V, and dV = V (F o P - D),
    D real and diagonal, keeps the columns at unit length.

    Where there are too few eigenvectors it is NaN or very large, but zero for a zero cotangent."""
    g_values, g_vectors = g
    values, vectors = y
    transposed = xp.matrix_transpose(vectors)
    inner = None if g_values is None else identity(xp, vectors) * as_columns(xp, g_values)
    if g_vectors is not None:
        along = xp.real(xp.sum(vectors * g_vectors, axis=-2, keepdims=True))
        across = g_vectors - conjugate(xp, vectors) * along
        turned = xp.matmul(transposed, across) * reciprocal_differences(xp, values)
        inner = turned if inner is None else inner + turned
    regular, defective = invertible(xp, transposed, xp.slogdet(transposed)[1])
    result = xp.where(defective, math.nan, xp.solve(regular, xp.matmul(inner, transposed)))
    return absorb(xp, result, _as_column(xp, g_values), g_vectors)


def eigvals_x(xp: Any, g: Array, x: Array) -> Array:
    """The same for the values alone."""
    return eig_x(xp, (g, None), xp.eig(x))


# -- rectangular matrices ----------------------------------------------------------------------


def svd_x(xp: Any, g: tuple[Array | None, ...], y: tuple[Array, ...]) -> Array:
    """x = U diag(s) V^H;  with P = U^H dx V and F_ij = 1/(s_j^2 - s_i^2)

    ds = Re diag(P),  dU = U (F o (P s + s P^H) + i Im diag(P) / s),  dV = V (F o (s P + P^H s)),
    and what leaves the space of the vectors is divided by s (Townsend, 2016; Wan and Zhang, 2019).
    Vectors beyond the last value only turn against the others."""
    u, s, vh = y
    size = s.shape[-1]
    g_u, g_v = (None if part is None else conjugate(xp, part) for part in (g[0], g[2]))
    v, g_v = adjoint(xp, vh), None if g_v is None else adjoint(xp, g_v)
    small = negligible(xp, s)
    reciprocal = as_columns(xp, reciprocal_or_zero(xp, s, small))
    sums = xp.expand_dims(s, axis=-2) + xp.expand_dims(s, axis=-1)
    f = reciprocal_differences(xp, s)
    f = f * reciprocal_or_zero(xp, sums, xp.expand_dims(small, axis=-1))
    u1, v1 = u[..., :size], v[..., :size]
    terms = []
    if g[1] is not None:
        terms.append(xp.matmul(u1 * as_columns(xp, g[1] * xp.sign(s)), adjoint(xp, v1)))
    if g_u is not None:
        inner, outside = _turning(xp, g_u, u, size)
        inside = inner * (f * as_columns(xp, s))
        if is_complex(xp, u):
            inside = inside + inner * identity(xp, inner) * (reciprocal * 0.5)
        left = xp.matmul(u1, inside) + outside * reciprocal
        terms.append(xp.matmul(left, adjoint(xp, v1)))
    if g_v is not None:
        inner, outside = _turning(xp, g_v, v, size)
        right = xp.matmul(v1, adjoint(xp, inner * f * xp.expand_dims(s, axis=-1)))
        terms.append(xp.matmul(u1, adjoint(xp, right + outside * reciprocal)))
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return absorb(xp, conjugate(xp, result), g[0], _as_column(xp, g[1]), g[2])


def _as_column(xp: Any, g: Array | None) -> Array | None:
    """The cotangent of values in the form of a matrix."""
    return None if g is None else xp.expand_dims(g, axis=-1)


def _turning(xp: Any, g: Array, vectors: Array, size: int) -> tuple[Array, Array]:
    """How a (conjugated) cotangent turns the first vectors among themselves, and out of their
    space."""
    first, g_first = vectors[..., :size], g[..., :size]
    inner = xp.matmul(adjoint(xp, first), g_first)
    outside = g_first - xp.matmul(first, inner)
    if vectors.shape[-1] > size:
        others = xp.matmul(adjoint(xp, g[..., size:]), first)
        outside = outside - xp.matmul(vectors[..., size:], others)
    return inner - adjoint(xp, inner), outside


def svdvals_x(xp: Any, g: Array, x: Array) -> Array:
    """ds = Re diag(U^H dx V), and 0 for a singular value that is 0, like the modulus."""
    return svd_x(xp, (None, g, None), xp.svd(x, full_matrices=False))


give("eig", x=eig_x)
give("eigh", x=eigh_x)
give("eigvals", x=eigvals_x)
give("eigvalsh", x=eigvalsh_x)
give("svd", x=svd_x)
give("svdvals", x=svdvals_x)
