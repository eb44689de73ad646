"""A pool of memory for large NumPy arrays, while somebody watches or walks back (_memory.c).

What the C library gives back to the system comes again page by page, at the first touch, which takes
longer than the arithmetic of an operation. NumPy lets a program say where memory of new arrays comes
from (NEP 49); arrays give it back to where it came from, whoever holds them last. Without the
compiled module all memory is NumPy's, as before."""

from __future__ import annotations

import os
from typing import Any

from .._speedups import compiled

__all__ = ["close_pool", "figures", "open_pool", "release", "set_limit"]

_USUAL = 1 << 30
_SHARE = 8
_VARIABLE = "XGRAD_POOL_BYTES"

_memory = compiled("xgrad.backends._memory")


def open_pool() -> Any:
    """Take memory for new arrays of this thread from the pool; returns what `close_pool` wants.

    Large is what has 128 KB or more. What arrays leave is kept for the next ones, up to an eighth of the
    computer's memory and 1 GB, or as many bytes as the variable ``XGRAD_POOL_BYTES`` says."""
    return None if _memory is None else _memory.use()


def close_pool(former: Any) -> None:
    """Take memory for new arrays from where it came from before."""
    if _memory is not None:
        _memory.use_again(former)


def figures() -> tuple[int, int]:
    """Bytes of large arrays that came from the pool, and bytes that it keeps for later."""
    return (0, 0) if _memory is None else _memory.figures()


def release() -> None:
    """Give back what the pool keeps for later."""
    if _memory is not None:
        _memory.release()


def set_limit(count: int) -> None:
    """Say how many bytes are kept at most."""
    if _memory is not None:
        _memory.set_limit(count)


def _usual_limit() -> int:
    asked = os.environ.get(_VARIABLE, "")
    if asked.isdecimal():
        return min(int(asked), 1 << 62)
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on every system
        return _USUAL
    return min(total // _SHARE, _USUAL)


set_limit(_usual_limit())
