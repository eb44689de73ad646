"""The default graph: so that `tf.gradients` works in a program that opens no graph, as TensorFlow 1 had it.

It is told of operations while no tape or other graph is open, and follows the values that functions of
`tf` made, and what was computed from them; nothing else, so the rest of a process does not notice it.
A `tf.GradientTape` says that a program runs eagerly: then the graph forgets what was before, and a
training loop does not pile up its history."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from ...core.casting import is_inexact
from ...core.handle import Handle
from ...core.node import Node, Where
from ...core.observers import state, user_line
from ...core.variable import Variable
from ...errors import TapeError
from ...interpreters.graph_scope import Graph
from ...interpreters.graph_trace import GraphTrace
from ...interpreters.stack import install, set_ambient
from ...interpreters.trace import make_followable
from ._replay import Recipes, are_written, make_known

__all__ = ["DefaultGraph", "default_graph", "follow", "recording", "set_eager"]


class DefaultTrace(GraphTrace):
    """Follows the values that functions of `tf` made, and what was computed from them."""

    follows_constants = False

    __slots__ = ("_roots", "forgotten")

    def __init__(self, turns: list[int], where: Where, roots: WeakSet[Node]) -> None:
        super().__init__(turns, where)
        self._roots = roots
        self.forgotten: WeakSet[Node] = WeakSet()

    def reads(self, node: Node) -> bool:
        """Follow the roots, and begin anew with values of which the past was forgotten."""
        if self in node.traces or node in self.watched:
            return True
        if self.has_forgotten(node):
            self.forgotten.add(node)
        elif node not in self._roots:
            return False
        return super().reads(node)

    def has_forgotten(self, node: Node) -> bool:
        """Whether a value was computed before the default graph began anew."""
        if self in node.traces:
            return False
        return node in self.forgotten or any(type(t) is DefaultTrace for t in node.traces)


class DefaultGraph(Graph):
    """The default graph of one thread."""

    _trace: DefaultTrace

    def __init__(self) -> None:
        super().__init__()
        self._roots: WeakSet[Node] = WeakSet()
        self._made: WeakValueDictionary[int, Variable] = WeakValueDictionary()  # type: ignore[assignment]
        self.recipes = Recipes()
        self._began_anew = False
        self._start()

    def _start(self) -> None:
        self._trace = DefaultTrace(self._turns, user_line(2), self._roots)
        self.alone = (self._trace,)
        self.observers = (self, self.recipes)
        set_ambient(self.observers)

    def own(self, variable: Variable) -> None:
        """Take no Variable for the program's by itself: `admit` says which ones are."""

    def admit(self, x: Any) -> None:
        """Follow a value from now on."""
        if isinstance(x, Variable):
            self._made[x.number] = x
        if is_inexact(x.raw.dtype):
            self._roots.add(make_followable(x))
        else:
            make_known(x)

    def variables(self) -> list[Variable]:
        """List the program's Variables; those of programs that have ended are gone for good."""
        gc.collect()
        return super().variables()

    def forget(self) -> None:
        """Let go of everything that was recorded."""
        if self._trace.nodes or self.recipes.of:
            self._trace.close()
            self.recipes.of.clear()
            self._began_anew = True
            self._start()

    def check(self, targets: list[Any], who: str) -> None:
        """Refuse gradients, and values of a session, that would miss what was forgotten."""
        todo = [x.node for x in targets if x.node is not None] if self._began_anew else []
        seen = set(todo)
        while todo:
            node = todo.pop()
            if self._trace.has_forgotten(node):
                raise TapeError(
                    f"{who}: a value that was computed before a GradientTape was entered, or "
                    "reset_default_graph called, is needed, and the default graph has forgotten "
                    "what it was computed from. Use `with tf.Graph().as_default():` around the "
                    "whole computation, or the tape."
                )
            fresh = [p for p in node.parents if p is not None and p not in seen]
            seen.update(fresh)
            todo += fresh


class _Thread(threading.local):
    graph: DefaultGraph | None = None
    eager: Any = False


_thread = _Thread()


def default_graph() -> DefaultGraph | None:
    """The default graph of this thread, unless it does without."""
    if _thread.graph is None and not _thread.eager:
        _thread.graph = DefaultGraph()
    return _thread.graph


@contextmanager
def recording() -> Iterator[None]:
    """Let the default graph watch in earnest, inside a block, if nobody does: every step counts."""
    graph = default_graph()
    if state.observers or graph is None:
        yield
        return
    install(graph.observers)
    try:
        yield
    finally:
        install(())


def set_eager(eager: bool) -> None:
    """Do without a default graph in this thread from now on, or have one again."""
    _thread.eager = eager
    _thread.graph = None
    set_ambient(())


def follow(x: Any) -> Any:
    """Make a result of one of `tf`'s functions a value of the default graph; gives it back."""
    graph = default_graph()
    if graph is None or not isinstance(x, Handle):
        return x
    if state.observers and state.observers is not graph.observers:
        if are_written():
            make_known(x)
        return x  # somebody else records, who was told what to follow
    node = x.node
    if isinstance(x, Variable) or node is None or not graph.alone[0].follows(node):
        graph.admit(x)
    return x
