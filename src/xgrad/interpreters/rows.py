"""Gradients that stay sparse: the rows of a source that was read through take_sparse.

The walk asks for every such reading whether the cotangent goes straight to a source; then its rows
are collected here instead of being added into a dense array. What a source is given otherwise stays
dense, and so does the sum."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, NamedTuple

from ..backends import backend_of
from ..core.indexed_slices import IndexedSlices
from ..core.node import Leaf, Node
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest

__all__ = ["RowCollector", "Rows"]


class Rows(NamedTuple):
    """A sparse cotangent: raw arrays, or Tensors where the walk is recorded."""

    values: Any
    indices: Any

    def as_gradient(self, shape: tuple[int, ...], recorded: bool, origin: Node) -> IndexedSlices:
        """What the user is given; `origin` says that the values come from no recorded walk."""
        if recorded:
            return IndexedSlices(steepest(rule_namespace, self.values), self.indices, shape)
        values = steepest(backend_of(self.values).xp, self.values)
        return IndexedSlices(Tensor(values, origin), Tensor(self.indices), shape)


class RowCollector:
    """The rows for each source of one walk."""

    __slots__ = ("_parts", "_recorded", "_sources")

    def __init__(self, sources: Mapping[Node, Any], recorded: bool) -> None:
        self._sources = sources
        self._recorded = recorded
        self._parts: dict[Node, list[Rows]] = {}

    def takes(self, node: Node, g: Any) -> bool:
        """Whether the cotangent of this reading is kept as rows."""
        if node.plan is None:
            return False  # its values were let go, as the walk will say
        source = node.parents[0]
        if type(source) is not Leaf or source not in self._sources:
            return False
        if source.plan is not None:  # its hooks are to see the whole gradient
            return False
        assert node.parameters is not None
        if node.parameters["axis"] != 0:  # batching has put an axis before the rows
            return False
        (indices,) = node.saved
        self._parts.setdefault(source, []).append(
            Rows(g, Tensor(indices) if self._recorded else indices)
        )
        return True

    def add_to(self, found: dict[Node, Any]) -> None:
        """Add what was collected to the cotangents of the sources."""
        for source, parts in self._parts.items():
            rows = parts[0]
            backend = None if self._recorded else backend_of(rows.values)
            xp = rule_namespace if backend is None else backend.xp
            if len(parts) > 1:
                values = xp.concat([part.values for part in parts], axis=0)
                rows = Rows(values, xp.concat([part.indices for part in parts], axis=0))
            dense = found.get(source)
            if dense is None:
                found[source] = rows
                continue
            added = xp.index_add(rows.values, rows.indices, axis=0, size=source.shape[0])
            with nullcontext() if backend is None else backend.on(dense):
                found[source] = dense + added
