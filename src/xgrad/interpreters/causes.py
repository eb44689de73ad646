"""Why no path leads from a target to a source: the reasons, most certain first.

A path that was recorded in part ends at a `Cut`, which says what happened there. Values that never
had to do with a watched one carry nothing; then the reason is what the source or the tape tells."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..backends.base import dtype_name
from ..core.casting import is_inexact
from ..core.node import Break, Cut, Node, Output, Where
from ..core.observers import show_line
from ..core.variable import Variable
from .trace import Trace
from .values import Exit

__all__ = ["Reason", "cause_of", "find_path", "followed_parents", "name_of", "named"]

_USE_ZERO = 'Use unconnected_gradients="zero" if zero is what you mean.'
_ONE_BLOCK = "Use one `with` block around everything between the source and the target."
_ADVICE = {
    "stop_gradient": "Use the value without stop_gradient if its gradient is wanted.",
    "cast": "Use a floating dtype there.",
}
_WATCH = "Use tape.watch(x) inside the `with` block before x is used, or an xg.Variable."


class Reason(NamedTuple):
    """Why there is no path.

    Attributes
    ----------
    cause : str
        What happened, with the user's line.
    advice : str
        What to do.
    where : tuple or None
        The line.
    """

    cause: str
    advice: str
    where: Where


class _Holder(NamedTuple):
    """Something with a node, like a Tensor."""

    node: Node


def cause_of(trace: Trace | None, targets: list[Any], source: Any) -> Reason:
    """Find the most certain reason."""
    if trace is None:
        advice = "Use `with xg.GradientTape() as tape:` around the computation."
        return Reason("the tape has recorded nothing, because it was never entered", advice, None)
    name = name_of(source)
    return (
        _source_is_not_floating(trace, source, name)
        or _target_is_not_floating(targets)
        or _source_was_not_watched(trace, source, name)
        or _path_is_broken(trace, targets, source, name)
        or _variable_was_not_read(trace, source, name)
        or _value_left(trace, source)
        or _target_is_a_gradient(targets)
        or _target_was_not_recorded(trace, targets, source, name)
        or _path_may_be_cut(trace, targets)
        or _source_comes_later(trace, targets, source, name)
        or Reason(
            f"the target does not depend on {name}{_origin(source)}", _USE_ZERO, _line(source)
        )
    )


# -- the source and the target by themselves -------------------------------------------------------


def _source_is_not_floating(trace: Trace, source: Any, name: str) -> Reason | None:
    if is_inexact(source.dtype):
        return None
    node = source.node
    made = _origin(source) or f", so the tape entered{show_line(trace.where)} cannot follow it"
    return Reason(
        f"{name} has the integer or boolean dtype {dtype_name(source.dtype)}{made}",
        "Use astype to convert it before the computation, and tape.watch.",
        trace.where if node is None else node.where,
    )


def _target_is_not_floating(targets: list[Any]) -> Reason | None:
    if not targets or any(is_inexact(x.dtype) for x in targets):
        return None
    node = targets[0].node
    made = f" (made by {named(node)})" if isinstance(node, Cut) and node.primitive else ""
    return Reason(
        f"the target has the integer or boolean dtype {dtype_name(targets[0].dtype)}{made}",
        "Use a floating target: what is made of integers or truth values has no derivative.",
        node.where if node is not None else None,
    )


def _source_was_not_watched(trace: Trace, source: Any, name: str) -> Reason | None:
    node = source.node
    if node is not None and trace.follows(node):
        return None
    if trace.follows_constants:
        return Reason(
            f"no operation inside the Graph that was made{show_line(trace.where)} has read {name}",
            "Use the value itself inside the `with` block, and not a copy of it.",
            trace.where,
        )
    entered = f"the tape entered{show_line(trace.where)}" if trace.where else "this tape"
    if isinstance(source, Variable):
        advice = f"Use tape.watch({name}) inside the `with` block."
        if not source.trainable:
            cause = f"{name} is not trainable, so tapes do not watch it by themselves"
            return Reason(f"{cause}{_origin(source)}", advice, node.where)
        if not trace.auto:
            cause = f"{name} was never watched: {entered} has watch_accessed_variables=False"
            return Reason(cause, advice, trace.where)
        return None
    if isinstance(node, Cut) and node.primitive is None:
        origin = f": it comes from a gradient that was taken{show_line(node.where)} by another tape"
        return Reason(f"{name} was never watched by {entered}{origin}", _WATCH, node.where)
    if node is not None and (node.primitive is not None or type(node) is Output):
        return Reason(
            f"{name} was never watched by {entered}: it is the result of {named(node)}, which this "
            "tape did not record",
            f"{_WATCH} A Variable stays one only through assign: x = x + 1 makes a Tensor of it.",
            node.where or trace.where,
        )
    return Reason(f"{name} was never watched by {entered}", _WATCH, trace.where)


def _variable_was_not_read(trace: Trace, source: Any, name: str) -> Reason | None:
    if source.node is not None and trace.follows(source.node):
        return None
    return Reason(
        f"{name} was never read while the tape entered{show_line(trace.where)} recorded",
        "Use the Variable itself inside the `with` block, and not in another thread.",
        trace.where,
    )


def _source_comes_later(trace: Trace, targets: list[Any], source: Any, name: str) -> Reason | None:
    """The source was computed from the target, or beside it from the same values."""
    node = source.node
    if node is None or (node.primitive is None and type(node) is not Output):
        return None
    if any(
        x.node is not None and find_path([source], x.node, lambda n: followed_parents(trace, n))
        for x in targets
    ):
        cause = f"{name} was computed from the target (by {named(node)}), not the target from it"
        return Reason(cause, "Did you exchange target and source?", node.where)
    return Reason(
        f"the target was not computed from {name}, which is the result of {named(node)}",
        "Use that very Tensor in the computation of the target: an index makes a new Tensor each "
        f"time. {_USE_ZERO}",
        node.where,
    )


# -- where a path ends -----------------------------------------------------------------------------


def _path_is_broken(trace: Trace, targets: list[Any], source: Any, name: str) -> Reason | None:
    """There is a path through cuts or through what only other tapes recorded."""
    if source.node is None or type(source.node) is Cut:
        return None
    path = find_path(targets, source.node, _all_parents)
    for node in reversed(path):
        if isinstance(node, Cut):
            return _of_a_cut(trace, node, source, name)
        if node.primitive is not None and trace not in node.traces and source.node is not node:
            if not trace.follows(source.node):
                return None
            since, line = trace.since.get(source.node, (0, None))
            if since > node.serial:
                return _of_a_late_watch(name, line, named(node))
            return Reason(
                f"{named(node)} was computed outside this tape, while only others were recording",
                _ONE_BLOCK,
                node.where,
            )
    return None


def _of_a_cut(trace: Trace, cut: Cut, source: Any, name: str) -> Reason:
    if cut.why is Break.NO_DERIVATIVE:
        return _of_no_derivative(cut, "is")
    since, line = trace.since.get(source.node, (0, None))
    if since > cut.serial:
        return _of_a_late_watch(name, line, named(cut))
    return _of_an_unrecorded_operation(trace, cut)


def _of_no_derivative(cut: Cut, verb: str) -> Reason:
    reason = cut.primitive.reason if cut.primitive is not None else ""
    name = "" if cut.primitive is None else cut.primitive.name
    advice = _ADVICE.get(name, "Use a function that has a derivative there.")
    return Reason(
        f"the path {verb} cut by {named(cut)}: {reason}", f"{advice} {_USE_ZERO}", cut.where
    )


def _of_a_late_watch(name: str, line: Where, use: str) -> Reason:
    return Reason(
        f"{name} was watched after it was used: the watch{show_line(line)} came after {use}",
        "Use tape.watch(x) before x is used.",
        line,
    )


def _of_an_unrecorded_operation(trace: Trace, cut: Cut) -> Reason:
    """An operation on followed values that this tape was not told of."""
    if cut.thread != trace.thread:
        return Reason(
            f"{named(cut)} was computed in another thread, whose operations this tape does not see",
            "Use a tape in the thread that computes.",
            cut.where,
        )
    times = bisect(trace.turns, cut.serial)
    if times % 2:
        when = "computed inside stop_recording, or from what was not watched yet"
    elif times:
        when = "computed outside the tape's `with` block, after it had ended"
    else:
        when = "computed outside the tape's `with` block, before it began"
    return Reason(f"{named(cut)} was {when}", _ONE_BLOCK, cut.where)


def _path_may_be_cut(trace: Trace, targets: list[Any]) -> Reason | None:
    """Name a cut whose operands are gone: the source may have been among them."""
    for node in _ancestors(targets):
        if isinstance(node, Cut) and node.primitive is not None and None in node.operands():
            if node.why is Break.NO_DERIVATIVE:
                return _of_no_derivative(node, "may be")
            return _of_an_unrecorded_operation(trace, node)
    return None


# -- values that left, and targets that this tape knows nothing of ---------------------------------


def _value_left(trace: Trace, source: Any) -> Reason | None:
    """Say where the value, or something computed from it, left xgrad."""
    sure = None
    for exit_ in trace.left or ():
        node = exit_.node()
        if node is not None and find_path([_Holder(node)], source.node, _all_parents):
            what = "its value"
            if node is not source.node and node.primitive is not None:
                what = f"a value computed from it (by {named(node)})"
            return _of_an_exit(exit_, what)
        if node is None:
            sure = exit_
    return None if sure is None else _of_an_exit(sure, "a value that this tape followed")


def _of_an_exit(exit_: Exit, what: str) -> Reason:
    if "Variable" in exit_.how:
        advice = (
            "Use a Tensor instead, such as w = w - learning_rate * g or x.at[i].set(v): no "
            "gradient flows through a Variable's assignment."
        )
    else:
        advice = "Use functions of xgrad, or NumPy's on the Tensor itself."
    return Reason(f"{what} {exit_.how}{show_line(exit_.where)}", advice, exit_.where)


def _target_is_a_gradient(targets: list[Any]) -> Reason | None:
    for x in targets:
        if not isinstance(x.node, Cut):
            continue
        taken = f"the target is, or comes from, a gradient that was taken{show_line(x.node.where)}"
        if x.node.why is Break.GRADIENT_NOT_RECORDED:
            return Reason(
                f"{taken} and computed while no tape was recording",
                "Use gradient inside the `with` block of the tape that is to differentiate its "
                "result (with persistent=True where that is the same tape).",
                x.node.where,
            )
        if x.node.why is Break.GRADIENT_OF_CONSTANTS:
            return Reason(
                f"{taken}: a gradient that depends on nothing this tape follows (the derivative of "
                "something linear, or of what was computed before this tape was recording)",
                _USE_ZERO,
                x.node.where,
            )
    return None


def _target_was_not_recorded(
    trace: Trace, targets: list[Any], source: Any, name: str
) -> Reason | None:
    recorded = [x.node for x in targets if x.node is not None and trace.follows(x.node)]
    since, line = trace.since.get(source.node, (0, None))
    if since > max((node.serial for node in recorded), default=0) and recorded:
        return _of_a_late_watch(name, line, "the target was computed")
    if recorded or not targets:
        return None
    found = next((x.node for x in targets if x.node is not None and x.node.primitive), None)
    if isinstance(found, Cut):
        return (
            None if found.why is Break.NO_DERIVATIVE else _of_an_unrecorded_operation(trace, found)
        )
    if found is not None:
        cause = f"{named(found)} was computed outside this tape's `with` block"
        return Reason(cause, _ONE_BLOCK, found.where)
    if since:
        return _of_a_late_watch(name, line, "the target was computed")
    return Reason(
        f"nothing that the tape entered{show_line(trace.where)} followed went into the target: it "
        "was computed from constants, or outside xgrad",
        "Use xgrad's functions on the source itself, inside the `with` block, after tape.watch.",
        trace.where,
    )


# -- the search ------------------------------------------------------------------------------------


def find_path(
    targets: list[Any], source: Node, parents: Callable[[Node], Iterable[Node]]
) -> tuple[Node, ...]:
    """One path from a target to the source."""
    came_from: dict[Node, Node | None] = {x.node: None for x in targets if x.node is not None}
    todo = list(came_from)
    while todo:
        node = todo.pop()
        if node is source:
            path = [node]
            while (before := came_from[path[-1]]) is not None:
                path.append(before)
            return tuple(reversed(path))
        for parent in parents(node):
            if parent not in came_from:
                came_from[parent] = node
                todo.append(parent)
    return ()


def followed_parents(trace: Trace, node: Node) -> list[Node]:
    """The operands that the trace followed."""
    return [p for p in node.parents if p is not None and trace.follows(p)]


def _all_parents(node: Node) -> list[Node]:
    """Through cuts as well, and whoever recorded it."""
    parents = node.operands() if isinstance(node, Cut) else node.parents
    return [p for p in parents if p is not None]


def _ancestors(targets: list[Any]) -> list[Node]:
    found: dict[Node, None] = {x.node: None for x in targets if x.node is not None}
    todo = list(found)
    while todo:
        for parent in _all_parents(todo.pop()):
            if parent not in found:
                found[parent] = None
                todo.append(parent)
    return list(found)


# -- words -----------------------------------------------------------------------------------------


def name_of(source: Any) -> str:
    """What to call the source."""
    return source.name if isinstance(source, Variable) else "the source"


def named(node: Node) -> str:
    """Name the operation and the user's line."""
    if isinstance(node, Output) and node.parents:
        return (
            f"output {node.index} of {named(node.parents[0])}" if node.parents[0] else "an output"
        )
    if node.primitive is None:
        return "an operation"
    # `cast` is what astype does to a dtype without derivatives.
    name = "astype" if node.primitive.name == "cast" else node.primitive.name
    return f"{name}{show_line(node.where)}"


def _origin(source: Any) -> str:
    """Say where a Variable, or the result of an operation, was made."""
    node = source.node
    if isinstance(source, Variable):
        return f"; it was made{show_line(node.where)}"
    if node is not None and node.primitive is not None:
        return f"; it was made by {named(node)}"
    return ""


def _line(source: Any) -> Where:
    return None if source.node is None else source.node.where
