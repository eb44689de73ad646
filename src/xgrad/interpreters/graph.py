"""What is on a tape, as plain data: for drawing, for statistics, for TensorBoard.

A tape does not own its nodes (decision 1), so they are found by going back from a target, or, for
all of them, by asking Python's memory management for every node there is. That takes milliseconds,
and costs recording nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..backends.base import dtype_name
from ..core.node import Cut, Leaf, Node, Output, Producer
from ..core.observers import show_line
from ..core.primitive import Primitive
from .trace import Trace

__all__ = ["GraphNode", "TapeGraph", "graph_of", "operand_names", "recorded_nodes"]


class GraphNode(NamedTuple):
    """A value on a tape, and the operation that computed it.

    Attributes
    ----------
    number : int
        Grows from operands to results.
    kind : str
        ``"variable"``, ``"tensor"`` (a watched one), ``"operation"``, ``"output"`` (one of several
        results of its only input), or ``"end"`` (where a path ends; no gradient goes on from there).
    name : str
        Of the Variable, or of the operation.
    shape : tuple of int
    dtype : str
    where : str
        ``file:line (text)`` of the user's code, if it is known.
    inputs : tuple of (int, str)
        The numbers of the operands on the tape, and their names.
    """

    number: int
    kind: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    where: str
    inputs: tuple[tuple[int, str], ...]


class TapeGraph(NamedTuple):
    """A part of a tape.

    Attributes
    ----------
    nodes : tuple of GraphNode
        In the order in which they were computed; every value once.
    targets : tuple of int
        The numbers of what was asked for, or of what nothing else was computed from.
    """

    nodes: tuple[GraphNode, ...]
    targets: tuple[int, ...]


def graph_of(trace: Trace | None, targets: list[Any] | None) -> TapeGraph:
    """Describe what targets were computed from; everything that a trace recorded without them."""
    if targets is not None:
        asked = [x.node for x in targets if x.node is not None]
        nodes = _ancestors(asked, trace)
    else:
        asked = [] if trace is None else recorded_nodes(trace)
        nodes = _ancestors(asked, trace)
        used = {parent for node in nodes for parent in node.parents}
        asked = [node for node in nodes if node not in used]
    ordered = sorted(nodes, key=lambda node: node.serial)
    return TapeGraph(
        tuple([_described(node) for node in ordered]), tuple([node.serial for node in asked])
    )


def recorded_nodes(trace: Trace) -> list[Node]:
    """Find the nodes of all living values that a trace recorded."""
    kinds = (Node, Producer, Output)
    nodes = [x for x in gc.get_objects() if type(x) in kinds]
    return sorted([n for n in nodes if trace in n.traces], key=lambda node: node.serial)


def _ancestors(nodes: Iterable[Node], trace: Trace | None) -> list[Node]:
    """These nodes and what they were computed from, as far as the trace followed it."""
    found = dict.fromkeys(nodes)
    todo = list(found)
    while todo:
        for parent in _parents(todo.pop(), trace):
            if parent not in found:
                found[parent] = None
                todo.append(parent)
    return list(found)


def _parents(node: Node, trace: Trace | None) -> list[Node]:
    operands = node.operands() if isinstance(node, Cut) else node.parents
    return [
        p
        for p in operands
        if p is not None and (type(p) is Cut or trace is None or trace.follows(p))
    ]


def _described(node: Node) -> GraphNode:
    dtype = "" if node.dtype is None else dtype_name(node.dtype)
    where = show_line(node.where).removeprefix(" at ")
    inputs = tuple([(p.serial, name) for p, name in _operands(node)])
    return GraphNode(node.serial, *_kind_and_name(node), node.shape, dtype, where, inputs)


def _kind_and_name(node: Node) -> tuple[str, str]:
    if isinstance(node, Leaf):
        variable = None if node.variable is None else node.variable()
        return ("tensor", "Tensor") if variable is None else ("variable", variable.name)
    if isinstance(node, Output):
        return "output", f"output {node.index}"
    name = "gradient" if node.primitive is None else node.primitive.name
    return ("end" if type(node) is Cut else "operation"), name


def _operands(node: Node) -> list[tuple[Node, str]]:
    """The operands on the tape, with their names where there are several."""
    if isinstance(node, Cut):
        return [(p, "") for p in node.operands() if p is not None]
    if node.primitive is None:
        return [(p, "") for p in node.parents if p is not None]
    names = operand_names(node.primitive, len(node.parents))
    return [(p, n) for p, n in zip(node.parents, names, strict=False) if p is not None]


def operand_names(primitive: Primitive, count: int) -> list[str]:
    """Name the operands of an operation; the only one needs no name."""
    if count == 1:
        return [""]
    names = primitive.operands
    if not primitive.starred:
        return list(names[:count])
    last = len(names) - 1
    return [*names[:last], *[f"{names[last]}[{i}]" for i in range(count - last)]]
