"""Which rule applies a primitive to all examples: one per kind, and the exceptions.

A primitive without one is applied to one example after the other, which is always right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.primitive import Kind, Primitive
from . import axes, contractions, convolutions, indexing
from .loop import loop
from .operation import Operation

__all__ = ["batch_rule", "is_looped"]

BatchRule = Callable[[Operation], Any]

_BY_KIND: dict[Kind, BatchRule] = {
    Kind.ELEMENTWISE: axes.elementwise,
    Kind.SELECTION: axes.elementwise,
    Kind.REDUCTION: axes.reduction,
    Kind.MOVEMENT: axes.movement,
    Kind.LINEAR: axes.movement,
    Kind.STACKED: axes.stacked,
}
_BY_NAME: dict[str, BatchRule] = {
    **dict.fromkeys(("concat", "stack"), axes.joining),
    "roll": axes.rolling,
    "zero_where_zero": axes.guard,
    **dict.fromkeys(
        (
            *(
                "max",
                "min",
                "prod",
                "std",
                "vector_norm",
                "all",
                "any",
                "count_nonzero",
                "argmax",
                "argmin",
            ),
            "logsumexp",
        ),
        axes.reduction,
    ),
    "convolve": convolutions.convolve,
    "convolve_input": convolutions.convolve_input,
    "convolve_kernel": convolutions.convolve_kernel,
    **dict.fromkeys(("windows", "fold", "max_pool"), convolutions.windows),
    **dict.fromkeys(("max_pool_input", "max_pool_tangent"), convolutions.pooling),
    **dict.fromkeys(("softmax", "log_softmax", "standardize"), axes.movement),
    **dict.fromkeys(
        (
            *("sort", "argsort", "cumulative_prod", "take_along_axis", "scatter_along_axis"),
            *("cumulative_max", "cumulative_min", "cross_entropy", "sparse_cross_entropy"),
        ),
        axes.along_axis,
    ),
    **dict.fromkeys(("matmul", "absorbing_matmul"), contractions.matmul),
    "tensordot": contractions.tensordot,
    "vecdot": contractions.vecdot,
    **dict.fromkeys(("contract", "absorbing_contract"), contractions.contract),
    "getitem": indexing.getitem,
    "setitem": indexing.setitem,
    "put": indexing.put,
    "take": indexing.take,
    "index_add": indexing.index_add,
    "scatter": indexing.scatter,
    "isin": lambda op: loop(op) if op.mapped[1] else axes.elementwise(op),
    **dict.fromkeys(
        ("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"),
        axes.unsupported,
    ),
}
_NOT_ELEMENTWISE = {"searchsorted"}


@functools.cache
def batch_rule(primitive: Primitive) -> BatchRule:
    """The rule of a primitive."""
    rule = _BY_NAME.get(primitive.name) or _BY_KIND.get(primitive.kind)
    if rule is not None:
        return rule
    if primitive.kind is Kind.CONSTANT and primitive.name not in _NOT_ELEMENTWISE:
        return axes.elementwise
    return loop


def is_looped(primitive: Primitive) -> bool:
    """Whether a primitive is applied to one example after the other."""
    return batch_rule(primitive) is loop
