"""When programs on small arrays are compiled by numba: settings, and the thread that does it.

Compiling takes seconds, so programs run without until they were called often. Where no background is
wanted, the call that comes next waits, which is the same each time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import NamedTuple

from ..backends.numba import is_installed
from ..core.switch import Restore
from ..errors import ArgumentError

__all__ = ["Plan", "plan", "set_jit", "start"]

_after: int | None = 1000
_background = False
_compiling = threading.RLock()


def set_jit(after: int | None = 1000, *, background: bool = False) -> Restore:
    """Set when `function` lets numba compile its programs on small NumPy arrays.

    Where numba is installed (the extra ``jit``), instructions on arrays of up to a few thousand
    elements that would each be a call of NumPy become one call of machine code. Results may change
    in the last digits then, because functions such as tanh come from another library.

    Parameters
    ----------
    after : int or None
        In which replay of a program compiling begins, at least 1; None for never. Holds for what is
        recorded from now on, in all threads.
    background : bool
        Whether a thread compiles while the program goes on as before, so that nobody knows which
        replay is the first in machine code. Otherwise that replay waits a second or two for the
        compiler, and all runs of a script are the same to the last digit.

    Returns
    -------
    context manager
        Leaving its block restores the former settings.

    Raises
    ------
    ArgumentError
        If `after` is less than 1.

    See Also
    --------
    function

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.set_jit(None):
    ...     f = xg.function(lambda x: xg.tanh(x * 2.0))
    ...     y = f(xg.ones(3))
    >>> f.stats().jit
    'off'
    """
    if after is not None and (type(after) is not int or after < 1):
        raise ArgumentError(
            f"set_jit: after must be a whole number from 1 on, or None, but is {after!r}. Use None "
            "to switch it off."
        )
    former = _after, _background
    _choose(after, bool(background))
    return Restore(lambda: _choose(*former))


def _choose(after: int | None, background: bool) -> None:
    global _after, _background
    _after, _background = after, background


class Plan(NamedTuple):
    """When a program is compiled.

    Attributes
    ----------
    calls : int
        How many replays come before; 0 where it is never.
    background : bool
    """

    calls: int
    background: bool


def plan() -> Plan:
    """What is set for programs that are recorded now."""
    return Plan(_after if _after is not None and is_installed() else 0, _background)


def start(task: Callable[[], None], background: bool) -> None:
    """Run a task that compiles: on a thread where that is wanted and possible, or now."""

    def run() -> None:
        with _compiling:
            task()

    if background:
        # The interpreter waits for it in the end: a compiler cannot be stopped halfway.
        with contextlib.suppress(RuntimeError):  # no threads here, or at the end no more
            threading.Thread(target=run, name="xgrad-jit").start()
            return
    run()


def _before_fork() -> None:
    _compiling.acquire()


def _after_fork_here() -> None:
    _compiling.release()


def _after_fork_in_child() -> None:
    global _compiling  # noqa: PLW0603 - the parent's is held by the parent
    _compiling = threading.RLock()


# Whoever forks waits for a compilation to end: a child would never see the end of it, nor get the locks
# of a half imported numba.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_here,
        after_in_child=_after_fork_in_child,
    )
