"""Functions with gradients of their own inside and around vmap, Jacobians and Hessians.

Oracle: the same for one example after the other, which test_custom_gradient.py tests."""

import numpy as np
import pytest

import xgrad as xg

X = np.random.default_rng(3).uniform(0.5, 2.0, (4, 3))
W = np.random.default_rng(4).uniform(0.5, 2.0, 3)


@xg.custom_gradient
def plain(x, w):
    """On purpose not the gradient of the value, to see that the rule holds."""
    e = xg.exp(x)
    return e * w, lambda dy: (dy * e * w * 3, xg.sum(dy * e) * w)


@xg.custom_gradient
def opaque(x, w):
    """Neither the function nor the rule takes examples that stand for many."""
    y = xg.asarray(np.sqrt(x.numpy()) * w.numpy())

    def rule(dy):
        assert np.all(np.isfinite(dy.numpy()))
        return dy * y / x * 3, xg.sum(dy * y) * w

    return y, rule


@xg.custom_gradient
def opaque_rule(x, w):
    """The rule does not take them, but can be differentiated."""

    def rule(dy):
        assert np.all(np.isfinite(dy.numpy()))
        return dy * x * w * 3, xg.sum(dy * x) * w

    return x * x * w, rule


@xg.custom_gradient
def two_results(x, w):
    return (x * w, xg.sum(x)), lambda da, db: (da * w * 3 + db * 5, da * x * 7)


def first_of_two(x, w):
    a, b = two_results(x, w)
    return a * b


FUNCTIONS = {"plain": plain, "opaque": opaque, "rule": opaque_rule, "two": first_of_two}
every = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


def loop(f, *batches):
    rows = [f(*[xg.asarray(b[i]) for b in batches]) for i in range(len(batches[0]))]
    if isinstance(rows[0], tuple):
        return [np.stack([part.numpy() for part in parts]) for parts in zip(*rows, strict=True)]
    return np.stack([y.numpy() for y in rows])


def close(found, expected):
    if isinstance(found, (tuple, list)):
        for part, e in zip(found, expected, strict=True):
            close(part, e)
    else:
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def scalar(f):
    return lambda x, w: xg.sum(xg.sin(f(x, w)))


@every
def test_vmap_gives_the_values(f):
    close(xg.vmap(f, in_axes=(0, None))(X, xg.asarray(W)), loop(lambda x: f(x, W), X))


@every
@pytest.mark.parametrize("argnums", [0, 1])
def test_gradient_inside_vmap(f, argnums):
    found = xg.vmap(xg.grad(scalar(f), argnums), in_axes=(0, None))(X, W)
    close(found, loop(lambda x: xg.grad(scalar(f), argnums)(x, W), X))


@every
def test_gradient_around_vmap_uses_the_rule(f):
    batch = xg.vmap(f, in_axes=(0, None))
    found = xg.grad(lambda x, w: xg.sum(xg.sin(batch(x, w))), (0, 1))(X, W)
    rows = loop(lambda x: xg.grad(scalar(f), (0, 1))(x, W), X)
    close(found, [rows[0], rows[1].sum(0)])


@every
def test_gradient_around_and_inside_vmap(f):
    inner = xg.vmap(xg.grad(scalar(f)), in_axes=(0, None))
    found = xg.grad(lambda x, w: xg.sum(inner(x, w) ** 2), (0, 1))(X, W)
    rows = loop(
        lambda x: xg.grad(lambda x, w: xg.sum(xg.grad(scalar(f))(x, w) ** 2), (0, 1))(x, W), X
    )
    close(found, [rows[0], rows[1].sum(0)])


@every
def test_hessian_inside_vmap(f):
    found = xg.vmap(lambda x: xg.hessian(scalar(f))(x, W))(X)
    close(found, loop(lambda x: xg.hessian(scalar(f))(x, W), X))


@every
def test_jacobian_runs_the_rule_for_all_rows(f):
    x, w = xg.asarray(X[0]), xg.asarray(W)
    with xg.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        y = f(x, w)
    for found, source in zip(tape.jacobian(y, [x, w]), (x, w), strict=True):
        rows = [tape.gradient(y, source, row).numpy() for row in np.eye(3)]
        np.testing.assert_allclose(found.numpy(), rows, rtol=1e-14)


@every
def test_hessian_of_the_tape_and_by_rows_of_the_gradient(f):
    x = xg.asarray(X[0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = scalar(f)(x, W)
    found = tape.hessian(y, x)
    with xg.GradientTape(persistent=True) as outer:
        outer.watch(x)
        g = xg.grad(lambda x: scalar(f)(x, W))(x)
    rows = [outer.gradient(g, x, row).numpy() for row in np.eye(3)]
    np.testing.assert_allclose(found.numpy(), rows, rtol=1e-12)


@every
def test_forward_mode_inside_and_around_vmap(f):
    direction = np.cos(X)
    expected = loop(lambda x, t: xg.jvp(lambda x: f(x, W), (x,), (t,))[1], X, direction)
    inside = xg.vmap(lambda x, t: xg.jvp(lambda x: f(x, W), (x,), (t,))[1])(X, direction)
    close(inside, expected)
    around = xg.jvp(xg.vmap(lambda x: f(x, W)), (X,), (direction,))[1]
    close(around, expected)


@every
def test_vmap_in_vmap(f):
    inner = xg.vmap(f, in_axes=(None, 0))
    weights = np.stack([W, 2 * W])
    found = xg.vmap(inner, in_axes=(0, None))(X, weights)
    close(found, np.stack([loop(lambda w, x=x: f(x, w), weights) for x in X]))


@every
def test_gradient_around_vmap_in_vmap(f):
    weights = np.stack([W, 2 * W])

    def total(x, w):
        inner = xg.vmap(f, in_axes=(None, 0))
        return xg.sum(xg.sin(xg.vmap(inner, in_axes=(0, None))(x, w)))

    found = xg.grad(total, (0, 1))(X, weights)
    parts = [[xg.grad(scalar(f), (0, 1))(x, w) for w in weights] for x in X]
    close(found[0], np.stack([sum(p[0].numpy() for p in row) for row in parts]))
    close(found[1], np.stack([sum(row[k][1].numpy() for row in parts) for k in range(2)]))


@every
def test_per_example_gradient(f):
    found = xg.per_example_gradient(lambda w, x: scalar(f)(x, w))(W, X)
    close(found, loop(lambda x: xg.grad(scalar(f), 1)(x, W), X))


def test_forward_rule_inside_vmap():
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: dy))
    f.defjvp(lambda primals, tangents: (primals[0], 10 * tangents[0]))
    found = xg.vmap(lambda x, t: xg.jvp(f, (x,), (t,))[1])(X, X)
    np.testing.assert_allclose(found.numpy(), 10 * X)


def test_forward_rule_that_takes_one_direction_after_the_other():
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: dy))
    f.defjvp(lambda primals, tangents: (primals[0], 10 * tangents[0].numpy()))
    found = xg.vmap(lambda t: xg.jvp(f, (X[0],), (t,))[1])(np.eye(3))
    np.testing.assert_allclose(found.numpy(), 10 * np.eye(3))


def test_result_that_all_examples_share():
    f = xg.custom_gradient(lambda x, w: (w * 2, lambda dy: (dy * 5, dy * 3)))
    y, g = xg.value_and_grad(lambda x, w: xg.sum(xg.vmap(f, in_axes=(0, None))(x, w)), (0, 1))(X, W)
    assert float(y) == pytest.approx(4 * 2 * W.sum())
    np.testing.assert_allclose(g[0].numpy(), np.full(X.shape, 5.0))
    np.testing.assert_allclose(g[1].numpy(), np.full(3, 12.0))


def test_none_and_integers_inside_vmap():
    @xg.custom_gradient
    def f(x, i):
        return xg.take(x, i), lambda dy: (None, None)

    found = xg.vmap(xg.grad(lambda x, i: xg.sum(f(x, i) + xg.take(x, i)) + xg.sum(x)))(
        X, np.array([[0, 1], [1, 2], [2, 2], [0, 0]])
    )
    assert found.tolist() == [[2, 2, 1], [1, 2, 2], [1, 1, 3], [3, 1, 1]]


def test_error_of_the_function_itself_comes_out_of_vmap():
    @xg.custom_gradient
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        xg.vmap(f)(X)


def test_error_of_the_rule_comes_out_of_a_jacobian():
    @xg.custom_gradient
    def f(x):
        def rule(dy):
            raise KeyError("mine")

        return x * 2, rule

    with pytest.raises(KeyError, match="mine"):
        xg.jacrev(f)(X[0])


def test_straight_through_and_hooks_inside_vmap():
    rounded = xg.grad_pass_through(lambda x: np.round(x.numpy()))
    found = xg.vmap(lambda x: rounded(x) * 2)(X)
    np.testing.assert_allclose(found.numpy(), np.round(X) * 2)
    found = xg.vmap(xg.grad(lambda x: xg.sum(rounded(x) * 2)))(X)
    np.testing.assert_allclose(found.numpy(), np.full(X.shape, 2.0))
    found = xg.vmap(xg.grad(lambda x: xg.sum(xg.gradient_hook(x, lambda g: g * x) ** 2)))(X)
    np.testing.assert_allclose(found.numpy(), 2 * X * X)


def test_outer_tape_passes_hooks_inside_vmap():
    f = xg.vmap(lambda x: xg.sum(xg.gradient_hook(x, lambda g: g * x) ** 2))
    np.testing.assert_allclose(xg.grad(lambda x: xg.sum(f(x)))(X).numpy(), 2 * X * X)


def test_captured_value_inside_vmap_is_refused():
    w = xg.Variable(W)
    f = xg.custom_gradient(lambda x: (x * w, lambda dy: dy))
    with xg.GradientTape(), pytest.raises(xg.errors.NotDifferentiableError, match="variables"):
        xg.vmap(f)(X)


def test_forward_mode_outside_takes_the_rule_of_forward_mode():
    @xg.custom_gradient
    def f(x, y):
        return x * y, lambda g: (7.0 * g, 7.0 * g)

    @f.defjvp
    def f_jvp(primals, tangents):
        (x, y), (s, t) = primals, tangents
        return x * y, (0.0 if s is None else s * y) + (0.0 if t is None else t * x)

    x, y = xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([5.0, 6.0])
    given = (x, y), (xg.ones_like(x), 2.0 * xg.ones_like(y))
    mapped = xg.jvp(xg.vmap(f, in_axes=(0, None)), *given)[1]
    np.testing.assert_allclose(mapped.numpy(), xg.jvp(f, *given)[1].numpy())


def test_forward_mode_outside_runs_no_hooks():
    f = xg.vmap(lambda x: xg.gradient_hook(x, lambda g: 10.0 * g) * x)
    x = xg.asarray([1.0, 2.0])
    assert xg.jvp(f, (x,), (xg.ones(2),))[1].tolist() == [2.0, 4.0]


def test_what_is_run_for_one_example_after_the_other_is_done_once_for_each():
    @xg.custom_gradient
    def square(x):
        return xg.asarray(float(x) ** 2), lambda g: 2.0 * g * x

    count, memory, rng = xg.Variable(0.0), xg.zeros(()), xg.random.Generator(0)

    def f(x):
        count.assign_add(1.0)
        memory[...] = memory + 1.0
        return square(x) + rng.normal()

    xs = xg.asarray([1.0, 2.0, 3.0])
    expected = xs**2 + xg.random.Generator(0).normal((3,))
    assert xg.vmap(f)(xs).tolist() == expected.tolist()
    assert count.numpy() == 3.0
    assert memory.item() == 3.0
