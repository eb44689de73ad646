"""Reverse mode: follow results back to what they came from.

Nodes are visited in reverse order of their serial numbers, which only grow from operand to result:
no recursion, and nothing is looked at that does not lead to a target. Rules run on raw arrays when
nobody else is watching, on Tensors otherwise, which is all there is to higher order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any

from ..backends import backend_of
from ..core.node import Node, Output
from ..core.primitive import INPUT_SPEC, SAVED, Call
from ..core.tensor import Tensor
from ..errors import TapeError
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import arrive
from .trace import Trace

__all__ = ["walk"]


def walk(
    trace: Trace,
    seeds: Iterable[tuple[Node, Any]],
    sources: Mapping[Node, Any],
    *,
    recorded: bool,
    consume: bool,
    stops: Mapping[Node, Any] = {},
) -> dict[Node, Any]:
    """Carry cotangents back from the seeds to the sources.

    Parameters
    ----------
    trace : Trace
        Whose nodes are followed.
    seeds : pairs of node and cotangent
        Of the targets; raw arrays, or Tensors where `recorded`.
    sources : mapping
        Whose keys are the nodes for which the cotangent is wanted.
    recorded : bool
        Whether the walk itself is watched, and so runs on Tensors.
    consume : bool
        Whether nodes let go of what they kept as soon as they were visited.
    stops : mapping
        Whose keys are the nodes through which nothing passes.

    Returns
    -------
    dict
        From those sources to which a path leads, to their cotangents.
    """
    seeds = list(seeds)
    needed = _needed(trace, [node for node, _ in seeds], sources)
    found: dict[Node, Any] = {}
    pending: dict[int, list[Any]] = {}  # serial -> [node, cotangent, whether the walk owns it]
    heap: list[int] = []
    for node, g in seeds:
        if needed is None or node in needed:
            _add(pending, heap, node, g, not recorded)
    plainly = not recorded and needed is None and not stops
    kind: type | None = None
    guard: Any = None
    xp: Any = None
    node: Any = None
    g: Any = None
    following_g: Any = None
    while heap or node is not None:
        if node is None:
            node, g, owned = pending.pop(-heappop(heap))
        if node in sources:
            found[node] = g
        traces = node.traces
        if (
            plainly
            and len(traces) == 1
            and traces[0] is trace
            and (plan := node.plan) is not None
            and plan.simple is not None
        ):
            # The hot path: raw arrays, one output, nobody else to ask.
            if type(g) is not kind:
                kind = type(g)
                xp = backend_of(g).xp
                guard = xp.zero_where_zero
            saved = node.saved
            parents = node.parents
            primitive = node.primitive
            following = None
            for operand, rule, sources_of, names in plan.simple:
                parent = parents[operand]
                values = saved if sources_of is None else _values(sources_of, node, saved)
                if names:
                    parameters = node.parameters
                    r = rule(xp, g, *values, **{name: parameters[name] for name in names})
                else:
                    r = rule(xp, g, *values)
                if primitive.guarded:
                    r = guard(r, g)
                if r.shape != parent.shape or r.dtype is not parent.dtype:
                    r = arrive(xp, r, g, parent, False, primitive.kind.broadcasts)
                entry = pending.get(parent.serial)
                if entry is None:
                    # The latest operand is visited next, without a place in the heap if it can.
                    if following is None:
                        following = parent
                        following_g = r
                    elif parent is following:
                        following_g = following_g + r
                    else:
                        if parent.serial > following.serial:
                            parent, r, following, following_g = following, following_g, parent, r
                        pending[parent.serial] = [parent, r, False]
                        heappush(heap, -parent.serial)
                elif entry[2]:
                    entry[1] += r
                else:
                    entry[1] = entry[1] + r
                    entry[2] = True
            if consume:
                node.forget()
            node = following
            if node is not None:
                g = following_g
                if heap and -heap[0] > node.serial:
                    pending[node.serial] = [node, g, False]
                    heappush(heap, -node.serial)
                    node = None
            continue
        current, node = node, None
        if trace not in traces or current in stops:
            continue
        if type(current) is Output:
            _add_output(pending, heap, current, g, not recorded)
            continue
        _visit(current, g, trace, needed, pending, heap, recorded)
        if consume and all(t.closed or t is trace for t in traces):
            current.forget()
    return found


def _visit(
    node: Node,
    g: Any,
    trace: Trace,
    needed: set[Node] | None,
    pending: dict[int, list[Any]],
    heap: list[int],
    recorded: bool,
) -> None:
    """Call the rules of one node and pass on what they give."""
    plan = node.plan
    primitive = node.primitive
    if plan is None or primitive is None:
        raise TapeError(
            f"the values that the gradient of {primitive.name if primitive else 'a value'} needs "
            "were let go by an earlier gradient call. Use persistent=True on every tape whose "
            "values are needed again."
        )
    saved = node.saved
    parents = node.parents
    if recorded:
        xp: Any = rule_namespace
        saved = tuple(_followed_again(v, o, node) for v, o in zip(saved, plan.owners, strict=True))
    elif type(g) is tuple:
        xp = backend_of(next(part for part in g if part is not None)).xp
    else:
        xp = backend_of(g).xp
    guarded = primitive.guarded
    broadcasts = primitive.kind.broadcasts
    shared = len(node.traces) > 1
    for call in plan.calls:
        if call.starred:
            _visit_starred(call, xp, node, g, saved, trace, needed, pending, heap, recorded)
            continue
        parent = parents[call.operand]
        if (
            parent is None
            or (needed is not None and parent not in needed)
            or (shared and not trace.follows(parent))
        ):
            continue
        values = saved if call.all_saved else _values(call.sources, node, saved)
        if call.parameters:
            parameters = node.parameters or {}
            r = call.rule(xp, g, *values, **{name: parameters[name] for name in call.parameters})
        else:
            r = call.rule(xp, g, *values)
        if guarded or r.shape != parent.shape or r.dtype != parent.dtype:
            r = arrive(xp, r, g, parent, guarded, broadcasts)
        _add(pending, heap, parent, r, not recorded)


def _visit_starred(
    call: Call,
    xp: Any,
    node: Node,
    g: Any,
    saved: tuple[Any, ...],
    trace: Trace,
    needed: set[Node] | None,
    pending: dict[int, list[Any]],
    heap: list[int],
    recorded: bool,
) -> None:
    """Call the rule of a starred operand, which gives one cotangent for each of its arrays."""
    parameters = node.parameters or {}
    values = _values(call.sources, node, saved)
    parts = call.rule(xp, g, *values, **{name: parameters[name] for name in call.parameters})
    for r, parent in zip(parts, node.parents[call.operand :], strict=True):
        if parent is None or (needed is not None and parent not in needed):
            continue
        if trace.follows(parent):
            _add(pending, heap, parent, arrive(xp, r, g, parent, False, False), not recorded)


def _values(sources: tuple[tuple[int, int], ...], node: Node, saved: tuple[Any, ...]) -> list[Any]:
    """Give the values that a rule asks for, by where they come from."""
    return [
        saved[i] if source == SAVED else node.parents[i] if source == INPUT_SPEC else node
        for source, i in sources
    ]


def _followed_again(value: Any, owner: int | None, node: Node) -> Any:
    """Give a saved array its node again, so that outer tapes follow the rule through it."""
    if owner is None or not hasattr(value, "shape"):
        if type(value) is tuple and owner is not None:
            return tuple(Tensor(v, p) for v, p in zip(value, node.parents[owner:], strict=True))
        return value
    return Tensor(value, node if owner == -1 else node.parents[owner])


def _add(
    pending: dict[int, list[Any]], heap: list[int], node: Node, g: Any, in_place: bool
) -> None:
    """Add to a node's cotangent, in place only into a buffer that the walk itself made."""
    serial = node.serial
    entry = pending.get(serial)
    if entry is None:
        pending[serial] = [node, g, False]
        heappush(heap, -serial)
    elif entry[2]:
        entry[1] += g
    else:
        entry[1] = entry[1] + g
        entry[2] = in_place


def _add_output(
    pending: dict[int, list[Any]], heap: list[int], output: Output, g: Any, in_place: bool
) -> None:
    """Collect the cotangents of several outputs; None stands for those that nobody used."""
    producer = output.parents[0]
    assert producer is not None
    entry = pending.get(producer.serial)
    if entry is None:
        entry = pending[producer.serial] = [producer, (None,) * producer.shape[0], False]
        heappush(heap, -producer.serial)
    parts = list(entry[1])
    parts[output.index] = g
    entry[1] = tuple(parts)


def _needed(trace: Trace, targets: list[Node], sources: Mapping[Node, Any]) -> set[Node] | None:
    """Find the nodes from which a path leads to a source; None where that is all of them.

    Whatever a trace recorded leads to something that it watches, so when everything watched is a
    source there is nothing to leave out."""
    if all(node in sources for node in trace.watched):
        return None
    reached: set[Node] = set()
    stack = [node for node in targets if trace.follows(node)]
    while stack:
        node = stack.pop()
        if node in reached:
            continue
        reached.add(node)
        if trace in node.traces:
            stack.extend(p for p in node.parents if p is not None and p not in reached)
    needed: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.serial):
        if node in sources or any(parent in needed for parent in node.parents):
            needed.add(node)
    return needed
