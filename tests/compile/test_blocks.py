"""Large elementwise work in blocks: groups, sums, broadcasting, guards, threads.

The oracle is the same function without recording."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import numpy_loops, workers
from xgrad.compile import blocks
from xgrad.compile import stretch as stretch_module
from xgrad.compile import sweeping as sweeping_module
from xgrad.compile.stretch import Stretch

SIZE = 70_001  # no multiple of a block


@pytest.fixture(autouse=True)
def threads_are_worth_while(monkeypatch):
    """Small arrays are shared among threads as large ones are."""
    monkeypatch.setattr(blocks, "threads_for", lambda work, calls: blocks.thread_count())


@pytest.fixture(autouse=True, params=["sweeps", "calls"])
def way(request, monkeypatch):
    """Whether groups over flat arrays are sweeps, where they can be, or calls of NumPy."""
    if request.param == "calls":
        monkeypatch.setattr(stretch_module, "sweeping", lambda *_: None)
    elif not numpy_loops.can_batch():
        pytest.skip("the loops were not compiled here, or XGRAD_SPEEDUPS=0")
    return request.param


def noted_runners(monkeypatch):
    """The runners of groups that are made from now on."""
    made = []
    begin = blocks.BlockRunner.__init__

    def note(self, *arguments):
        begin(self, *arguments)
        made.append(self)

    monkeypatch.setattr(blocks.BlockRunner, "__init__", note)
    return made


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
    monkeypatch.setattr(workers, "thread_count", lambda: 4)
    made = noted_runners(monkeypatch)
    counts = []
    for f, size in (
        (xg.sin, 70_000),
        (xg.sin, 300_000),
        (xg.square, 100_000),
        (xg.sin, 8_000_000),
    ):
        g = xg.function(lambda x, f=f: f(f(x) + 1.0))
        for _ in range(2):
            g(xg.zeros(size, dtype=np.float32))
        counts.append(made.pop().threads)
    assert counts == [1, 4, 1, 4]


def test_many_short_calls_stay_on_one_thread(monkeypatch):
    """Two that want the interpreter at the same time wait for each other."""
    monkeypatch.setattr(workers, "thread_count", lambda: 4)
    assert workers.threads_for(1e6, 5) == 4
    assert workers.threads_for(1e6, 60) == 1
    assert workers.threads_for(1e8, 60) == 4
    assert workers.threads_for(1e4, 1) == 1


def test_steps_of_several_variables_share_the_threads(monkeypatch):
    """Each alone has not enough work for two; what reads a result comes after all of them."""
    monkeypatch.setattr(blocks, "thread_count", lambda: 2)
    made = noted_runners(monkeypatch)
    rng = np.random.default_rng(3)
    xs = [rng.normal(size=n) for n in (90_001, 70_003, 65_537, 80_000)]

    def f(*xs):
        halves = [xg.tanh(x * 0.5) for x in xs]
        total = xg.sum(halves[0] * 2.0 + 1.0) + xg.sum(halves[3])
        return halves, total, xg.tanh(halves[1] * total) + 1.0

    assert_replays(f, *xs, groups=4)
    for team, sizes in zip(made[-2:], ({90_001, 80_000}, {70_003, 65_537}), strict=True):
        assert {s.count for s in team.stretches} == sizes
        assert team.threads == 2


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_shares_cover_all_rows_once(threads):
    rng = np.random.default_rng(threads)
    for _ in range(200):
        stretches = [
            SimpleNamespace(count=int(rng.integers(1, 10**6)), width=int(rng.integers(1, 100)))
            for _ in range(rng.integers(1, 6))
        ]
        work = [s.count * s.width * rng.uniform(0.5, 3.0) for s in stretches]
        shares = blocks._shared_out(stretches, work, threads)
        assert 1 <= len(shares) <= threads
        for number, stretch in enumerate(stretches):
            parts = [s for share in shares for s in share if s.group == number]
            edges = [(s.start, s.stop) for s in parts]
            assert edges[0][0] == 0
            assert edges[-1][1] == stretch.count
            assert all(a < b for a, b in edges)
            assert [b for _, b in edges[:-1]] == [a for a, _ in edges[1:]]


def of_product(use):
    return lambda x, y: use(xg.sin(x) * y)


SUMS = {
    "square error": lambda x, y: xg.mean((x - y) ** 2),
    "product": of_product(xg.sum),
    "twice": of_product(lambda p: xg.sum(p) + xg.sum(p * p)),
    "read again": of_product(lambda p: xg.sum(p) + xg.sum(xg.tanh(p))),
    "leaves": of_product(lambda p: (xg.sum(p), p)),
    "number": lambda x, y: xg.sum(xg.sin(x) * 3.0),
    "rows": of_product(lambda p: xg.sum(xg.reshape(p, (7, -1)), axis=0)),
    "spread": lambda x, y: xg.sum(xg.reshape(xg.sin(x), (7, -1)) * xg.sum(y)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("name", SUMS)
def test_sums_of_products_in_blocks(name, dtype, rng, monkeypatch):
    sources = []
    begin = Stretch.compiled

    def note(self, *arguments):
        function = begin(self, *arguments)
        sources.append(self.source)
        return function

    monkeypatch.setattr(Stretch, "compiled", note)
    f = SUMS[name]
    x, y = (rng.normal(size=7 * 30_011).astype(dtype) for _ in range(2))
    if dtype.startswith("complex"):
        y = y + 1j * x
    recorded = xg.function(lambda x, y: f(x, y))
    recorded(xg.asarray(x), xg.asarray(y))
    assert recorded.stats().groups
    joined = name in ("square error", "product", "twice") and not dtype.startswith("complex")
    assert any("product_sum(" in s for s in sources) == joined
    for scale in (1.0, -0.5):
        given = [xg.asarray(a * scale) for a in (x, y)]
        pairs = zip(xg.tree.leaves(recorded(*given)), xg.tree.leaves(f(*given)), strict=True)
        for found, expected in pairs:
            size = np.sqrt(x.size) * (1e-6 if dtype == "float32" else 1e-14)
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=100 * size)


def test_teams_write_over_no_operand_that_others_read(monkeypatch):
    """A result may take the memory of an operand that ends in its group, and nowhere else meanwhile."""
    monkeypatch.setattr(blocks, "thread_count", lambda: 2)
    rng = np.random.default_rng(7)
    xs = [rng.normal(size=n) for n in (200_000, 200_000, 90_000)]

    def f(x, y, z):
        one = xg.reshape(xg.flip(x) * 2.0, (2, -1))  # of another shape, in the same team
        a = xg.sin(one) + 1.0
        b = xg.tanh(xg.reshape(one, (-1,)) * y) + 2.0
        c = xg.exp(xg.sin(z)) * 0.5
        return xg.cos(xg.flip(a)) + 1.0, xg.flip(b), xg.flip(c)

    assert_replays(f, *xs, groups=4)


@pytest.mark.parametrize("donated", ["x", "y", ["x", "y"]])
def test_teams_write_over_donated_arguments_only_where_nobody_reads_them(donated, monkeypatch):
    monkeypatch.setattr(blocks, "thread_count", lambda: 2)
    rng = np.random.default_rng(8)

    def f(x, y):
        turned = xg.reshape(y, (300, 400))
        return xg.sin(x) * 2.0 + 1.0, xg.tanh(turned) + turned * xg.sum(
            xg.reshape(x, (300, 400)), axis=0
        )

    step = xg.function(f, donate=donated)
    for _ in range(4):
        x, y = rng.normal(size=(2, 120_000))
        expected = f(xg.asarray(x), xg.asarray(y))
        found = step(xg.asarray(x.copy()), xg.asarray(y.copy()))
        for a, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), e.numpy(), rtol=1e-12, atol=1e-12)


def test_factors_of_a_product_that_is_only_summed_may_be_written_over(rng):
    def f(x):
        y = xg.flip(xg.sin(x))
        return xg.exp(y) + 1.0, xg.sum(y * y)

    assert_replays(f, rng.normal(size=200_000), groups=1)


def test_groups_beside_large_products_stay_on_one_thread(monkeypatch):
    """Threads of a BLAS wait in circles on the cores that others would take."""
    monkeypatch.undo()
    monkeypatch.setattr(workers, "thread_count", lambda: 2)
    monkeypatch.setattr(blocks, "thread_count", lambda: 2)
    made = noted_runners(monkeypatch)
    rng = np.random.default_rng(9)
    for size, threads in ((60, 2), (80, 1)):
        w = xg.asarray(rng.normal(size=(size, size)))
        f = xg.function(lambda x, w: (xg.sin(xg.cos(x) + 1.0), w @ w))
        for _ in range(2):
            f(xg.zeros(800_000), w)
        assert made[-1].threads == threads
    assert blocks.wakes_blas(f._last().program)


def test_sums_keep_their_order(x):
    """One of a product is taken where the product is, before sums that were asked for first."""
    f = lambda x, y: (xg.sum(x + y), xg.sum(x * y), xg.sum(x - y))
    assert_replays(f, x, x[::-1].copy())


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_result_in_an_argument_that_was_given_away(order, rng):
    f = xg.function(lambda a, b: xg.sin(a * b) + b, donate=("a",))
    for _ in range(3):
        a = np.asarray(rng.normal(size=(400, 400)), order=order)
        b = rng.normal(size=(400, 400))
        expected = np.sin(a * b) + b
        y = f(xg.Tensor(a), xg.asarray(b))
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_choice_between_a_value_and_itself(dtype, rng):
    def f(x):
        y = xg.sin(x)
        z = -y
        return y, xg.where(z > y * 2.0, z, z)

    assert_replays(f, rng.normal(size=(300, 300)).astype(dtype))


# -- rows of a table -----------------------------------------------------------------------------


def embedded(table, ids, y):
    with xg.GradientTape() as tape:
        tape.watch(table)
        loss = xg.mean((xg.tanh(xg.nn.embedding(ids, table)) - y) ** 2)
    return loss, tape.gradient(loss, table)


def gathered_alike(f, table, ids, *others):
    """A function of a table and ids gives the same recorded, for other values of these, too."""
    recorded = xg.function(f)
    for change in range(3):
        inputs = [xg.asarray(x) for x in (table * (1 + change), np.roll(ids, change), *others)]
        found, expected = recorded(*inputs), f(*inputs)
        for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12, atol=1e-15)
    return recorded


@pytest.mark.parametrize("ids_shape", [(2000,), (40, 50)])
@pytest.mark.parametrize("row", [(37,), (5, 9), (4096,)])
def test_rows_of_a_table_are_gathered_in_the_group_that_reads_them(ids_shape, row, rng):
    table, ids = rng.normal(size=(30, *row)), rng.integers(0, 30, ids_shape)
    recorded = gathered_alike(embedded, table, ids, rng.normal(size=(*ids_shape, *row)))
    assert recorded.stats().groups == 1


def test_negative_ids_count_from_the_end(rng):
    table, ids = rng.normal(size=(30, 64)), rng.integers(-30, 0, 2000)
    f = lambda t, i: xg.sum(xg.exp(xg.take(t, i, axis=0)))
    gathered_alike(f, table, ids)


def test_ids_outside_are_refused_in_a_replay(rng):
    table, ids = rng.normal(size=(30, 64)), rng.integers(0, 30, 2000)
    recorded = xg.function(lambda t, i: xg.sum(xg.exp(xg.take(t, i, axis=0))))
    recorded(xg.asarray(table), xg.asarray(ids))
    for wrong in (30, -31):
        bad = np.where(np.arange(2000) == 1500, wrong, ids)
        with pytest.raises(IndexError, match=str(wrong)):
            recorded(xg.asarray(table), xg.asarray(bad))
    found = recorded(xg.asarray(table), xg.asarray(ids))
    np.testing.assert_allclose(found.numpy(), np.exp(table[ids]).sum())


def test_gathered_rows_with_what_is_broadcast(rng):
    table, ids, bias = rng.normal(size=(30, 64)), rng.integers(0, 30, 2000), rng.normal(size=64)
    f = lambda t, i, b: xg.sum(xg.tanh(xg.take(t, i, axis=0) + b), axis=0)
    assert gathered_alike(f, table, ids, bias).stats().groups == 1


def test_gathered_rows_of_strided_tables(rng):
    table, ids = rng.normal(size=(64, 30)).T, rng.integers(0, 30, 2000)
    f = lambda t, i: xg.sum(xg.tanh(xg.take(t, i, axis=0)))
    gathered_alike(f, table, ids)


def test_a_table_that_a_group_computes_is_whole_before_rows_are_taken(rng):
    """Its elements are those of the group, but not in the order in which they are read."""
    x, order = rng.normal(size=(2000, 64)), rng.permutation(2000)

    def f(x, order):
        y = xg.tanh(x)
        z = xg.take(y, order, axis=0)
        return xg.exp(z) * y, xg.exp(xg.take(z + y, order[:1500], axis=0)) + 1

    gathered_alike(f, x, order)


def test_a_table_that_was_given_away_is_not_written_over_before_it_was_read(rng):
    table, ids = rng.normal(size=(2000, 64)), rng.permutation(2000)

    def f(table, ids):
        return xg.tanh(xg.take(table, ids, axis=0)) * 2, xg.exp(xg.take(table, ids[:1999], axis=0))

    recorded = xg.function(f, donate="table")
    for _ in range(3):
        found = recorded(xg.asarray(table.copy()), xg.asarray(ids))
        for y, e in zip(found, f(xg.asarray(table), xg.asarray(ids)), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12)


def test_ids_that_are_operands_as_well(rng):
    table, ids = rng.normal(size=(300, 256)), rng.integers(0, 300, 256)
    f = lambda t, i: xg.tanh(xg.take(t, i, axis=0)) * xg.astype(i, xg.float64)
    gathered_alike(f, table, ids)


def test_rows_are_added_to_a_table_in_the_group_that_makes_them(rng):
    table, ids = rng.normal(size=(30, 64)), rng.integers(-30, 30, 5000)
    recorded = gathered_alike(embedded, table, ids, rng.normal(size=(5000, 64)))
    assert recorded.stats().groups == 1
    alone = re.search(r"w\d+\(", recorded._last().executor.source)  # a function of its own
    assert bool(alone) is not numpy_loops.can_batch()


def test_a_table_larger_than_what_is_added_to_it_is_nobodys_own(rng):
    table, ids = rng.normal(size=(3000, 64)), rng.integers(0, 3000, 5000)
    recorded = gathered_alike(embedded, table, ids, rng.normal(size=(5000, 64)))
    assert re.search(r"w\d+\(", recorded._last().executor.source)


def test_rows_of_two_tables(rng):
    def f(a, b, ids, other):
        with xg.GradientTape() as tape:
            tape.watch((a, b))
            rows = xg.take(a, ids, axis=0) * xg.tanh(xg.take(b, other, axis=0))
            loss = xg.sum(rows**2)
        return tape.gradient(loss, (a, b))

    a, b = rng.normal(size=(30, 64)), rng.normal(size=(7, 64))
    recorded = xg.function(f)
    for _ in range(3):
        ids, other = rng.integers(0, 30, 5000), rng.integers(0, 7, 5000)
        inputs = [xg.asarray(x) for x in (a, b, ids, other)]
        for y, e in zip(recorded(*inputs), f(*inputs), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12, atol=1e-12)


def test_rows_with_what_is_broadcast_are_added_to_a_table(rng):
    def f(table, ids, bias):
        with xg.GradientTape() as tape:
            tape.watch((table, bias))
            loss = xg.sum(xg.tanh(xg.take(table, ids, axis=0) + bias))
        return tape.gradient(loss, (table, bias))

    recorded = gathered_alike(
        f, rng.normal(size=(30, 64)), rng.integers(0, 30, 5000), rng.normal(size=64)
    )
    assert recorded.stats().groups == 1


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_rows_of_other_dtypes_are_added_to_a_table(dtype, rng):
    f = lambda x, ids: xg.IndexedSlices(x * x + 1, ids, (30, 64)).to_dense()
    recorded = xg.function(f)
    ids = xg.asarray(rng.integers(0, 30, 5000))
    for _ in range(2):
        x = xg.asarray(rng.normal(size=(5000, 64)).astype(dtype))
        found, expected = recorded(x, ids), f(x, ids)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize("order", ["C", "F"])
def test_new_rows_are_not_written_over_the_table_they_come_from(order, rng):
    """The gradient has the shape of the table, which is over once rows were taken; and both are large."""
    table, ids = rng.normal(size=(700, 64)), rng.integers(0, 700, 9000)
    y = rng.normal(size=(9000, 64))
    gathered_alike(lambda table, ids, y: embedded(table * 2, ids, y), table, ids, y)
    recorded = xg.function(embedded, donate="table")
    for _ in range(3):
        expected = embedded(xg.asarray(table), xg.asarray(ids), xg.asarray(y))
        found = recorded(xg.asarray(table.copy(order)), xg.asarray(ids), xg.asarray(y))
        np.testing.assert_allclose(found[1].numpy(), expected[1].numpy(), rtol=1e-12, atol=1e-15)


def test_ids_outside_are_refused_where_rows_are_added(rng):
    f = lambda x, ids: xg.IndexedSlices(xg.exp(x), ids, (30, 64)).to_dense()
    recorded = xg.function(f)
    x, ids = xg.asarray(rng.normal(size=(5000, 64))), rng.integers(0, 30, 5000)
    recorded(x, xg.asarray(ids))
    with pytest.raises(IndexError, match="axis 0 with size 30"):
        recorded(x, xg.asarray(np.where(ids == ids[7], 30, ids)))
    np.testing.assert_allclose(
        recorded(x, xg.asarray(ids)).numpy(), f(x, xg.asarray(ids)).numpy(), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "uint64"])
def test_rows_at_narrow_ids(dtype, rng):
    table, ids = rng.normal(size=(30, 64)), rng.integers(0, 30, 5000).astype(dtype)
    recorded = gathered_alike(embedded, table, ids, rng.normal(size=(5000, 64)))
    alone = re.search(r"w\d+\(.*b\d+", recorded._last().executor.source)
    assert bool(alone) is (dtype == "uint64" or not numpy_loops.can_batch())


@pytest.mark.parametrize("wrong", [30, -31])
def test_narrow_ids_outside_are_refused(wrong, rng):
    table, ids = rng.normal(size=(30, 64)), rng.integers(0, 30, 5000).astype("int32")
    recorded = xg.function(lambda t, i: xg.sum(xg.exp(xg.take(t, i, axis=0))))
    recorded(xg.asarray(table), xg.asarray(ids))
    ids[77] = wrong
    with pytest.raises(IndexError, match=str(wrong)):
        recorded(xg.asarray(table), xg.asarray(ids))


# -- guards for later ----------------------------------------------------------------------------


def wave(x):
    """Its gradient has six guards, all of which show in one output."""
    square = x * x
    return xg.sum(xg.tanh(xg.exp(-square) * xg.sin(x) + xg.log(1.0 + square)))


def noted_steps(monkeypatch):
    """The functions of the steps of sweeps that are made from now on."""
    made = []
    begin = sweeping_module.sweeps.sweep

    def note(steps, *arguments):
        made.append([s.function for s in steps])
        return begin(steps, *arguments)

    monkeypatch.setattr(sweeping_module.sweeps, "sweep", note)
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_look_at_an_output_serves_all_guards_before_it(dtype, x, monkeypatch, way):
    made = noted_steps(monkeypatch)
    assert_replays(xg.value_and_grad(wave), x.astype(dtype))
    for functions in made:
        assert functions.count("guard_later") > 3
        assert "guard" not in functions
    assert bool(made) is (way == "sweeps")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 3])
def test_what_guards_for_later_would_mend_is_mended(dtype, threads, x, monkeypatch):
    """Cotangents are zero where partials are not finite: in some blocks, at their ends, and in all of one."""
    monkeypatch.setattr(blocks, "threads_for", lambda work, calls: threads)

    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            safe = xg.where(x > 0, xg.sqrt(xg.abs(x)) * xg.log(xg.abs(x)) + xg.exp(x) / x, 0.0)
            loss = xg.sum(safe * safe)
        return loss, tape.gradient(loss, x), safe

    x = np.abs(x).astype(dtype)
    recorded = xg.function(f)
    recorded(xg.asarray(x))
    block = 2048
    for places in [
        (),
        (0,),
        (block - 1, block, SIZE - 1),
        range(3 * block, 4 * block),
        range(SIZE),
    ]:
        values = x.copy()
        values[list(places)] = 0
        with np.errstate(all="ignore"):
            found, expected = recorded(xg.asarray(values)), f(xg.asarray(values))
        for y, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(
                y.numpy(), e.numpy(), rtol=1e-12 if dtype == "float64" else 1e-4
            )
        assert np.isfinite(found[1].numpy()).all()
        assert not found[1].numpy()[list(places)].any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_by_right_stays(value, x):
    f = xg.value_and_grad(wave)
    recorded = xg.function(f)
    recorded(xg.asarray(x))
    x = x.copy()
    x[[7, 5000, SIZE - 1]] = value
    with np.errstate(all="ignore"):
        found, expected = recorded(xg.asarray(x)), f(xg.asarray(x))
    np.testing.assert_allclose(found[0].numpy(), expected[0].numpy(), rtol=1e-12)
    np.testing.assert_allclose(found[1].numpy(), expected[1].numpy(), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_that_are_written_over_are_guarded_at_once(order, rng):
    """A block of theirs cannot run again."""

    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.where(x > 0, xg.sqrt(xg.abs(x)) * xg.log(xg.abs(x)), 0.0)
            loss = xg.sum(xg.tanh(y) * y)
        return tape.gradient(loss, x)

    recorded = xg.function(f, donate="x")
    for _ in range(3):
        x = np.maximum(rng.normal(size=(300, 300)), 0)
        with np.errstate(all="ignore"):
            expected = f(xg.asarray(x))
            found = recorded(xg.asarray(x.copy(order)))
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)
        assert np.isfinite(found.numpy()).all()


def test_guards_whose_operands_do_not_show_look_at_once(x, monkeypatch, way):
    made = noted_steps(monkeypatch)

    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            loss = xg.sum(xg.sqrt(xg.abs(x)) * xg.exp(x) * xg.sin(x))
        g = tape.gradient(loss, x)
        return xg.where(g > 0, 1.0, 2.0)  # where what is not finite would be lost

    recorded = xg.function(f)
    values = np.maximum(x, 0)
    for _ in range(2):
        with np.errstate(all="ignore"):
            found, expected = recorded(xg.asarray(values)), f(xg.asarray(values))
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    for functions in made:
        assert "guard" in functions
        assert "guard_later" not in functions
    assert bool(made) is (way == "sweeps")


def test_parts_of_what_only_a_call_can_lay_out(rng):
    """Whether a new array, read twice and in another shape, is a view or a copy is known in the call."""

    def f(x, y):
        made, _ = xg.unstack(xg.stack([x, y]))
        return made, xg.exp(xg.repeat(made, 2, axis=-1)[..., ::2]) / y[:, :1] + y

    recorded = xg.function(f)
    for _ in range(3):
        x, y = (xg.asarray(rng.normal(size=(64, 1093))) for _ in range(2))
        for found, expected in zip(recorded(x, y), f(x, y), strict=True):
            np.testing.assert_array_equal(found.numpy(), expected.numpy())
