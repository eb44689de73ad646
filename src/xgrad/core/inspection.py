"""Looking into everything that is computed: for debugging, and free while nobody does.

Hot paths take a primitive's implementation from a table by array type. While somebody inspects,
that table is kept empty, so that every operation goes through `dispatch.apply`, which tells here.
Walks and accumulators ask `inspectors()` once each. What is looked for is up to debugging/."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple
from weakref import WeakSet

from .instructions import PRIMITIVES
from .node import Node, Output
from .observers import settings, user_line
from .primitive import Primitive

__all__ = ["Arrival", "Event", "Inspector", "Seat", "announce", "inspectors", "seat", "tell"]


class Event(NamedTuple):
    """An operation that ran.

    Attributes
    ----------
    primitive : Primitive
    arrays : tuple
        The operands: raw arrays and Python scalars.
    parameters : dict or None
    results : tuple of arrays
    node : Node or None
        What was hung on the result, or on all results together.
    """

    primitive: Primitive
    arrays: tuple[Any, ...]
    parameters: dict[str, Any] | None
    results: tuple[Any, ...]
    node: Node | None


class Arrival(NamedTuple):
    """What a rule gave for one operand in a backward walk.

    Attributes
    ----------
    node, operand : Node
    g : array, Tensor or tuple of them
        The cotangent of the node.
    r : array or Tensor
        What the rule gave.
    total : array or Tensor
        The cotangent of the operand so far.
    """

    node: Node
    operand: Node
    g: Any
    r: Any
    total: Any


class Inspector:
    """What is told of everything that one thread computes; does nothing by itself."""

    def operation(self, event: Event) -> None:
        """Look at an operation."""

    def tangent(self, event: Event, tangents: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """Look at the tangents of its operands and results in forward mode, Tensors or None."""

    def walk_begins(self, trace: Any, seeds: list[tuple[Node, Any]]) -> None:
        """Look at what a backward walk starts from."""

    def walk_ends(self) -> None:
        """Know that the walk is over, whether or not it came to its end."""

    def visit(self, node: Node) -> None:
        """Look at a node before its rules are called."""

    def arrived(self, arrival: Arrival) -> None:
        """Look at what a rule gave."""


class Seat:
    """Where the inspectors of one thread sit, by name; goes with the thread.

    Attributes
    ----------
    by_name : dict
    ushers : dict
        Functions that are shown what an operation is given (Tensors, Variables, arrays, numbers)
        before it runs, and do not look at anything else.
    """

    def __init__(self) -> None:
        self.by_name: dict[Hashable, Inspector] = {}
        self.ushers: dict[Hashable, Callable[[Sequence[Any]], None]] = {}
        _seats.add(self)

    def __del__(self) -> None:
        if self.by_name or self.ushers:
            _seats.discard(self)
            _count()

    def usher(self, name: Hashable, function: Callable[[Sequence[Any]], None] | None) -> None:
        """Put a function among the ushers; None takes that of the same name away."""
        ushers = {other: f for other, f in self.ushers.items() if other != name}
        if function is not None:
            ushers[name] = function
        self.ushers = ushers
        _count()

    def put(self, name: Hashable, inspector: Inspector | None) -> Inspector | None:
        """Put an inspector in the place of that of the same name, or None; gives the former one."""
        by_name = dict(self.by_name)
        former = by_name.pop(name, None)
        if inspector is not None:
            by_name[name] = inspector
        self.by_name = by_name
        _count()
        return former


class _Thread(threading.local):
    def __init__(self) -> None:
        self.seat = Seat()


_seats: WeakSet[Seat] = WeakSet()
_lock = threading.RLock()
_thread = _Thread()


def seat() -> Seat:
    """Give the seat of this thread."""
    return _thread.seat


def inspectors() -> tuple[Inspector, ...]:
    """Who inspects in this thread."""
    return tuple(_thread.seat.by_name.values()) if settings.inspected else ()


def _count() -> None:
    """Know whether anybody inspects in any thread, and send operations the readable way then."""
    with _lock:
        settings.inspected = any(taken.by_name or taken.ushers for taken in _seats)
        if settings.inspected:
            for primitive in PRIMITIVES.values():
                primitive.implementations.clear()


def announce(operands: Sequence[Any]) -> None:
    """Show the ushers of this thread what an operation is given."""
    for usher in _thread.seat.ushers.values():
        usher(operands)


def tell(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    parameters: dict[str, Any] | None,
    y: Any,
    nodes: Any,
) -> None:
    """Tell those who inspect of an operation, with the node or nodes of its results."""
    watching = inspectors()
    if not watching:
        return
    results = y if primitive.outputs != 1 else (y,)
    node = nodes
    if isinstance(nodes, tuple):
        node = next((n for n in nodes if n is not None), None)
        node = node.parents[0] if type(node) is Output else node
    if node is not None and node.where is None:
        node.where = user_line(3)
    event = Event(primitive, arrays, parameters, results, node)
    for inspector in watching:
        inspector.operation(event)
