"""What dispatch looks for in an operand: an array, and the node that says where it came from."""

from __future__ import annotations

from .._typing import Array
from .node import Node

__all__ = ["Handle"]


class Handle:
    """What Tensors and Variables share: an array and its node, None where nobody follows it."""

    __slots__ = ("__weakref__", "array", "node")

    array: Array
    node: Node | None
