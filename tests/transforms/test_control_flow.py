"""cond, while_loop, scan. Oracles: Python's own control flow, and closed forms."""

import tracemalloc

import numpy as np
import pytest

import xgrad as xg

# -- cond --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pred", "expected"), [(True, 9.0), (xg.asarray([1.0])[0] > 2.0, -3.0)])
def test_cond_runs_one_function(pred, expected):
    calls = []
    found = xg.cond(
        pred, lambda x: calls.append(1) or x * x, lambda x: calls.append(1) or -x, xg.asarray(3.0)
    )
    assert found.item() == expected
    assert len(calls) == 1


def test_gradient_of_cond_is_that_of_the_branch():
    f = lambda x: xg.cond(x > 1.0, lambda y: y * y, lambda y: -y, x)
    assert xg.grad(f)(3.0).item() == 6.0
    assert xg.grad(f)(0.5).item() == -1.0
    assert xg.jvp(f, (3.0,), (1.0,))[1].item() == 6.0


def test_cond_inside_vmap_lets_each_example_decide():
    f = lambda x: xg.cond(x > 0.0, xg.log, lambda y: {"a": y}["a"] * 2.0, x)
    x = xg.asarray([-1.0, 1.0, np.e])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(xg.vmap(f)(x).numpy(), [-2.0, 0.0, 1.0])
        slopes = xg.vmap(xg.grad(f))(x).numpy()
    np.testing.assert_allclose(slopes, [2.0, 1.0, 1 / np.e])


def test_cond_inside_vmap_changes_operands_in_place_as_a_loop_does():
    def double(x):
        x *= 2.0
        return x + 10.0

    def f(pred, x):
        x = x * 1.0
        return xg.cond(pred, double, lambda x: x + 0.0, x), x

    y, x = xg.vmap(f)(xg.asarray([True, False]), xg.asarray([1.0, 2.0]))
    assert (y.tolist(), x.tolist()) == ([12.0, 2.0], [2.0, 2.0])


def test_cond_inside_vmap_needs_one_structure():
    with pytest.raises(ValueError, match=r"true_fn returned \[\*\] and false_fn \*"):
        xg.vmap(lambda x: xg.cond(x > 0.0, lambda y: [y], lambda y: y, x))(xg.ones(2))


@pytest.mark.parametrize(
    ("pred", "error", "message"),
    [
        (xg.ones(2) > 0, xg.errors.ShapeError, r"\(2,\) bool on cpu must have shape"),
        (xg.asarray(1.0), xg.errors.DTypeError, "must be boolean"),
        (1.0, TypeError, "the condition is a float"),
    ],
)
def test_a_condition_must_be_a_boolean_scalar(pred, error, message):
    with pytest.raises(error, match=message):
        xg.cond(pred, lambda: 1, lambda: 2)


# -- while_loop --------------------------------------------------------------------------------


def newton(a):
    """The square root of a."""
    return xg.while_loop(
        lambda s: abs(s["x"] * s["x"] - a) > 1e-13,
        lambda s: {"x": (s["x"] + a / s["x"]) / 2.0, "n": s["n"] + 1},
        {"x": xg.ones_like(a), "n": 0},
    )


def test_while_loop_goes_on_until_the_condition_fails():
    found = newton(xg.asarray(2.0))
    np.testing.assert_allclose(found["x"].item(), np.sqrt(2.0), rtol=1e-14)
    assert 3 < found["n"].item() < 8


def test_gradients_pass_through_while_loop():
    f = lambda a: newton(a)["x"]
    np.testing.assert_allclose(xg.grad(f)(2.0).item(), 0.5 / np.sqrt(2.0), rtol=1e-12)
    np.testing.assert_allclose(xg.jvp(f, (2.0,), (1.0,))[1].item(), 0.5 / np.sqrt(2.0), rtol=1e-12)
    np.testing.assert_allclose(xg.grad(xg.grad(f))(2.0).item(), -0.25 * 2.0**-1.5, rtol=1e-10)


def test_while_loop_inside_vmap_stops_for_each_example():
    found = xg.vmap(lambda a: xg.while_loop(lambda x: x < a, lambda x: x * 2.0, 1.0))
    assert found(xg.asarray([0.5, 3.0, 100.0])).tolist() == [1.0, 4.0, 128.0]


def test_while_loop_inside_vmap_keeps_what_is_done_from_changes_in_place():
    def double(x):
        x *= 2.0
        return x

    f = lambda limit, x: xg.while_loop(lambda x: x < limit, double, x)
    assert xg.vmap(f)(xg.asarray([8.0, 100.0]), xg.ones(2)).tolist() == [8.0, 128.0]


def test_gradient_of_while_loop_inside_vmap():
    a = np.asarray([2.0, 3.0, 50.0])
    found = xg.vmap(xg.grad(lambda a: newton(a)["x"]))(a)
    np.testing.assert_allclose(found.numpy(), 0.5 / np.sqrt(a), rtol=1e-10)


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (lambda x: (x, x), ValueError, r"returned \(\*, \*\), but was given \*"),
        (lambda x: xg.stack([x, x]), xg.errors.ShapeError, "keeps its shape"),
        (lambda x: xg.astype(x, xg.float32), xg.errors.DTypeError, "keeps its dtype"),
        (lambda x: "text", TypeError, "while_loop: body_fn"),
    ],
)
def test_what_goes_round_keeps_its_form(body, error, message):
    with pytest.raises(error, match=message):
        xg.while_loop(lambda x: True, body, xg.asarray(1.0))


# -- scan --------------------------------------------------------------------------------------


def test_scan_carries_and_collects():
    xs = {"a": xg.asarray([1.0, 2.0, 3.0]), "b": xg.asarray([[1.0], [0.0], [2.0]])}
    carry, ys = xg.scan(lambda c, x: (c * x["a"] + x["b"], (c, x["a"])), xg.ones(1), xs)
    assert carry.tolist() == [((1 * 1 + 1) * 2 + 0) * 3 + 2]
    assert ys[0].tolist() == [[1.0], [2.0], [4.0]]
    assert ys[1].tolist() == [1.0, 2.0, 3.0]


def test_scan_backwards_keeps_the_places_of_results():
    carry, ys = xg.scan(lambda c, x: (c + x, c), 0.0, xg.asarray([1.0, 2.0, 4.0]), reverse=True)
    assert carry.item() == 7.0
    assert ys.tolist() == [6.0, 4.0, 0.0]


def test_scan_without_arrays_needs_a_length():
    carry, ys = xg.scan(lambda c, _: (c * 2.0, None), 1.0, length=5)
    assert carry.item() == 32.0
    assert ys is None
    with pytest.raises(ValueError, match="neither xs nor length"):
        xg.scan(lambda c, _: (c, None), 1.0)


def recurrent(w, xs):
    carry, ys = xg.scan(lambda h, x: ((h := xg.tanh(h @ w + x)), h), xg.zeros(3), xs)
    return xg.sum(carry) + xg.sum(ys * ys)


def looped(w, xs):
    h = xg.zeros(3)
    total = 0.0
    for i in range(xs.shape[0]):
        h = xg.tanh(h @ w + xs[i, :])
        total = total + xg.sum(h * h)
    return xg.sum(h) + total


@pytest.mark.parametrize("transform", [xg.grad, xg.hessian, xg.jacfwd])
def test_derivatives_of_scan_are_those_of_a_loop(transform, rng):
    w, xs = rng.normal(size=(3, 3)), xg.asarray(rng.normal(size=(4, 3)))
    found = transform(lambda w: recurrent(w, xs))(w).numpy()
    expected = transform(lambda w: looped(w, xs))(w).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("recorded", [False, True], ids=["eager", "recorded"])
def test_scan_with_checkpoints_keeps_one_value_per_round(rng, recorded):
    def f(c, x):
        for _ in range(10):
            c = xg.tanh(c * 1.1 + x)
        return c, xg.sum(c)

    def slope(g, c):
        return xg.grad(lambda c: xg.sum(xg.scan(g, c, xg.ones(30))[1]))(c)

    start = xg.asarray(rng.normal(size=20_000))
    plain, peaks = slope(f, start), []
    with_checkpoints = lambda c: slope(xg.checkpoint(f), c)
    if recorded:
        with_checkpoints = xg.function(with_checkpoints)
        with_checkpoints(start)
    np.testing.assert_allclose(with_checkpoints(start).numpy(), plain.numpy(), rtol=1e-13)
    for run in (lambda c: slope(f, c), with_checkpoints):
        tracemalloc.start()
        run(start)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] / 4


def test_scan_inside_vmap(rng):
    w, batch = xg.asarray(rng.normal(size=(3, 3))), xg.asarray(rng.normal(size=(2, 4, 3)))
    found = xg.vmap(lambda xs: recurrent(w, xs))(batch)
    expected = [recurrent(w, batch[i, ...]).item() for i in range(2)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda c, x: c, ValueError, "must return a pair"),
        (lambda c, x: (xg.stack([c, c]), x), xg.errors.ShapeError, "keeps its shape"),
        (lambda c, x: (c + 1.0, [x] * int(c.item() + 1)), ValueError, "in the first round"),
    ],
)
def test_f_must_keep_its_form(f, error, message):
    with pytest.raises(error, match=message):
        xg.scan(f, 0.0, xg.ones(3))


def test_lengths_must_agree():
    with pytest.raises(xg.errors.ShapeError, match="3 slices were expected"):
        xg.scan(lambda c, x: (c, None), 0.0, [xg.ones(3), xg.ones(2)])


def test_nothing_to_scan_gives_empty_results():
    carry, ys = xg.scan(lambda c, x: (c + 1.0, x @ xg.ones((3, 2))), 5.0, xg.ones((0, 3)))
    assert carry.item() == 5.0
    assert ys.shape == (0, 2)


def remembers(x):
    """Two branches that change a Tensor from outside in place; one reads it first."""
    memory = x * 2.0

    def positive():
        memory[...] = x * 10.0
        return x

    def negative():
        z = x * 1.0
        z += memory
        memory[...] = memory * memory
        return z

    return xg.cond(x > 0.0, positive, negative) * memory


@pytest.mark.parametrize("f", [remembers, xg.grad(remembers)], ids=["value", "gradient"])
def test_cond_in_vmap_chooses_what_branches_do_to_tensors_from_outside(f):
    xs = xg.asarray([1.0, -1.0, 2.0, -3.0])
    assert xg.vmap(f)(xs).tolist() == [f(x).item() for x in xs]


def test_cond_in_vmap_gives_a_changed_tensor_that_is_a_result():
    def f(x):
        memory = x * 1.0

        def write():
            memory[0] = 5.0
            return memory

        return xg.cond(x[1] > 0.0, write, lambda: memory), memory

    xs = xg.asarray([[1.0, 1.0], [2.0, -1.0]])
    for found in xg.vmap(f)(xs):
        assert found.tolist() == [[5.0, 1.0], [2.0, -1.0]]


def test_while_loop_in_vmap_leaves_tensors_of_examples_that_are_done():
    def f(x):
        rounds = x * 0.0

        def body(c):
            rounds[...] = rounds + 1.0
            return c - 1.0

        xg.while_loop(lambda c: c > 0.0, body, x)
        return rounds

    assert xg.vmap(f)(xg.asarray([1.0, 3.0, 0.0])).tolist() == [1.0, 3.0, 0.0]


def test_assignments_that_depend_on_the_example_are_refused():
    v = xg.Variable(1.0, name="count")
    xs = xg.asarray([1.0, -1.0])

    def branch():
        v.assign_add(1.0)
        return 0.0

    def body(c):
        v.assign_add(1.0)
        return c - 1.0

    with pytest.raises(xg.errors.ArgumentError, match="cond: true_fn assigns to count"):
        xg.vmap(lambda x: xg.cond(x > 0.0, branch, lambda: 0.0))(xs)
    with pytest.raises(xg.errors.ArgumentError, match="while_loop: body_fn assigns to count"):
        xg.vmap(lambda x: xg.while_loop(lambda c: c > 0.0, body, x))(xs)
    assert v.numpy() == 1.0
    xg.vmap(lambda x: xg.cond(True, branch, lambda: 0.0) + x)(xs)
    assert v.numpy() == 2.0


@pytest.mark.parametrize("transform", [lambda f: f, xg.function], ids=["eager", "function"])
def test_a_scan_of_nothing_changes_nothing(transform):
    v, rng, state = xg.Variable(5.0), xg.random.Generator(0), xg.random.Generator(0).state

    @transform
    def f(x):
        memory = x * 1.0

        def step(c, _):
            memory[...] = memory / c
            v.assign_add(1.0)
            return c + rng.normal(), c

        return xg.scan(step, x, xg.zeros((0,))), memory

    for _ in range(3):
        (carry, ys), memory = f(xg.asarray(0.0))
        assert (carry.item(), ys.shape, memory.item()) == (0.0, (0,), 0.0)
    assert v.numpy() == 5.0
    assert rng.state == state


@pytest.mark.parametrize(("length", "error"), [(-1, "negative"), (2.5, "must be an int")])
def test_a_length_is_a_number_of_rounds(length, error):
    with pytest.raises(xg.errors.XgradError, match=f"scan: length .*{error}"):
        xg.scan(lambda c, _: (c, c), 0.0, length=length)
