"""What stands among the followers of a node: a trace, or what stands for one.

Accumulators, recorders of programs and those who look into a function have no trace, but operations
and guards ask them the same questions. This file has the questions, and the usual answers."""

from __future__ import annotations

from collections import deque
from collections.abc import MutableMapping, Sequence
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ..core.node import Node, Output

if TYPE_CHECKING:
    from ..core.variable import Variable

__all__ = ["Follower"]


class Follower:
    """Somebody who knows which values belong to it.

    Attributes
    ----------
    thread : int
        Whose operations it is told of.
    watched : mapping
        From the nodes that are watched to their Variable, or None for a Tensor.
    warned : set of int
        The numbers of the Variables of whose assignment the user was warned.
    left : deque of Exit, or None
        Where followed values left xgrad, the latest ones.
    closed : bool
        Whether nothing that a node keeps for going back is needed any more.
    differentiates : bool
        Whether derivatives come of following: not where a program is recorded.
    follows_constants : bool
        Whether it follows every floating value that an operation reads, as a Graph's does.
    follows_unasked : bool
        Whether it follows values that nobody asked it to, as the graphs do.
    opaque : bool
        Whether values may leave xgrad that it does not follow, whoever else does: true of what
        stands for a function with a rule of its own (transforms/captures.py).
    refuses_exits : bool
        Whether a value that leaves xgrad in any way is an error, which `refuse` raises, or for another
        thread, where `refuse_elsewhere` does.
    stands_for : tuple of Follower
        Who would see what happens in its place, and wants to warn of it.
    warns : bool
        Whether the user is warned when a Variable that it watches is overwritten.
    """

    closed: bool = True
    differentiates: bool = True
    follows_constants: bool = False
    follows_unasked: bool = False
    opaque: bool = False
    refuses_exits: bool = False
    stands_for: tuple[Follower, ...] = ()
    warns: bool = True

    __slots__ = ("left", "thread", "warned", "watched")

    thread: int
    watched: MutableMapping[Node, Variable | None]
    warned: set[int]
    left: deque[Any] | None

    def start(self) -> None:
        """Begin in this thread, with nothing watched and nothing noted."""
        self.thread = get_ident()
        self.watched = {}
        self.warned = set()
        self.left = None

    def follows(self, node: Node) -> bool:
        """Whether the value of a node belongs to it."""
        raise NotImplementedError

    def reads(self, node: Node) -> bool:
        """Say the same when an operation reads the value, which may be the first sight of it."""
        return self.follows(node)

    def knows(self, array: Any) -> bool:  # noqa: ARG002
        """Whether an array is a value that belongs to it, whatever node comes with it."""
        return False

    def renewed(self, x: Any) -> Node | None:  # noqa: ARG002
        """A node for one handle of a value that nobody else follows, if others may have its own."""
        return None

    def remembers(self, node: Node) -> bool:
        """Whether something can still be asked about the value of a node that belongs to it."""
        return self.follows(node)

    def join(self, node: Any, operands: Sequence[Node | None]) -> None:
        """Follow a node that tapes made, and what leads there from the operands that it follows.

        When the node's rule is run to be followed, paths through all of them must be found."""
        if type(node) is Output:
            for producer in node.parents:
                self.join(producer, operands)
        elif node.parents:  # which a node that no tape made has none of
            node.parents = tuple(
                [
                    operand if known is None and operand and self.follows(operand) else known
                    for known, operand in zip(node.parents, operands, strict=True)
                ]
            )
        if self not in node.traces:
            node.traces = (*node.traces, self)
