"""A tape as a picture: text for Mermaid or Graphviz, or SVG where Graphviz is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import ArgumentError, BackendUnavailableError
from .graph import GraphNode, TapeGraph

__all__ = ["draw"]

_SUFFIXES = {".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg"}
_FOLDED = "folded"


def draw(graph: TapeGraph, format: str | None, file: Any, max_nodes: int) -> str:
    """Write a graph in a format; `file` is a path or has a method `write`."""
    kind = format or _SUFFIXES.get(Path(file).suffix if isinstance(file, (str, Path)) else "")
    writer = _WRITERS.get(kind or "mermaid")
    if writer is None:
        raise ArgumentError(f"draw: format {format!r} is not known. Use 'mermaid', 'dot' or 'svg'.")
    if max_nodes < 3:
        raise ArgumentError(f"draw: max_nodes must be at least 3, not {max_nodes}.")
    text = writer(_abbreviated(graph, max_nodes))
    if isinstance(file, (str, Path)):
        Path(file).write_text(text, encoding="utf-8")
    elif file is not None:
        stream: IO[str] = file
        stream.write(text)
    return text


# -- long graphs -----------------------------------------------------------------------------------


def _abbreviated(graph: TapeGraph, limit: int) -> TapeGraph:
    """Fold the middle of a long graph into one node; its ends stay as they are."""
    nodes = graph.nodes
    if len(nodes) <= limit:
        return graph
    first = limit // 2
    last = len(nodes) - (limit - first - 1)
    middle = nodes[first:last]
    folded = {node.number for node in middle}
    number = middle[0].number
    inside = _without_repeats(
        (source, "") for node in middle for source, _ in node.inputs if source not in folded
    )
    fold = GraphNode(number, _FOLDED, _summary(middle), (), "", "", inside)
    after = [
        node._replace(
            inputs=_without_repeats(
                (number, "") if source in folded else (source, name) for source, name in node.inputs
            )
        )
        for node in nodes[last:]
    ]
    targets = tuple(dict.fromkeys(number if t in folded else t for t in graph.targets))
    return TapeGraph((*nodes[:first], fold, *after), targets)


def _without_repeats(pairs: Iterator[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    return tuple(dict.fromkeys(pairs))


def _summary(nodes: tuple[GraphNode, ...]) -> str:
    """``... 120 more: 60 tanh, 60 add``."""
    counts = Counter(node.name if node.kind == "operation" else node.kind for node in nodes)
    common = [f"{count} {name}" for name, count in counts.most_common(4)]
    more = ", ..." if len(counts) > 4 else ""
    return f"... {len(nodes)} more: {', '.join(common)}{more}"


# -- formats ---------------------------------------------------------------------------------------


def _lines(node: GraphNode) -> list[str]:
    """The label of a node, a line each: name, shape and dtype, place."""
    lines = [node.name]
    if node.dtype:
        lines.append(f"{node.dtype} {node.shape}")
    place = node.where.partition(" (")[0]
    return [*lines, Path(place).name] if place else lines


_MERMAID = {
    "variable": ("([", "])"),
    "tensor": ("(", ")"),
    "operation": ("[", "]"),
    "output": ("[", "]"),
    "end": ("{{", "}}"),
    _FOLDED: ("[/", "/]"),
}


def _mermaid(graph: TapeGraph) -> str:
    out = ["flowchart TD"]
    for node in graph.nodes:
        opening, closing = _MERMAID[node.kind]
        label = "<br/>".join(_mermaid_text(line) for line in _lines(node))
        out.append(f'  n{node.number}{opening}"{label}"{closing}')
    for node in graph.nodes:
        for source, name in node.inputs:
            arrow = "-.->" if node.kind == "end" else "-->"
            if name:
                arrow = f'-- "{_mermaid_text(name)}" -->'
            out.append(f"  n{source} {arrow} n{node.number}")
    variables = [f"n{node.number}" for node in graph.nodes if node.kind == "variable"]
    if variables:
        out.append("  classDef variable fill:#dbeafe,stroke:#1d4ed8,color:#111")
        out.append(f"  class {','.join(variables)} variable")
    if graph.targets:
        out.append("  classDef target stroke-width:3px")
        out.append(f"  class {','.join(f'n{t}' for t in graph.targets)} target")
    return "\n".join(out) + "\n"


def _mermaid_text(text: str) -> str:
    """Escape what means something to Mermaid, as its entity codes."""
    return "".join(f"#{ord(c)};" if c in '"#;<>&`' else c for c in text)


_DOT = {
    "variable": 'shape=box, style="rounded,filled", fillcolor="#dbeafe"',
    "tensor": 'shape=box, style="rounded"',
    "operation": "shape=box",
    "output": "shape=box",
    "end": "shape=octagon",
    _FOLDED: 'shape=box, style="dashed"',
}


def _dot(graph: TapeGraph) -> str:
    out = ["digraph tape {", '  node [fontname="Helvetica"];', '  edge [fontname="Helvetica"];']
    for node in graph.nodes:
        label = "\\n".join(_dot_text(line) for line in _lines(node))
        thick = ", penwidth=3" if node.number in graph.targets else ""
        out.append(f'  n{node.number} [label="{label}", {_DOT[node.kind]}{thick}];')
    for node in graph.nodes:
        for source, name in node.inputs:
            label = " [style=dashed]" if node.kind == "end" else ""
            if name:
                label = f' [label="{_dot_text(name)}"]'
            out.append(f"  n{source} -> n{node.number}{label};")
    return "\n".join([*out, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _svg(graph: TapeGraph) -> str:
    program = shutil.which("dot")
    if program is None:
        raise BackendUnavailableError(
            "draw: SVG needs the program `dot` of Graphviz, which is not on the PATH. Use "
            "format='mermaid' or 'dot', or install Graphviz (apt install graphviz, brew install "
            "graphviz, conda install graphviz)."
        )
    done = subprocess.run(
        [program, "-Tsvg"], input=_dot(graph), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackendUnavailableError(
            f"draw: {program} failed with status {done.returncode}: {done.stderr.strip()}. Use "
            "format='dot' to see what it was given."
        )
    return done.stdout


_WRITERS: dict[str, Callable[[TapeGraph], str]] = {"mermaid": _mermaid, "dot": _dot, "svg": _svg}
