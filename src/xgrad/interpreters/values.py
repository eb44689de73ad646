"""What is told of values that are read, written over, or leave xgrad, other than by operations.

core/protocols.py calls these: a recording refuses that values leave it, a tape notes where they did, for
`explain`, and warns of Variables that are written over."""

from __future__ import annotations

import warnings
import weakref
from collections import deque
from typing import Any, NamedTuple

from ..core.handle import Handle
from ..core.node import Cut, Node, Where
from ..core.observers import confine, settings, state, user_line, user_stacklevel
from ..core.protocols import protocols
from ..core.replay import before_change, is_noted
from ..core.variable import Variable
from .trace import active_traces, follow_constants

__all__ = ["Exit", "hears_changes"]


class Exit(NamedTuple):
    """Where a followed value left xgrad, so that no gradient comes back."""

    how: str
    node: weakref.ref[Node]
    where: Where


def _is_followed(x: Handle) -> bool:
    """Whether an active tape follows a Tensor or would watch a Variable."""
    traces = active_traces()
    follow_constants((x,), traces)
    node = x.node
    if settings.told and any(_belongs_to(trace, x) for trace in _guards(node)):
        return True
    if node is None:
        return False
    inside = [trace for trace in traces if trace.opaque]
    return any(trace.reads(node) for trace in inside or traces)


def _read(x: Handle) -> None:
    """Let those who watch know that a value is read, other than by an operation."""
    if settings.told:
        confine("read", (x.node,))
    traces = active_traces()
    follow_constants((x,), traces)
    if x.node is not None:
        for trace in traces:
            trace.reads(x.node)


def hears_changes() -> bool:
    """Whether anybody in this thread wants to be told that a Variable changes."""
    return state.recorder is not None or is_noted()


def _assigned(variable: Variable) -> None:
    """Warn, once per Variable and tape, that a gradient does not flow through an assignment."""
    before_change(variable, "raw")
    followers = [f for trace in active_traces() for f in (trace, *trace.stands_for)]
    for trace in followers:
        if variable.node in trace.watched and trace.warns and variable.number not in trace.warned:
            trace.warned.add(variable.number)
            warnings.warn(
                f"{variable.name} was overwritten while a GradientTape follows it: gradients "
                "count both values as the same variable, and none flows through the assignment. "
                "Use a new Tensor instead, such as w = w - learning_rate * g or x.at[i].set(v), "
                "to differentiate through an update.",
                UserWarning,
                stacklevel=user_stacklevel(),
            )


def _refuse_exit(x: Handle, how: str) -> None:
    """Raise where a program is being recorded that depends on the value."""
    for trace in _guards(x.node):
        if _belongs_to(trace, x):
            trace.refuse(x, how, user_line(3))


def _guards(node: Node | None) -> list[Any]:
    """Those who refuse that values leave xgrad, in this thread, or in any if this is such a value."""
    others = () if node is None else node.traces
    return [trace for trace in (*active_traces(), *others) if trace.refuses_exits]


def _belongs_to(trace: Any, x: Handle) -> bool:
    return trace.knows(x.raw) or (x.node is not None and trace.reads(x.node))


def _left(x: Handle, how: str) -> None:
    """Note that a followed value leaves xgrad, for `explain`."""
    node = x.node
    if settings.told:
        if how.startswith("left xgrad"):
            _refuse_exit(x, how)
        else:
            confine("assign", (node,))
    if node is None or type(node) is Cut:
        return
    found = {*node.traces, *(trace for trace in active_traces() if trace.reads(node))}
    if not found:
        return
    where = user_line(3)
    for trace in found:
        if trace.refuses_exits and how.startswith("left xgrad"):
            trace.refuse(x, how, where)
        if trace.left is None:
            trace.left = deque(maxlen=32)
        trace.left.append(Exit(how, weakref.ref(node), where))


protocols.is_followed = _is_followed
protocols.read = _read
protocols.assigned = _assigned
protocols.left = _left
protocols.refuse_exit = _refuse_exit
