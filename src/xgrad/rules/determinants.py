"""Determinants, whose gradient exists for singular matrices too: the matrix of cofactors.

Up to three rows it is a polynomial that is written down. Beyond, `cofactor` is an instruction whose
own derivative is exact whether the matrix has an inverse or not."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from ._matrices import absorb, conjugate, identity, invertible, over_matrices, sum_of_moduli
from .shared import give, give_forward, is_complex, products_of_others

# From a ratio of the least to the largest singular value of this on, an inverse is good enough.
_WELL_CONDITIONED = 0.01


def det_x(xp: Any, g: Array, x: Array) -> Array:
    """y = det x;  dy = sum of cofactors times dx."""
    g = over_matrices(xp, g)
    return xp.zero_where_zero(g * _cofactors(xp, x), g)


def det_tangent(xp: Any, t: Array, x: Array) -> Array:
    """The sum itself."""
    return xp.sum(xp.zero_where_zero(t * _cofactors(xp, x), t), axis=(-2, -1))


def _cofactors(xp: Any, x: Array) -> Array:
    size = x.shape[-1]
    if size < 2:
        return xp.ones_like(x)
    if size == 2:
        return xp.flip(x, axis=(-2, -1)) * (2 * identity(xp, x) - 1)
    if size == 3:
        first = _turn(xp, x, 1, 1) * _turn(xp, x, 2, 2)
        return first - _turn(xp, x, 1, 2) * _turn(xp, x, 2, 1)
    return xp.cofactor(x)


def _turn(xp: Any, x: Array, rows: int, columns: int) -> Array:
    return xp.roll(x, (-rows, -columns), axis=(-2, -1))


def cofactor_x(xp: Any, g: Array, x: Array) -> Array:
    """y = cof x, the gradient of det, so its derivative is symmetric: dx = D cof(x)[g].

    By the inverse where that is accurate, which is right for derivatives of any order; else by the
    singular value decomposition, which is right at singular matrices, and beyond this derivative
    as long as no singular value is repeated."""
    finite = xp.isfinite(sum_of_moduli(xp, x))
    u, s, vh = xp.svd(xp.where(finite, x, identity(xp, x)), full_matrices=False)
    well = xp.expand_dims(s[..., -1:] > _WELL_CONDITIONED * s[..., :1], axis=-1)
    by_inverse = _by_inverse(xp, g, xp.where(well, x, identity(xp, x)))
    r = xp.where(well, by_inverse, _by_svd(xp, g, u, s, vh))
    return absorb(xp, r, g)


def _by_inverse(xp: Any, g: Array, x: Array) -> Array:
    """cof x = det x x^-T, by the product rule."""
    inverse = xp.matrix_transpose(xp.inv(x))
    trace = xp.sum(inverse * g, axis=(-2, -1), keepdims=True)
    turned = xp.matmul(xp.matmul(inverse, xp.matrix_transpose(g)), inverse)
    return over_matrices(xp, xp.det(x)) * (trace * inverse - turned)


def _by_svd(xp: Any, g: Array, u: Array, s: Array, vh: Array) -> Array:
    """cof(U S V) = cof U cof S cof V;  to first order cof(S + E) needs products of s without two.

    With p_ij the product of all s but s_i and s_j, and zero for i = j, its elements are -p_ij E_ji,
    and on the diagonal the sum of p_ij E_jj over j."""
    u, vh = conjugate(xp, u), conjugate(xp, vh)
    turned = xp.matmul(xp.matmul(vh, xp.matrix_transpose(g)), u)
    unit = identity(xp, turned)
    here = identity(xp, xp.expand_dims(s, axis=-1) * xp.expand_dims(s, axis=-2))
    rows = xp.where(here != 0, 1, xp.expand_dims(s, axis=-2))
    pairs = products_of_others(xp, rows) * (1 - here)
    diagonal = xp.sum(pairs * xp.sum(turned * unit, axis=-2, keepdims=True), axis=-1, keepdims=True)
    inner = unit * diagonal - pairs * turned
    # cof U = det U conj(U), which has the conjugate of the determinant of its conjugate.
    rotation = over_matrices(xp, conjugate(xp, xp.det(u) * xp.det(vh)))
    return rotation * xp.matmul(xp.matmul(u, inner), vh)


def slogdet_x(xp: Any, g: tuple[Array | None, ...], x: Array, y: tuple[Array, ...]) -> Array:
    """det x = s e^l;  dl + ds / s = tr(x^-1 dx), whose real part is dl.

    Of a singular matrix l is -inf: the gradient is NaN, but zero for a zero cotangent."""
    g_sign, g_logarithm = g
    sign, logarithm = y
    factor = g_logarithm
    if g_sign is not None and is_complex(xp, x):
        turn = xp.zero_where_zero(g_sign * sign, g_sign)
        turn = xp.imag(turn) * 1j
        factor = turn if factor is None else factor + turn
    if factor is None:
        return xp.zeros_like(x)  # the sign of a real matrix is a constant
    regular, singular = invertible(xp, x, logarithm)
    partial = xp.where(singular, math.nan, xp.matrix_transpose(xp.inv(regular)))
    factor = over_matrices(xp, factor)
    return xp.zero_where_zero(factor * partial, factor)


give("det", x=det_x)
give("cofactor", x=cofactor_x)
give("slogdet", x=slogdet_x)
give_forward("det", x=det_tangent)
give_forward("cofactor", x=cofactor_x)
