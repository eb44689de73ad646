"""Run a function without recording it, and find out what it would take to do so later.

An observer that is told of every operation and keeps none of its arrays: only which followed
values and Variables the function read, and how many bytes a tape would have kept for it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Self
from weakref import WeakKeyDictionary

from .._typing import Array
from ..backends.base import dtype_name
from ..batching import Batched
from ..core.casting import is_inexact
from ..core.node import Cut, Leaf, Node, Output, next_serial
from ..core.primitive import Kind, Primitive
from ..core.variable import Variable
from ..interpreters.follower import Follower
from ..interpreters.stack import Context
from ..interpreters.trace import active_traces
from .call import Call

__all__ = ["Rehearsal", "bytes_of"]


class _Step:
    """What a tape would keep for one operation: bytes by array, and the steps before it."""

    __slots__ = ("before", "kept", "name")

    def __init__(self, before: tuple[_Step, ...]) -> None:
        self.before = before
        self.name = object()
        self.kept: dict[Any, int] = {}


class Rehearsal(Follower):
    """Find what a function reads that outer tapes or accumulators follow.

    Attributes
    ----------
    captured : dict
        From the nodes of followed values that it read to their arrays, in the order of reading.
    variables : dict
        From all Variables that it read to the array that each held at first.
    """

    alone: tuple[Any, ...] = ()
    sees_constants = True

    def __init__(self) -> None:
        self.captured: dict[Node, Array] = {}
        self.variables: dict[Variable, Array] = {}
        self.start()
        # A recorded program follows all values, integers too, and differentiates none.
        self._outer = tuple([trace for trace in active_traces() if trace.differentiates])
        self.stands_for = self._outer
        self.follows_constants = any(trace.follows_constants for trace in self._outer)
        # From the nodes of living values to the step that made them, and which of its results.
        self._steps: WeakKeyDictionary[Node, tuple[_Step, int]] = WeakKeyDictionary()

    def read(self, node: Node | None, array: Array = None) -> bool:
        """Whether a value depends on something followed; notes it if it is that itself."""
        if node is None or type(node) is Cut:
            return False
        if type(node) is Leaf and node.variable is not None:
            variable = node.variable()
            if variable is not None:
                array = variable.raw if array is None else array
                self.variables.setdefault(variable, array)
        if node in self.captured or any(known in self._steps for known in (node, *_makers(node))):
            return True
        if array is None or not any([trace.reads(node) for trace in self._outer]):  # noqa: C419
            return False
        self.captured[node] = array
        return True

    @property
    def tangents(self) -> Self:
        """What stands among the traces while the function runs: itself."""
        return self

    def reads(self, node: Node) -> bool:
        """Whether a value depends on something followed, asked as of a trace."""
        return self.read(node) or any([trace.reads(node) for trace in self._outer])  # noqa: C419

    follows = remembers = reads

    def told(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,  # noqa: ARG002 - what every observer is told
        y: Any,
        new: Any,
        outside: Context,  # noqa: ARG002
    ) -> Any:
        """Note what an operation read, and what a tape would have kept of it."""
        mask = 0
        for i, (array, node) in enumerate(zip(arrays, nodes, strict=True)):
            if self.read(node, array):
                mask |= 1 << i
        if not mask or primitive.kind is Kind.CONSTANT:
            return new
        step = self._step(primitive, arrays, nodes, mask, y)
        several = primitive.outputs != 1
        made = []
        for i, part in enumerate(y if several else (y,)):
            node = None if new is None else new[i] if several else new
            if is_inexact(part.dtype):
                if node is None or type(node) is Cut:
                    node = self._placeholder(primitive, part)
                else:
                    self.join(node, nodes)
                for known in (node, *_makers(node)):
                    self._steps[known] = (step, i)
            made.append(node)
        return tuple(made) if several else made[0]

    def kept_bytes(self, results: Iterable[Node]) -> int:
        """How many bytes of arrays a tape would have kept for results, each array counted once."""
        kept: dict[Any, int] = {}
        todo = [self._steps[node][0] for node in results if node in self._steps]
        seen = set(todo)
        while todo:
            step = todo.pop()
            kept.update(step.kept)
            found = [earlier for earlier in step.before if earlier not in seen]
            seen.update(found)
            todo += found
        return sum(kept.values())

    def _step(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        mask: int,
        y: Any,
    ) -> _Step:
        makers = [None if node is None else self._steps.get(node) for node in nodes]
        step = _Step(tuple({step for step, _ in filter(None, makers)}))
        plan = primitive.plans[mask]
        for value, owner in zip(plan.save(*arrays, y), plan.owners, strict=True):
            if owner is None:
                continue  # only its shape and dtype
            for i, part in enumerate(value if type(value) is tuple else (value,)):
                if isinstance(part, Call):
                    step.kept[id(part)] = part.kept_bytes
                elif hasattr(part, "shape"):
                    # An array is known by who made it: a step here, a node outside, or nobody.
                    maker = (step, i) if owner == -1 else makers[owner + i]
                    name = (maker[0].name, maker[1]) if maker else nodes[owner + i] or id(part)
                    step.kept[name] = bytes_of(part)
        return step

    def _placeholder(self, primitive: Primitive, y: Array) -> Node:
        """A node that stands for a value, so that it counts as followed."""
        shape, serial = tuple(y.shape), next_serial()
        return Node(primitive, None, (), (), None, shape, y.dtype, (self.tangents,), serial, None)


def _makers(node: Node) -> tuple[Any, ...]:
    """What made a value among several: a rule may name one that is gone, and has another node then."""
    return node.parents if type(node) is Output else ()


def bytes_of(array: Array) -> int:
    """The bytes of an array's elements."""
    value = array
    while type(value) is Batched:
        value = value.value
        value = getattr(value, "raw", value)
    found = getattr(value, "nbytes", None)
    if isinstance(found, int):
        return found
    digits = "".join(c for c in dtype_name(value.dtype) if c.isdigit())
    return int(math.prod(value.shape)) * (int(digits) // 8 if digits else 1)
