"""Triangular factors: Cholesky, LU and QR.

A triangular factor changes by a triangular matrix, an orthonormal one by itself times a
skew-Hermitian matrix; that splits the change of the product between them in one way only."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from ..core.primitive import Refusal
from ._matrices import absorb, conjugate, hermitian_of_triangle, identity
from .shared import give


def cholesky_x(xp: Any, g: Array, y: Array) -> Array:
    """x = L L^H;  dL = L Phi(L^-1 dx L^-H), Phi the lower triangle with half the diagonal.

    Of the gradients of a function of Hermitian matrices, this is the Hermitian one."""
    return absorb(xp, xp.cholesky_cotangent(g, y), g)


def lu_x(xp: Any, g: tuple[Array | None, ...], y: tuple[Array, ...]) -> Array:
    """x = P L U; with L = [L1; L2], of which L1 is square,

    dL/dx = P [L1^-T F; gL2] U^-T, F = tril(L1^T gL1, -1) + triu(gU U^T - L2^T gL2).
    P changes nowhere but where it jumps. Where U is singular there is no derivative: NaN, but zero
    for a zero cotangent."""
    permutation, factors = y
    g_factors = g[1]
    if g_factors is None:
        return xp.zeros_like(factors)
    size = factors.shape[-1]
    lower, rest = factors[..., :size, :], factors[..., size:, :]
    g_square, g_rest = g_factors[..., :size, :], g_factors[..., size:, :]
    unit = identity(xp, lower)
    upper, lower = xp.triu(lower), xp.tril(lower, k=-1) + unit
    above = xp.matmul(xp.triu(g_square), xp.matrix_transpose(upper))
    above = above - xp.matmul(xp.matrix_transpose(rest), g_rest)
    below = xp.matmul(xp.matrix_transpose(lower), xp.tril(g_square, k=-1))
    inner = xp.tril(below, k=-1) + xp.triu(above)
    top = xp.solve_triangular(xp.matrix_transpose(lower), inner, upper=True)
    both = xp.concat([top, g_rest], axis=-2)
    pivots = xp.where((unit != 0) & (upper == 0), math.nan, upper)
    result = xp.solve_triangular(pivots, xp.matrix_transpose(both), upper=True)
    return absorb(xp, xp.matmul(permutation, xp.matrix_transpose(result)), g_factors)


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
give("lu", x=lu_x)
give("qr", x=qr_x)
give(
    "qr_complete",
    x=Refusal(
        "the columns of Q beyond those of x may be any that complete a basis, so they have no "
        "derivative. Use mode='reduced' for the others and R, or svd for projections on the "
        "complement, which do not depend on the choice."
    ),
)
