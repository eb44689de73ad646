"""One example after the other: right for every primitive, and what the others are compared with."""

from __future__ import annotations

from typing import Any

from .operation import Operation

__all__ = ["loop"]


def loop(op: Operation) -> Any:
    """Apply the primitive to each example and stack the results."""
    results = [_one(op, i) for i in range(op.size)]
    if not results:
        return _none(op)
    if isinstance(results[0], tuple):
        return tuple([op.xp.stack(parts, axis=0) for parts in zip(*results, strict=True)])
    return op.xp.stack(results, axis=0)


def _one(op: Operation, i: int) -> Any:
    values = tuple([v[i, ...] if m else v for v, m in zip(op.values, op.mapped, strict=True)])
    return op.run(op.primitive, values, op.parameters)


def _none(op: Operation) -> Any:
    """No examples: the shape of a result is that for an example of ones."""
    xp = op.xp
    ones = tuple(
        [
            xp.sum(xp.reshape(v, (0, *v.shape[1:])), axis=0) + 1 if m else v
            for v, m in zip(op.values, op.mapped, strict=True)
        ]
    )
    y = op.run(op.primitive, ones, op.parameters)
    parts = [
        xp.expand_dims(part, axis=0)[:0, ...] for part in (y if isinstance(y, tuple) else (y,))
    ]
    return tuple(parts) if isinstance(y, tuple) else parts[0]
