"""Where a backward walk stands: the cotangents of nodes that wait to be visited.

Nodes are taken in reverse order of their serial numbers, so a cotangent is complete when its node's
turn comes. The hot path of the walk (backward.py) works on `entries` and `heap` itself."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

from ..core.inspection import Arrival, Inspector
from ..core.node import Node, Output
from .trace import Trace

__all__ = ["Frontier", "InspectedFrontier"]


class Frontier:
    """The cotangents of nodes that wait to be visited, the latest node first.

    An entry is a list: the node, its cotangent so far, and whether the walk made that buffer
    itself, so that it may add to it in place. `library` is of the last cotangents: their type, the
    functions on them, and the guard among those. `stopped_at` is the node, with its cotangent, at
    which an error ended the walk's hot path."""

    __slots__ = ("entries", "heap", "in_place", "library", "stopped_at")

    def __init__(self, in_place: bool) -> None:
        self.entries: dict[int, list[Any]] = {}
        self.heap: list[int] = []
        self.library: tuple[Any, Any, Any] = (None, None, None)
        self.in_place = in_place
        self.stopped_at: tuple[Any, Any] | None = None

    def pop(self) -> tuple[Any, Any]:
        """Take out the latest node and its cotangent, which is complete now."""
        node, g, _ = self.entries.pop(-heappop(self.heap))
        return node, g

    def add(self, node: Node, g: Any) -> None:
        """Add to a node's cotangent."""
        entry = self.entries.get(node.serial)
        if entry is None:
            self.entries[node.serial] = [node, g, False]
            heappush(self.heap, -node.serial)
        elif entry[2]:
            entry[1] += g
        else:
            entry[1] = entry[1] + g
            entry[2] = self.in_place

    def add_output(self, output: Output, g: Any) -> None:
        """Collect the cotangents of several outputs; None stands for those that nobody used."""
        producer: Any = output.parents[0]
        entry = self.entries.get(producer.serial)
        if entry is None:
            entry = [producer, (None,) * producer.shape[0], False]
            self.entries[producer.serial] = entry
            heappush(self.heap, -producer.serial)
        parts = list(entry[1])
        former = parts[output.index]  # of a node that a rule was given for the same output
        parts[output.index] = g if former is None else former + g
        entry[1] = tuple(parts)


class InspectedFrontier(Frontier):
    """The same, with somebody looking at every cotangent that arrives (core/inspection.py)."""

    __slots__ = ("_g", "_inspectors", "_node")

    def __init__(self, inspectors: tuple[Inspector, ...], in_place: bool) -> None:
        super().__init__(in_place)
        self._inspectors = inspectors
        self._node: Node | None = None
        self._g: Any = None

    def begin(self, trace: Trace, seeds: list[tuple[Node, Any]]) -> None:
        """Show what the walk starts from."""
        for inspector in self._inspectors:
            inspector.walk_begins(trace, seeds)

    def end(self) -> None:
        """Say that the walk is over."""
        for inspector in self._inspectors:
            inspector.walk_ends()

    def visit(self, node: Node, g: Any) -> None:
        """Show a node whose rules are to be called."""
        self._node = node
        self._g = g
        for inspector in self._inspectors:
            inspector.visit(node)

    def add(self, node: Node, g: Any) -> None:
        """Add to a node's cotangent, and show both."""
        super().add(node, g)
        if self._node is not None:
            arrival = Arrival(self._node, node, self._g, g, self.entries[node.serial][1])
            for inspector in self._inspectors:
                inspector.arrived(arrival)
