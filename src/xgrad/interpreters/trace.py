"""What a tape recorded, and the function that records.

A `Trace` is one stretch of recording: nodes carry the traces that recorded them, and a trace knows
what it watches. It holds its nodes weakly, so that a dead branch is gone at once, and still lets go
of them all when it is closed: values that outlive the tape keep no graph alive."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from ..core.casting import is_inexact
from ..core.handle import Handle
from ..core.node import Break, Cut, Leaf, Node, Output, Producer, Where, next_serial, weakly
from ..core.observers import (
    Recorder,
    confine,
    cut_off,
    settings,
    state,
    user_line,
)
from ..core.primitive import Primitive, Refusal
from ..core.variable import Variable
from ..errors import NotDifferentiableError
from .follower import Follower

__all__ = [
    "Trace",
    "active_traces",
    "follow_constants",
    "make_followable",
    "make_recorder",
]

_leaves = threading.Lock()

# Which traces watch a value that was computed, whether or not they are recording now.
_watchers: weakref.WeakKeyDictionary[Node, tuple[weakref.ref[Trace], ...]]
_watchers = weakref.WeakKeyDictionary()


class Trace(Follower):
    """One stretch of recording; `closed` when there will be no more gradients.

    Attributes
    ----------
    auto : bool
        Whether trainable Variables are watched when they are read.
    variables : dict
        The watched Variables by number; shared with the tape, which outlives its traces.
    unwatchable : dict
        The trainable Variables of integer and boolean dtypes that were read, by number.
    since : dict
        From what was watched on request to the serial number at which that was, and the line.
    where : tuple or None
        The line that entered the tape.
    turns : list of int
        The serial numbers at which recording began, ended, began again, ...
    nodes : list of weakref
        What was recorded.
    """

    __slots__ = (
        "__weakref__",
        "_limit",
        "auto",
        "closed",
        "nodes",
        "since",
        "turns",
        "unwatchable",
        "variables",
        "where",
    )

    def __init__(
        self,
        auto: bool,
        variables: MutableMapping[int, Variable],
        turns: list[int],
        where: Where,
    ) -> None:
        self.turns = turns
        self.where = where
        self.auto = auto
        self.variables = variables
        self.unwatchable: dict[int, Variable] = {}
        self.since: dict[Node, tuple[int, Where]] = {}
        self.nodes: list[weakref.ref[Node]] = []
        self.start()
        self.closed = False
        self._limit = 1024

    def follows(self, node: Node) -> bool:
        """Whether the value of a node is watched or was computed from what is."""
        return self in node.traces or node in self.watched

    def reads(self, node: Node) -> bool:
        """Say the same when an operation reads the value: a trainable Variable is watched now."""
        if self in node.traces or node in self.watched:
            return True
        if type(node) is not Leaf or node.variable is None or not self.auto:
            return False
        variable = node.variable()
        if variable is None or not variable.trainable:
            return False
        if not is_inexact(node.dtype):
            self.unwatchable[variable.number] = variable
            return False
        self.watch(node, variable)
        return True

    def remembers(self, node: Node) -> bool:  # noqa: ARG002
        """Whether something can still be asked about the value of a node that it recorded."""
        return not self.closed

    def watch(self, node: Node, variable: Variable | None) -> None:
        """Follow a node from now on."""
        self.watched[node] = variable
        if variable is not None:
            self.variables[variable.number] = variable

    def watch_on_request(self, node: Node, variable: Variable | None) -> None:
        """Do the same for `tape.watch`; notes when."""
        if node not in self.watched:
            self.since[node] = (next_serial(), user_line(3))
            if type(node) is not Leaf:
                _watchers[node] = (*_watchers.get(node, ()), weakref.ref(self))
        self.watch(node, variable)

    def sweep(self) -> None:
        """Forget the nodes that are gone, if many may be."""
        if len(self.nodes) > self._limit:
            self.nodes[:] = [r for r in self.nodes if r() is not None]
            self._limit = 2 * len(self.nodes) + 1024

    def finish(self) -> None:
        """Give no more gradients: nodes that no other trace needs let go of their values."""
        self.closed = True
        for reference in self.nodes:
            node = reference()
            if (
                node is not None
                and node.saved
                and (len(node.traces) == 1 or all(trace.closed for trace in node.traces))
            ):
                node.forget()

    def close(self) -> None:
        """End for good: no value keeps the graph alive."""
        self.closed = True
        for reference in self.nodes:
            node = reference()
            if node is not None and (
                len(node.traces) == 1 or all(trace.closed for trace in node.traces)
            ):
                node.forget()
                node.parents = ()
        self.nodes.clear()
        self.watched.clear()
        self.variables.clear()
        self.since.clear()


def make_recorder(traces: tuple[Trace, ...]) -> Recorder:
    """Make the recorder that hangs a node on a result if an operand is followed.

    Nodes that were recorded by exactly these traces carry the same tuple, so that one comparison
    of identities is enough for them; a watched leaf costs a look-up; everything else takes the
    long way. core/dispatch.py does the same in place for the commonest calls."""
    single = traces[0] if len(traces) == 1 else None
    watched: Mapping[Node, Variable | None] = single.watched if single is not None else {}

    def record(
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,
        y: Any,
    ) -> Any:
        mask = 0
        bit = 1
        followers: tuple[Trace, ...] = ()
        exact = True
        for node in nodes:
            if node is not None:
                if node.traces is traces or node in watched:
                    mask |= bit
                    followers = traces
                else:
                    found = _readers(node, traces, single)
                    if found:
                        mask |= bit
                        followers = _union(followers, found, traces)
                    else:
                        exact = False
            bit += bit
        if not mask:
            cut = None if exact else cut_off(primitive, nodes, 4)
            return cut if cut is None or primitive.outputs == 1 else (cut,) * len(y)
        try:
            plan = primitive.plans[mask]
        except NotDifferentiableError:
            if not _is_unasked(primitive, nodes, mask, traces):
                raise
            plan = primitive.plans[~mask]
        if not plan.calls:
            cut = Cut(Break.NO_DERIVATIVE, primitive, weakly(nodes), user_line(3))
            return cut if primitive.outputs == 1 else (cut,) * len(y)
        if not exact:
            nodes = tuple(
                [n if mask >> i & 1 or type(n) is Cut else None for i, n in enumerate(nodes)]
            )
        where = user_line(3) if settings.locations else None
        if primitive.outputs != 1:
            return _outputs(primitive, parameters, nodes, arrays, plan, y, followers, where)
        serial = next_serial()
        new = Node(
            primitive,
            parameters,
            nodes,
            plan.save(*arrays, y),
            plan,
            tuple(y.shape),
            y.dtype,
            followers,
            serial,
            where,
        )
        _keep(new, followers)
        return new

    if single is not None:
        return Recorder(record, traces, watched, single.nodes.append, single.nodes, single.sweep)

    def keep(reference: weakref.ref[Node]) -> None:
        for trace in traces:
            trace.nodes.append(reference)

    def sweep() -> None:
        for trace in traces:
            trace.sweep()

    return Recorder(record, traces, watched, keep, traces[0].nodes, sweep)


def _keep(node: Node, traces: tuple[Trace, ...]) -> None:
    """Remember a node weakly; forget dead ones every now and then."""
    reference = weakref.ref(node)
    for trace in traces:
        trace.nodes.append(reference)
        if not len(trace.nodes) & 1023:
            trace.sweep()


def _readers(node: Node, traces: tuple[Trace, ...], single: Trace | None) -> tuple[Trace, ...]:
    """Those of the traces that follow a node, as the same tuple where all do."""
    if single is not None:
        return traces if single.reads(node) else ()
    found = tuple([trace for trace in traces if trace.reads(node)])
    return traces if len(found) == len(traces) else found


def _union(
    one: tuple[Trace, ...], two: tuple[Trace, ...], traces: tuple[Trace, ...]
) -> tuple[Trace, ...]:
    if not one or two is traces:
        return two
    if one is traces:
        return one
    found = tuple(trace for trace in traces if trace in one or trace in two)
    return traces if len(found) == len(traces) else found


def _outputs(
    primitive: Primitive,
    parameters: dict[str, Any] | None,
    parents: tuple[Node | None, ...],
    arrays: tuple[Any, ...],
    plan: Any,
    y: tuple[Any, ...],
    followers: tuple[Trace, ...],
    where: Any,
) -> tuple[Node | None, ...]:
    """Make a node for the primitive (its shape is their number) and one per floating output."""
    saved = plan.save(*arrays, y)
    serial = next_serial()
    producer = Producer(
        primitive, parameters, parents, saved, plan, (len(y),), None, followers, serial, where
    )
    _keep(producer, followers)
    outputs = tuple(
        [
            Output(producer, i, tuple(part.shape), part.dtype) if is_inexact(part.dtype) else None
            for i, part in enumerate(y)
        ]
    )
    for node in outputs:
        if node is not None:
            _keep(node, followers)
    producer.owned_by(outputs)
    return outputs


def _is_unasked(
    primitive: Primitive, nodes: tuple[Node | None, ...], mask: int, traces: tuple[Trace, ...]
) -> bool:
    """Whether only Graphs, which follow everything, follow the operands that have no derivative."""
    refused = [
        node
        for i, (name, node) in enumerate(zip(primitive.operands, nodes, strict=False))
        if mask >> i & 1 and isinstance(primitive.rules.get(name), Refusal)
    ]
    followers = [t for t in traces for node in refused if node is not None and t.follows(node)]
    return bool(refused) and all(trace.follows_unasked for trace in followers)


def make_followable(x: Any) -> Node:
    """The node of a Tensor or Variable, a new one where there is none that somebody remembers."""
    if settings.told:
        confine("watch", (x.node,))
    with _leaves:
        node: Node | None = x.node
        for trace in active_traces():
            renewed: Node | None = trace.renewed(x)
            if renewed is not None:
                x.node = renewed
                return renewed
        if node is None or type(node) is Cut or _is_of_the_past(node):
            leaf = x.node = Leaf(x.shape, x.dtype, None, user_line(2))
            if type(node) is Cut:
                leaf.parents = (node,)  # nothing goes back that way, but `explain` looks there
            return leaf
        return node


def _is_of_the_past(node: Node) -> bool:
    """Whether nobody can ask any more how a value came to be; its graph is not kept alive then.

    Those who watch the value itself must find it again, though."""
    return (
        type(node) is not Leaf
        and not any(trace.remembers(node) for trace in node.traces)
        and not any(node in trace.watched for trace in (*active_traces(), *_watchers_of(node)))
    )


def _watchers_of(node: Node) -> list[Trace]:
    """The traces that were asked to watch a value that was computed."""
    found = [reference() for reference in _watchers.get(node, ())]
    return [trace for trace in found if trace is not None]


def active_traces() -> tuple[Any, ...]:
    """What is being told of operations in this thread now, outermost first."""
    return () if state.recorder is None else state.recorder.traces


def follow_constants(operands: Sequence[Any], traces: tuple[Any, ...]) -> None:
    """Give a node to every floating value that is read, where a Graph is told of it."""
    if not any([trace.follows_constants for trace in traces]):  # noqa: C419 - a hot path
        return
    for x in operands:
        if isinstance(x, Handle) and is_inexact(x.raw.dtype):
            node = x.node
            if type(node) is not Node or node.traces is not traces:
                make_followable(x)
