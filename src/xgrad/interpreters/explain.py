"""How a target depends on a source, or why it does not.

Looks at what nodes kept: the operation, the user's line, and the cuts where a path ended. The
reasons are in causes.py, this file has the search and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.casting import is_inexact
from ..core.node import Cut, Node, Output
from ..core.observers import show_line
from ..core.spec import describe
from ..core.variable import Variable
from .causes import Reason, cause_of, find_path, followed_parents, name_of, named
from .trace import Trace

__all__ = ["Explanation", "explain"]


_MORE_LINES = " Use xg.record_locations(True) to see the lines of recorded operations, too."

_ENDS = 10  # lines of a long path that are shown at each of its ends
_HELD = Reason(
    "every path leads through what stop_gradients holds constant",
    "Use stop_gradients without it.",
    None,
)


class Explanation(NamedTuple):
    """How a target depends on a source; prints as a short text.

    Attributes
    ----------
    connected : bool
    cause : str
        Why there is no path, or an empty string.
    where : str
        ``file:line (text)`` of the user's code where the path ends, or an empty string.
    path : tuple of Node
        From the target to the source.
    text : str
    """

    connected: bool
    cause: str
    where: str
    path: tuple[Node, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def explain(
    trace: Trace | None, targets: list[Any], source: Any, held: Sequence[Any] = ()
) -> Explanation:
    """Find the path from the targets to the source, or the reason why there is none.

    Nothing passes through what is `held` constant."""
    name = name_of(source)
    path = _recorded_path(trace, targets, source, ())
    if path and (not held or _recorded_path(trace, targets, source, held)):
        steps = "\n".join(f"  {line}" for line in _abbreviated(_steps(path)))
        text = f"{name} {describe(source)} is connected:\n{steps}{_rules_of_users(path)}"
        return Explanation(True, "", "", path, text)
    if any(x is source for x in targets) and is_inexact(source.dtype):
        text = f"{name} {describe(source)} is itself the target."
        return Explanation(True, "", "", (), text)
    reason = _HELD if path else cause_of(trace, targets, source)
    where = show_line(reason.where).removeprefix(" at ")
    text = (
        f"the gradient with respect to {name} {describe(source)} does not exist: {reason.cause}.\n"
        f"{reason.advice}{'' if where else _MORE_LINES}"
    )
    return Explanation(False, reason.cause, where, (), text)


def _rules_of_users(path: tuple[Node, ...]) -> str:
    """Name the functions on a path whose own rules decide whether it ends there."""
    found = [node.primitive for node in path if node.primitive is not None]
    names = dict.fromkeys(p.name for p in found if p.name.startswith("custom_gradient("))
    if not names:
        return ""
    return f"\nThe gradient is None all the same where the rule of {', '.join(names)} returns None."


def _abbreviated(lines: list[str]) -> list[str]:
    """Leave the middle of a long path out."""
    left_out = len(lines) - 2 * _ENDS
    if left_out < 2:
        return lines
    return [*lines[:_ENDS], f"... {left_out} more", *lines[-_ENDS:]]


def _recorded_path(
    trace: Trace | None, targets: list[Any], source: Any, held: Sequence[Any]
) -> tuple[Node, ...]:
    if trace is None or source.node is None or type(source.node) is Cut:
        return ()
    stops = {x.node for x in held}
    path = find_path(
        targets,
        source.node,
        lambda node: () if node in stops else followed_parents(trace, node),
    )
    return path if all(trace.follows(node) for node in path) else ()


def _steps(path: tuple[Node, ...]) -> list[str]:
    """One line for each node, from the target to the source."""
    lines = []
    for before, node in zip((None, *path), path, strict=False):
        if isinstance(before, Output):
            continue
        if node.primitive is not None or isinstance(node, Output):
            lines.append(f"{named(node)} -> shape {node.shape}")
            continue
        variable = getattr(node, "variable", None)
        owner: Variable | None = None if variable is None else variable()
        if owner is not None:
            what, made = owner.name, f", made{show_line(node.where)}"
        else:
            what, made = "a watched Tensor", f", watched{show_line(node.where)}"
        lines.append(f"{what}, shape {node.shape}{made if node.where else ''}")
    return lines
