"""What the rules of matrix functions share: adjoints, triangles, and what to do where two values
cannot be told apart.

Rules work in the walk's convention, in which a cotangent c of z means dL = Re(c dz); papers use its
conjugate."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import is_complex

__all__ = [
    "absorb",
    "adjoint",
    "as_columns",
    "conjugate",
    "hermitian_of_triangle",
    "identity",
    "invertible",
    "negligible",
    "over_matrices",
    "reciprocal_differences",
    "reciprocal_or_zero",
    "sum_of_moduli",
]


def conjugate(xp: Any, x: Array) -> Array:
    """The complex conjugate; real arrays as they are."""
    return xp.conj(x) if is_complex(xp, x) else x


def adjoint(xp: Any, x: Array) -> Array:
    """The conjugate transpose."""
    return xp.matrix_transpose(conjugate(xp, x))


def identity(xp: Any, x: Array) -> Array:
    """Matrices of the shape of x with ones on the diagonal."""
    return xp.tril(xp.triu(xp.ones_like(x)))


def as_columns(xp: Any, v: Array) -> Array:
    """One number for each column of a matrix: times it, that is times diag(v) from the right."""
    return xp.expand_dims(v, axis=-2)


def over_matrices(xp: Any, v: Array) -> Array:
    """One number for each matrix of a stack."""
    return xp.reshape(v, (*v.shape, 1, 1))


def hermitian_of_triangle(xp: Any, x: Array) -> Array:
    """The Hermitian matrix with a given triangle, the other being zero."""
    half = x - xp.tril(xp.triu(x)) * 0.5
    return half + adjoint(xp, half)


def absorb(xp: Any, r: Array, *g: Array | None) -> Array:
    """r, with 0 for matrices that are not finite and whose cotangent is zero.

    A matrix is inverted or decomposed as a whole, so one NaN or infinity may be anywhere."""
    if len(g) == 1 and g[0] is not None:
        return xp.absorb_zeros(r, g[0])
    if xp.surely_finite(r):
        return r
    sums = [sum_of_moduli(xp, part) for part in g if part is not None]
    total = sums[0]
    for other in sums[1:]:
        total = total + other
    return xp.where((total == 0) & ~xp.isfinite(sum_of_moduli(xp, r)), 0, r)


def sum_of_moduli(xp: Any, x: Array) -> Array:
    """A number for each matrix, which is zero or not finite where all or some elements are."""
    return xp.sum(xp.abs(x), axis=(-2, -1), keepdims=True)


def invertible(xp: Any, x: Array, logarithm: Array) -> tuple[Array, Array]:
    """x with the identity in the place of singular matrices, and where they were.

    The logarithm of the determinant tells, because the determinant itself may underflow."""
    singular = over_matrices(xp, logarithm == -math.inf)
    return xp.where(singular, identity(xp, x), x), singular


def negligible(xp: Any, values: Array) -> Array:
    """The size of the rounding errors in eigenvalues or singular values, along the last axis."""
    return xp.finfo(values.dtype).eps * xp.sum(xp.abs(values), axis=-1, keepdims=True)


def reciprocal_or_zero(xp: Any, x: Array, small: Array) -> Array:
    """1 / x, and 0 where x is as good as zero: what would be infinite has no derivative there."""
    large = xp.abs(x) > small
    return xp.where(large, 1 / xp.where(large, x, xp.ones_like(x)), 0)


def reciprocal_differences(xp: Any, values: Array) -> Array:
    """F_ij = 1 / (v_j - v_i), and 0 where the two cannot be told apart.

    Functions of the space of a repeated value need no F there; others have no limit in terms of
    the cotangents of values and vectors alone (docs/decisions/0017-matrices.md)."""
    differences = xp.expand_dims(values, axis=-2) - xp.expand_dims(values, axis=-1)
    small = xp.expand_dims(negligible(xp, values), axis=-1)
    return reciprocal_or_zero(xp, differences, small)
