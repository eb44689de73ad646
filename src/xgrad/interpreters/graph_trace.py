"""A trace that follows everything: what a Graph records into.

It watches whatever an operation reads, constants and values from before included, and knows it
weakly: the results that are alive hold their nodes, and nothing else does. A constant has no node to
be followed by, so every operation announces its operands while a Graph is open, and gets them one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..core.casting import is_inexact
from ..core.node import Cut, Leaf, Node, Where
from ..core.variable import Variable
from .trace import Trace, active_traces, follow_constants

__all__ = ["GraphTrace", "give_nodes"]


class GraphTrace(Trace):
    """One Graph's recording."""

    follows_constants = True
    follows_unasked = True
    warns = False  # optimizers assign inside a Graph, and their programs mean it

    __slots__ = ()

    def __init__(self, turns: list[int], where: Where) -> None:
        super().__init__(True, WeakValueDictionary(), turns, where)
        self.watched = WeakKeyDictionary()

    def reads(self, node: Node) -> bool:
        """Watch any floating value that an operation reads."""
        if self in node.traces or node in self.watched:
            return True
        if type(node) is Cut or not is_inexact(node.dtype):
            return False
        variable = node.variable if isinstance(node, Leaf) else None
        self.watch(node, None if variable is None else variable())
        return True

    def watch(self, node: Node, variable: Variable | None) -> None:
        """Follow a node from now on, and know its Variable for as long as that lives."""
        super().watch(node, variable)
        self.watched[node] = None


def give_nodes(operands: Sequence[Any]) -> None:
    """Give a node to every constant that an operation is about to read; an usher (inspection.py)."""
    follow_constants(operands, active_traces())
