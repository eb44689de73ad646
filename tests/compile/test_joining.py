"""Many small products as one: the numbers stay, there are fewer instructions.

The oracle is the same function without recording."""

import collections

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile.direct import DirectExecutor
from xgrad.compile.passes.joining import with_joined_products
from xgrad.compile.passes.layout import with_copied_transposes

PRODUCTS = ("matmul", "absorbing_matmul")


def recorded(f, *arrays, rtol=1e-12):
    """The recorded function, after it was compared with f, and its program's names."""
    made = xg.function(f)
    for scale in (1.0, 0.7, -1.3):
        xs = [xg.asarray(x * scale) for x in arrays]
        for y, e in zip(xg.tree.leaves(made(*xs)), xg.tree.leaves(f(*xs)), strict=True):
            assert (y.shape, y.dtype) == (e.shape, e.dtype)
            size = np.max(np.abs(e.numpy()), initial=1.0)
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=rtol, atol=rtol * size)
    names = collections.Counter(i.primitive.name for i in made._last().program.instructions)
    return made, names


def network(steps, *, captured=True, rows=5, units=4, seed=0):
    """A recurrent network with its inputs captured or given, and the arrays to call it with."""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=(rows, 3)) for _ in range(steps)]
    w, u, b = rng.normal(size=(3, units)), rng.normal(size=(units, units)), rng.normal(size=units)
    kept = [xg.asarray(x) for x in inputs]

    def loss(w, u, b, *given):
        h = xg.zeros((rows, units))
        for x in given or kept:
            h = xg.tanh(x @ w + h @ u + b)
        return xg.sum(h * h)

    arrays = [w, u, b] if captured else [w, u, b, *inputs]
    return loss, arrays


@pytest.mark.parametrize("captured", [True, False])
def test_a_recurrent_network_has_three_large_products(captured):
    steps = 12
    loss, arrays = network(steps, captured=captured)
    f = xg.value_and_grad(loss, argnums=(0, 1, 2))
    _, names = recorded(f, *arrays)
    # One for all inputs, one each for w's and u's gradients; and what needs the step before, both ways.
    products = names["matmul"] + names["absorbing_matmul"]
    assert products <= 3 + steps + (steps - 1)
    assert names["sum"] == 2


def test_captured_inputs_are_put_below_each_other_once():
    loss, arrays = network(12)
    made, _ = recorded(xg.value_and_grad(loss, argnums=(0, 1, 2)), *arrays)
    shapes = [a.shape for a in made._last().program.constants.values()]
    assert shapes.count((60, 3)) == 1


def test_few_products_stay_as_they_are():
    loss, arrays = network(3)
    _, names = recorded(xg.value_and_grad(loss, argnums=(0, 1, 2)), *arrays)
    assert names["concat"] == 0


@pytest.mark.parametrize("order", ["grad", "hessian", "jvp"])
def test_higher_orders_are_those_of_the_function(order):
    loss, (w, u, b) = network(6, units=2)
    f = {
        "grad": xg.grad(
            lambda u: xg.sum(xg.grad(lambda v: loss(xg.asarray(w), v, xg.asarray(b)))(u) ** 2)
        ),
        "hessian": xg.hessian(lambda u: loss(xg.asarray(w), u, xg.asarray(b))),
        "jvp": lambda u: xg.jvp(lambda v: loss(xg.asarray(w), v, xg.asarray(b)), (u,), (u * 2.0,)),
    }[order]
    recorded(f, u, rtol=1e-10)


@pytest.mark.parametrize("seed", range(60))
def test_random_sums_of_products(seed):
    """Of any factors, transposed or not, captured or not, with other terms between, some used twice."""
    rng = np.random.default_rng(seed)
    m, k, n = rng.integers(1, 5, 3)
    count = int(rng.integers(2, 9))
    kinds = rng.choice(["plain", "transposed", "captured", "rows", "other", "number"], count)
    shared, twice = rng.random() < 0.4, rng.random() < 0.3
    arrays = []
    for kind in kinds:
        depth = int(rng.integers(1, 4)) if kind == "plain" else int(k)
        arrays.append(rng.normal(size=(depth, m) if kind == "transposed" else (m, depth)))
        arrays.append(rng.normal(size=(depth, n)))
    wide = rng.normal(size=(k, n))

    def f(*xs):
        total, extra = 0.0, 0.0
        for i, kind in enumerate(kinds):
            x, y = xs[2 * i], xs[2 * i + 1]
            if kind == "transposed":
                term = xg.matrix_transpose(x) @ y
            elif kind == "captured":
                term = xg.asarray(arrays[2 * i]) @ (xg.asarray(wide) if shared else y)
            elif kind == "rows":
                term = xg.broadcast_to(xg.sum(y, axis=0), (int(m), int(n))) * 0.5
            elif kind == "number":
                term = x @ xg.asarray(wide) + 2.0
            elif kind == "other":
                term = xg.sin(x @ y)
            else:
                term = x @ y
            if twice and i == 1:
                extra = xg.sum(term * term)
            total = term + total if i % 3 == 2 else total + term
        return xg.sum(total * total) + extra, total

    recorded(f, *arrays)
    grad = xg.grad(lambda *xs: f(*xs)[0], argnums=tuple(range(len(arrays))))
    recorded(lambda *xs: grad(*xs), *arrays)


@pytest.mark.parametrize("factor", [np.inf, np.nan])
def test_zero_cotangents_absorb_in_joined_products(factor):
    """A step whose result nobody uses has no part in the gradient, whatever its input is."""

    def loss(w, *xs):
        return sum(
            xg.sum(xg.where(x < 10.0, x, 0.0) @ w * (0.0 if i == 2 else 1.0))
            for i, x in enumerate(xs)
        )

    rng = np.random.default_rng(0)
    w, *xs = rng.normal(size=(3, 2)), *rng.normal(size=(6, 4, 3))
    f = xg.function(xg.grad(loss))
    f(*map(xg.asarray, (w, *xs)))
    names = [i.primitive.name for i in f._last().program.instructions]
    assert names.count("absorbing_matmul") <= 2
    xs[3][1, 1] = factor
    given = [xg.asarray(x) for x in (w, *xs)]
    with np.errstate(all="ignore"):
        found, expected = f(*given), xg.grad(loss)(*given)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-13)


def test_products_that_leave_or_depend_on_each_other_stay():
    rng = np.random.default_rng(1)
    w = rng.normal(size=(3, 3)) * 0.5
    xs = rng.normal(size=(8, 2, 3))

    def leave(w, *xs):
        return [x @ w for x in xs]

    _, names = recorded(leave, w, *xs)
    assert names["matmul"] == 8

    def chain(w, x):
        found = []
        for _ in range(8):
            x = x @ w
            found.append(x + 1.0)
        return found

    _, names = recorded(chain, w, xs[0])
    assert names["matmul"] == 8

    def both(w, *xs):
        first = [x @ w for x in xs]
        return [xg.tanh(y) @ w for y in first]

    _, names = recorded(lambda w, *xs: [xg.sin(y) for y in both(w, *xs)], w, *xs)
    assert names["matmul"] == 2


@pytest.mark.parametrize("seed", range(200))
def test_products_of_products_stay_in_order(seed):
    """Random networks of few factors, each result of which may be a factor again."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(8, 40))
    factors = [rng.normal(size=(3, 3)) * 0.5 for _ in range(2)]
    plan = []
    for i in range(count):
        kind = rng.choice(["product", "product", "product", "sine", "sum"])
        plan.append((kind, int(rng.integers(max(0, i - 6), i + 1)), int(rng.integers(0, i + 1))))

    def f(x, *w):
        found = [x]
        for kind, one, two in plan:
            y = found[one]
            if kind == "product":
                found.append(y @ w[two % 2])
            else:
                found.append(xg.sin(y) if kind == "sine" else y * 0.5 + found[two])
        return xg.sum(found[-1] ** 2) + sum(xg.sum(y * 0.1) for y in found[::3])

    arrays = [rng.normal(size=(2, 3)), *factors]
    recorded(f, *arrays)
    grad = xg.grad(f, argnums=(0, 1, 2))
    recorded(lambda *xs: grad(*xs), *arrays)


def test_large_products_and_whole_numbers_stay():
    rng = np.random.default_rng(2)
    large = rng.normal(size=(70, 80))

    def f(w, x):
        return sum(xg.sin(x + float(i)) @ w for i in range(6))

    _, names = recorded(f, rng.normal(size=(80, 60)), large, rtol=1e-11)
    assert names["matmul"] == 6
    whole = xg.function(lambda w, *xs: sum(x @ w for x in xs))
    xs = [xg.asarray(rng.integers(-5, 5, (2, 2))) for _ in range(7)]
    np.testing.assert_array_equal(whole(*xs).numpy(), whole(*xs).numpy())
    assert "concat" not in str(whole.program())


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_transposes_that_many_products_read_are_copied_once(dtype):
    rng = np.random.default_rng(3)
    w = rng.normal(size=(6, 6)).astype(dtype) * 0.4
    x = rng.normal(size=(2, 6)).astype(dtype)

    def f(w, x):
        for _ in range(7):
            x = x @ xg.matrix_transpose(w)
        return x

    made, names = recorded(f, w, x, rtol=1e-4)
    assert names["copy"] == (dtype == "float32")
    before = made._last().recorded
    after = with_copied_transposes(with_joined_products(before))
    for y, e in zip(
        DirectExecutor(after).run([w, x]), DirectExecutor(before).run([w, x]), strict=True
    ):
        np.testing.assert_allclose(y, e, rtol=1e-4)
