"""Who is watching, per thread.

`state.record` is None while nobody watches: that is all an operation pays. Otherwise it is called
with every primitive that ran, after it ran, and returns the nodes of the outputs. Observers stack,
and those outside are told first; which function that makes is up to whoever pushes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .node import Where

__all__ = ["State", "locations", "record_locations", "state", "user_line"]

Record = Callable[..., Any]


class State(threading.local):
    """The observers of one thread.

    Attributes
    ----------
    record : callable or None
        ``record(primitive, arrays, nodes, parameters, y)`` returns a node, a tuple of nodes for
        several outputs, or None.
    traces : tuple
        The traces that are recording, outermost first.
    observers : tuple
        Those whose traces they are, in the same order.
    """

    record: Record | None = None
    traces: tuple[Any, ...] = ()
    observers: tuple[Any, ...] = ()


state = State()

_locations = True


def locations() -> bool:
    """Whether nodes keep the user's file and line."""
    return _locations


def record_locations(enabled: bool) -> AbstractContextManager[None]:
    """Switch the keeping of the user's file and line in nodes on (the default) or off.

    It costs about a tenth of a microsecond per recorded operation; `benchmarks/eager.py --profile`
    shows how much. Works as a function and as a context manager."""
    global _locations
    former, _locations = _locations, enabled
    return _Restore(former)


class _Restore(AbstractContextManager[None]):
    def __init__(self, former: bool) -> None:
        self._former = former

    def __exit__(self, *error: object) -> None:
        global _locations
        _locations = self._former


def user_line(depth: int = 2) -> Where:
    """Code object and instruction of the innermost frame that is not xgrad's own."""
    frame = sys._getframe(depth)
    while frame.f_globals.get("__name__", "")[:6] == "xgrad.":
        back = frame.f_back
        if back is None:
            break
        frame = back
    return frame.f_code, frame.f_lasti
