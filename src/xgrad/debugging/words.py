"""What error messages of this package have in common: names of operations, operands and lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..backends.survey import survey
from ..core.node import Leaf, Node
from ..core.primitive import NUMBER, Primitive

__all__ = ["kept_values", "operand_name", "table"]


def operand_name(primitive: Primitive, place: int) -> str:
    """Name an operand by its place: ``x1``, or ``arrays[2]`` of a starred one."""
    last = len(primitive.operands) - 1
    if primitive.starred and place >= last:
        return f"{primitive.operands[last]}[{place - last}]"
    return primitive.operands[place]


def kept_values(node: Node) -> Iterator[tuple[str, Any]]:
    """Give the arrays that a node keeps for its rules, with the names of operands."""
    primitive, plan = node.primitive, node.plan
    if primitive is None or plan is None:
        return
    for owner, value in zip(plan.owners, node.saved, strict=True):
        if owner is None or owner == NUMBER:
            continue  # a spec, or a number
        if owner == -1:
            yield from _parts("the result", value)
        elif type(value) is tuple:
            for i, part in enumerate(value):
                yield _named(node, owner + i), part
        elif hasattr(value, "shape"):
            yield _named(node, owner), value


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if type(value) is tuple:
        for i, part in enumerate(value):
            yield f"{name} {i}", part
    else:
        yield name, value


def _named(node: Node, place: int) -> str:
    """Name an operand, with the Variable that it is."""
    assert node.primitive is not None
    name = operand_name(node.primitive, place)
    parent = node.parents[place] if place < len(node.parents) else None
    variable = parent.variable() if type(parent) is Leaf and parent.variable is not None else None
    return name if variable is None else f"{name} (Variable {variable.name})"


def table(rows: Iterator[tuple[str, Any]] | list[tuple[str, Any]]) -> str:
    """One line for each array, with what is in it."""
    found = list(rows)
    width = max((len(name) for name, _ in found), default=0)
    return "".join(f"\n  {name.ljust(width)}  {survey(value)}" for name, value in found)
