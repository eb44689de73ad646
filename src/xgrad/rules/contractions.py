"""Sums of products: bilinear, so each operand's rule is the same contraction with the other one.

Stacks of matrices that were broadcast are summed at the edge."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, is_complex


def contract_x1(xp: Any, g: Array, x2: Array, *, subscripts: str) -> Array:
    """Every letter of x1 is in y or x2, so its part is a sum of products again."""
    first, second, result = _terms(subscripts)
    return xp.contract(g, x2, subscripts=f"{result},{second}->{first}")


def contract_x2(xp: Any, g: Array, x1: Array, *, subscripts: str) -> Array:
    """The same for the second operand."""
    first, second, result = _terms(subscripts)
    return xp.contract(x1, g, subscripts=f"{first},{result}->{second}")


def matmul_x1(xp: Any, g: Array, x1_spec: Any, x2: Array) -> Array:
    """y = x1 x2;  dx1 = g x2^T, with 1-d operands as a row and a column."""
    if x1_spec.ndim == 1 and x2.ndim == 1:
        return g * x2
    if x2.ndim == 1:
        return xp.expand_dims(g, axis=-1) * x2
    if x1_spec.ndim == 1:
        return xp.matmul(x2, xp.expand_dims(g, axis=-1))[..., 0]
    return xp.matmul(g, xp.matrix_transpose(x2))


def matmul_x2(xp: Any, g: Array, x1: Array, x2_spec: Any) -> Array:
    """y = x1 x2;  dx2 = x1^T g, summed over a stack in the same product where x2 has none."""
    if x1.ndim == 1 and x2_spec.ndim == 1:
        return g * x1
    if x1.ndim == 1:
        return xp.expand_dims(x1, axis=-1) * xp.expand_dims(g, axis=-2)
    if x2_spec.ndim == 1:
        return xp.matmul(xp.matrix_transpose(x1), xp.expand_dims(g, axis=-1))[..., 0]
    if x1.ndim > 2 and x2_spec.ndim == 2 and 0 not in x1.shape:
        x1 = xp.reshape(x1, (-1, x1.shape[-1]))
        g = xp.reshape(g, (-1, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(x1), g)


def tensordot_x1(xp: Any, g: Array, x1_spec: Any, x2: Array, *, axes: Any) -> Array:
    """Contract g with the free axes of x2, then put the axes back in place."""
    axes1, axes2 = _axes(axes, x1_spec.ndim, x2.ndim)
    free1 = [i for i in range(x1_spec.ndim) if i not in axes1]
    free2 = [i for i in range(x2.ndim) if i not in axes2]
    r = xp.tensordot(g, x2, axes=(tuple(range(len(free1), g.ndim)), tuple(free2)))
    by_x2 = sorted(range(len(axes2)), key=axes2.__getitem__)
    order = [*free1, *(axes1[i] for i in by_x2)]
    return xp.permute_dims(r, tuple(sorted(range(len(order)), key=order.__getitem__)))


def tensordot_x2(xp: Any, g: Array, x1: Array, x2_spec: Any, *, axes: Any) -> Array:
    """The same for the second operand."""
    axes1, axes2 = _axes(axes, x1.ndim, x2_spec.ndim)
    free1 = [i for i in range(x1.ndim) if i not in axes1]
    free2 = [i for i in range(x2_spec.ndim) if i not in axes2]
    r = xp.tensordot(x1, g, axes=(tuple(free1), tuple(range(len(free1)))))
    by_x1 = sorted(range(len(axes1)), key=axes1.__getitem__)
    order = [*(axes2[i] for i in by_x1), *free2]
    return xp.permute_dims(r, tuple(sorted(range(len(order)), key=order.__getitem__)))


def vecdot_x1(xp: Any, g: Array, x2: Array, *, axis: int) -> Array:
    """y = sum conj(x1) x2;  dx1 = conj(g x2)."""
    r = xp.expand_dims(g, axis=axis) * x2
    return xp.conj(r) if is_complex(xp, r) else r


def vecdot_x2(xp: Any, g: Array, x1: Array, *, axis: int) -> Array:
    """y = sum conj(x1) x2;  dx2 = g conj(x1)."""
    return xp.expand_dims(g, axis=axis) * (xp.conj(x1) if is_complex(xp, x1) else x1)


def _terms(subscripts: str) -> list[str]:
    return subscripts.replace("->", ",").split(",")


def _axes(axes: Any, ndim1: int, ndim2: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int):
        return list(range(ndim1 - axes, ndim1)), list(range(axes))
    first, second = axes
    return [a % ndim1 for a in first], [a % ndim2 for a in second]


give("contract", x1=contract_x1, x2=contract_x2)
give("matmul", x1=matmul_x1, x2=matmul_x2)
give("tensordot", x1=tensordot_x1, x2=tensordot_x2)
give("vecdot", x1=vecdot_x1, x2=vecdot_x2)
