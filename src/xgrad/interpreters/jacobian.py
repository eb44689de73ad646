"""Jacobians: the backward walk with many cotangents at once.

The cotangents are one Batched array (batching/), so every rule runs once for all of them, on raw
arrays when nobody watches. `chunk_size` bounds how many, and with it memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .._typing import Shape
from ..backends import backend_of
from ..batching import Batched, Level
from ..core.casting import dtype_kind, is_inexact
from ..core.node import Node
from ..core.observers import state, taken_here
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from .backward import walk
from .trace import Trace

__all__ = ["batch_jacobian", "jacobian"]


def jacobian(
    trace: Trace,
    target: Any,
    sources: list[Any],
    chunk_size: int | None,
    holomorphic: bool = False,
) -> list[Tensor | None]:
    """The derivative of every element of a target; None where no path leads to a source.

    Returns
    -------
    list of Tensor or None
        One per source, of shape ``(*target.shape, *source.shape)``. Of a real target with respect
        to complex sources, each row is a direction of steepest ascent; with `holomorphic`, the
        complex derivative itself.
    """
    if dtype_kind(target.dtype) == "complex" and not holomorphic:
        raise DTypeError(
            f"jacobian: the target {describe(target)} is complex. Use xg.jacrev(f, "
            "holomorphic=True) if it is an analytic function of complex sources, or the real and "
            "imaginary parts as targets."
        )
    rows = [
        _rows(trace, target, sources, seeds, holomorphic)
        for seeds in _unit_cotangents(target, target.shape, chunk_size)
    ]
    return [
        _assemble([row[i] for row in rows], (*target.shape, *x.shape))
        for i, x in enumerate(sources)
    ]


def batch_jacobian(trace: Trace, target: Any, source: Any, chunk_size: int | None) -> Tensor | None:
    """The derivative of each example's target with respect to its own source.

    Returns
    -------
    Tensor or None
        Of shape ``(b, *y, *x)`` for a target of shape ``(b, *y)`` and a source ``(b, *x)``.
    """
    _check_batch(target, source)
    count = math.prod(target.shape[1:])
    rows = []
    for seeds in _unit_cotangents(target, (1, *target.shape[1:]), chunk_size):
        wide = rule_namespace.broadcast_to(seeds, (seeds.shape[0], *target.shape))
        rows += _rows(trace, target, [source], wide, False)
    y = _assemble(rows, (count, *source.shape))
    if y is None:
        return None
    y = rule_namespace.moveaxis(y, 0, 1)
    return rule_namespace.reshape(y, (*target.shape, *source.shape[1:]))  # type: ignore[no-any-return]


def _unit_cotangents(target: Any, shape: Shape, chunk_size: int | None) -> Iterator[Tensor]:
    """One for each element of a shape, as many at once as a chunk takes; no elements are one chunk."""
    count = math.prod(shape)
    size = max(count, 1) if chunk_size is None else chunk_size
    for start in range(0, max(count, 1), size):
        stop = min(start + size, count)
        rows = rule_namespace.eye(
            stop - start, count, k=start, dtype=target.dtype, device=target.device
        )
        yield rows if len(shape) == 1 else rule_namespace.reshape(rows, (stop - start, *shape))


def _rows(
    trace: Trace, target: Any, sources: list[Any], seeds: Tensor, holomorphic: bool
) -> list[Tensor | None]:
    """The gradients of each source for all of the cotangents."""
    recorded = bool(state.observers)
    wanted = {x.node: x for x in sources if x.node is not None and trace.follows(x.node)}
    level = Level(seeds.shape[0])
    g = Batched(seeds if level.outside is not None else seeds.raw, level)
    start = Tensor(g) if recorded else g
    found: Mapping[Node, Any] = {}
    if target.node is not None and trace.follows(target.node) and wanted:
        found = walk(
            trace, [(target.node, start)], wanted, recorded=recorded, consume=False, stops={}
        )
    results: list[Tensor | None] = []
    for x in sources:
        r = found.get(x.node) if x.node is not None else None
        if r is None and x is target and x.node not in wanted and is_inexact(x.dtype):
            r = start  # of an unwatched value with respect to itself
        results.append(None if r is None else _unspread(r, level, holomorphic))
    return results


def _unspread(r: Any, level: Level, holomorphic: bool) -> Tensor:
    """A cotangent of every row as one Tensor, with the rows in front."""
    array = r.raw if isinstance(r, Tensor) else r
    node = r.node if isinstance(r, Tensor) else None
    mine = type(array) is Batched and array.level is level
    value = array.value if mine else array
    tensor = value if isinstance(value, Tensor) else Tensor(value, None if mine else node)
    if not (mine and array.mapped):
        tensor = rule_namespace.broadcast_to(tensor, (level.size, *tensor.shape))
    return tensor if holomorphic else steepest(rule_namespace, tensor)


def _assemble(rows: list[Tensor | None], shape: Shape) -> Tensor | None:
    """All rows as one Tensor."""
    if any(row is None for row in rows):
        return None
    y = rows[0] if len(rows) == 1 else rule_namespace.concat(rows, axis=0)
    assert y is not None
    if y.shape != shape:
        y = rule_namespace.reshape(y, shape)
    if not state.observers:
        return Tensor(backend_of(y.raw).finish(y.raw), taken_here(False))
    return Tensor(y.raw, taken_here(True) if y.node is None else y.node)


def _check_batch(target: Any, source: Any) -> None:
    for name, x in (("target", target), ("source", source)):
        if x.ndim < 2:
            raise ShapeError(
                f"batch_jacobian: {name} {describe(x)} must have rank at least 2: the axis of "
                "examples, and at least one more. Use jacobian, or expand_dims."
            )
    if target.shape[0] != source.shape[0]:
        raise ShapeError(
            "batch_jacobian: Need first dimension of target shape "
            f"({target.shape}) and source shape ({source.shape}) to match: {target.shape[0]} and "
            f"{source.shape[0]} examples. Use permute_dims to bring the axis of examples in front."
        )
