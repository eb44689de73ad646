"""Why a gradient is None, or how the target depends on the source.

Looks at what nodes kept: the op, the user's line, and the cuts where an operation without a
derivative was applied. Some causes leave no trace, because nobody looks at an operation on values
that no tape follows; then the text lists what is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..backends.base import dtype_name
from ..core.casting import is_inexact
from ..core.node import Cut, Leaf, Node, Output
from ..core.observers import show_line
from ..core.spec import describe
from ..core.variable import Variable
from .gradients import CONSTANT_GRADIENT, UNRECORDED_GRADIENT
from .trace import Exit, Trace

__all__ = ["Explanation", "explain"]

_USE_ZERO = 'Use unconnected_gradients="zero" if zero is what you mean.'

_Reason = tuple[str, str]  # the cause, and what to do


class Explanation(NamedTuple):
    """How a target depends on a source; prints as a short text.

    Attributes
    ----------
    connected : bool
    cause : str
        Why there is no path, or an empty string.
    path : tuple of Node
        From the target to the source.
    text : str
    """

    connected: bool
    cause: str
    path: tuple[Node, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def explain(trace: Trace | None, targets: list[Any], source: Any) -> Explanation:
    """Find the path from the targets to the source, or the reason why there is none."""
    name = _name(source)
    if trace is not None and source.node is not None and type(source.node) is not Cut:
        path = _path(targets, source.node, lambda node: _followed_parents(trace, node))
        if path and all(trace.follows(node) for node in path):
            steps = "\n".join(f"  {line}" for line in _steps(path))
            return Explanation(True, "", path, f"{name} {describe(source)} is connected:\n{steps}")
    if any(x is source for x in targets) and is_inexact(source.dtype):
        text = f"{name} {describe(source)} is itself the target."
        return Explanation(True, "", (), text)
    cause, advice = _cause(trace, targets, source, name)
    text = (
        f"the gradient with respect to {name} {describe(source)} does not exist: {cause}.\n{advice}"
    )
    return Explanation(False, cause, (), text)


# -- the search ------------------------------------------------------------------------------------


def _path(
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


def _followed_parents(trace: Trace, node: Node) -> list[Node]:
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


# -- the reasons, most certain first ---------------------------------------------------------------


def _cause(trace: Trace | None, targets: list[Any], source: Any, name: str) -> _Reason:
    if trace is None:
        return "the tape has recorded nothing", "Use `with xg.GradientTape() as tape:`."
    if not is_inexact(source.dtype):
        return (
            f"{name} has the integer or boolean dtype {dtype_name(source.dtype)}",
            "Use astype to convert it before the computation, and tape.watch.",
        )
    return (
        _of_the_target_dtype(targets)
        or _of_a_broken_path(trace, targets, source)
        or _of_an_unfollowed_source(trace, source, name)
        or _of_an_exit(trace, source)
        or _of_unrecorded_targets(trace, targets, source, name)
        or _of_a_possible_cut(targets)
        or (f"the target does not depend on {name}", _USE_ZERO)
    )


def _of_the_target_dtype(targets: list[Any]) -> _Reason | None:
    if not targets or any(is_inexact(x.dtype) for x in targets):
        return None
    x = targets[0]
    made = f" (made by {_op(x.node)})" if isinstance(x.node, Cut) and x.node.primitive else ""
    return (
        f"the target has the integer or boolean dtype {dtype_name(x.dtype)}{made}",
        "Use a floating target: what is made of integers or truth values has no derivative.",
    )


def _of_a_broken_path(trace: Trace, targets: list[Any], source: Any) -> _Reason | None:
    """There is a path through cuts or through what only other tapes recorded."""
    if source.node is None or type(source.node) is Cut:
        return None
    path = _path(targets, source.node, _all_parents)
    for node in reversed(path):
        if isinstance(node, Cut):
            return _of_a_cut(node)
        if node.primitive is not None and trace not in node.traces and source.node is not node:
            if not trace.follows(source.node):
                return None
            return (
                f"{_op(node)} was computed outside this tape, while only others were recording",
                "Use one `with` block around everything between the source and the target.",
            )
    return None


def _of_a_cut(cut: Cut, certainly: bool = True) -> _Reason:
    verb = "is" if certainly else "may be"
    reason = cut.primitive.reason if cut.primitive is not None else ""
    return (
        f"the path {verb} cut by {_op(cut)}: {reason}",
        "Use a function that has a derivative there. " + _USE_ZERO,
    )


def _of_an_unfollowed_source(trace: Trace, source: Any, name: str) -> _Reason | None:
    node = source.node
    if node is not None and trace.follows(node):
        return None
    if isinstance(source, Variable):
        if not source.trainable:
            return (
                f"{name} is not trainable, so tapes do not watch it by themselves",
                f"Use tape.watch({name}) inside the `with` block.",
            )
        if not trace.auto:
            return (
                f"{name} was never watched: the tape was made with watch_accessed_variables=False",
                f"Use tape.watch({name}) inside the `with` block.",
            )
        return (
            f"{name} was never read while this tape recorded",
            "Use the Variable itself inside the `with` block, and not in another thread.",
        )
    advice = "Use tape.watch(x) inside the `with` block before x is used, or an xg.Variable."
    origin = ""
    if node is UNRECORDED_GRADIENT:
        origin = ": it is a gradient that was computed outside the tape's `with` block"
    elif node is not None and (node.primitive is not None or type(node) is Output):
        origin = f": it is the result of {_op(node)}, computed outside the tape's `with` block"
        advice += " A Variable stays one only through assign: x = x + 1 makes a Tensor of it."
    return f"{name} was never watched by this tape{origin}", advice


def _of_an_exit(trace: Trace, source: Any) -> _Reason | None:
    """Say where the value, or something computed from it, left xgrad."""
    sure = None
    for exit_ in trace.left or ():
        node = exit_.node()
        if node is not None and _path([_Holder(node)], source.node, _all_parents):
            return _of_one_exit(exit_, "its value" if node is source.node else _value_of(node))
        if node is None:
            sure = exit_
    if sure is not None:
        return _of_one_exit(sure, "a value that this tape followed")
    return None


class _Holder(NamedTuple):
    """Something with a node, like a Tensor."""

    node: Node


def _of_one_exit(exit_: Exit, what: str) -> _Reason:
    if "Variable" in exit_.how:
        advice = (
            "Use a Tensor instead, such as w = w - learning_rate * g or x.at[i].set(v): no "
            "gradient flows through a Variable's assignment."
        )
    else:
        advice = "Use functions of xgrad, or NumPy's on the Tensor itself."
    return f"{what} {exit_.how}{show_line(exit_.where)}", advice


def _of_unrecorded_targets(
    trace: Trace, targets: list[Any], source: Any, name: str
) -> _Reason | None:
    if any(x.node is UNRECORDED_GRADIENT for x in targets):
        advice = (
            "Use gradient inside the `with` block of the tape that is to differentiate its result "
            "(with persistent=True where that is the same tape)."
        )
        return (
            "the target is a gradient that was computed while no tape was recording, or comes from "
            "one"
        ), advice
    if any(x.node is CONSTANT_GRADIENT for x in targets):
        return (
            "the target is a gradient that depends on nothing this tape follows (the derivative of "
            "something linear, or of what was computed before this tape was recording), or comes "
            "from one"
        ), _USE_ZERO
    since = trace.since.get(source.node, 0)
    recorded = [x.node for x in targets if x.node is not None and trace.follows(x.node)]
    if recorded and since > max(node.serial for node in recorded):
        return (
            f"{name} was watched after the target was computed",
            "Use tape.watch(x) before x is used.",
        )
    if recorded or not targets or any(isinstance(x.node, Cut) for x in targets):
        return None
    found = next((x.node for x in targets if x.node is not None and x.node.primitive), None)
    if found is not None:
        return (
            f"{_op(found)} was computed outside this tape's `with` block",
            "Use one `with` block around everything between the source and the target.",
        )
    return (
        "this tape did not record the target: it was computed outside the tape's `with` block, "
        "before the watch, in another thread, or outside xgrad"
    ), "Use xgrad's functions inside the `with` block, after tape.watch, in the same thread."


def _of_a_possible_cut(targets: list[Any]) -> _Reason | None:
    """Name a cut whose operands are gone: the source may have been among them."""
    for node in _ancestors(targets):
        if isinstance(node, Cut) and node.primitive is not None and None in node.operands():
            return _of_a_cut(node, certainly=False)
    return None


# -- words -----------------------------------------------------------------------------------------


def _name(source: Any) -> str:
    return source.name if isinstance(source, Variable) else "the source"


def _op(node: Node) -> str:
    """Name the operation and the user's line."""
    if isinstance(node, Output) and node.parents:
        return f"output {node.index} of {_op(node.parents[0])}" if node.parents[0] else "an output"
    if node.primitive is None:
        return "an operation"
    # `cast` is what astype does to a dtype without derivatives.
    name = "astype" if node.primitive.name == "cast" else node.primitive.name
    return f"{name}{show_line(node.where)}"


def _value_of(node: Node) -> str:
    return f"a value computed from it (by {_op(node)})" if node.primitive else "its value"


def _steps(path: tuple[Node, ...]) -> list[str]:
    """One line for each node, from the target to the source."""
    lines = []
    for before, node in zip((None, *path), path, strict=False):
        if isinstance(before, Output):
            continue
        if isinstance(node, Leaf):
            variable = node.variable() if node.variable is not None else None
            what = variable.name if variable is not None else "a watched Tensor"
            lines.append(f"{what}, shape {node.shape}")
        else:
            lines.append(f"{_op(node)} -> shape {node.shape}")
    return lines
