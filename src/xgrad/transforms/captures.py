"""What a function reads besides its arguments, where an outer tape or accumulator follows that.

An observer that is told of every operation inside the function. Gradients would silently be missing
for what it finds, so whoever runs the function decides: an error, or one more operand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from .._typing import Array
from ..core.node import Cut, Leaf, Node, next_serial
from ..core.primitive import Primitive
from ..core.variable import Variable
from ..interpreters.follower import Follower
from ..interpreters.stack import Context
from ..interpreters.trace import active_traces

__all__ = ["Captures"]


class Captures(Follower):
    """Find the Variables that a function reads by itself, and tell about Tensors.

    Parameters
    ----------
    arguments : iterable of Node or None
        The nodes of the function's own arguments.
    refuse : callable
        Called with a primitive and the array of a captured Tensor; raises.

    Attributes
    ----------
    variables : dict
        From each captured Variable to the array that it held when it was first read.
    """

    alone: tuple[Any, ...] = ()
    sees_constants = False
    opaque = True  # the function has a rule of its own, so its arguments may leave xgrad

    def __init__(
        self, arguments: Iterable[Node | None], refuse: Callable[[Primitive, Array], None]
    ) -> None:
        self.variables: dict[Variable, Array] = {}
        self.start()
        self._outer = tuple([trace for trace in active_traces() if trace.differentiates])
        self.follows_constants = any(trace.follows_constants for trace in self._outer)
        self._own = {node for node in arguments if node is not None}
        self._since = next_serial()
        self._refuse = refuse

    def follows(self, node: Node) -> bool:
        """Whether a value comes from outside, is no argument, and somebody there follows it."""
        return (
            node.serial < self._since
            and type(node) is not Cut
            and node not in self._own
            and any([trace.reads(node) for trace in self._outer_of(node)])  # noqa: C419 - each notes it
        )

    def _outer_of(self, node: Node) -> list[Any]:
        """Those outside for whom it matters; Graphs follow constants, whose gradient nobody misses."""
        constant = False
        if type(node) is Leaf:
            variable = None if node.variable is None else node.variable()
            constant = variable is None or not variable.trainable
        return [trace for trace in self._outer if not (constant and trace.follows_constants)]

    reads = remembers = follows

    @property
    def tangents(self) -> Self:
        """What stands among the traces while the function runs: itself."""
        return self

    def told(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,  # noqa: ARG002 - what every observer is told
        y: Any,  # noqa: ARG002
        new: Any,
        outside: Context,  # noqa: ARG002
    ) -> Any:
        """Look at the operands of an operation."""
        for array, node in zip(arrays, nodes, strict=True):
            if node is None or not self.follows(node):
                continue
            variable = node.variable() if type(node) is Leaf and node.variable else None
            if variable is None:
                self._refuse(primitive, array)
            else:
                self.variables.setdefault(variable, array)
        return new
