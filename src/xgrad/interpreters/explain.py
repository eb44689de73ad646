"""Why a gradient is None, or how the target depends on the source.

Looks at what nodes kept: the op, the user's line, and the cuts where an operation without a
derivative was applied."""

from __future__ import annotations

import linecache
from typing import Any, NamedTuple

from ..core.casting import is_inexact
from ..core.node import Cut, Node
from ..core.spec import describe
from ..core.variable import Variable
from .trace import Trace

__all__ = ["Explanation", "explain"]


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
    name = source.name if isinstance(source, Variable) else "the source"
    if trace is not None and source.node is not None:
        path = _path(trace, targets, source.node)
        if path:
            steps = "\n".join(f"  {_step(node)}" for node in path)
            return Explanation(True, "", path, f"{name} {describe(source)} is connected:\n{steps}")
    cause, advice = _cause(trace, targets, source, name)
    text = f"the gradient with respect to {name} {describe(source)} does not exist: {cause}.\n{advice}"
    return Explanation(False, cause, (), text)


def _path(trace: Trace, targets: list[Any], source: Node) -> tuple[Node, ...]:
    """One path from a target to the source through followed nodes."""
    stack = [(x.node, ()) for x in targets if x.node is not None and type(x.node) is not Cut]
    came_from: dict[Node, Node | None] = {node: None for node, _ in stack}
    todo = list(came_from)
    while todo:
        node = todo.pop()
        if node is source:
            path = [node]
            while (before := came_from[path[-1]]) is not None:
                path.append(before)
            return tuple(reversed(path))
        for parent in node.parents:
            if parent is not None and parent not in came_from and trace.follows(parent):
                came_from[parent] = node
                todo.append(parent)
    return ()


def _cause(trace: Trace | None, targets: list[Any], source: Any, name: str) -> tuple[str, str]:
    if trace is None:
        return "the tape has recorded nothing", "Use `with xg.GradientTape() as tape:`."
    if not is_inexact(source.dtype):
        return f"{name} has an integer or boolean dtype", "Use astype before the computation."
    if source.node is None or not trace.follows(source.node):
        return _not_followed(source, name)
    cut = next((x.node for x in targets if type(x.node) is Cut), None)
    if cut is not None and cut.primitive is not None:
        return (
            f"the path is cut by {cut.primitive.name}{_at(cut)}: {cut.primitive.reason}",
            "Use a function that has a derivative there, or "
            'unconnected_gradients="zero" if zero is what you mean.',
        )
    if all(not is_inexact(x.dtype) for x in targets):
        return "the target has an integer or boolean dtype", "Use a floating target."
    if all(x.node is None or not trace.follows(x.node) for x in targets):
        return (
            "this tape did not record the target: it was computed outside the tape's `with` "
            "block, in another thread, before the watch, or outside xgrad",
            "Use xgrad's functions inside the `with` block, after tape.watch.",
        )
    return (
        "the target does not depend on it",
        'Use unconnected_gradients="zero" if zero is what you mean.',
    )


def _not_followed(source: Any, name: str) -> tuple[str, str]:
    if isinstance(source, Variable):
        if not source.trainable:
            return f"{name} is not trainable, so tapes do not watch it by themselves", (
                f"Use tape.watch({name})."
            )
        return f"{name} was never read while this tape recorded", (
            "Use the Variable inside the `with` block."
        )
    return f"{name} was never watched by this tape", (
        "Use tape.watch(x) inside the `with` block before x is used, or xg.Variable."
    )


def _step(node: Node) -> str:
    if node.primitive is None:
        return f"watched value of shape {node.shape}"
    return f"{node.primitive.name} -> shape {node.shape}{_at(node)}"


def _at(node: Node) -> str:
    """`` at file:line`` with the line's text, from the code and instruction that a node keeps."""
    if node.where is None:
        return ""
    code, instruction = node.where
    lines = [line for start, stop, line in code.co_lines() if start <= instruction < stop and line]
    if not lines:
        return ""
    text = linecache.getline(code.co_filename, lines[0]).strip()
    return f" at {code.co_filename}:{lines[0]}" + (f" ({text})" if text else "")
