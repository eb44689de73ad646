"""Who is watching, per thread.

`state.recorder` is None while nobody watches: that is all an operation pays. Otherwise its `record`
is called with every primitive that ran, after it ran, and returns the nodes of the outputs.
Observers stack, and those outside are told first; what that makes is up to whoever pushes."""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from threading import get_ident
from typing import Any
from weakref import ref

from .._arguments import as_flag
from .node import Break, Cut, Leaf, Node, Where
from .primitive import Primitive

__all__ = [
    "Recorder",
    "State",
    "confine",
    "cut_off",
    "record_locations",
    "settings",
    "show_line",
    "state",
    "taken_here",
    "user_line",
    "user_stacklevel",
]


class Recorder:
    """What operations tell while somebody watches.

    Attributes
    ----------
    record : callable
        ``record(primitive, arrays, nodes, parameters, y)`` returns a node, a tuple of nodes for
        several outputs, or None.
    traces : tuple
        The traces that are recording, outermost first. Nodes that all of them recorded carry this
        very tuple.
    watched : mapping
        What the only trace watches; empty where there are several.
    keep : callable
        Takes a weak reference to a node that saved something.
    tells : bool
        Whether somebody writes everything down, also what reads no followed value.
    nodes : list of weakref
        What the first trace keeps; whenever it has grown by 1024, `sweep` is called.
    sweep : callable
        Forgets references to nodes that are gone.
    """

    __slots__ = ("keep", "nodes", "record", "sweep", "tells", "traces", "watched")

    def __init__(
        self,
        record: Callable[..., Any],
        traces: tuple[Any, ...],
        watched: Mapping[Node, Any],
        keep: Callable[[Any], None],
        nodes: list[Any],
        sweep: Callable[[], None],
        *,
        tells: bool = False,
    ) -> None:
        self.record = record
        self.traces = traces
        self.watched = watched
        self.keep = keep
        self.nodes = nodes
        self.sweep = sweep
        self.tells = tells


class State(threading.local):
    """The observers of one thread.

    Attributes
    ----------
    recorder : Recorder or None
        None while nobody watches; then that of the ambient observers, if there are any.
    observers : tuple
        Who watches, outermost first. Whether this is empty decides whether gradients are recorded.
    ambient : tuple
        Who is told of operations while nobody watches (interpreters/stack.py), and its recorder.
    memory : tuple
        Where memory of new arrays came from before somebody watched, and this before that.
    """

    recorder: Recorder | None = None
    observers: tuple[Any, ...] = ()
    ambient: tuple[tuple[Any, ...], Recorder | None] = ((), None)
    memory: Any = ()


class _Settings:
    """What is switched for all threads.

    Attributes
    ----------
    locations : bool
        Whether every recorded operation keeps the user's line.
    inspected : bool
        Whether somebody looks into what is computed, in any thread (inspection.py).
    told : bool
        Whether a recorder of any thread `tells`.
    """

    __slots__ = ("_lock", "_tellers", "inspected", "locations", "told")

    def __init__(self) -> None:
        self.locations = False
        self.inspected = False
        self.told = False
        self._tellers: set[int] = set()
        self._lock = threading.Lock()

    def let_tell(self, observer: object, tells: bool) -> None:
        """Know that somebody's recorder `tells`, or does so no more; saying it again changes nothing."""
        with self._lock:
            if tells:
                self._tellers.add(id(observer))
            else:
                self._tellers.discard(id(observer))
            self.told = bool(self._tellers)


class _RestoreLocations(AbstractContextManager[None]):
    def __init__(self, former: bool) -> None:
        self._former = former

    def __exit__(self, *error: object) -> None:
        settings.locations = self._former


state = State()
settings = _Settings()


def record_locations(enabled: bool) -> AbstractContextManager[None]:
    """Switch on or off that every recorded operation keeps the user's file and line.

    Off by default, because it costs a tenth of what a small operation does. Where a path breaks (an
    operation without a derivative, a value that leaves xgrad) the line is always kept; this adds
    those of the operations on the path. Works as a function and as a context manager.

    Parameters
    ----------
    enabled : bool

    Returns
    -------
    context manager
        Leaving its block restores the former setting.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.record_locations(True):
    ...     pass
    """
    former, settings.locations = settings.locations, as_flag(enabled, "record_locations", "enabled")
    return _RestoreLocations(former)


def user_line(depth: int) -> Where:
    """Code object and instruction of the innermost frame that is not xgrad's own."""
    frame = sys._getframe(depth)
    while frame.f_globals.get("__name__", "")[:6] == "xgrad.":
        back = frame.f_back
        if back is None:
            break
        frame = back
    return frame.f_code, frame.f_lasti


def user_stacklevel() -> int:
    """For a warning of the caller: how far up the innermost frame is that is not xgrad's own."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").startswith("xgrad.") and frame.f_back is not None:
        frame = frame.f_back
        level += 1
    return level


def cut_off(primitive: Primitive, nodes: tuple[Node | None, ...], depth: int) -> Node | None:
    """The node of a result that nobody records although an operand has a node.

    It says where the path from that operand ends. What is computed from such a result passes it on,
    so a computation that nobody records makes one of them where it begins."""
    found = None
    fresh: list[Leaf | ref[Node]] = []
    for node in nodes:
        if type(node) is Cut:
            if node.primitive is not None:
                return node
            found = node
        elif node is not None:
            fresh.append(node if isinstance(node, Leaf) and not node.parents else ref(node))
    if not fresh:
        return found
    return Cut(Break.NOT_RECORDED, primitive, fresh, user_line(depth))


def taken_here(recorded: bool) -> Cut:
    """Make the node of gradients that lead nowhere: it says where they were taken."""
    why = Break.GRADIENT_OF_CONSTANTS if recorded else Break.GRADIENT_NOT_RECORDED
    return Cut(why, None, [], user_line(2))


def confine(what: str, nodes: Iterable[Node | None]) -> None:
    """Refuse values that another thread's recording writes down: it sees nothing of this thread.

    To be asked where `settings.told`, of what this thread computes with and does not write down."""
    for node in nodes:
        for trace in () if node is None else node.traces:
            if trace.refuses_exits and trace.thread != get_ident():
                trace.refuse_elsewhere(node, what, user_line(3))


def show_line(where: Where) -> str:
    """`` at file:line (the line's text)`` of what `user_line` gave, or nothing."""
    if where is None:
        return ""
    code, instruction = where
    lines = [line for start, stop, line in code.co_lines() if start <= instruction < stop and line]
    if not lines:
        return ""
    text = linecache.getline(code.co_filename, lines[0]).strip()
    return f" at {code.co_filename}:{lines[0]}" + (f" ({text})" if text else "")
