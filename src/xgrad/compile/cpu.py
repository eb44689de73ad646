"""The executor for NumPy: runs what build.py makes of a program, and makes machine code of it in time.

Guards (a zero cotangent gives zero, whatever it is multiplied by) cost a look each. Most of them wait
(showing.py): a few values are looked at in the end, and if one is not finite, the program runs again with
every guard in place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any

from ..backends import numpy_kernels as kernels
from . import jit
from .blame import explained
from .build import Build
from .order import order_with_runs
from .passes.assuming import assuming_finite
from .program import Program
from .runs import Run

__all__ = ["CpuExecutor"]

_MOST_BYTES = 1 << 24  # of an arena: with large arrays, calls of small ones hardly count


class CpuExecutor:
    """Run a program of NumPy arrays.

    Attributes
    ----------
    source : str
        What was generated.
    arena_bytes : int
        The size of the arena.
    lock
        Who runs the program has it: there is one arena for all threads.
    context : contextvars.Context
        What the program runs in.
    ready : callable or None
        The program, if nothing has to be done in a call but to run it.
    """

    def __init__(self, program: Program, donated: Collection[int], plan: jit.Plan) -> None:
        self._program = program
        self._donated = tuple(donated)
        self.lock = threading.Lock()
        self.context = kernels.quiet_context()
        self._quietly = self.context.run
        self._careful: Callable[..., Any] | None = None
        self._calls_left, self._background = plan
        self.jit = "waiting" if self._calls_left else "off"
        self._take(self._built())

    def _built(self) -> Build:
        """What is left if everything is finite that guards ask about, where that is looked at."""
        blind: set[int] = set()
        for _ in range(2):
            smaller, assumed = assuming_finite(self._program, blind)
            if not assumed:
                break
            build = Build(smaller, self._donated, assumed=assumed)
            blind |= build.blind_for(assumed)
            if blind.isdisjoint(assumed):
                return build
        return Build(self._program, self._donated)

    def _take(self, build: Build) -> None:
        self._run = build.function
        self.ready = None if self._calls_left else build.function
        self.source = build.source
        self.arena_bytes = build.arena.bytes
        self.groups = build.groups
        self.jitted = sum(len(run.members) for run in build.runs)

    def run(self, inputs: list[Any], free: Collection[int] = ()) -> list[Any]:
        """The outputs for inputs: arrays, in the order of the program's own lists.

        `free` are the numbers of those donated arguments whose memory nobody else sees."""
        if self._calls_left:
            self._count()
        try:
            with self.lock:  # the arena is one for all threads, as is the context
                try:
                    # If machine code refuses an array, the inputs must still be as they were.
                    outputs = self._quietly(self._run, () if self.jitted else free, *inputs)
                except TypeError as error:  # of machine code, for an array of another kind
                    if not self.jitted:
                        raise
                    self._take(self._built())
                    self.jit = _reason(error)
                    outputs = self._quietly(self._run, free, *inputs)
                if outputs is None:
                    if self._careful is None:
                        careful = Build(self._program, self._donated, careful=True)
                        self._careful = careful.function
                    outputs = self._quietly(self._careful, free, *inputs)
        except Exception as error:
            raise explained(self._program, inputs, error) from error
        return outputs  # type: ignore[no-any-return]

    # -- machine code ----------------------------------------------------------------------------

    def _count(self) -> None:
        """Let numba compile what is worth it, once there were enough calls."""
        with self.lock:
            if not self._calls_left:  # another thread was faster
                return
            self._calls_left -= 1
            if self._calls_left:
                return
            self.jit = "compiling"
            self.ready = self._run
        jit.start(self._compile, self._background)

    def _compile(self) -> None:
        """Take machine code where that can be had; whatever fails, the program goes on as before."""
        order = order_with_runs(self._program)
        if self.arena_bytes > _MOST_BYTES or not any(isinstance(item, Run) for item in order):
            self.jit = "no gain"
            return
        try:
            build = Build(self._program, self._donated, order)
        except Exception as error:  # noqa: BLE001 - numba's are of many kinds
            self.jit = _reason(error)
            return
        with self.lock:
            self._take(build)
            self.jit = "on"


def _reason(error: Exception) -> str:
    """Why there is no machine code."""
    return f"failed: {type(error).__name__}: {str(error).strip()[:200]}"
