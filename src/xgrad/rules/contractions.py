"""Sums of products: bilinear, so each operand's rule is the same contraction with the other one.

A term whose cotangent is zero is zero, whatever the other operand holds there: so rules and forward
rules are made of the two absorbing products, in which a zero of operand number `zeros` wins over
infinity and NaN. Stacks of matrices that were broadcast are summed at the edge."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..core.instructions import primitive
from .shared import give, is_complex

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


# -- contract ----------------------------------------------------------------------------------


def contract_x1(xp: Any, g: Array, x2: Array, *, subscripts: str) -> Array:
    """Every letter of x1 is in y or x2, so its part is a sum of products again."""
    first, second, result = _terms(subscripts)
    return xp.absorbing_contract(g, x2, subscripts=f"{result},{second}->{first}", zeros=0)


def contract_x2(xp: Any, g: Array, x1: Array, *, subscripts: str) -> Array:
    """The same for the second operand."""
    first, second, result = _terms(subscripts)
    return xp.absorbing_contract(x1, g, subscripts=f"{first},{result}->{second}", zeros=1)


def absorbing_contract_x1(
    xp: Any, g: Array, x1: Array, x2: Array, *, subscripts: str, zeros: int
) -> Array:
    """As contract's; where a zero of x1 absorbed something that is not finite, zero."""
    r = contract_x1(xp, g, x2, subscripts=subscripts)
    return r if zeros else xp.zero_where_zero(r, x1)


def absorbing_contract_x2(
    xp: Any, g: Array, x1: Array, x2: Array, *, subscripts: str, zeros: int
) -> Array:
    """The same for the second operand."""
    r = contract_x2(xp, g, x1, subscripts=subscripts)
    return xp.zero_where_zero(r, x2) if zeros else r


# -- matmul ------------------------------------------------------------------------------------


def matmul_x1(xp: Any, g: Array, x1_spec: Any, x2: Array) -> Array:
    """y = x1 x2;  dx1 = g x2^T, with 1-d operands as a row and a column."""
    if x2.ndim == 1:
        g = g if x1_spec.ndim == 1 else xp.expand_dims(g, axis=-1)
        return xp.zero_where_zero(g * x2, g)
    if x1_spec.ndim == 1:
        return xp.absorbing_matmul(x2, xp.expand_dims(g, axis=-1), zeros=1)[..., 0]
    return xp.absorbing_matmul(g, xp.matrix_transpose(x2), zeros=0)


def matmul_x2(xp: Any, g: Array, x1: Array, x2_spec: Any) -> Array:
    """y = x1 x2;  dx2 = x1^T g, summed over a stack in the same product where x2 has none."""
    if x1.ndim == 1:
        if x2_spec.ndim > 1:
            x1, g = xp.expand_dims(x1, axis=-1), xp.expand_dims(g, axis=-2)
        return xp.zero_where_zero(g * x1, g)
    if x2_spec.ndim == 1:
        g = xp.expand_dims(g, axis=-1)
        return xp.absorbing_matmul(xp.matrix_transpose(x1), g, zeros=1)[..., 0]
    if x1.ndim > 2 and x2_spec.ndim == 2 and 0 not in x1.shape:
        x1 = xp.reshape(x1, (-1, x1.shape[-1]))
        g = xp.reshape(g, (-1, g.shape[-1]))
    return xp.absorbing_matmul(xp.matrix_transpose(x1), g, zeros=1)


def matmul_tangent(xp: Any, x1: Array, x2: Array, zeros: int) -> Array:
    """The product, with 1-d operands as a row and a column, where one of the two is a tangent."""
    row, column = x1.ndim == 1, x2.ndim == 1
    x1 = xp.expand_dims(x1, axis=0) if row else x1
    x2 = xp.expand_dims(x2, axis=-1) if column else x2
    y = xp.absorbing_matmul(x1, x2, zeros=zeros)
    y = y[..., 0] if column else y
    return y if not row else y[..., 0] if column else y[..., 0, :]


def absorbing_matmul_x1(xp: Any, g: Array, x1: Array, x2: Array, *, zeros: int) -> Array:
    """As matmul's; where a zero of x1 absorbed something that is not finite, zero."""
    r = xp.absorbing_matmul(g, xp.matrix_transpose(x2), zeros=0)
    return r if zeros else xp.zero_where_zero(r, x1)


def absorbing_matmul_x2(xp: Any, g: Array, x1: Array, x2: Array, *, zeros: int) -> Array:
    """The same for the second operand."""
    r = xp.absorbing_matmul(xp.matrix_transpose(x1), g, zeros=1)
    return xp.zero_where_zero(r, x2) if zeros else r


# -- tensordot, vecdot -------------------------------------------------------------------------


def tensordot_x1(xp: Any, g: Array, x1_spec: Any, x2: Array, *, axes: Any) -> Array:
    """tensordot is a contraction, whose letters say where the axes belong."""
    return contract_x1(xp, g, x2, subscripts=_subscripts(axes, x1_spec.ndim, x2.ndim))


def tensordot_x2(xp: Any, g: Array, x1: Array, x2_spec: Any, *, axes: Any) -> Array:
    """The same for the second operand."""
    return contract_x2(xp, g, x1, subscripts=_subscripts(axes, x1.ndim, x2_spec.ndim))


def tensordot_tangent(xp: Any, x1: Array, x2: Array, axes: Any, zeros: int) -> Array:
    """The contraction where one of the two is a tangent."""
    subscripts = _subscripts(axes, x1.ndim, x2.ndim)
    return xp.absorbing_contract(x1, x2, subscripts=subscripts, zeros=zeros)


def vecdot_x1(xp: Any, g: Array, x2: Array, *, axis: int) -> Array:
    """y = sum conj(x1) x2;  dx1 = conj(g x2)."""
    g = xp.expand_dims(g, axis=axis)
    return conjugate(xp, xp.zero_where_zero(g * x2, g))


def vecdot_x2(xp: Any, g: Array, x1: Array, *, axis: int) -> Array:
    """y = sum conj(x1) x2;  dx2 = g conj(x1)."""
    g = xp.expand_dims(g, axis=axis)
    return xp.zero_where_zero(g * conjugate(xp, x1), g)


def conjugate(xp: Any, x: Array) -> Array:
    """conj, which libraries do not give for real numbers for nothing."""
    return xp.conj(x) if is_complex(xp, x) else x


def vecdot_tangent(xp: Any, product: Array, t: Array, axis: int) -> Array:
    """The sum over products of which a tangent t is a factor."""
    return xp.sum(xp.zero_where_zero(product, t), axis=axis, keepdims=False)


# -- subscripts --------------------------------------------------------------------------------


def _terms(subscripts: str) -> list[str]:
    return subscripts.replace("->", ",").split(",")


def _subscripts(axes: Any, ndim1: int, ndim2: int) -> str:
    """tensordot's axes as subscripts."""
    if isinstance(axes, int):
        axes = (tuple(range(ndim1 - axes, ndim1)), tuple(range(axes)))
    first = _LETTERS[:ndim1]
    second = list(_LETTERS[ndim1 : ndim1 + ndim2])
    for a, b in zip(*axes, strict=True):
        second[b] = first[a]
    free = [c for c in first if c not in second] + [c for c in second if c not in first]
    return f"{first},{''.join(second)}->{''.join(free)}"


give("absorbing_contract", x1=absorbing_contract_x1, x2=absorbing_contract_x2)
give("absorbing_matmul", x1=absorbing_matmul_x1, x2=absorbing_matmul_x2)
give("contract", x1=contract_x1, x2=contract_x2)
give("matmul", x1=matmul_x1, x2=matmul_x2)
give("tensordot", x1=tensordot_x1, x2=tensordot_x2)
give("vecdot", x1=vecdot_x1, x2=vecdot_x2)

for _name in ("contract", "absorbing_contract"):
    primitive(_name).give_forward_rules(
        x1=lambda xp, t, x2, *, subscripts: xp.absorbing_contract(
            t, x2, subscripts=subscripts, zeros=0
        ),
        x2=lambda xp, t, x1, *, subscripts: xp.absorbing_contract(
            x1, t, subscripts=subscripts, zeros=1
        ),
    )
for _name in ("matmul", "absorbing_matmul"):
    primitive(_name).give_forward_rules(
        x1=lambda xp, t, x2: matmul_tangent(xp, t, x2, zeros=0),
        x2=lambda xp, t, x1: matmul_tangent(xp, x1, t, zeros=1),
    )
primitive("tensordot").give_forward_rules(
    x1=lambda xp, t, x2, *, axes: tensordot_tangent(xp, t, x2, axes, zeros=0),
    x2=lambda xp, t, x1, *, axes: tensordot_tangent(xp, x1, t, axes, zeros=1),
)
primitive("vecdot").give_forward_rules(
    x1=lambda xp, t, x2, *, axis: vecdot_tangent(xp, conjugate(xp, t) * x2, t, axis),
    x2=lambda xp, t, x1, *, axis: vecdot_tangent(xp, conjugate(xp, x1) * t, t, axis),
)
