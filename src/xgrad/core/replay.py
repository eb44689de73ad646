"""Putting things back: so that code which is run a second time finds what it found at first.

Whatever changes something that later code reads (a random generator its state, a Variable its
value) says so with `before_change`, and a Tensor whose handle takes another value with
`before_rebinding`. A `Journal` that is open in the thread notes how it was before its first change,
and can undo all of them. With no journal open that is one comparison."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self
from weakref import WeakKeyDictionary, WeakSet, ref

from .node import Node

__all__ = ["Journal", "before_change", "before_rebinding", "is_noted", "tell_of_rebinding"]

# From the nodes of values to those who want to know which handles meant them.
_readers: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()


class _Thread(threading.local):
    journals: tuple[Journal, ...] = ()


_thread = _Thread()


class Journal:
    """What changed inside its ``with`` block, and how it was before.

    Attributes
    ----------
    entries : dict
        From an object's identity and the name of an attribute to the object, that name and the
        attribute's value before the first change.
    handles : list of (Tensor, array, node)
        When the block is over: the handles that mean another value and that somebody still has, and
        what they meant before.
    """

    def __init__(self) -> None:
        self.entries: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self.handles: list[tuple[Any, Any, Any]] = []
        # Weakly: most handles are made inside, and their former values must go with them.
        self._noted: dict[int, tuple[ref[Any], Any, Any]] = {}

    def __enter__(self) -> Self:
        _thread.journals = (*_thread.journals, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _thread.journals = tuple(j for j in _thread.journals if j is not self)
        found = [(known(), array, node) for known, array, node in list(self._noted.values())]
        self.handles = [
            (x, array, node)
            for x, array, node in found
            if x is not None and (x.raw is not array or x.node is not node)
        ]
        self._noted.clear()

    def note(self, thing: Any, attribute: str) -> None:
        """Keep an attribute's present value, unless it was noted before."""
        key = id(thing), attribute
        if key not in self.entries:
            self.entries[key] = thing, attribute, getattr(thing, attribute)

    def note_handle(self, x: Any) -> None:
        """Keep what a handle means, unless it was noted before."""
        key = id(x)
        if key not in self._noted:
            noted = self._noted
            self._noted[key] = ref(x, lambda _: noted.pop(key, None)), x.raw, x.node

    def put_back(self) -> None:
        """Give everything the value that was noted; other open journals note the change."""
        for thing, attribute, value in self.entries.values():
            before_change(thing, attribute)
            setattr(thing, attribute, value)
        self.put_back_handles()

    def put_back_handles(self) -> None:
        """Let the handles mean again what they meant."""
        for x, array, node in self.handles:
            before_rebinding(x)
            x.raw, x.node = array, node


def before_change(thing: Any, attribute: str) -> None:
    """Say that an attribute is about to change.

    Parameters
    ----------
    thing : object
        Its identity counts.
    attribute : str
        Can be read and set: a random generator's ``state``, a Variable's ``raw``. The value that
        is read must not change with the generator's next draw.
    """
    for journal in _thread.journals:
        journal.note(thing, attribute)


def before_rebinding(x: Any) -> None:
    """Say that a handle, a Tensor, is about to mean another value."""
    for journal in _thread.journals:
        journal.note_handle(x)
    if _readers and isinstance(x.node, Node):
        for reader in tuple(_readers.get(x.node, ())):
            reader.note_handle(x)


def tell_of_rebinding(node: Any, reader: Any) -> None:
    """Let somebody who will run again what read a node's value know of handles that leave it.

    Parameters
    ----------
    node : Node
    reader : object
        Its ``note_handle`` is called with the handle, before it means another value. Not held.
    """
    _readers.setdefault(node, WeakSet()).add(reader)


def is_noted() -> bool:
    """Whether a journal is open in this thread."""
    return bool(_thread.journals)
