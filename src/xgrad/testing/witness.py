"""Writes down the operations of a function while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.inspection import Event, Inspector, seat
from ..core.node import Where
from ..core.observers import user_line

__all__ = ["operations_of"]


class _Witness(Inspector):
    def __init__(self) -> None:
        self.events: list[tuple[Event, Where]] = []

    def operation(self, event: Event) -> None:
        self.events.append((event, user_line(3)))


def operations_of(f: Callable[..., Any], *args: Any) -> list[tuple[Event, Where]]:
    """Call a function; give its operations, in order, with the user's lines."""
    place, witness = seat(), _Witness()
    former = place.put("witness", witness)
    try:
        f(*args)
    finally:
        place.put("witness", former)
    return witness.events
