"""What dispatch looks for in an operand: an array, and the node that says where it came from."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .node import Node

__all__ = ["Handle", "Sparse"]


class Handle:
    """What Tensors and Variables share: an array and its node, None where nobody follows it.

    Attributes
    ----------
    raw : array
        For this package. Others ask for `array`, which knows that a value leaves xgrad.
    node : Node or None
    """

    __slots__ = ("__weakref__", "node", "raw")

    raw: Array
    node: Node | None


class Sparse:
    """What stands for a dense array: functions ask it for that, operators give it its turn."""

    __slots__ = ()

    def to_dense(self) -> Any:
        """The dense array, as a Tensor."""
        raise NotImplementedError
