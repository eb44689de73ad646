"""Sums of products of two arrays, written as einsum writes them, by one matrix product.

Axes come in four groups: those that both arrays and the result have (a stack), those that only one
array has, and those that are summed. Every letter is in two of the three terms at least, and once
in each; ops/einsum.py sees to that."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from .._typing import Array

__all__ = [
    "absorbing_contract",
    "absorbing_matmul",
    "contract",
    "contract_by_matmul",
    "layout_of",
]


class Layout(NamedTuple):
    """How two arrays become stacks of matrices, and their product the result.

    Attributes
    ----------
    order1, order2 : tuple of int
        Axes of the arrays: stack, free, summed; and stack, summed, free.
    order : tuple of int
        Axes of the result among stack, free axes of the first, free axes of the second.
    stack, free1, free2, summed : int
        How many axes there are of each.
    """

    order1: tuple[int, ...]
    order2: tuple[int, ...]
    order: tuple[int, ...]
    stack: int
    free1: int
    free2: int
    summed: int


def contract(xp: Any, x1: Array, x2: Array, *, subscripts: str) -> Array:
    """``einsum(subscripts, x1, x2)``: the library's own, or a matrix product."""
    native = getattr(xp._namespace, "einsum", None)
    if native is not None:
        return native(subscripts, x1, x2)
    return contract_by_matmul(xp, x1, x2, layout_of(subscripts))


def absorbing_contract(xp: Any, x1: Array, x2: Array, *, subscripts: str, zeros: int) -> Array:
    """The same where a zero of one operand times anything is zero."""
    return contract_by_matmul(xp, x1, x2, layout_of(subscripts), zeros)


def absorbing_matmul(xp: Any, x1: Array, x2: Array, *, zeros: int) -> Array:
    """matmul where a zero of operand number `zeros` times anything is zero, infinity and NaN too.

    Three products, because nothing is read back: without what is not finite in the other operand,
    with it, and one that tells where it met something that is not zero."""
    with_zeros, other = (x2, x1) if zeros else (x1, x2)
    finite = xp.isfinite(other)
    masked = xp.where(finite, other, xp.zeros_like(other))
    live = xp.astype(with_zeros != 0, other.dtype)
    wild = xp.astype(~finite, other.dtype)
    if zeros:
        return xp.where(xp.matmul(wild, live) != 0, xp.matmul(x1, x2), xp.matmul(masked, x2))
    return xp.where(xp.matmul(live, wild) != 0, xp.matmul(x1, x2), xp.matmul(x1, masked))


def contract_by_matmul(
    xp: Any, x1: Array, x2: Array, layout: Layout, zeros: int | None = None
) -> Array:
    """The contraction in functions of the standard, absorbing where `zeros` says whose."""
    x1 = _permuted(xp, x1, layout.order1)
    x2 = _permuted(xp, x2, layout.order2)
    stack = x1.shape[: layout.stack]
    free1 = x1.shape[layout.stack : layout.stack + layout.free1]
    free2 = x2.shape[x2.ndim - layout.free2 :]
    if layout.summed:
        summed = math.prod(x2.shape[layout.stack : layout.stack + layout.summed])
        x1 = xp.reshape(x1, (*stack, math.prod(free1), summed))
        x2 = xp.reshape(x2, (*stack, summed, math.prod(free2)))
        y = xp.matmul(x1, x2) if zeros is None else xp.absorbing_matmul(x1, x2, zeros=zeros)
        y = xp.reshape(y, (*stack, *free1, *free2))
    else:
        x1 = xp.reshape(x1, (*stack, *free1, *(1,) * layout.free2))
        x2 = xp.reshape(x2, (*stack, *(1,) * layout.free1, *free2))
        y = x1 * x2
        y = y if zeros is None else xp.zero_where_zero(y, x2 if zeros else x1)
    return _permuted(xp, y, layout.order)


@functools.lru_cache(maxsize=1024)
def layout_of(subscripts: str) -> Layout:
    """The layout that subscripts ask for."""
    inputs, output = subscripts.split("->")
    first, second = inputs.split(",")
    stack = [c for c in first if c in second and c in output]
    summed = [c for c in first if c in second and c not in output]
    free1 = [c for c in first if c not in second]
    free2 = [c for c in second if c not in first]
    result = [*stack, *free1, *free2]
    return Layout(
        tuple(map(first.index, [*stack, *free1, *summed])),
        tuple(map(second.index, [*stack, *summed, *free2])),
        tuple(map(result.index, output)),
        *map(len, (stack, free1, free2, summed)),
    )


def _permuted(xp: Any, x: Array, order: tuple[int, ...]) -> Array:
    return x if order == tuple(range(x.ndim)) else xp.permute_dims(x, order)
