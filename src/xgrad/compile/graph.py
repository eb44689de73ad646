"""A program as a graph, in the form that tapes use, so that everything that draws tapes draws it."""

from __future__ import annotations

from ..backends.base import dtype_name
from ..core.observers import show_line
from ..interpreters.graph import GraphNode, TapeGraph, operand_names
from .program import Instruction, Program

__all__ = ["program_graph"]


def program_graph(program: Program) -> TapeGraph:
    """Describe what a program computes, and what it assigns."""
    sources = [(n, "tensor", f"argument_{i}") for i, n in enumerate(program.arguments)]
    sources += [(n, "variable", variable.name) for variable, n in program.reads]
    sources += [(n, "tensor", str(draw)) for draw, n in program.draws]
    used = {n for instruction in program.instructions for n in instruction.reads()}
    used |= set(program.outputs())
    sources += [(n, "tensor", "constant") for n in program.constants if n in used]
    nodes = [_node(program, n, kind, name, "", ()) for n, kind, name in sources]
    free = 1 + max(program.specs, default=0)
    for instruction in program.instructions:
        nodes += _instruction(program, instruction, free)
        free += 1
    targets = list(program.results)
    for variable, n in program.writes:
        name = f"assign/{variable.name}"
        nodes.append(_node(program, n, "operation", name, "", ((n, ""),), free))
        targets.append(free)
        free += 1
    return TapeGraph(tuple(nodes), tuple(targets))


def _instruction(program: Program, instruction: Instruction, free: int) -> list[GraphNode]:
    """A node for an instruction, and one more for each of several results."""
    primitive, results = instruction.primitive, instruction.results
    names = operand_names(primitive, len(instruction.operands))
    inputs = tuple(
        [
            (x, name)
            for x, name in zip(instruction.operands, names, strict=True)
            if isinstance(x, int)
        ]
    )
    where = show_line(instruction.where).removeprefix(" at ")
    if len(results) == 1:
        return [_node(program, results[0], "operation", primitive.name, where, inputs)]
    first = GraphNode(free, "operation", primitive.name, (), "", where, inputs)
    return [
        first,
        *[
            _node(program, n, "output", f"output {i}", where, ((free, ""),))
            for i, n in enumerate(results)
        ],
    ]


def _node(
    program: Program,
    n: int,
    kind: str,
    name: str,
    where: str,
    inputs: tuple[tuple[int, str], ...],
    number: int | None = None,
) -> GraphNode:
    spec = program.specs[n]
    shape, dtype = tuple(spec.shape), dtype_name(spec.dtype)
    return GraphNode(n if number is None else number, kind, name, shape, dtype, where, inputs)
