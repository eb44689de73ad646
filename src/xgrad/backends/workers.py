"""Work that nothing breaks into: on threads of its own, which no signal handler interrupts.

numpy lets go of the interpreter while it computes, so several threads share large work. They are
started when first needed. Python runs signal handlers, Ctrl-C's included, in the main thread only,
so work done here is done wholly or, if the interruption came before its start, not at all. What the
main thread calls here is written in C, so that no interruption leaves a lock behind."""

from __future__ import annotations

import _thread
import contextlib
import operator
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache, partial
from queue import SimpleQueue
from typing import Any, cast

import numpy as np

__all__ = ["run_shares", "run_unbroken", "thread_count", "threads_for"]

_MOST = 4  # beyond, memory is the limit and not the cores
# Nanoseconds, measured on a virtual machine: to wake a thread; for how long the interpreter is held
# between two calls of NumPy's; what it costs if somebody else wants it just then, and falls asleep.
_WAKE, _HELD, _ASLEEP = 50_000, 1_000, 50_000
_MARGIN = 0.85  # of the time that one thread takes


@cache
def thread_count() -> int:
    """The number of threads for large work: ``OMP_NUM_THREADS``, or one per core up to four."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(int(asked) if asked.isdigit() else _MOST, cores))


def threads_for(work: float, calls: int) -> int:
    """How many threads are quickest.

    Parameters
    ----------
    work : float
        About how many nanoseconds one thread would take.
    calls : int
        In how many calls of NumPy's each thread does its part.
    """
    best, least = 1, _MARGIN * work
    for threads in range(2, thread_count() + 1):
        each = work / threads
        clashes = calls * (threads - 1) * _HELD * calls / each
        time = _WAKE + each + clashes * _ASLEEP
        if time < least:
            best, least = threads, time
    return best


def run_unbroken(tasks: Sequence[Callable[[], None]], then: Callable[[], None]) -> None:
    """Run all tasks, in any order, and then the last function; or none of them.

    What interrupts the calling thread (a KeyboardInterrupt, a timeout) is raised after they are
    done. The first task, which the caller runs, and `then` must be written in C. Tasks should not fail; if one
    does, the others are still done, but not what comes then.

    Parameters
    ----------
    tasks : sequence of callable
    then : callable
    """
    own = _Unbroken(tasks[0] if tasks else int)  # which does nothing
    last = _Unbroken(then)
    others = _Work(tasks[1:]) if len(tasks) > 1 else None
    try:
        if others is not None:
            _submit(others)
        own.run()
        if others is not None:
            others.wait()
            others.raise_error()
        last.run()
    except BaseException:
        begun = own.begun or (others is not None and not others.claim())
        while begun and not (own.ended and last.ended):
            # A failure ends all but what others do; an interruption does not.
            try:
                own.run()
                if others is not None:
                    others.finish()
                if own.failed or last.failed or (others is not None and others.errors):
                    break
                last.run()
            except BaseException:  # noqa: BLE001, S110 - the first one is raised in the end
                pass
        raise


def run_shares(share: Callable[[int], None], count: int) -> None:
    """Call ``share(0)`` here and the others up to ``share(count - 1)`` on threads.

    All run under the caller's ``numpy.errstate``. What interrupts or fails is raised when none runs
    any more; not all of them may have run then, so they must leave nothing half done that counts."""
    pool = _pool_or_none() if count > 1 else None
    if pool is None:
        for number in range(count):
            share(number)
        return
    errors = np.geterr()

    def run(number: int) -> None:
        with np.errstate(**errors):  # which other threads do not know of
            share(number)

    others = _Work([partial(run, number) for number in range(1, count)])
    try:
        pool.submit_aside(others.run)
        share(0)
        others.wait()
    except BaseException:
        if not others.claim():  # they have begun
            others.wait_on()
        raise
    others.raise_error()


def _submit(work: _Work) -> None:
    """Let the pool do it; where there are no threads, or at the interpreter's end no more, do it here."""
    try:
        _pool().submit_aside(work.run)
    except RuntimeError:
        work.run()


class _Unbroken:
    """A function that is written in C, run once, and what became of it.

    The interpreter looks for signals between instructions of its own only, so the notes are as right as
    the function is whole."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._notes: list[int] = []
        steps = (partial(self._notes.append, 1), function, partial(self._notes.append, 2))
        call: Any = operator.call
        self._run: Any = partial(deque, map(call, steps), 0)

    @property
    def begun(self) -> bool:
        """Whether it began."""
        return bool(self._notes)

    @property
    def ended(self) -> bool:
        """Whether it came to its end."""
        return len(self._notes) == 2

    @property
    def failed(self) -> bool:
        """Whether it began and did not end."""
        return self.begun and not self.ended

    def run(self) -> None:
        """Run it, unless it began before."""
        if not self._notes:
            self._run()


class _Work:
    """Tasks that belong to whoever claims them first: the pool, or a caller who gives up."""

    def __init__(self, tasks: Sequence[Callable[[], None]]) -> None:
        self._left = list(tasks)
        self._unfinished = len(tasks)
        self._claimed = threading.Lock()
        self._counting = threading.Lock()
        # Not an Event, whose own lock an interruption may leave locked.
        self._gate = _thread.allocate_lock()
        self._gate.acquire()
        self._done = False
        self.errors: list[BaseException] = []

    def finish(self) -> None:
        """Do what nobody has begun, or wait for who has."""
        if self.claim():
            self._help()
        self.wait_on()

    def raise_error(self) -> None:
        """Raise the first failure of a task."""
        if self.errors:
            raise self.errors[0]

    def claim(self) -> bool:
        """Take the tasks; whoever comes second does not get them."""
        return self._claimed.acquire(blocking=False)

    def run(self) -> None:
        """Run the tasks together with whatever threads are free; none waits for another."""
        if not self.claim():
            return
        # Woken from here, while the caller is at its own task already.
        for _ in range(len(self._left) - 1):
            with contextlib.suppress(RuntimeError):  # where there are no threads there is no help
                _pool().submit(self._help)
        self._help()

    def wait(self) -> None:
        """Wait until all tasks are done."""
        if not self._done:
            self._gate.acquire()  # which is opened once, for the one caller

    def wait_on(self) -> None:
        """Wait until all tasks are done, whatever interrupts."""
        while not self._done:
            with contextlib.suppress(BaseException):  # the first one is raised in the end
                self.wait()

    def _help(self) -> None:
        while True:
            try:
                task = self._left.pop()
            except IndexError:
                return
            self._attempt(task)
            del task  # and what it holds, before the caller goes on
            with self._counting:
                self._unfinished -= 1
                last = not self._unfinished
            if last:
                self._done = True
                self._gate.release()

    def _attempt(self, task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            self.errors.append(error)


class _Pool:
    """Threads that wait for tasks as long as the process lives."""

    def __init__(self, count: int) -> None:
        self._tasks: Any = SimpleQueue()
        self._ids: list[int] = []
        self._shunned = -1, 0  # a core, and how many threads keep off it
        self._cores = os.sched_getaffinity(0) if _current_core is not None else set()
        for number in range(count):
            try:
                # Not a Thread, which waits in Python for its beginning.
                _thread.start_new_thread(self._serve, ())
            except RuntimeError:  # there may be no more; one is enough
                if not number:
                    raise

    def submit(self, task: Callable[[], None]) -> None:
        """Let a task, which must not fail, be done by whoever is free."""
        if sys.is_finalizing():
            raise RuntimeError("threads run no more")
        self._tasks.put(task)

    def submit_aside(self, task: Callable[[], None]) -> None:
        """The same for a caller who goes on working: on other cores than the caller's.

        Linux likes to put a thread that wakes on the core of the one that woke it, and lets the two take
        turns there for tens of milliseconds while other cores are idle."""
        if _current_core is not None:
            shunned = _current_core(), len(self._ids)
            if shunned != self._shunned:
                self._keep_off(shunned[0])
                self._shunned = shunned
        self.submit(task)

    def _keep_off(self, core: int) -> None:
        """Let the threads run where the caller may, but for one core; or where they could at first."""
        if _thread.get_native_id() in self._ids:
            return  # what one of them may use is less already
        cores = os.sched_getaffinity(0) - {core} or self._cores
        for thread in self._ids:
            with contextlib.suppress(OSError):  # a container may allow less than it says
                os.sched_setaffinity(thread, cores)

    def _serve(self) -> None:
        self._ids.append(_thread.get_native_id())
        np.seterr(all="ignore")  # for this thread; who wants to be warned, says so
        while True:
            self._tasks.get()()


def _find_current_core() -> Callable[[], int] | None:
    """The C library's ``sched_getcpu``, where threads can be kept off a core."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        import ctypes

        return cast("Callable[[], int]", ctypes.PyDLL(None).sched_getcpu)
    except (ImportError, OSError, AttributeError):
        return None


_current_core = _find_current_core()


@cache
def _pool() -> _Pool:
    return _Pool(thread_count())


def _pool_or_none() -> _Pool | None:
    """The pool, where threads can be had."""
    try:
        return None if sys.is_finalizing() else _pool()
    except RuntimeError:
        return None


# Threads do not survive a fork; the child starts its own when it needs them.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
