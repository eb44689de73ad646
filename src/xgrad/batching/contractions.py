"""Batch rules of sums of products: the examples are one more stack of matrices.

Where one operand is the same for all examples, they become rows of one larger product."""

from __future__ import annotations

import math
import string
from typing import Any

from ..errors import ShapeError
from .axes import elementwise
from .operation import Operation

__all__ = ["contract", "matmul", "tensordot", "vecdot"]


def matmul(op: Operation) -> Any:
    """Stacks of matrices are native; vectors become matrices with one row or column."""
    xp = op.xp
    x1, x2 = op.values
    rank1, rank2 = op.rank(0), op.rank(1)
    if not rank1 or not rank2:
        raise ShapeError(
            f"matmul: the operands {op.shape(0)} and {op.shape(1)} of an example must both have at "
            "least one axis. Use multiply for a 0-d operand."
        )
    if not op.mapped[1] and rank2 <= 2 and rank1 > 1:
        return _rows(op, x1, x2)
    if not op.mapped[0] and rank1 == 2 and rank2 == 1:
        return op.run(op.primitive, (x2, xp.matrix_transpose(x1)), op.parameters)
    if rank1 == 1:
        x1 = xp.expand_dims(x1, axis=-2)
    if rank2 == 1:
        x2 = xp.expand_dims(x2, axis=-1)
    rank = max(rank1, rank2, 2)
    wide = op._replace(values=(x1, x2))
    y = op.run(op.primitive, tuple([wide.aligned(i, rank) for i in (0, 1)]), op.parameters)
    if rank1 == 1:
        y = y[..., 0, :] if rank2 > 1 else y[..., 0, 0]
    elif rank2 == 1:
        y = y[..., 0]
    return y


def _rows(op: Operation, x1: Any, x2: Any) -> Any:
    """All rows of all examples in one product with a common matrix or vector."""
    xp = op.xp
    rows = xp.reshape(x1, (math.prod(x1.shape[:-1]), x1.shape[-1]))
    y = op.run(op.primitive, (rows, x2), op.parameters)
    return xp.reshape(y, (*x1.shape[:-1], *x2.shape[1:]))


def tensordot(op: Operation) -> Any:
    """Contract both with the axis of examples among the free ones, or as a stack of matrices."""
    xp = op.xp
    x1, x2 = op.values
    axes1, axes2 = _pairs(op.parameters.get("axes", 2), op.rank(0), op.rank(1))
    if not all(op.mapped):
        axes = (
            tuple([a + op.mapped[0] for a in axes1]),
            tuple([a + op.mapped[1] for a in axes2]),
        )
        y = op.run(op.primitive, (x1, x2), {"axes": axes})
        free = op.rank(0) - len(axes1)
        return y if op.mapped[0] else xp.moveaxis(y, free, 0)
    free1 = [i for i in range(op.rank(0)) if i not in axes1]
    free2 = [i for i in range(op.rank(1)) if i not in axes2]
    shape1, shape2 = op.shape(0), op.shape(1)
    depth = math.prod(shape1[a] for a in axes1)
    out1, out2 = [shape1[i] for i in free1], [shape2[i] for i in free2]
    left = xp.permute_dims(x1, (0, *[i + 1 for i in (*free1, *axes1)]))
    right = xp.permute_dims(x2, (0, *[i + 1 for i in (*axes2, *free2)]))
    left = xp.reshape(left, (op.size, math.prod(out1), depth))
    right = xp.reshape(right, (op.size, depth, math.prod(out2)))
    return xp.reshape(xp.matmul(left, right), (op.size, *out1, *out2))


def _pairs(axes: Any, rank1: int, rank2: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int):
        return list(range(rank1 - axes, rank1)), list(range(axes))
    return [a % rank1 for a in axes[0]], [a % rank2 for a in axes[1]]


def vecdot(op: Operation) -> Any:
    """The axis counts from the end, where ranks are aligned anyway."""
    axis = op.parameters.get("axis", -1)
    return elementwise(op._replace(parameters={"axis": axis}))


def contract(op: Operation) -> Any:
    """One more letter for the examples, in front of mapped operands and of the result."""
    subscripts = op.parameters["subscripts"]
    inputs, result = subscripts.split("->")
    letter = next(c for c in string.ascii_letters if c not in subscripts)
    terms = [
        letter + term if mapped else term
        for term, mapped in zip(inputs.split(","), op.mapped, strict=True)
    ]
    parameters = {**op.parameters, "subscripts": f"{','.join(terms)}->{letter}{result}"}
    return op.run(op.primitive, op.values, parameters)
