"""One application of a user's function: what it depended on, and the rule that the user gave.

A call holds neither its operands nor its results. But a rule may have closed over them, and runs in
other contexts than the function did, so the call knows them weakly and sees to it that they are
followed as the operation was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import ref

from .._typing import DType, Shape
from ..backends import Device
from ..core.casting import is_inexact
from ..core.node import Cut, Node
from ..core.tensor import Tensor
from ..interpreters.trace import active_traces
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest

__all__ = ["Call", "Place", "place_of"]


class Place(NamedTuple):
    """What an array must be like to belong to an operand or a result.

    Attributes
    ----------
    name : str
        For error messages.
    """

    name: str
    shape: Shape
    dtype: DType
    device: Device


def place_of(x: Any, name: str) -> Place:
    """Where a Tensor or Variable is, and of what shape and dtype."""
    return Place(name, x.shape, x.dtype, x.device)


class Call:
    """One application of a user's function.

    A subclass gives `gradients`, and `push` where tangents are not to be had by transposing it.

    Attributes
    ----------
    operands : list of Place
        What the function depends on: one per array operand, in order.
    results : list of Place
        What it returned, one per leaf.
    parents : list of Node
        The nodes of those operands that somebody follows.
    kept_bytes, saved_bytes : int
        How many bytes of arrays it keeps for the way back, as far as it knows, and how many more a
        tape would have kept.
    has_push : bool
        Whether there is a rule of forward mode.
    own : bool
        Whether the rule is xgrad's own, so that all it computes is followed, and results that nobody
        used need no cotangent.
    title : str
        For error messages.
    """

    has_push = False
    own = False
    title = "a function with a gradient of its own"
    kept_bytes = 0
    saved_bytes = 0

    def __init__(self, operands: Sequence[Place], results: Sequence[Place]) -> None:
        self.operands = list(operands)
        self.results = list(results)
        self.parents: list[Node] = []
        self._traces = active_traces()
        self._given: list[tuple[ref[Tensor], Node]] = []
        self._opaque: list[tuple[int, ref[Tensor]]] = []
        self._nodes: list[ref[Node] | None] = [None for _ in results]

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Apply the user's rule.

        Parameters
        ----------
        gs : list of Tensor or None
            The cotangent of each result, None for those that are not floating.

        Returns
        -------
        list of Tensor or None
            For each operand, of its shape and dtype.
        """
        raise NotImplementedError

    def push(
        self, values: Sequence[Tensor], tangents: Sequence[Tensor | None]
    ) -> Sequence[Tensor | None]:
        """Carry tangents forward.

        Parameters
        ----------
        values : sequence of Tensor
            The operands.
        tangents : sequence of Tensor or None
            Of each operand; not all of them None.

        Returns
        -------
        sequence of Tensor or None
            Of each result.
        """
        raise NotImplementedError

    # -- what the rule's closure sees ----------------------------------------------------------

    def remember(self, given: Sequence[Tensor], returned: Sequence[Tensor]) -> None:
        """Know the Tensors that the function was given and those it returned, without holding them.

        Its rule may have closed over them, and runs in other contexts than the function did."""
        self._given = [(ref(x), x.node) for x in given if x.node is not None]
        self._opaque = [
            (i, ref(y))
            for i, y in enumerate(returned)
            if y.node is None and all(y is not x for x in given)
        ]

    def came_out_as(self, nodes: Sequence[Node | None]) -> None:
        """Know the nodes of the results."""
        self._nodes = [None if node is None or type(node) is Cut else ref(node) for node in nodes]

    @contextmanager
    def linked(self) -> Iterator[None]:
        """Let the closure's Tensors be followed as the operation was.

        Observers that did not see the operation must not follow some of its operands only. Results
        that were computed outside xgrad are followed through the operation itself."""
        active = active_traces()
        former: list[tuple[Tensor, Node | None]] = []
        if self.saw(active):
            for i, reference in self._opaque:
                y, made = reference(), self._nodes[i]
                if y is not None and made is not None and y.node is None:
                    former.append((y, None))
                    y.node = made()
        elif active:
            for given, node in self._given:
                x = given()
                if x is not None and x.node is node:
                    former.append((x, node))
                    x.node = None
        try:
            yield
        finally:
            for tensor, node_before in former:
                tensor.node = node_before

    def saw(self, traces: Sequence[Any]) -> bool:
        """Whether one of these was there when the operation took place."""
        return any(trace in self._traces for trace in traces)

    # -- the cotangents ------------------------------------------------------------------------

    def seeds(self, parts: Sequence[Any]) -> list[Tensor | None]:
        """The cotangents of the results as the user's rule is given them.

        From raw arrays or Tensors in the walk's convention; a user's rule is given zeros for results
        that nobody used."""
        return [self._seed(part, place) for part, place in zip(parts, self.results, strict=True)]

    def _seed(self, part: Any, place: Place) -> Tensor | None:
        if part is None:
            if self.own or not is_inexact(place.dtype):
                return None
            xp, native = place.device.backend.xp, place.device.native
            return Tensor(xp.zeros(place.shape, dtype=place.dtype, device=native))
        g = part if isinstance(part, Tensor) else Tensor(part)
        return steepest(rule_namespace, g)  # type: ignore[no-any-return]
