"""Small programs compiled by numba: the same results as before and as without recording.

`XGRAD_PROGRAMS=500` compiles a tenth as many random programs; each takes seconds."""

import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.backends import numpy_loops
from xgrad.backends.numba import is_installed
from xgrad.compile import build, jit, runs

HOST = xg.namespace(np)
SEEDS = range(max(2, int(os.environ.get("XGRAD_PROGRAMS", "0")) // 10))
RATE = xg.asarray(1e-4)

needs_numba = pytest.mark.skipif(not is_installed(), reason="numba is not installed")


@pytest.fixture
def soon(monkeypatch):
    """Compile the second replay, while it waits, and what is faster than calls of NumPy's functions."""
    monkeypatch.setattr(runs, "_costs", lambda: runs._OF_CALLS)
    with xg.set_jit(1):
        yield


@pytest.fixture
def everything(soon, monkeypatch):
    """Compile whatever can be, whether it is faster or not."""
    monkeypatch.setattr(runs, "_WORTH", 0.0)
    monkeypatch.setattr(runs, "_SHARE", 0.0)
    monkeypatch.setattr(runs, "_BREAK", float("inf"))
    free = runs._OF_CALLS._replace(run=float("-inf"))
    monkeypatch.setattr(runs, "_costs", lambda: free)


def assert_same(found, expected, rtol=1e-11):
    for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
        assert (y.shape, y.dtype) == (e.shape, e.dtype)
        scale = max(1.0, np.max(np.abs(e.numpy()), initial=0.0))
        np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=rtol, atol=rtol * scale)


def assert_compiles(f, *inputs, jitted=None, rtol=1e-11):
    """A function gives the same before and after it was compiled, and is compiled wholly."""
    recorded = xg.function(f)
    for _ in range(4):
        assert_same(recorded(*inputs), f(*inputs), rtol)
    stats = recorded.stats()
    assert stats.jit == "on"
    assert stats.jitted == (stats.optimised if jitted is None else jitted)
    return recorded


def chain(x):
    y = x
    for _ in range(3):
        y = xg.tanh(y * 1.1) + x
    return xg.sum(y)


# -- the same results ------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("dtype", [xg.float32, xg.float64], ids=["float32", "float64"])
def test_a_chain_with_its_gradient_is_one_call(dtype, soon, rng):
    x = xg.asarray(rng.normal(size=8), dtype=dtype)
    rtol = 1e-6 if dtype == xg.float32 else 1e-13
    recorded = assert_compiles(xg.value_and_grad(chain), x, rtol=rtol)
    assert len(re.findall(r"\brun\d+\(", recorded.program().source)) == 1


@needs_numba
@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_of_random_programs(seed, everything):
    run = program(seed)
    f = xg.value_and_grad(lambda *xs: run(HOST, *xs), tuple(range(len(run.inputs))))
    recorded = xg.function(f)
    for scale in (1.0, 1.001, 0.998, 1.002):
        xs = [xg.asarray(x * scale) for x in run.inputs]
        assert_same(recorded(*xs), f(*xs))
    assert recorded.stats().jit in ("on", "no gain")


@needs_numba
def test_steps_with_variables(everything, rng):
    run = program(0, kinks=False)

    def step(variables):
        with xg.GradientTape() as tape:
            y = run(HOST, *[v * 1.0 for v in variables])
        gradients = tape.gradient(y, variables, unconnected_gradients="zero")
        for v, g in zip(variables, gradients, strict=True):
            v.assign_sub(RATE * xg.tanh(g))
        return y

    mine, theirs = ([xg.Variable(x) for x in run.inputs] for _ in range(2))
    recorded = xg.function(step)
    for _ in range(5):
        assert_same(recorded(mine), step(theirs))
        assert_same([v.value() for v in mine], [v.value() for v in theirs])
    assert recorded.stats().jit == "on"


@needs_numba
def test_random_draws_are_those_of_the_function(soon):
    def f(x, generator):
        noise = generator.normal((4,))
        return xg.sum(xg.tanh(x * noise) * noise + x), xg.exp(-noise * x) * x

    x = xg.asarray([0.1, 0.2, 0.3, 0.4])
    mine, theirs = xg.random.Generator(3), xg.random.Generator(3)
    recorded = xg.function(lambda x: f(x, mine))
    for _ in range(5):
        assert_same(recorded(x), f(x, theirs))
    assert recorded.stats().jit == "on"


@needs_numba
def test_sums_over_any_axes(everything, rng):
    x = xg.asarray(rng.normal(size=(3, 4, 40)))

    def f(x):
        y = x * 2.0
        axes = [None, 0, 1, -1, (0, 1), (1, 2), (0, 2), ()]
        return [xg.sum(y, axis=a) for a in axes], xg.sum(x, axis=1, keepdims=True)

    assert_compiles(f, x)


@needs_numba
def test_long_sums_round_as_those_of_numpy(everything, rng):
    x = xg.asarray(rng.normal(size=3001), dtype=xg.float32)
    recorded = xg.function(lambda x: xg.sum(x * 3.0))
    found = {recorded(x).item() for _ in range(4)}
    assert recorded.stats().jit == "on"
    assert found == {np.sum(x.numpy() * np.float32(3)).item()}


@needs_numba
def test_views_of_arguments_and_of_values_inside(everything, rng):
    def f(x, row):
        y = x * row
        turned = xg.permute_dims(y, (1, 0))
        flat = xg.reshape(turned, (-1,)) + 1.0  # not in order: a copy
        part = y[1:, ::-2] * 2.0
        wide = xg.broadcast_to(row, (2, 3, 4)) + xg.reshape(x, (1, 3, 4))
        flipped = xg.flip(x, axis=0) - y
        return turned, flat, part, wide, flipped, xg.sum(x[..., 1]) * 2.0, xg.reshape(y, (2, 6))

    x, row = rng.normal(size=(3, 4)), rng.normal(size=4)
    assert_compiles(f, xg.asarray(x), xg.asarray(row), jitted=14)  # the last one is free anyway


@needs_numba
def test_elements_of_arguments(everything, rng):
    def f(x):
        return x[0], xg.exp(x[0] * 2.0 + 1.0) * x

    assert_compiles(f, xg.asarray(rng.normal(size=3)), jitted=4)


@needs_numba
def test_arguments_may_lie_in_any_way(soon, rng):
    f = xg.value_and_grad(lambda x, b: xg.sum(xg.sqrt(abs(x + b)) * x - b), (0, 1))
    base = rng.normal(size=(8, 6))
    given = [base[::2, ::2], np.asfortranarray(base[:4, :3]), base[:4, :3].copy(), base[:3, :4].T]
    recorded = xg.function(f)
    for _ in range(3):
        for x in given:
            x.flags.writeable = not x.flags.writeable
            b = xg.asarray(base[0, ::2])
            assert_same(recorded(xg.asarray(x), b), f(xg.asarray(x), b))
    assert recorded.stats().jit == "on"


@needs_numba
def test_numbers_and_choices_keep_their_dtypes(everything, rng):
    def f(x, y):
        wide = xg.astype(x, xg.float64) * 1.1
        mask = (x > 0.1) & (y < 1)
        return (
            *(x * 1.1, x + True, xg.where(mask, x, 2.0), xg.astype(mask, xg.float32) / 3, wide),
            *(xg.maximum(x, 0.3), xg.logical_or(x, y), mask * 1.5, x**3, 2.0**x, y / x, -x),
        )

    x = xg.asarray(rng.normal(size=(2, 3)), dtype=xg.float32)
    y = xg.asarray(rng.normal(size=3), dtype=xg.float32)
    recorded = assert_compiles(f, x, y, rtol=1e-6)
    assert {str(z.dtype) for z in recorded(x, y)} == {"float32", "float64", "bool"}


@needs_numba
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_zero_cotangents_give_zero_gradients(soon):
    f = xg.value_and_grad(lambda x: xg.sum(xg.where(x > 0.0, xg.log(x), 0.0) * xg.sqrt(abs(x))))
    x = xg.asarray([-1.0, 0.0, 1.0, 2.0])
    recorded = assert_compiles(f, x)
    assert recorded(x)[1].numpy()[0] == 0.0


@needs_numba
def test_products_stay_calls_of_numpy_between_runs(everything, rng):
    def f(w, x):
        return xg.sum((xg.sin(x * 2.0 + 1.0) @ w * 3.0 - 1.0) ** 2)

    w, x = xg.asarray(rng.normal(size=(3, 4))), xg.asarray(rng.normal(size=(2, 3)))
    recorded = xg.function(xg.value_and_grad(f, (0, 1)))
    for _ in range(4):
        assert_same(recorded(w, x), xg.value_and_grad(f, (0, 1))(w, x))
    stats = recorded.stats()
    assert 0 < stats.jitted < stats.optimised


# -- when ------------------------------------------------------------------------------------------


@needs_numba
def test_a_program_is_compiled_after_so_many_replays(soon):
    x = xg.ones(3)
    with xg.set_jit(3):
        f = xg.function(xg.value_and_grad(chain))
        f(x)
    states = []
    for _ in range(4):
        f(x)
        states.append(f.stats().jit)
    assert states == ["waiting", "waiting", "on", "on"]


def test_it_can_be_switched_off():
    x = xg.ones(3)
    with xg.set_jit(None):
        f = xg.function(xg.value_and_grad(chain))
        f(x)
    assert_same(f(x), xg.value_and_grad(chain)(x))
    assert f.stats().jit == "off"


def test_it_is_off_where_numba_is_missing(monkeypatch):
    monkeypatch.setattr(jit, "is_installed", lambda: False)
    f = xg.function(xg.value_and_grad(chain))
    f(xg.ones(3))
    assert f.stats().jit == "off"


@pytest.mark.parametrize("after", [0, -3, 1.5, True])
def test_counts_that_make_no_sense_are_refused(after):
    with pytest.raises(xg.errors.ArgumentError, match="after"):
        xg.set_jit(after)


@needs_numba
def test_large_arrays_and_single_instructions_are_left_to_numpy(soon):
    f = xg.function(lambda x, y: (xg.tanh(x * 1.1) + x, xg.exp(y)))
    for _ in range(3):
        f(xg.ones(5000), xg.ones(3))
    assert (f.stats().jitted, f.stats().jit) == (0, "no gain")


def test_numba_is_not_imported_before_it_is_needed():
    script = """
import sys, xgrad as xg
xg.set_jit(1)
f = xg.function(lambda x: xg.tanh(x * 1.1) + x)
for _ in range(3):
    f(xg.ones(5000))
raise SystemExit("numba" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


# -- where it cannot be had ------------------------------------------------------------------------


@needs_numba
def test_what_numba_refuses_goes_on_as_before(soon, monkeypatch):
    def refuse(text):
        raise ValueError("no such machine")

    monkeypatch.setattr(build, "compiled", refuse)
    f = xg.function(xg.value_and_grad(chain))
    x = xg.ones(3)
    for _ in range(3):
        assert_same(f(x), xg.value_and_grad(chain)(x))
    assert (f.stats().jitted, f.stats().jit) == (0, "failed: ValueError: no such machine")


@needs_numba
def test_arrays_that_machine_code_refuses(soon, monkeypatch, rng):
    def picky(text):
        return lambda *arrays: [][arrays[0]]  # a TypeError, as for an array of another kind

    monkeypatch.setattr(build, "compiled", picky)
    f = xg.function(xg.value_and_grad(chain))
    x = xg.asarray(rng.normal(size=5))
    for _ in range(3):
        assert_same(f(x), xg.value_and_grad(chain)(x))
    assert f.stats().jitted == 0
    assert f.stats().jit.startswith("failed: TypeError")


@needs_numba
def test_arrays_that_are_not_aligned(soon, rng):
    values = rng.normal(size=5)
    raw = np.zeros(values.nbytes + 1, np.uint8)
    array = np.ndarray(values.shape, values.dtype, raw, 1)
    array[...] = values
    assert not array.flags.aligned
    f = xg.function(xg.value_and_grad(chain))
    for _ in range(3):
        assert_same(f(xg.asarray(array, copy=False)), xg.value_and_grad(chain)(xg.asarray(values)))


# -- threads and processes -------------------------------------------------------------------------


@needs_numba
def test_threads_replay_while_one_compiles(soon, rng):
    with xg.set_jit(5, background=True):
        f = xg.function(xg.value_and_grad(chain))
        xs = [xg.asarray(rng.normal(size=6)) for _ in range(4)]
        f(xs[0])
    wrong = []

    def work(x):
        expected = xg.value_and_grad(chain)(x)
        count = 0
        while count < 50 or f.stats().jit in ("waiting", "compiling"):
            count += 1
            for y, e in zip(f(x), expected, strict=True):
                if not np.allclose(y.numpy(), e.numpy(), rtol=1e-12):
                    wrong.append((y, e))

    threads = [threading.Thread(target=work, args=(x,)) for x in xs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert f.stats().jit == "on"


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_goes_on_with_what_was_being_compiled():
    script = """
import os, time, xgrad as xg
from xgrad.compile import runs
runs._costs = lambda: runs._OF_CALLS
def chain(x):
    for _ in range(5):
        x = xg.tanh(x * 1.1) + x
    return xg.sum(x)
xg.set_jit(1, background=True)
f, g = xg.function(xg.value_and_grad(chain)), xg.function(xg.grad(chain))
x = xg.linspace(-1.0, 1.0, 5)
for _ in range(3):
    f(x)
expected = float(f(x)[0])
assert f.stats().jit == "compiling", f.stats()
child = os.fork()  # in the middle
if not child:
    for _ in range(5):  # this compiles in the child
        g(x)
    deadline = time.monotonic() + 60.0
    while g.stats().jit == "compiling" and time.monotonic() < deadline:
        time.sleep(0.01)
    good = abs(float(f(x)[0]) - expected) < 1e-12 and f.stats().jit == g.stats().jit == "on"
    os._exit(0 if good else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=240)


@needs_numba
@pytest.mark.skipif(not numpy_loops.can_batch(), reason="the loops were not compiled here")
def test_batches_of_numpys_loops_leave_long_arithmetic_to_the_compiler(rng):
    """A call costs little in a batch, so what is left to gain is memory: of many cheap instructions."""

    def polynomial(x):
        y = x
        for i in range(40):
            y = y * x + (0.5 + i)
        return xg.sum(y)

    x = xg.asarray(rng.normal(size=64))
    with xg.set_jit(1):
        functions = [xg.function(xg.value_and_grad(f)) for f in (chain, polynomial)]
        for f in functions:
            f(x), f(x), f(x)
    assert [f.stats().jit for f in functions] == ["no gain", "on"]
