"""Reverse mode: follow results back to what they came from.

Nodes are visited in reverse order of their serial numbers, which only grow from operand to result:
no recursion, and nothing is looked at that does not lead to a target. Rules run on raw arrays when
nobody else is watching, on Tensors otherwise, which is all there is to higher order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from heapq import heappush
from typing import Any

from .._speedups import compiled
from ..backends import backend_of, library_of
from ..backends.numpy_memory import close_pool, open_pool
from ..core.inspection import inspectors
from ..core.node import Cut, Node, Output, Producer
from ..core.observers import settings
from ..core.primitive import INPUT_SPEC, NUMBER, SAVED, Call, Plan
from ..core.tensor import Tensor
from ..errors import TapeError
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import arrive
from .frontier import Frontier, InspectedFrontier
from .hooks import HookedPlan
from .rows import RowCollector
from .shortage import refuse_shortage
from .trace import Trace, active_traces

__all__ = ["walk"]

# The hot path compiled, or None.
_compiled = compiled("xgrad.interpreters._follow")


def walk(
    trace: Trace,
    seeds: Iterable[tuple[Node, Any]],
    sources: Mapping[Node, Any],
    *,
    recorded: bool,
    consume: bool,
    stops: Mapping[Node, Any],
    sparse: bool = False,
    bare: Collection[Node] = (),
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
    sparse : bool
        Whether the cotangent of a source may be Rows, where it was read through take_sparse.
    bare : collection of Node
        Whose hooks are left to another walk.

    Returns
    -------
    dict
        From those sources to which a path leads, to their cotangents.
    """
    seeds = list(seeds)
    needed = _needed(trace, [node for node, _ in seeds], sources)
    watching = inspectors() if settings.inspected else ()
    inspected = InspectedFrontier(watching, not recorded) if watching else None
    frontier = inspected or Frontier(not recorded)
    found: dict[Node, Any] = {}
    rows: RowCollector | None = None
    plainly = needed is None and not stops and inspected is None
    follow = _follow if recorded or _compiled is None else _compiled.follow
    if any(node.plan is not None for node in sources):
        inside: Mapping[Node, Any] = sources
    else:
        inside = {}  # every source is a leaf, so no node on the way need be looked up
    node = g = None
    memory = open_pool()
    try:
        if inspected is not None:
            inspected.begin(trace, seeds)
        for node, g in seeds:
            if needed is None or node in needed:
                frontier.add(node, g)
        while frontier.heap:
            node, g = frontier.pop()
            if plainly:
                node, g = follow(trace, node, g, frontier, inside, found, consume)
                if node is None:
                    continue
            if type(node.plan) is HookedPlan and node not in bare:
                g = node.plan.run(g, recorded)
            if node in sources:
                found[node] = g
            if trace not in node.traces or node in stops:
                continue
            if type(node) is Output:
                frontier.add_output(node, g)
                continue
            taken = False
            if sparse and node.primitive is not None and node.primitive.sparse:
                rows = rows or RowCollector(sources, recorded)
                taken = rows.takes(node, g)
            if not taken:
                if inspected is not None:
                    inspected.visit(node, g)
                _visit(node, g, trace, needed, frontier, recorded)
            if consume and all(t.closed or t is trace for t in node.traces):
                node.forget()
    except MemoryError as error:
        refuse_shortage(error, *(frontier.stopped_at or (node, g)))
    finally:
        close_pool(memory)
        if inspected is not None:
            inspected.end()
    if rows is not None:
        rows.add_to(found)
    return found


def _follow(
    trace: Trace,
    node: Any,
    g: Any,
    frontier: Frontier,
    sources: Mapping[Node, Any],
    found: dict[Node, Any],
    consume: bool,
) -> tuple[Any, Any]:
    """Visit nodes for as long as the next one is a plain one (a hot path).

    Plain nodes have one output, no starred operand, and were recorded by this trace alone; where
    the walk itself is recorded, nobody else may be told of it. One who only writes programs down may be
    told of both. The operand with the highest serial
    number is visited next without a place in the frontier, where it can. Returns the node that is
    not plain and its cotangent, or None."""
    entries = frontier.entries
    heap = frontier.heap
    raw = frontier.in_place
    kind, xp, guard = frontier.library
    traces: tuple[Trace, ...] = ()  # the last tuple that holds this trace alone
    writer = None
    if not raw:
        traces = active_traces()
        others = [t for t in traces if t is not trace]
        if len(others) > 1 or (others and others[0].differentiates) or not traces:
            return node, g
        if others:
            (writer,) = others
            traces = ()
    try:
        while True:
            plan = node.plan
            if plan is None or plan.simple is None:
                return node, g
            if node.traces is not traces:
                traces = node.traces
                if writer is not None:
                    if len(traces) != 2 or traces[0] is not trace or traces[1] is not writer:
                        return node, g
                elif not raw or len(traces) != 1 or traces[0] is not trace:
                    return node, g
            if node in sources:
                found[node] = g
            if type(g) is not kind:
                library = _find_library(g, raw)
                if library is None:
                    return node, g
                kind, xp, guard = frontier.library = library
            saved = node.saved
            if saved and not raw:
                saved = [
                    _followed_again(v, o, node) for v, o in zip(saved, plan.owners, strict=True)
                ]
            parents = node.parents
            guarded = plan.guarded
            adder = plan.adder
            if adder is not None:
                entry = entries.get(parents[0].serial)
                if (
                    entry is not None
                    and entry[2]
                    and adder(xp, entry[1], g, *saved, **node.parameters)
                ):
                    if consume:
                        node.plan = None
                        node.saved = ()
                    return None, None
            following: Any = None
            following_g: Any = None
            for operand, rule, places, names in plan.simple:
                parent = parents[operand]
                if places is None and not names:
                    r = rule(xp, g, *saved)
                else:
                    values = saved if places is None else _values(places, node, saved)
                    r = rule(xp, g, *values, **{name: node.parameters[name] for name in names})
                if guarded:
                    r = guard(r, g)
                if r.dtype is not parent.dtype or r.shape != parent.shape:
                    r = arrive(xp, r, g, parent, False, node.primitive.kind.broadcasts)
                entry = entries.get(parent.serial)
                if entry is not None:
                    if entry[2]:
                        entry[1] += r
                    else:
                        entry[1] = entry[1] + r
                        entry[2] = raw
                elif following is None:
                    following = parent
                    following_g = r
                elif parent is following:
                    following_g = following_g + r
                else:
                    if parent.serial > following.serial:
                        parent, r, following, following_g = following, following_g, parent, r
                    entries[parent.serial] = [parent, r, False]
                    heappush(heap, -parent.serial)
            if consume:
                node.plan = None
                node.saved = ()
            if following is None:
                return None, None
            if heap and -heap[0] > following.serial:
                # What has an adder fills a new array, which is the walk's own.
                entries[following.serial] = [following, following_g, raw and adder is not None]
                heappush(heap, -following.serial)
                return None, None
            node = following
            g = following_g
    except MemoryError:
        frontier.stopped_at = node, g
        raise


def _find_library(g: Any, raw: bool = True) -> tuple[type, Any, Any] | None:
    """The type of a cotangent, the functions on it, and the guard; None for arrays that roam."""
    if raw and library_of(g).roams:
        return None
    xp = backend_of(g).xp if raw else rule_namespace
    return type(g), xp, xp.zero_where_zero


def _visit(
    node: Node,
    g: Any,
    trace: Trace,
    needed: set[Node] | None,
    frontier: Frontier,
    recorded: bool,
) -> None:
    """Call the rules of any node and pass on what they give."""
    plan, primitive = node.plan, node.primitive
    if plan is None or primitive is None:
        raise TapeError(
            f"the values that the gradient of {primitive.name if primitive else 'a value'} needs "
            "were let go by an earlier gradient call. Use persistent=True on every tape whose "
            "values are needed again."
        )
    saved = node.saved
    place: AbstractContextManager[Any] = nullcontext()
    if recorded:
        xp: Any = rule_namespace
        # A tape that did not see the operation must not follow some of its operands only.
        seen = any(active in node.traces for active in active_traces())
        follow = _followed_again if seen else _wrapped
        saved = tuple([follow(v, owner, node) for v, owner in zip(saved, plan.owners, strict=True)])
    else:
        some = next(part for part in g if part is not None) if type(g) is tuple else g
        backend = backend_of(some)
        xp = backend.xp
        if library_of(some).roams:
            place = backend.on(some)
    guarded, broadcasts = plan.guarded, primitive.kind.broadcasts
    for call in plan.calls:
        parents = _wanted(call, node, trace, needed)
        if not any(parents):
            continue
        parameters = node.parameters or {}
        values = _values(call.sources, node, saved)
        with place:
            r = call.rule(xp, g, *values, **{name: parameters[name] for name in call.parameters})
            for part, parent in zip(r if call.starred else (r,), parents, strict=True):
                if parent is not None and part is not None:
                    arrived = arrive(xp, part, g, parent, guarded, broadcasts)
                    if primitive.moves and not recorded:
                        with backend_of(arrived).on(arrived):
                            frontier.add(parent, arrived)
                    else:
                        frontier.add(parent, arrived)


def _wanted(call: Call, node: Node, trace: Trace, needed: set[Node] | None) -> list[Node | None]:
    """Find the nodes of an operand, or of a starred one's arrays; None for those not followed."""
    first = call.operand
    parents = node.parents[first:] if call.starred else node.parents[first : first + 1]
    return [
        parent
        if parent is not None
        and type(parent) is not Cut
        and (needed is None or parent in needed)
        and (len(node.traces) == 1 or trace.follows(parent))
        else None
        for parent in parents
    ]


def _values(places: tuple[tuple[int, int], ...], node: Node, saved: tuple[Any, ...]) -> list[Any]:
    """Give the values that a rule asks for, by where they come from."""
    return [
        saved[i] if place == SAVED else node.parents[i] if place == INPUT_SPEC else node
        for place, i in places
    ]


def _followed_again(value: Any, owner: int | None, node: Node) -> Any:
    """Give a saved array its node again, so that outer tapes follow the rule through it."""
    if owner is None:
        return value
    if owner == NUMBER:
        return value.item() if hasattr(value, "item") else value
    if type(value) is tuple:
        if owner == -1 and isinstance(node, Producer):
            nodes: Sequence[Node | None] = node.of_outputs(value)
        else:
            nodes = node.parents[owner:]
        return tuple([Tensor(v, n) for v, n in zip(value, nodes, strict=True)])
    if not hasattr(value, "shape"):
        return value
    return Tensor(value, node if owner == -1 else node.parents[owner])


def _wrapped(value: Any, owner: int | None, _node: Node) -> Any:
    """Give a saved array as a Tensor that nobody follows."""
    if owner is None:
        return value
    if owner == NUMBER:
        return value.item() if hasattr(value, "item") else value
    if type(value) is tuple:
        return tuple([Tensor(v) for v in value])
    return Tensor(value) if hasattr(value, "shape") else value


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
            stack.extend([p for p in node.parents if p is not None and p not in reached])
    needed: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.serial):
        if node in sources or any(parent in needed for parent in node.parents):
            needed.add(node)
    return needed


if _compiled is not None:
    _compiled.connect(
        Node=Node,
        Plan=Plan,
        Frontier=Frontier,
        arrive=arrive,
        find_library=_find_library,
        heappush=heappush,
    )
