"""The values that a recording knows, among the followers of their nodes: what may not happen to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import ref

from ..backends.base import dtype_name
from ..core.node import Cut, Leaf, Node, Where
from ..core.observers import confine, show_line, user_line
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import TracingError
from ..interpreters.follower import Follower

__all__ = ["ONE_THREAD", "Values"]

ONE_THREAD = (
    "A recording sees its own thread only, and later calls would replay the value of this one. Compute "
    "in the thread that called the function, or start the threads outside, and let each call the "
    "recorded function."
)


class Values(Follower):
    """Which values the recording knows, in the place of a trace among the followers of a node."""

    differentiates = False
    refuses_exits = True

    def __init__(self, numbers: Mapping[int, int], constants: Mapping[int, Any]) -> None:
        self.start()
        self._numbers = numbers
        self._constants = constants
        self.nodes: list[ref[Node]] = []  # by which the recording sees what outlives it
        self.given: set[Node] = set()

    def give(self, x: Tensor) -> None:
        """Give an argument a node."""
        x.node = self._leaf(x)
        self.given.add(x.node)

    def _leaf(self, x: Any) -> Leaf:
        leaf = Leaf(x.shape, x.dtype, where=user_line(2))
        leaf.traces = (self,)
        self.nodes.append(ref(leaf))
        return leaf

    def renewed(self, x: Any) -> Node | None:
        """A node that a tape inside may watch: other handles of the value keep the recording's."""
        node = x.node
        mine = type(node) is Node and node.primitive is None and node.traces == (self,)
        return self._leaf(x) if mine or node in self.given else None

    def knows(self, array: Any) -> bool:
        """Whether an array is a value that calls differ in."""
        number = self._numbers.get(id(array))
        return number is not None and number not in self._constants

    def follows(self, node: Node) -> bool:
        """Whether a node belongs to a value of the recording."""
        if type(node) is Leaf and node.variable is not None:
            return True  # whose value is another one in the next call
        return self in node.traces

    reads = remembers = follows

    def refuse(self, x: Any, how: str, where: Where) -> None:
        """Refuse that a value leaves xgrad: later calls would not see it."""
        raise TracingError(
            f"x {describe(x)} {how}{show_line(where)} inside xg.function: a recorded program "
            "cannot look at values, because every call has its own. Use xg.where, which chooses "
            "between results of both branches, and xg.scan, whose rounds are counted, instead of "
            "if, while, xg.cond and xg.while_loop; static_argnames= for arguments that decide; or "
            "return the value and look at it outside."
        )

    def refuse_elsewhere(self, node: Node, what: str, where: Where) -> None:
        """Refuse that another thread computes with a value: the recording would not see it."""
        raise TracingError(
            f"{what}{show_line(where)}: x {node.shape} {dtype_name(node.dtype)} belongs to what xg.function records in "
            f"another thread. {ONE_THREAD}"
        )

    def refuse_made_elsewhere(self, node: Node | None, since: int) -> None:
        """Refuse what other threads have computed meanwhile, unless from constants."""
        if node is None:
            return
        confine("xg.function", (node,))
        if node.serial < since:
            return
        threads = [node.thread] if type(node) is Cut else [t.thread for t in node.traces]
        if any(thread != self.thread for thread in threads):
            raise TracingError(
                f"a Tensor inside xg.function was computed{show_line(node.where)} in another thread, "
                f"from a Variable or a watched value. {ONE_THREAD}"
            )
