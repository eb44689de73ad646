"""Which levels of examples a function of the user's is running in, per thread, outermost first.

An operation finds its level in its operands. What has no operands, a draw of random numbers, asks
here, so that each example has its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .array import Level

__all__ = ["running", "running_levels"]


class _Thread(threading.local):
    levels: tuple[Level, ...] = ()


_thread = _Thread()


def running_levels() -> tuple[Level, ...]:
    """The levels that the code at hand runs in."""
    return _thread.levels


@contextmanager
def running(levels: tuple[Level, ...]) -> Iterator[None]:
    """Run a block in these levels and no others."""
    former, _thread.levels = _thread.levels, levels
    try:
        yield
    finally:
        _thread.levels = former
