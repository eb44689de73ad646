"""Triangular factors: Cholesky and QR.

A triangular factor changes by a triangular matrix, an orthonormal one by itself times a
skew-Hermitian matrix; that splits the change of the product between them in one way only."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from ..core.primitive import Refusal
from ._matrices import absorb, adjoint, conjugate, hermitian_of_triangle, identity
from .shared import give


def cholesky_x(xp: Any, g: Array, y: Array) -> Array:
    """x = L L^H;  dL = L Phi(L^-1 dx L^-H), Phi the lower triangle with half the diagonal.

    Of the gradients of a function of Hermitian matrices, this is the Hermitian one."""
    lower = xp.tril(xp.matmul(xp.matrix_transpose(y), g))
    inner = hermitian_of_triangle(xp, lower) * 0.5
    half = xp.solve_triangular(xp.matrix_transpose(y), inner, upper=True)
    whole = xp.solve_triangular(adjoint(xp, y), xp.matrix_transpose(half), upper=True)
    return absorb(xp, xp.matrix_transpose(whole), g)


def qr_x(xp: Any, g: tuple[Array | None, ...], y: tuple[Array, ...]) -> Array:
    """x = Q R with no more columns than rows (Walter and Lehmann, 2018), for real numbers

    dL/dx = (gQ + Q S) R^-T, S symmetric with the upper triangle of gR R^T - Q^T gQ.
    Where R is singular there is no derivative: NaN, but zero for a zero cotangent."""
    g_q, g_r = g
    q, r = y
    inner = None if g_r is None else xp.matmul(g_r, xp.matrix_transpose(r))
    if g_q is not None:
        turned = xp.matmul(xp.matrix_transpose(q), g_q)
        inner = -turned if inner is None else inner - turned
    both = xp.matmul(conjugate(xp, q), hermitian_of_triangle(xp, xp.triu(inner)))
    if g_q is not None:
        both = both + g_q
    pivots = xp.where((identity(xp, r) != 0) & (r == 0), math.nan, r)
    result = xp.solve_triangular(pivots, xp.matrix_transpose(both), upper=True)
    return absorb(xp, xp.matrix_transpose(result), g_q, g_r)


give("cholesky", x=cholesky_x)
give("qr", x=qr_x)
give(
    "qr_complete",
    x=Refusal(
        "the columns of Q beyond those of x may be any that complete a basis, so they have no "
        "derivative. Use mode='reduced' for the others and R, or svd for projections on the "
        "complement, which do not depend on the choice."
    ),
)
