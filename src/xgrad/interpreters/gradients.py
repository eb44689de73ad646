"""From checked targets and sources to gradients: seeds into the walk, handles out of it.

Complex cotangents are conjugated here, on the way in and on the way out (rules/edges.py)."""

from __future__ import annotations

from typing import Any

from ..backends import backend_of
from ..core.casting import is_inexact
from ..core.node import Cut, Node
from ..core.observers import state, taken_here
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from .backward import walk
from .rows import Rows
from .trace import Trace

__all__ = ["gradients"]


def gradients(
    trace: Trace,
    targets: list[Any],
    given: list[Any],
    sources: list[Any],
    held: list[Any],
    consume: bool,
    sparse: bool = False,
) -> list[Any]:
    """Find the gradient of each source, or None; on raw arrays if nobody is watching.

    Where `sparse`, it may be IndexedSlices for a source that asked for that."""
    recorded = bool(state.observers)
    wanted: dict[Node, Any] = {}
    for x in sources:
        if _has_path(x) and trace.follows(x.node):
            wanted[x.node] = x
    seeds = []
    for x, seed in zip(targets, given, strict=True):
        if _has_path(x) and trace.follows(x.node):
            seeds.append((x.node, _start(x, seed, recorded)))
    stops = {x.node: x for x in held if x.node is not None}
    found = walk(
        trace, seeds, wanted, recorded=recorded, consume=consume, stops=stops, sparse=sparse
    )
    end = taken_here(recorded)
    results: list[Any] = []
    for x in sources:
        g = found.get(x.node) if x.node is not None else None
        if g is None and not (_has_path(x) and trace.follows(x.node)):
            g = _of_itself(x, targets, given, recorded)
        if type(g) is Rows:
            results.append(g.as_gradient(x.shape, recorded, end))
        else:
            results.append(_finish(g, recorded, end))
    return results


def _has_path(x: Any) -> bool:
    return x.node is not None and type(x.node) is not Cut


def _start(x: Any, seed: Any, recorded: bool) -> Any:
    """Make a target's first cotangent, in the walk's convention for complex numbers."""
    backend = backend_of(x.raw)
    if seed is None:
        g = backend.ones(x.raw)
        return Tensor(g) if recorded else g
    if recorded:
        return steepest(rule_namespace, seed)
    g = backend.joined(seed, x.raw)
    return steepest(backend_of(g).xp, g)  # in vmap the seed may differ where x does not


def _of_itself(x: Any, targets: list[Any], given: list[Any], recorded: bool) -> Any:
    """Find the gradient of an unwatched value with respect to itself."""
    total = None
    for target, seed in zip(targets, given, strict=True):
        if target is x and is_inexact(x.dtype):
            g = _start(target, seed, recorded)
            total = g if total is None else total + g
    return total


def _finish(g: Any, recorded: bool, end: Cut) -> Any:
    """Make a handle of its own for each source; `end` says where a gradient comes from."""
    if g is None:
        return None
    if recorded:
        g = steepest(rule_namespace, g)
        return Tensor(g.raw, end if g.node is None else g.node)
    backend = backend_of(g)
    return Tensor(backend.finish(steepest(backend.xp, g)), end)
