"""Computations as graphs, for TensorBoard to draw.

A box per line of the program, named after what the line assigns, holds the line's operations, where
lines were recorded; slashes in the names of Variables make boxes too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ArgumentTypeError
from ..interpreters.graph import GraphNode, TapeGraph
from .current import chosen_writer

__all__ = ["graph"]

_PLACE = re.compile(r"(.+):(\d+)(?: \((?:(\w+) = )?|$)")  # file, line, and what is assigned there
_TYPES = {  # DataType in TensorFlow's types.proto
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
}


def graph(graph_data: Any) -> bool:
    """Write a graph of operations, at step 0.

    Parameters
    ----------
    graph_data : TapeGraph, GradientTape or Function
        What ``tape.graph(loss)`` returned; a tape, for everything on it; or what `xg.function` made,
        after its first call, for the program that runs, gradients and updates included. Under
        ``xg.record_locations(True)`` the operations are grouped by the lines of the program.

    Returns
    -------
    bool
        Whether it was written: there is a default writer, and `record_if` does not prevent it.

    Raises
    ------
    ArgumentTypeError
        If `graph_data` is something else.

    See Also
    --------
    xgrad.GradientTape.draw

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, 2.0], name="w")
    >>> with xg.GradientTape() as tape:
    ...     loss = xg.sum(w * w)
    >>> xg.summary.graph(tape.graph(loss))  # no writer: nothing happens
    False
    """
    writer = chosen_writer()
    if writer is None:
        return False
    if not isinstance(graph_data, TapeGraph):
        describe = getattr(graph_data, "graph", None)
        graph_data = describe() if callable(describe) else graph_data
    if not isinstance(graph_data, TapeGraph):
        raise ArgumentTypeError(
            f"graph: graph_data is a {type(graph_data).__name__}. Use tape.graph(loss), a tape, or "
            "a function made by xg.function."
        )
    writer.add({"graph_def": graph_definition(graph_data).SerializeToString()}, 0)
    return True


def graph_definition(graph: TapeGraph) -> Any:
    """Translate a graph into TensorFlow's form."""
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboardX.proto.versions_pb2 import VersionDef

    names = dict(_names(graph.nodes))
    definitions = []
    for node in graph.nodes:
        made = NodeDef(name=names[node.number], op=_operation(node))
        made.input.extend(names[number] for number, _ in node.inputs if number in names)
        if node.dtype:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in node.shape])
            shapes = AttrValue.ListValue(shape=[shape])
            made.attr["_output_shapes"].CopyFrom(AttrValue(list=shapes))
            if node.dtype in _TYPES:
                made.attr["dtype"].type = _TYPES[node.dtype]
        if node.where:
            made.attr["line"].s = node.where.encode()
        for number, operand in node.inputs:
            if operand and number in names:
                made.attr[f"operand {operand}"].s = names[number].encode()
        definitions.append(made)
    return GraphDef(node=definitions, versions=VersionDef(producer=22))


def _operation(node: GraphNode) -> str:
    if node.kind in ("variable", "tensor"):
        return {"variable": "Variable", "tensor": "Tensor"}[node.kind]
    return node.name.partition("/")[0]


def _names(nodes: tuple[GraphNode, ...]) -> Iterator[tuple[int, str]]:
    """Name every node, differently, with only what TensorFlow allows in names."""
    files = {found[1] for node in nodes if (found := _PLACE.match(node.where))}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for node in nodes:
        wanted = re.sub(r"[^\w./-]+", "_", node.name, flags=re.ASCII).strip("_/-") or node.kind
        if node.kind != "variable":
            wanted = _box(node.where, len(files) > 1) + wanted
        name = wanted
        while name in taken:
            counts[wanted] = counts.get(wanted, 0) + 1
            name = f"{wanted}_{counts[wanted]}"
        taken.add(name)
        yield node.number, name


def _box(where: str, with_file: bool) -> str:
    found = _PLACE.match(where)
    if not found:
        return ""
    file = re.sub(r"[^\w.-]+", "_", Path(found[1]).name, flags=re.ASCII).strip("_-")
    parts = [file if with_file else "", found[3] or "", f"line_{found[2]}"]
    return "_".join(part for part in parts if part) + "/"
