"""Putting things back: so that code which is run a second time finds what it found at first.

Whatever changes something that later code reads (a random generator its state, a Variable its
value) says so with `before_change`. A `Journal` that is open in the thread notes how it was before
its first change, and can undo all of them. With no journal open that is one comparison."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

__all__ = ["Journal", "before_change", "is_noted"]


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
    """

    def __init__(self) -> None:
        self.entries: dict[tuple[int, str], tuple[Any, str, Any]] = {}

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

    def note(self, thing: Any, attribute: str) -> None:
        """Keep an attribute's present value, unless it was noted before."""
        key = id(thing), attribute
        if key not in self.entries:
            self.entries[key] = thing, attribute, getattr(thing, attribute)

    def put_back(self) -> None:
        """Give every attribute the value that was noted; other open journals note the change."""
        for thing, attribute, value in self.entries.values():
            before_change(thing, attribute)
            setattr(thing, attribute, value)


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


def is_noted() -> bool:
    """Whether a journal is open in this thread."""
    return bool(_thread.journals)
