"""Inverses and what is computed with them; each rule is the same kind of solve with the transpose."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ._matrices import absorb, adjoint, conjugate, sum_of_moduli
from .shared import give, give_forward


def inv_x(xp: Any, g: Array, y: Array) -> Array:
    """y = x^-1;  dy = -y dx y."""
    transposed = xp.matrix_transpose(y)
    return absorb(xp, -xp.matmul(xp.matmul(transposed, g), transposed), g)


def inv_tangent(xp: Any, t: Array, y: Array) -> Array:
    """dy = -y dx y."""
    return absorb(xp, -xp.matmul(xp.matmul(y, t), y), t)


def solve_x1(xp: Any, g: Array, x1: Array, y: Array) -> Array:
    """x1 y = x2;  x1 dy = dx2 - dx1 y."""
    return _outer(xp, solve_x2(xp, g, x1), y)


def solve_x2(xp: Any, g: Array, x1: Array) -> Array:
    """x1 y = x2;  dx2 = x1^-T g."""
    return absorb(xp, xp.solve(xp.matrix_transpose(x1), g), g)


def solve_x1_tangent(xp: Any, t: Array, x1: Array, y: Array) -> Array:
    """dy = -x1^-1 dx1 y."""
    return -solve_x2_tangent(xp, xp.absorbing_matmul(t, y, zeros=0), x1)


def solve_x2_tangent(xp: Any, t: Array, x1: Array) -> Array:
    """dy = x1^-1 dx2."""
    return absorb(xp, xp.solve(x1, t), t)


def solve_triangular_x1(xp: Any, g: Array, x1: Array, y: Array, *, upper: bool) -> Array:
    """As for `solve`, and the other triangle is not read."""
    r = _outer(xp, solve_triangular_x2(xp, g, x1, upper=upper), y)
    return xp.triu(r) if upper else xp.tril(r)


def solve_triangular_x2(xp: Any, g: Array, x1: Array, *, upper: bool) -> Array:
    """The transpose of a triangular matrix is the other kind of triangular."""
    return absorb(xp, xp.solve_triangular(xp.matrix_transpose(x1), g, upper=not upper), g)


def solve_triangular_x1_tangent(xp: Any, t: Array, x1: Array, y: Array, *, upper: bool) -> Array:
    """As for `solve`, and the other triangle is not read."""
    t = xp.absorbing_matmul(xp.triu(t) if upper else xp.tril(t), y, zeros=0)
    return -solve_triangular_x2_tangent(xp, t, x1, upper=upper)


def solve_triangular_x2_tangent(xp: Any, t: Array, x1: Array, *, upper: bool) -> Array:
    """dy = x1^-1 dx2."""
    return absorb(xp, xp.solve_triangular(x1, t, upper=upper), t)


def _outer(xp: Any, r: Array, y: Array) -> Array:
    """-r y^T, in which zeros of both win; y may come from a cotangent of zeros itself."""
    return absorb(xp, -xp.absorbing_matmul(r, xp.matrix_transpose(y), zeros=0), y)


def pinv_x(xp: Any, g: Array, x: Array, y: Array) -> Array:
    """As long as the rank does not change (Golub and Pereyra, 1973), with y^H the adjoint of y:

    dy = -y dx y + y y^H dx^H (1 - x y) + (1 - y x) dx^H y^H y."""
    turned, across = xp.matrix_transpose(g), adjoint(xp, y)
    left = xp.matmul(turned, xp.matmul(y, across))
    left = left - xp.matmul(x, xp.matmul(y, left))
    right = xp.matmul(xp.matmul(across, y), turned)
    right = right - xp.matmul(xp.matmul(right, y), x)
    inside = xp.matmul(xp.matmul(y, turned), y)
    return absorb(xp, conjugate(xp, left + right) - xp.matrix_transpose(inside), g)


def expm_x(xp: Any, g: Array, x: Array) -> Array:
    """The derivative along E at the transpose."""
    return expm_tangent(xp, g, xp.matrix_transpose(x))


def expm_tangent(xp: Any, t: Array, x: Array) -> Array:
    """The derivative of exp at A along E is the corner of exp [[A, E], [0, A]] (Mathias, 1996)."""
    size = x.shape[-1]
    if size == 0:
        return t
    # The corner is linear in E, but how accurate it is depends on the size of E.
    scale = xp.stop_gradient(xp.max(xp.abs(t), axis=(-2, -1), keepdims=True))
    idle = (scale == 0) & ~xp.isfinite(sum_of_moduli(xp, x))
    scale = xp.where(scale == 0, xp.ones_like(scale), scale)
    a, e = xp.where(idle, 0, x), t / scale
    rows = xp.concat([a, e], axis=-1), xp.concat([xp.zeros_like(a), a], axis=-1)
    return xp.expm(xp.concat(list(rows), axis=-2))[..., :size, size:] * scale


give("inv", x=inv_x)
give("solve", x1=solve_x1, x2=solve_x2)
give("solve_triangular", x1=solve_triangular_x1, x2=solve_triangular_x2)
give("pinv", x=pinv_x)
give("expm", x=expm_x)
give_forward("inv", x=inv_tangent)
give_forward("solve", x1=solve_x1_tangent, x2=solve_x2_tangent)
give_forward("solve_triangular", x1=solve_triangular_x1_tangent, x2=solve_triangular_x2_tangent)
give_forward("expm", x=expm_tangent)
