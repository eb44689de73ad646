"""What a tape recorded, and the function that records.

A `Trace` is one stretch of recording: nodes carry the traces that recorded them, and a trace knows
what it watches. It holds its nodes weakly, so that a dead branch is gone at once, and still lets go
of them all when it is closed: values that outlive the tape keep no graph alive."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any

from ..core.casting import is_inexact
from ..core.handle import Handle
from ..core.node import Cut, Leaf, Node, Output, next_serial
from ..core.observers import locations, state, user_line
from ..core.primitive import Kind, Primitive
from ..core.protocols import protocols
from ..core.variable import Variable
from ..errors import NotDifferentiableError

__all__ = ["Trace", "make_recorder"]

_Recorder = Callable[..., Any]


class Trace:
    """One stretch of recording.

    Attributes
    ----------
    watched : dict
        From the nodes that are watched to their Variable, or None for a Tensor.
    auto : bool
        Whether trainable Variables are watched when they are read.
    variables : dict
        The watched Variables by number; shared with the tape, which outlives its traces.
    nodes : list of weakref
        What was recorded.
    """

    __slots__ = ("__weakref__", "_limit", "auto", "closed", "nodes", "variables", "warned", "watched")

    def __init__(self, auto: bool, variables: dict[int, Variable]) -> None:
        self.auto = auto
        self.variables = variables
        self.watched: dict[Node, Variable | None] = {}
        self.nodes: list[weakref.ref[Node]] = []
        self.warned: set[int] = set()
        self.closed = False
        self._limit = 1024

    def follows(self, node: Node) -> bool:
        """Whether the value of a node is watched or was computed from what is."""
        return self in node.traces or node in self.watched

    def reads(self, node: Node) -> bool:
        """The same when an operation reads the value: a trainable Variable is watched now."""
        if self in node.traces or node in self.watched:
            return True
        if type(node) is not Leaf or node.variable is None or not self.auto:
            return False
        variable = node.variable()
        if variable is None or not variable.trainable or not is_inexact(node.dtype):
            return False
        self.watch(node, variable)
        return True

    def watch(self, node: Node, variable: Variable | None) -> None:
        """Follow a node from now on."""
        self.watched[node] = variable
        if variable is not None:
            self.variables[variable.number] = variable

    def keep(self, reference: weakref.ref[Node]) -> None:
        """Remember a node that was recorded; forget dead ones every now and then."""
        nodes = self.nodes
        nodes.append(reference)
        if len(nodes) > self._limit:
            self.nodes = [r for r in nodes if r() is not None]
            self._limit = 2 * len(self.nodes) + 1024

    def close(self) -> None:
        """End for good: every node that no other open trace needs lets go of what it kept."""
        self.closed = True
        nodes, self.nodes = self.nodes, []
        for reference in nodes:
            node = reference()
            if node is not None and all(trace.closed for trace in node.traces):
                node.forget()
        self.watched = {}


def make_recorder(traces: tuple[Trace, ...]) -> _Recorder:
    """The function that hangs a node on a result if an operand is followed (a hot path).

    Nodes that were recorded by exactly these traces carry the same tuple, so that one comparison
    of identities is enough for them."""
    single = traces[0] if len(traces) == 1 else None

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
                if node.traces is traces:
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
            return None if exact else _passed_on(nodes, primitive)
        plan = primitive._plans.get(mask) or primitive.plan(mask)
        if not plan.calls:
            return _cut(primitive, nodes, y)
        parents = (
            nodes
            if exact
            else tuple(n if mask >> i & 1 else None for i, n in enumerate(nodes))
        )
        where = user_line() if locations() else None
        if primitive.outputs != 1:
            return _outputs(primitive, parameters, parents, arrays, plan, y, followers, where)
        new = Node(
            primitive,
            parameters,
            parents,
            plan.save(arrays, y),
            plan,
            tuple(y.shape),
            y.dtype,
            followers,
            next_serial(),
            where,
        )
        reference = weakref.ref(new)
        for trace in followers:
            trace.keep(reference)
        return new

    return record


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
    """A node for the primitive, and one for each floating output; its shape is their number."""
    saved = plan.save(arrays, y)
    producer = Node(
        primitive, parameters, parents, saved, plan, (len(y),), None, followers, next_serial(), where
    )
    outputs = [
        Output(producer, i, tuple(part.shape), part.dtype) if is_inexact(part.dtype) else None
        for i, part in enumerate(y)
    ]
    for node in (producer, *outputs):
        if node is not None:
            for trace in followers:
                trace.keep(weakref.ref(node))
    return tuple(outputs)


def _cut(primitive: Primitive, nodes: tuple[Node | None, ...], y: Any) -> Any:
    """What `explain` will look at: the path ends here."""
    if primitive.kind is not Kind.CONSTANT:
        raise NotDifferentiableError(
            f"{primitive.name} has no gradient rule for an operand that a tape follows. Use "
            "xg.stop_gradient on that operand if its gradient is not wanted."
        )
    where = user_line(4) if locations() else None
    if primitive.outputs != 1:
        return tuple(Cut(primitive, nodes, part, where) for part in y)
    return Cut(primitive, nodes, y, where)


def _passed_on(nodes: tuple[Node | None, ...], primitive: Primitive) -> Any:
    """A result of nothing but cut values carries the cut on, so that it can be explained."""
    if primitive.outputs != 1:
        return None
    for node in nodes:
        if type(node) is Cut:
            return node
    return None


def _is_followed(x: Handle) -> bool:
    """Whether an active tape follows a Tensor or would watch a Variable."""
    node = x.node
    return node is not None and any(trace.reads(node) for trace in state.traces)


def _read(variable: Variable) -> None:
    for trace in state.traces:
        trace.reads(variable.node)


def _assigned(variable: Variable) -> None:
    """Warn, once per Variable and tape, that a gradient does not flow through an assignment."""
    for trace in state.traces:
        if variable.node in trace.watched and variable.number not in trace.warned:
            trace.warned.add(variable.number)
            warnings.warn(
                f"{variable.name} was overwritten while a GradientTape follows it: gradients "
                "count both values as the same variable, and none flows through the assignment. "
                "Use a new Tensor instead, such as w = w - learning_rate * g or x.at[i].set(v), "
                "to differentiate through an update.",
                UserWarning,
                stacklevel=4,
            )


protocols.is_followed = _is_followed
protocols.read = _read
protocols.assigned = _assigned
