"""Elementwise functions in blocks: every plan gives what the function gives on whole arrays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xgrad.backends import backend_named, blocks, workers

N = 100
XP: Any = backend_named("numpy").xp

# Functions of (xp, (g, a, b), {"c": number}) that return new values of a and b.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "plain": lambda xp, x, c: (x[1] + x[0], x[2] * c["c"]),
    "swapped": lambda xp, x, c: (x[2], x[1]),
    "unchanged": lambda xp, x, c: (x[1], x[2]),
    "both the gradient": lambda xp, x, c: (x[0], x[0]),
    "both the same": lambda xp, x, c: ((x[1] + x[2]) * c["c"],) * 2,
    "old value after the new": lambda xp, x, c: (x[1] + 1.0, x[2] + x[1]),
    "new value in the other": lambda xp, x, c: (x[2] - x[0], x[1] * (x[2] - x[0])),
    "one from the other twice": lambda xp, x, c: (x[1] * x[1], x[1] * x[2] + x[1]),
    "constants": lambda xp, x, c: (1.0 - x[1], 2 / (x[2] * x[2] + 1.0)),
    "powers": lambda xp, x, c: (abs_(xp, x[1]) ** 0.5, (x[2] ** 2.0) ** 0.75 + x[2] ** 1.0),
    "reciprocal power": lambda xp, x, c: ((x[1] * x[1] + 1.0) ** -1.0, -x[2]),
    "functions": lambda xp, x, c: (xp.sqrt(xp.square(x[1])), xp.maximum(xp.sign(x[2]), x[0])),
    "zeros": lambda xp, x, c: (xp.zeros_like(x[1]), xp.minimum(x[2], c["c"])),
    "long": lambda xp, x, c: (
        (x[1] + x[0]) * (x[1] - x[0]) / ((x[2] + 9.0) * (x[2] - 9.0)),
        (x[1] * 2.0 + x[2] * 3.0) * (x[0] * 5.0 + x[2] * 7.0) - c["c"],
    ),
}


def abs_(xp: Any, x: Any) -> Any:
    return xp.abs(x)


def arrays(dtype: str) -> list[np.ndarray]:
    return [np.random.default_rng(i).normal(size=N).astype(dtype) for i in range(3)]


def run_plan(plan: blocks.Plan, *given: Any) -> None:
    for function, *operands in plan.calls(*given):
        function(*operands)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("in_place", [(True, True), (False, True), (True, False), (False, False)])
def test_plan_gives_the_bits_of_the_function(
    name: str, dtype: str, in_place: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 16 * np.dtype(dtype).itemsize)
    function = FUNCTIONS[name]
    expected = function(XP, arrays(dtype), {"c": 0.75})
    found = arrays(dtype)
    plan = blocks.plan(function, np.dtype(dtype), 3, ["c"])
    assert plan is not None
    results = [
        x if reuse else np.empty_like(x) for x, reuse in zip(found[1:], in_place, strict=True)
    ]
    buffers = [np.empty(plan.block, dtype) for _ in range(plan.buffers)]
    run_plan(plan, found, results, [0.75], buffers, 0, N)
    for x, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(x, value)


def test_part_of_an_array_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 16 * 8)
    found = arrays("float64")
    plan = blocks.plan(FUNCTIONS["plain"], np.dtype("float64"), 3, ["c"])
    assert plan is not None
    buffers = [np.empty(plan.block) for _ in range(plan.buffers)]
    run_plan(plan, found, found[1:], [0.75], buffers, 20, 70)
    g, a, _ = arrays("float64")
    np.testing.assert_array_equal(found[1][20:70], (a + g)[20:70])
    np.testing.assert_array_equal(found[1][:20], a[:20])
    np.testing.assert_array_equal(found[1][70:], a[70:])


def test_plan_uses_few_buffers() -> None:
    plan = blocks.plan(FUNCTIONS["plain"], np.dtype("float64"), 3, ["c"])
    assert plan is not None
    assert plan.buffers == 0


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x, c: (xp.sum(x[1]), x[2]),
        lambda xp, x, c: (x[1] @ x[0], x[2]),
        lambda xp, x, c: (x[1][::-1], x[2]),
        lambda xp, x, c: (xp.where(x[1] > 0, x[1], x[0]), x[2]),
        lambda xp, x, c: (x[1] + np.ones(3), x[2]),
        lambda xp, x, c: (0.0, x[2]),
        lambda xp, x, c: (x[1] * (x[0] != 0), x[2]),
        lambda xp, x, c: (x[1] if c["c"] > 1 else x[0], x[2]),
        lambda xp, x, c: (x[1] or x[0], x[2]),
        lambda xp, x, c: (x[1] * x[1].shape[0], x[2]),
    ],
    ids=[
        *("sum", "matmul", "index", "where", "array", "number"),
        *("comparison", "decision", "truth", "shape"),
    ],
)
def test_what_is_not_elementwise_has_no_plan(function: Callable[..., Any]) -> None:
    assert blocks.plan(function, np.dtype("float64"), 3, ["c"]) is None


def random_function(rng: np.random.Generator) -> Callable[..., Any]:
    """A random program of the operations that plans know, with two results."""
    unary = ["negative", "square", "abs", "sign", "sqrt"]
    binary = ["add", "subtract", "multiply", "maximum", "minimum", "divide"]
    length = int(rng.integers(1, 14))
    steps = [
        (str(rng.choice(unary if rng.random() < 0.3 else binary)), rng.random(2))
        for _ in range(length)
    ]
    ends = rng.random(2)

    def function(xp: Any, x: Any, c: Any) -> Any:
        values = [*x, c["c"] * x[0]]
        for name, places in steps:
            operands = [values[int(p * len(values))] for p in places]
            if name == "sqrt":
                operands[0] = xp.abs(operands[0])
            values.append(getattr(xp, name)(*operands[: 1 if name in unary else 2]))
        return tuple(values[int(p * len(values))] for p in ends)

    return function


@pytest.mark.parametrize("seed", range(300))
def test_random_plans_give_the_bits_of_the_function(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 32 * 8)
    rng = np.random.default_rng(seed)
    function = random_function(rng)
    found = arrays("float64")
    with np.errstate(all="ignore"):
        expected = function(XP, arrays("float64"), {"c": 0.75})
        plan = blocks.plan(function, np.dtype("float64"), 3, ["c"])
        assert plan is not None
        in_place = rng.random(2) < 0.7
        results = [
            x if reuse else np.empty_like(x) for x, reuse in zip(found[1:], in_place, strict=True)
        ]
        buffers = [np.empty(plan.block) for _ in range(plan.buffers)]
        run_plan(plan, found, results, [0.75], buffers, 0, N)
    for x, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(x, value)


# -- workers ---------------------------------------------------------------------------------------


def test_tasks_run_before_what_comes_then() -> None:
    done: list[int] = []
    workers.run_unbroken([lambda i=i: done.append(i) for i in range(5)], lambda: done.append(9))
    assert sorted(done[:5]) == [0, 1, 2, 3, 4]
    assert done[5] == 9


def test_without_tasks_only_the_last_function_runs() -> None:
    done: list[int] = []
    workers.run_unbroken([], lambda: done.append(1))
    assert done == [1]


def test_failing_task_is_raised_and_the_others_are_done() -> None:
    done: list[int] = []
    tasks = [lambda: done.append(1), lambda: 1 / 0, lambda: done.append(2)]
    with pytest.raises(ZeroDivisionError):
        workers.run_unbroken(tasks, lambda: done.append(9))
    assert sorted(done) == [1, 2]


def test_thread_count_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    workers.thread_count.cache_clear()
    try:
        assert workers.thread_count() == 1
    finally:
        workers.thread_count.cache_clear()


def test_without_threads_the_caller_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        def submit_aside(self, _work: Any) -> None:
            raise RuntimeError("can't start new thread")

        submit = submit_aside

    monkeypatch.setattr(workers, "_pool", Pool)
    done: list[int] = []
    workers.run_unbroken([lambda i=i: done.append(i) for i in range(3)], lambda: done.append(9))
    assert sorted(done[:3]) == [0, 1, 2]
    assert done[3:] == [9]


def test_an_interruption_anywhere_leaves_no_lock_behind() -> None:
    """A signal is handled between two bytecodes of Python, here at each of them in turn."""
    script = """
import faulthandler, itertools, sys
from functools import partial
from xgrad.backends import workers
faulthandler.dump_traceback_later(60, exit=True)
def run():
    done = []
    try:
        one, two = partial(done.append, 1), partial(done.append, 2)
        workers.run_unbroken([one, one], two)
    except KeyboardInterrupt:
        return done, True
    return done, False
run()
for moment in itertools.count():
    left = [moment]
    def trace(frame, event, argument):
        frame.f_trace_opcodes = True
        left[0] -= 1
        if left[0] == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace
    sys.settrace(trace)
    try:
        done, interrupted = run()
    except KeyboardInterrupt:  # before run() could catch it
        done, interrupted = [], True
    finally:
        sys.settrace(None)
    assert done in ([], [1, 1, 2]), done
    assert run() == ([1, 1, 2], False)
    if not interrupted and moment:
        break
assert moment > 50
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_child_processes_have_threads_of_their_own() -> None:
    script = """
import os
from xgrad.backends import workers
workers.run_unbroken([lambda: None], lambda: None)
child = os.fork()
if not child:
    done = []
    workers.run_unbroken([lambda: done.append(1)] * 3, lambda: done.append(2))
    os._exit(0 if done == [1, 1, 1, 2] else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""  # in a process of its own: libraries that other tests imported do not like forks
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_shares_without_threads_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_pool_or_none", lambda: None)
    done: list[int] = []
    workers.run_shares(done.append, 3)
    assert done == [0, 1, 2]


def test_an_interruption_waits_for_shares_that_have_begun() -> None:
    begun, ended = threading.Event(), threading.Event()

    def share(number: int) -> None:
        if number:
            begun.set()
            time.sleep(0.2)
            ended.set()
        else:
            assert begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.run_shares(share, 2)
    assert ended.is_set()


def test_an_interruption_takes_back_shares_that_have_not_begun() -> None:
    free, done = threading.Event(), []
    for _ in range(workers.thread_count()):
        workers._pool().submit(lambda: free.wait(10))  # nobody is left

    def share(number: int) -> None:
        if not number:
            raise KeyboardInterrupt
        done.append(number)

    with pytest.raises(KeyboardInterrupt):
        workers.run_shares(share, 3)
    free.set()
    workers.run_unbroken([lambda: None], lambda: None)
    assert done == []


def test_what_fails_in_any_share_is_raised() -> None:
    def share(number: int) -> None:
        if number == failing:
            raise ValueError(number)

    for failing in range(3):
        with pytest.raises(ValueError, match=str(failing)):
            workers.run_shares(share, 3)


def test_many_callers_share_the_pool() -> None:
    sums: list[int] = []

    def call() -> None:
        for _ in range(50):
            parts = [0] * 3
            workers.run_shares(lambda n, parts=parts: parts.__setitem__(n, n + 1), 3)  # type: ignore[misc]
            sums.append(sum(parts))

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sums == [6] * 400
