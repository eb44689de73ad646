"""Large elementwise work in blocks: groups, sums, broadcasting, guards, threads.

The oracle is the same function without recording."""

import os
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import workers
from xgrad.compile import blocks

SIZE = 70_001  # no multiple of a block


@pytest.fixture(autouse=True)
def threads_are_worth_while(monkeypatch):
    """Small arrays are shared among threads as large ones are."""
    monkeypatch.setattr(blocks, "_WORTH", 1e-9)


def assert_replays(f, *inputs, groups=1):
    """A function gives the same when it is replayed, and runs in so many groups."""
    recorded = xg.function(f)
    recorded(*map(xg.asarray, inputs))
    for scale in (1.0, 0.9):
        xs = [xg.asarray(x * scale) for x in inputs]
        found, expected = recorded(*xs), f(*xs)
        for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
            assert (y.shape, y.dtype) == (e.shape, e.dtype)
            rtol = 1e-12 if y.dtype == np.float64 else 2e-5
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=rtol, atol=rtol)
    assert recorded.stats().groups == groups
    return recorded


@pytest.fixture
def x(rng):
    return rng.normal(size=SIZE)


def test_a_chain_with_its_gradient_is_one_group(x):
    f = xg.value_and_grad(lambda x: xg.sum(xg.tanh(xg.exp(-x * x) * xg.sin(x) + xg.log1p(x * x))))
    recorded = assert_replays(f, x)
    stats = recorded.stats()
    assert stats.arena_bytes < stats.value_bytes / 4  # what blocks pass on, and no values


def test_matrices_with_rows_and_columns(rng):
    f = lambda x, row, column: xg.tanh(x * row + column) * 2.0
    assert_replays(f, rng.normal(size=(400, 300)), rng.normal(size=300), rng.normal(size=(400, 1)))


def test_sums_over_the_first_axis_end_in_a_group(rng):
    f = xg.grad(lambda b, x: xg.sum(xg.tanh(x + b) ** 2))
    assert_replays(f, rng.normal(size=300), rng.normal(size=(400, 300)))


def test_sums_over_other_axes_stay_outside(rng):
    f = lambda x: xg.sum(xg.exp(xg.sin(x)), axis=1)
    assert_replays(f, rng.normal(size=(400, 300)))


def test_two_groups_with_a_dependence_between_them(x):
    def f(x):
        y = xg.exp(xg.sin(x))
        return xg.cos(y / xg.sum(y)) * 3.0

    assert_replays(f, x, groups=2)


def test_values_of_a_group_may_be_read_outside(rng):
    def f(x, w):
        h = xg.tanh(x) * 2.0
        return h @ w, xg.sum(h)

    assert_replays(f, rng.normal(size=(400, 300)), rng.normal(size=(300, 5)))


def test_comparisons_and_choices(x):
    f = xg.value_and_grad(lambda x: xg.sum(xg.where(x > 0.0, xg.sqrt(abs(x)), x * x)))
    assert_replays(f, x)


def test_float32_and_conversions(x):
    f = lambda x: xg.astype(xg.exp(-x), xg.float64) * 2.0 + 1.0
    assert_replays(f, x.astype(np.float32))


def test_strided_inputs(rng):
    f = lambda x: xg.sin(x) * 2.0 + 1.0
    recorded = xg.function(f)
    base = rng.normal(size=(300, 600))
    for view in (base[:, ::2], base.T[:300], np.asfortranarray(base[:, :300])):
        np.testing.assert_allclose(recorded(xg.asarray(view)).numpy(), np.sin(view) * 2 + 1)


def test_zero_cotangents_are_zero_in_blocks(x):
    f = xg.grad(lambda x: xg.sum(xg.where(x > 0.0, xg.log(x), 0.0)))
    with np.errstate(all="ignore"):
        assert_replays(f, x)
        recorded = xg.function(f)
        recorded(xg.asarray(np.abs(x) + 1.0))
        found = recorded(xg.asarray(x)).numpy()
    np.testing.assert_allclose(found, np.where(x > 0, 1 / np.where(x > 0, x, 1), 0))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same(x, threads, monkeypatch):
    monkeypatch.setattr(blocks, "thread_count", lambda: threads)
    f = xg.value_and_grad(lambda x: xg.sum(xg.tanh(x * 3.0) ** 2))
    assert_replays(f, x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.where(x > 0, xg.sin(x) * 2.0, xg.cos(x) * 3.0),
        lambda x: xg.exp(xg.where(x > 0, xg.sin(x) * 2.0, xg.cos(x) * 3.0)) * 2.0,
        lambda x: xg.exp(xg.where(x > 0, xg.cos(x) * 3.0, 1.0)) * 2.0,
        xg.grad(lambda x: xg.sum(xg.sqrt(xg.where(x > 0, x, 0.0)) * xg.sin(x))),
        xg.grad(lambda x: xg.sum(xg.where(x > 0, xg.log(xg.where(x > 0, x, 1.0)) * x, x * 3.0))),
    ],
    ids=["result", "inside", "number", "guards", "both"],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_choices_and_guards_do_not_write_over_what_they_read(f, rng):
    """Both begin with a copy of one operand and look at the others afterwards."""
    recorded = xg.function(f)
    for _ in range(2):
        x = xg.asarray(rng.normal(size=300_000))
        np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-13, atol=1e-13)


def test_replays_do_not_warn_whatever_numpy_is_told(x):
    f = xg.function(xg.value_and_grad(lambda x: xg.sum(xg.where(x > 0, xg.sqrt(x), x / (x * 0.0)))))
    x[0] = 0.0
    with np.errstate(all="ignore"):
        expected = f(xg.asarray(x))
    with np.errstate(all="raise"):  # on threads too
        found = f(xg.asarray(x))
    for y, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(y.numpy(), e.numpy())


def test_blocks_on_threads_follow_the_callers_errstate():
    def share(number):
        np.ones(3) / np.zeros(3)

    with np.errstate(all="ignore"):
        workers.run_shares(share, 3)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        workers.run_shares(share, 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_replays_in_blocks():
    script = """
import os, xgrad as xg
f = xg.function(xg.value_and_grad(lambda x: xg.sum(xg.tanh(x * 3.0) ** 2)))
x = xg.linspace(-1.0, 1.0, 2_000_001)
f(x)
expected = float(f(x)[0])
child = os.fork()
if not child:
    os._exit(0 if float(f(x)[0]) == expected else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""  # in a process of its own: libraries that other tests imported do not like forks
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_rows_are_taken_into_a_buffer(axis):
    """Negative numbers of rows count from the end, and those out of bounds are refused."""
    x = xg.Variable(np.random.default_rng(0).normal(size=(30, 40)))
    f = lambda i: xg.sum(xg.square(xg.take(x, i, axis=axis)))
    recorded = xg.function(f)
    for numbers in ([0, 3, -1], [-30, 29, 7], [5, 5, 5]):
        i = xg.asarray(np.array(numbers))
        np.testing.assert_allclose(recorded(i).numpy(), f(i).numpy(), rtol=1e-14)
    for wrong in ([0, 1, 40], [-41, 0, 0]):
        with pytest.raises(IndexError):
            recorded(xg.asarray(np.array(wrong)))


def test_threads_are_woken_for_what_takes_long_enough(monkeypatch):
    """A look at what a group would take, not at how many elements it has: sines count for more."""
    monkeypatch.undo()
    monkeypatch.setattr(blocks, "thread_count", lambda: 4)
    made = []
    begin = blocks.BlockRunner.__init__

    def note(self, *arguments):
        begin(self, *arguments)
        made.append(self._threads)

    monkeypatch.setattr(blocks.BlockRunner, "__init__", note)
    counts = []
    for f, size in (
        (xg.sin, 200_000),
        (xg.sin, 1_000_000),
        (xg.square, 1_000_000),
        (xg.sin, 8_000_000),
    ):
        g = xg.function(lambda x, f=f: f(f(x) + 1.0))
        for _ in range(2):
            g(xg.zeros(size, dtype=np.float32))
        counts.append(made.pop())
    assert counts == [1, 3, 1, 4]
