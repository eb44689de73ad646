"""Each thread has its own stack of tapes; Variables and constants are shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import xgrad as xg

THREADS = 64


def run(function):
    """The results of 64 threads that start at the same moment, or the first exception."""
    barrier = threading.Barrier(THREADS)

    def task(i):
        barrier.wait()
        return function(i)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(task, range(THREADS)))


def network(w, b, x):
    return xg.sum(xg.tanh(x @ w + b) ** 2)


def gradients(w, b, x):
    with xg.GradientTape() as tape:
        y = network(w, b, x)
    return [g.numpy() for g in tape.gradient(y, [w, b])]


def test_64_threads_over_shared_variables_give_the_gradients_of_one(rng):
    w, b = xg.Variable(rng.standard_normal((5, 3))), xg.Variable(rng.standard_normal(3))
    inputs = [xg.asarray(rng.standard_normal((4, 5))) for _ in range(THREADS)]
    expected = [gradients(w, b, x) for x in inputs]
    found = run(lambda i: [gradients(w, b, inputs[i]) for _ in range(20)])
    for results, right in zip(found, expected, strict=True):
        for result in results:
            np.testing.assert_array_equal(result[0], right[0])
            np.testing.assert_array_equal(result[1], right[1])


def test_64_threads_that_watch_the_same_constants(rng):
    for _ in range(20):
        x, c = xg.asarray(rng.standard_normal(6)), xg.asarray(rng.standard_normal(6))

        def task(i, x=x, c=c):
            with xg.GradientTape() as tape:
                tape.watch([x, c])
                y = xg.sum(x**3 * c)
            return [g.numpy() for g in tape.gradient(y, [x, c])]

        for gx, gc in run(task):
            np.testing.assert_allclose(gx, 3 * x.numpy() ** 2 * c.numpy())
            np.testing.assert_allclose(gc, x.numpy() ** 3)


def test_64_threads_of_second_order(rng):
    x = xg.Variable(rng.standard_normal(5))

    def task(i):
        with xg.GradientTape() as outer:
            with xg.GradientTape() as inner:
                y = xg.sum(x**3)
            g = inner.gradient(y, x)
        return outer.gradient(g, x).numpy()

    for found in run(task):
        np.testing.assert_allclose(found, 6 * x.numpy())


def test_64_threads_over_a_shared_recorded_value():
    """A value that the main thread's tape recorded is a constant to the others."""
    x, w = xg.Variable(3.0), xg.Variable(2.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x

        def task(i):
            with xg.GradientTape() as own:
                z = y * w
            gx, gw = own.gradient(z, [x, w])
            return gx, float(gw)

        assert run(task) == [(None, 9.0)] * THREADS
        z = y * w
    assert float(tape.gradient(z, x)) == 12.0


def test_operations_in_another_thread_are_not_recorded():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        (y, *_) = run(lambda i: x * x)
        z = y + x
    assert float(tape.gradient(z, x)) == 1.0
    assert tape.watched_variables() == (x,)


def other_thread(function):
    """Run in a new thread while this one goes on living."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


USES = {
    "gradient": lambda tape, y, x: tape.gradient(y, x),
    "watch": lambda tape, y, x: tape.watch(x),
    "jacobian": lambda tape, y, x: tape.jacobian(y, x),
    "enter": lambda tape, y, x: tape.__enter__(),
    "exit": lambda tape, y, x: tape.__exit__(None, None, None),
    "reset": lambda tape, y, x: tape.reset(),
    "stop_recording": lambda tape, y, x: tape.stop_recording().__enter__(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_one_tape_in_two_threads_is_an_error(use):
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    with pytest.raises(xg.errors.TapeError, match=r"belongs to another thread.*Use one tape per"):
        other_thread(lambda: use(tape, y, x))
    assert float(tape.gradient(y, x)) == 6.0


def test_watching_from_another_thread_while_paused_is_an_error():
    x = xg.asarray(3.0)
    with (
        xg.GradientTape() as tape,
        tape.stop_recording(),
        pytest.raises(xg.errors.TapeError, match="belongs to another thread"),
    ):
        other_thread(lambda: tape.watch(x))


def test_tape_may_be_made_in_one_thread_and_used_in_another():
    x = xg.Variable(3.0)
    tape = xg.GradientTape()

    def task():
        with tape:
            y = x * x
        return float(tape.gradient(y, x))

    assert other_thread(task) == 6.0


def test_stopping_in_one_thread_does_not_stop_another():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape, tape.stop_recording():

        def task():
            with xg.GradientTape() as own:
                y = x * x
            return float(own.gradient(y, x))

        assert other_thread(task) == 6.0


def test_exception_in_a_thread_leaves_the_others_recording():
    x = xg.Variable(3.0)

    def task(i):
        try:
            with xg.GradientTape() as tape:
                y = x * x
                if i % 2:
                    raise KeyError
        except KeyError:
            pass
        return float(tape.gradient(y, x))

    assert run(task) == [6.0] * THREADS


def test_leaving_in_another_thread_is_an_error_and_leaves_nothing():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape, xg.ForwardAccumulator(x, 1.0) as forward:
        for observer in (tape, forward):
            with pytest.raises(xg.errors.TapeError, match="belongs to another thread"):
                other_thread(lambda observer=observer: observer.__exit__(None, None, None))
        y = x * x
    assert (float(tape.gradient(y, x)), float(forward.jvp(y))) == (6.0, 6.0)


def test_explain_names_the_operation_of_another_thread():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = other_thread(lambda: x * x) * 2.0
    text = str(tape.explain(y, x))
    assert "multiply at " in text
    assert "was computed in another thread, whose operations this tape does not see" in text
