"""What to say when memory ends on the way back, in a rule on raw arrays, which no operation explains."""

from __future__ import annotations

from typing import Any, NoReturn

from ..backends import is_array
from ..backends.base import dtype_name
from ..core.failures import refuse_memory
from ..core.observers import show_line

__all__ = ["refuse_shortage"]


def refuse_shortage(error: MemoryError, node: Any, g: Any) -> NoReturn:
    """Raise an error that says which operation's gradient it was.

    Parameters
    ----------
    error : MemoryError
    node, g : Node, and its cotangent
        Where the walk was, as far as it knows.
    """
    name, form, line = "a value", "", ""
    if node is not None:
        name = name if node.primitive is None else node.primitive.name
        form = "" if node.dtype is None else f" {node.shape} {dtype_name(node.dtype)}"
        line = show_line(node.where)
    parts = g if type(g) is tuple else (g,)
    refuse_memory(f"the gradient of {name}{form}{line}", filter(is_array, parts), error)
