"""The pool of memory for large NumPy arrays: nobody sees a difference but in time."""

import contextvars
import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

import xgrad as xg
from xgrad.backends import numpy_memory

LARGE = 1 << 17

pytestmark = pytest.mark.skipif(numpy_memory._memory is None, reason="needs the compiled pool")


@pytest.fixture(autouse=True)
def pool():
    """An empty pool with room for a few arrays, in use."""
    numpy_memory.release()
    numpy_memory.set_limit(64 * LARGE)
    former = numpy_memory.open_pool()
    yield
    numpy_memory.close_pool(former)
    numpy_memory.release()
    numpy_memory.set_limit(numpy_memory._usual_limit())


def where(x):
    """The address of an array's memory."""
    return x.__array_interface__["data"][0]


def test_memory_of_a_large_array_is_used_again():
    x = np.empty(LARGE)
    first = where(x)
    before = numpy_memory.figures()
    del x
    after = numpy_memory.figures()
    assert (before[0] - after[0], after[1] - before[1]) == (8 * LARGE, 8 * LARGE)
    y = np.empty(LARGE)
    assert where(y) == first
    assert numpy_memory.figures() == before


def test_small_arrays_are_numpys_own_affair():
    before = numpy_memory.figures()
    x = np.empty(LARGE - 1, np.uint8)
    assert numpy_memory.figures() == before
    del x
    assert numpy_memory.figures() == before


def test_a_piece_goes_to_arrays_of_about_its_size():
    x = np.empty(8 * LARGE, np.uint8)
    first = where(x)
    del x
    assert where(np.empty(8 * LARGE + 1, np.uint8)) != first
    numpy_memory.release()
    x = np.empty(8 * LARGE, np.uint8)
    first = where(x)
    del x
    y = np.empty(4 * LARGE, np.uint8)  # half of it: too much would be wasted
    assert numpy_memory.figures()[1] == 8 * LARGE
    z = np.empty(8 * LARGE - 4096, np.uint8)
    assert where(z) == first
    del y
    del z  # all of it comes back
    assert numpy_memory.figures()[1] == 12 * LARGE


def test_the_latest_piece_comes_first_and_the_oldest_goes_first():
    arrays = [np.empty(16 * LARGE, np.uint8) for _ in range(5)]
    places = [where(x) for x in arrays]
    while arrays:
        del arrays[0]
    assert numpy_memory.figures()[1] == 64 * LARGE  # the limit: four of five
    assert [where(x) for x in [np.empty(16 * LARGE, np.uint8) for _ in range(4)]] == places[:0:-1]


def test_what_exceeds_the_limit_is_not_kept():
    x = np.empty(65 * LARGE, np.uint8)
    del x
    assert numpy_memory.figures()[1] == 0
    numpy_memory.set_limit(0)
    x = np.empty(LARGE)
    del x
    assert numpy_memory.figures()[1] == 0


def test_a_lower_limit_gives_back_at_once():
    arrays = [np.empty(16 * LARGE, np.uint8) for _ in range(4)]
    del arrays
    numpy_memory.set_limit(40 * LARGE)
    assert numpy_memory.figures()[1] == 32 * LARGE
    numpy_memory.release()
    assert numpy_memory.figures()[1] == 0


def test_zeros_are_zeros():
    x = np.full(LARGE, 7.0)
    first = where(x)
    del x
    y = np.zeros(LARGE)
    assert where(y) == first
    assert not y.any()


def test_resized_arrays_keep_their_contents():
    x = np.arange(LARGE, dtype=np.float64)
    x.resize(3 * LARGE, refcheck=False)
    np.testing.assert_array_equal(x[:LARGE], np.arange(LARGE))
    assert not x[LARGE:].any()
    x.resize(10, refcheck=False)  # small now
    np.testing.assert_array_equal(x, np.arange(10))
    x.resize(LARGE, refcheck=False)
    np.testing.assert_array_equal(x[:10], np.arange(10))
    used = numpy_memory.figures()[0]
    del x
    assert numpy_memory.figures()[0] == used - 8 * LARGE


def test_arrays_without_elements_leave_nothing_behind():
    """NumPy allocates their other axes, and frees one byte."""
    before = numpy_memory.figures()[0]
    for _ in range(5000):
        np.empty((0, LARGE))
    assert numpy_memory.figures()[0] == before


def test_more_arrays_than_are_written_down():
    arrays = [np.full(LARGE, i % 251, np.uint8) for i in range(3000)]
    assert all(x[0] == x[-1] == i % 251 for i, x in enumerate(arrays))
    del arrays
    x = np.empty(LARGE)
    y = np.empty(LARGE)
    assert where(x) != where(y)


def test_random_lives_of_arrays():
    """Whatever comes and goes, no two arrays share memory, and none changes."""
    rng = np.random.default_rng(0)
    alive: dict[int, np.ndarray] = {}
    for step in range(20_000):
        if alive and rng.random() < 0.5:
            key = int(rng.choice(list(alive)))
            x = alive.pop(key)
            assert x.min() == x.max() == key % 251
            if rng.random() < 0.1 and x.size:
                x.resize(int(rng.integers(1, 3 * LARGE)), refcheck=False)
            continue
        size = int(rng.integers(LARGE // 2, 2 * LARGE)) if rng.random() < 0.8 else 9
        make = np.zeros if rng.random() < 0.3 else np.empty
        x = make(size, np.uint8)
        assert make is np.empty or not x.any()
        x[...] = step % 251
        alive[step] = x
        if len(alive) > 40:
            alive.pop(min(alive))


def test_freeing_nothing_forgets_nothing():
    """NumPy frees a buffer after each sort, also where it took none: that is NULL, and no piece."""
    kept = [np.empty(8 * LARGE, np.uint8) for _ in range(4)]
    before = numpy_memory.figures()
    small = np.arange(6.0)
    for _ in range(10):
        small.sort()
        small.partition(2)
        small.argsort()
    assert numpy_memory.figures() == before
    while kept:
        used, _ = numpy_memory.figures()
        kept.pop()
        assert numpy_memory.figures()[0] == used - 8 * LARGE


def test_random_lives_of_arrays_that_are_sorted():
    """Every piece has the size that is written down: nothing is written behind its end."""
    rng = np.random.default_rng(0)
    alive = {}
    for turn in range(3000):
        size = int(rng.integers(LARGE // 2, 3 * LARGE))
        x = np.empty(size, np.uint8)
        x[:] = turn % 251
        alive[turn] = x
        np.sort(x[:7])
        if len(alive) > 12:
            del alive[int(rng.choice(list(alive)))]
        if not turn % 100:
            assert all((y == number % 251).all() for number, y in alive.items())
            used, _ = numpy_memory.figures()
            assert used >= sum(y.nbytes for y in alive.values() if y.nbytes >= LARGE)
    assert len(alive) == 12


def test_memory_that_is_missing_is_looked_for_in_the_pool():
    x = np.empty(LARGE)
    del x
    with pytest.raises(MemoryError):
        np.empty(1 << 60, np.uint8)
    assert numpy_memory.figures()[1] == 0
    with pytest.raises(MemoryError):
        np.zeros(1 << 60, np.uint8)


def test_arrays_of_another_thread_come_back():
    made = []
    thread = threading.Thread(target=lambda: made.append(np.empty(LARGE)))
    thread.start()
    thread.join()
    assert get_handler_name(made[0]) == "default_allocator"  # a thread has a context of its own
    x = np.ones(LARGE)
    first = where(x)
    given = [x]
    del x
    thread = threading.Thread(target=given.clear)
    thread.start()
    thread.join()
    assert where(np.empty(LARGE)) == first


# -- when it is in use -------------------------------------------------------------------------


@pytest.fixture
def closed():
    """Runs a function where memory is NumPy's own, as outside of all tapes."""
    return contextvars.Context().run


def name_of_new():
    return get_handler_name(np.empty(1))


def test_tapes_take_memory_from_the_pool_and_nobody_else_does(closed):
    def run():
        assert name_of_new() == "default_allocator"
        v = xg.Variable(np.ones(LARGE))
        with xg.GradientTape() as tape:
            assert name_of_new() == "xgrad"
            y = xg.sum(v * v)
            with xg.GradientTape():
                assert name_of_new() == "xgrad"
            assert name_of_new() == "xgrad"
            with tape.stop_recording():
                pass
            assert name_of_new() == "xgrad"
        assert name_of_new() == "default_allocator"
        gradient = tape.gradient(y, v)
        assert get_handler_name(gradient.numpy()) == "default_allocator"  # a copy
        assert get_handler_name(gradient.array) == "xgrad"
        assert name_of_new() == "default_allocator"

    closed(run)


def test_exceptions_end_it_too(closed):
    def run():
        with pytest.raises(ZeroDivisionError), xg.GradientTape():
            raise ZeroDivisionError
        assert name_of_new() == "default_allocator"

        @xg.custom_gradient
        def fails(x):
            def grad(upstream):
                assert name_of_new() == "xgrad"
                raise ZeroDivisionError

            return x * 2, grad

        x = xg.Variable(1.0)
        with xg.GradientTape() as tape:
            y = fails(x)
        with pytest.raises(ZeroDivisionError):
            tape.gradient(y, x)
        assert name_of_new() == "default_allocator"

    closed(run)


def test_tapes_in_any_order(closed):
    def run():
        first, second = xg.GradientTape(), xg.GradientTape()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert name_of_new() == "xgrad"
        second.__exit__(None, None, None)
        assert name_of_new() == "default_allocator"

    closed(run)


def test_a_handler_of_the_users_comes_back(closed):
    """Whatever was there before is there again."""

    def run():
        numpy_memory.open_pool()
        with xg.GradientTape():
            pass
        assert name_of_new() == "xgrad"

    closed(run)


def test_functions_and_forward_mode_too(closed):
    def run():
        seen = []

        def loss(x):
            seen.append(name_of_new())
            return xg.sum(x * x)

        x = np.ones(3)
        xg.grad(loss)(x)
        xg.jvp(loss, (x,), (x,))
        xg.hvp(loss, (x,), (x,))
        assert set(seen) == {"xgrad"}
        assert name_of_new() == "default_allocator"

    closed(run)


def test_replays_too(closed):
    """What has no memory of its own in a program, such as a transform, finds it in the pool."""

    def run():
        numpy_memory.set_limit(1 << 30)
        f = xg.function(lambda z: xg.fft.fftn(z * 2.0))
        z = xg.asarray(np.linspace(0, 1, LARGE) + 0j)
        f(z)
        first = where(f(z).array)
        assert get_handler_name(f(z).array) == "xgrad"
        assert where(f(z).array) == first
        assert name_of_new() == "default_allocator"

    closed(run)


def test_a_step_makes_no_large_array_twice():
    """The second step finds all its memory in the pool."""
    numpy_memory.set_limit(1 << 30)
    v = xg.Variable(np.linspace(0, 1, LARGE))

    def step():
        with xg.GradientTape() as tape:
            y = xg.sum(xg.tanh(xg.exp(v) * xg.sin(v)))
        return tape.gradient(y, v)

    step()
    gc.collect()
    held = sum(numpy_memory.figures())
    for _ in range(5):
        step()
    assert sum(numpy_memory.figures()) == held


def test_the_limit_follows_the_environment():
    script = "from xgrad.backends import numpy_memory as m; print(m._usual_limit())"
    for said, limit in {"0": 0, "12345678": 12345678}.items():
        environment = os.environ | {"XGRAD_POOL_BYTES": said}
        ran = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(ran.stdout) == limit


def test_the_usual_limit_is_a_part_of_the_computers_memory(monkeypatch):
    monkeypatch.delenv("XGRAD_POOL_BYTES", raising=False)
    assert LARGE < numpy_memory._usual_limit() <= 1 << 30

    def unknown(_name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown, raising=False)
    assert numpy_memory._usual_limit() == 1 << 30


def test_without_the_compiled_module_all_memory_is_numpys(monkeypatch):
    monkeypatch.setattr(numpy_memory, "_memory", None)
    numpy_memory.close_pool(numpy_memory.open_pool())
    numpy_memory.set_limit(1)
    numpy_memory.release()
    assert numpy_memory.figures() == (0, 0)
