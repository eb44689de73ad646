"""Threads that share work keep off the core of the caller, who works as well."""

import os
import threading
import time

import pytest

from xgrad.backends import workers

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1

needs_cores = pytest.mark.skipif(
    CORES < 2 or workers._current_core is None, reason="needs two cores of a Linux"
)


@pytest.fixture
def pool():
    """A pool whose one thread is up; it waits for tasks as long as the process lives."""
    pool = workers._Pool(1)
    done = threading.Event()
    pool.submit(done.set)
    assert done.wait(10)
    return pool


def where(pool):
    """The cores that the pool's thread may run on, as it says itself."""
    seen, done = [], threading.Event()

    def look():
        seen.append(os.sched_getaffinity(0))
        done.set()

    pool.submit_aside(look)
    assert done.wait(10)
    return seen[0]


@needs_cores
def test_a_thread_keeps_off_the_core_of_its_caller(pool, monkeypatch):
    allowed = os.sched_getaffinity(0)
    for core in sorted(allowed)[:2] * 2:
        monkeypatch.setattr(workers, "_current_core", lambda core=core: core)
        assert where(pool) == allowed - {core}
    assert os.sched_getaffinity(0) == allowed  # the caller's own stays


@needs_cores
def test_the_core_is_really_the_callers(monkeypatch):
    allowed = os.sched_getaffinity(0)
    try:
        for core in sorted(allowed)[:2]:
            os.sched_setaffinity(0, {core})
            time.sleep(0)
            assert workers._current_core() == core
    finally:
        os.sched_setaffinity(0, allowed)


@needs_cores
def test_a_caller_bound_to_one_core_lets_threads_go_where_they_could_at_first(pool, monkeypatch):
    allowed = os.sched_getaffinity(0)
    monkeypatch.setattr(workers, "_current_core", lambda: max(allowed))
    where(pool)
    monkeypatch.setattr(workers, "_current_core", lambda: min(allowed))  # it has moved
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert where(pool) == allowed
    finally:
        os.sched_setaffinity(0, allowed)


@needs_cores
def test_callers_that_are_threads_of_the_pool_change_nothing(pool, monkeypatch):
    cores = sorted(os.sched_getaffinity(0))[:2]
    monkeypatch.setattr(workers, "_current_core", lambda: cores[0])
    before = where(pool)
    seen, done = [], threading.Event()

    def nested():
        pool.submit_aside(lambda: (seen.append(os.sched_getaffinity(0)), done.set()))

    monkeypatch.setattr(workers, "_current_core", lambda: cores[1])
    pool.submit(nested)
    assert done.wait(10)
    assert seen == [before]


@needs_cores
def test_cores_are_looked_up_anew_only_when_the_caller_moved(pool, monkeypatch):
    looked = []
    whole = os.sched_setaffinity
    monkeypatch.setattr(os, "sched_setaffinity", lambda *a: (looked.append(a), whole(*a)))
    monkeypatch.setattr(workers, "_current_core", lambda: min(os.sched_getaffinity(0)))
    for _ in range(3):
        where(pool)
    assert len(looked) == 1


def test_without_such_calls_tasks_are_done_all_the_same(pool, monkeypatch):
    monkeypatch.setattr(workers, "_current_core", None)
    done = threading.Event()
    pool.submit_aside(done.set)
    assert done.wait(10)


@needs_cores
def test_what_a_system_forbids_stops_nothing(pool, monkeypatch):
    def refuse(*_):
        raise OSError("not here")

    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    cores = iter(range(100))
    monkeypatch.setattr(workers, "_current_core", lambda: next(cores))
    done = threading.Event()
    pool.submit_aside(done.set)
    assert done.wait(10)


def test_shares_all_run_and_failures_come_out():
    ran = []
    workers.run_shares(ran.append, 3)
    assert sorted(ran) == [0, 1, 2]

    def fail(number):
        if number:
            raise ValueError("share 1 failed")

    with pytest.raises(ValueError, match="share 1 failed"):
        workers.run_shares(fail, 2)
