"""Programs whose small calls run as batches of NumPy's loops: the same bits as without."""

import itertools
import re

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.backends import numpy_loops
from xgrad.compile import batches

pytestmark = pytest.mark.skipif(
    not numpy_loops.can_batch(), reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0"
)


def source_of(f):
    return f._last().executor.source


def both(f, *arguments, monkeypatch):
    """A replay with batches and one without; the second call is the first replay."""
    found = []
    for enabled in (True, False):
        with monkeypatch.context() as patch, xg.set_jit(None):
            if not enabled:
                patch.setattr(numpy_loops, "can_batch", lambda: False)
            recorded = xg.function(f)
            recorded(*arguments)
            found.append(recorded(*arguments))
        assert ("batch" in source_of(recorded)) <= enabled
    return found


def bits(result):
    return [
        None if x is None else (x.dtype, x.shape, x.numpy().tobytes())
        for x in xg.tree.leaves(result)
    ]


@pytest.mark.parametrize("seed", range(80))
def test_random_programs_have_the_same_bits(seed, monkeypatch):
    function = program(seed)

    def step(*inputs):
        with xg.GradientTape() as tape:
            tape.watch(inputs)
            y = function(xg, *inputs)
        return y, tape.gradient(y, inputs)

    inputs = [xg.asarray(x) for x in function.inputs]
    fast, slow = both(step, *inputs, monkeypatch=monkeypatch)
    assert bits(fast) == bits(slow)


def chain(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(5):
            y = xg.tanh(y * 1.1) + x
        total = xg.sum(y)
    return total, tape.gradient(total, x)


def test_a_chain_is_one_line():
    f = xg.function(chain)
    x = xg.asarray(np.linspace(-1, 1, 8, dtype="float32"))
    f(x)
    lines = source_of(f).splitlines()
    assert len(lines) == 5
    assert re.fullmatch(
        r" +v\d+, v\d+ = batch\d+\(a0\)  # multiply, tanh, .* and \d+ more", lines[1]
    )


def test_views_of_arguments_need_no_lines():
    def rosenbrock(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
        return tape.gradient(y, x)

    f = xg.function(rosenbrock)
    x = xg.asarray(np.linspace(-1, 1, 9))
    expected = f(x)
    assert "key" not in source_of(f)
    np.testing.assert_array_equal(f(x).numpy(), expected.numpy())
    np.testing.assert_allclose(f(x).numpy(), rosenbrock(x).numpy(), rtol=1e-12)


def test_arguments_that_lie_otherwise_give_the_same():
    f = xg.function(lambda x: xg.exp(x[1:] * 2.0) - x[:-1])
    whole = np.linspace(0.0, 1.0, 12)
    x = xg.asarray(whole[:6].copy())
    f(x)
    assert "batch" in source_of(f)
    for other in (whole[::2], whole[6:][::-1]):
        y = xg.Tensor(other)
        assert f(y).numpy().tobytes() == (xg.exp(y[1:] * 2.0) - y[:-1]).numpy().tobytes()
    assert f(x).numpy().tobytes() == (xg.exp(x[1:] * 2.0) - x[:-1]).numpy().tobytes()


def test_results_are_new_in_every_call():
    f = xg.function(lambda x: (x + 1.0, xg.sum(x)))
    first = f(xg.asarray([1.0, 2.0]))
    again, third = f(xg.asarray([3.0, 4.0])), f(xg.asarray([5.0, 6.0]))
    assert [r.tolist() for r in (*first, *again, *third)] == [
        [2.0, 3.0],
        3.0,
        [4.0, 5.0],
        7.0,
        [6.0, 7.0],
        11.0,
    ]


def test_memory_that_was_given_away_is_used_as_before():
    f = xg.function(lambda x, y: (x * y, x[::-1] + y), donate=("x",))
    for _ in range(3):
        x, y = xg.asarray(np.arange(5000.0)), xg.asarray(np.arange(5000.0) + 1)
        expected = (x.numpy() * y.numpy(), x.numpy()[::-1] + y.numpy())
        found = f(x, y)
        for part, value in zip(found, expected, strict=True):
            np.testing.assert_array_equal(part.numpy(), value)


@pytest.mark.parametrize("function", [xg.sum, xg.mean], ids=["sum", "mean"])
def test_a_sum_over_no_axis_is_no_sum(function):
    f = xg.function(lambda x: function(x * 2.0, axis=()) + 0.0)
    x = xg.asarray(np.arange(5.0))
    assert f(x).tolist() == f(x).tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_what_has_no_axes_is_turned_round():
    f = xg.function(lambda x: (xg.flip(x) + x, xg.flip(x + x) + x))
    f(xg.asarray(1.0))
    assert [float(y) for y in f(xg.asarray(2.0))] == [4.0, 6.0]
    assert [float(y) for y in f(xg.asarray(3.0))] == [6.0, 9.0]


def test_many_arrays_are_several_batches(monkeypatch):
    monkeypatch.setattr(batches, "_MOST_ARRAYS", 8)
    f = xg.function(lambda *xs: [x * 2.0 for x in xs])
    xs = [xg.asarray([float(i), 1.0]) for i in range(100)]
    f(*xs)
    assert source_of(f).count("batch") > 20
    assert [y.tolist() for y in f(*xs)] == [[2.0 * i, 2.0] for i in range(100)]


def test_integers_to_negative_powers_are_still_refused():
    f = xg.function(lambda x, y: x**y + 1)
    x = xg.asarray([1, 2, 3])
    f(x, xg.asarray([1, 2, 1]))
    with pytest.raises(ValueError, match="negative integer powers"):
        f(x, xg.asarray([1, -2, 1]))
    assert f(x, xg.asarray([2, 2, 2])).tolist() == [2, 5, 10]


def test_what_is_not_finite_is_found_and_run_with_care():
    def safe(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(xg.where(x > 0.0, xg.log(x), 0.0))
        return tape.gradient(y, x)

    f = xg.function(safe)
    f(xg.asarray([1.0, 2.0, 3.0]))
    assert f(xg.asarray([1.0, 0.0, -1.0])).tolist() == [1.0, 0.0, 0.0]
    assert f(xg.asarray([2.0, 4.0, 1.0])).tolist() == [0.5, 0.25, 1.0]


def test_threads_have_their_own_results():
    from concurrent.futures import ThreadPoolExecutor

    f = xg.function(chain)
    inputs = [xg.asarray(np.linspace(-1, i, 20_000)) for i in range(8)]
    f(inputs[0])
    expected = [bits(f(x)) for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert [bits(r) for r in pool.map(f, inputs)] == expected


def network(x, labels, kernels, biases):
    """Layers, and a cross entropy written out: products, sums over one axis, whole numbers."""
    with xg.GradientTape() as tape:
        tape.watch((kernels, biases))
        y = x
        for kernel, bias in zip(kernels, biases, strict=True):
            y = xg.tanh(y @ kernel + bias)
        inside = (labels > 0) & (labels < 3)
        chosen = xg.where(inside, labels * 2 - 1, 0)
        total = xg.sum(xg.exp(y), axis=1)
        loss = xg.sum(total * xg.astype(chosen, y.dtype)) + xg.sum(xg.sum(y, axis=0) ** 2)
    return loss, tape.gradient(loss, (kernels, biases))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(4, 16, 3), (8, 8, 8, 8), (3, 1, 5), (60, 64, 7)])
def test_networks_have_the_same_bits(sizes, dtype, rng, monkeypatch):
    kernels = [
        xg.asarray(rng.normal(size=pair).astype(dtype)) for pair in itertools.pairwise(sizes)
    ]
    biases = [xg.asarray(rng.normal(size=n).astype(dtype)) for n in sizes[1:]]
    x = xg.asarray(rng.normal(size=(10, sizes[0])).astype(dtype))
    labels = xg.asarray(rng.integers(0, 4, 10))
    fast, slow = both(network, x, labels, kernels, biases, monkeypatch=monkeypatch)
    assert bits(fast) == bits(slow)
    values, gradients = network(x, labels, kernels, biases)
    for mine, eager in zip(xg.tree.leaves((values, gradients)), xg.tree.leaves(fast), strict=True):
        tolerance = 1e-4 if dtype == "float32" else 1e-11
        np.testing.assert_allclose(mine.numpy(), eager.numpy(), rtol=tolerance, atol=tolerance)


def test_products_and_sums_are_in_the_same_line_as_what_is_around_them(rng):
    kernels = [xg.asarray(rng.normal(size=(8, 8))) for _ in range(3)]
    biases = [xg.asarray(rng.normal(size=8)) for _ in range(3)]
    f = xg.function(network)
    arguments = (xg.asarray(rng.normal(size=(10, 8))), xg.asarray(rng.integers(0, 4, 10)))
    f(*arguments, kernels, biases)
    source = source_of(f)
    assert re.search(r"# matmul, add, tanh, matmul, add, tanh and \d+ more", source)
    assert not re.search(
        r"^ *(add_reduce|w\d+\(.*matmul|f_(less|greater|multiply))", source, re.MULTILINE
    )
    turned = xg.Tensor(np.asfortranarray(arguments[0].numpy()))
    found, expected = f(turned, arguments[1], kernels, biases), f(*arguments, kernels, biases)
    for one, two in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
@pytest.mark.parametrize("number", [0, 1, 100, 127])
def test_whole_numbers_beside_whole_numbers(number, dtype, monkeypatch):
    def f(x):
        return x + number, x * number, number - x, x < number, x % max(number, 1), x**2 + 0 * number

    x = xg.asarray(np.asarray([0, 1, 2, 127, 100, 7], dtype))
    fast, slow = both(f, x, monkeypatch=monkeypatch)
    assert bits(fast) == bits(slow) == bits(f(x))


def test_numbers_that_a_dtype_does_not_have_are_compared_as_before(monkeypatch):
    def f(x):
        return x < 300, x > -1, x == 1000

    x = xg.asarray(np.asarray([0, 255, 7], "uint8"))
    fast, slow = both(f, x, monkeypatch=monkeypatch)
    assert bits(fast) == bits(slow) == bits(f(x))
