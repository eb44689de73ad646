"""Switches that work as functions and as context managers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

__all__ = ["Restore"]


class Restore(AbstractContextManager[None]):
    """What a switch returns: leaving its ``with`` block restores the former setting.

    Nothing happens on entering, so calling the switch without ``with`` is enough to switch."""

    def __init__(self, restore: Callable[[], object]) -> None:
        self._restore = restore

    def __exit__(self, *error: object) -> None:
        self._restore()
