"""Gradients of gradients: rules run on Tensors when somebody watches them run."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad as xg


def test_nested_tapes_to_fifth_order():
    x = xg.Variable(2.0)
    tapes = [xg.GradientTape() for _ in range(5)]
    for tape in tapes:
        tape.__enter__()
    y = x**6
    found = []
    for tape in reversed(tapes):
        tape.__exit__(None, None, None)
        y = tape.gradient(y, x)
        found.append(float(y))
    assert found == pytest.approx([6 * 32, 30 * 16, 120 * 8, 360 * 4, 720 * 2])


def test_persistent_tape_inside_its_own_context():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
        third = tape.gradient(second, x)
    assert [float(g) for g in (first, second, third)] == pytest.approx([27.0, 18.0, 6.0])


def test_inner_gradient_in_the_outer_context():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(x**3)
        g = inner.gradient(y, x)
    assert g.tolist() == [3.0, 12.0]
    assert outer.gradient(g, x).tolist() == [6.0, 12.0]


def test_inner_gradient_with_both_contexts_open():
    x = xg.Variable(2.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner:
        y = x**3
        g = inner.gradient(y, x)
    assert float(outer.gradient(g, x)) == pytest.approx(12.0)


CLOSED_FORMS = {
    "exp": (xg.exp, lambda x: [np.exp(x)] * 3),
    "sin": (xg.sin, lambda x: [np.cos(x), -np.sin(x), -np.cos(x)]),
    "log": (xg.log, lambda x: [1 / x, -1 / x**2, 2 / x**3]),
    "sqrt": (xg.sqrt, lambda x: [0.5 * x**-0.5, -0.25 * x**-1.5, 0.375 * x**-2.5]),
    "reciprocal": (lambda x: 1.0 / x, lambda x: [-(x**-2), 2 * x**-3, -6 * x**-4]),
    "power": (lambda x: x**4, lambda x: [4 * x**3, 12 * x**2, 24 * x]),
    "tanh": (
        xg.tanh,
        lambda x: [
            1 - np.tanh(x) ** 2,
            -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
            (6 * np.tanh(x) ** 2 - 2) * (1 - np.tanh(x) ** 2),
        ],
    ),
    "product": (
        lambda x: x * xg.exp(x),
        lambda x: [(x + k) * np.exp(x) for k in (1, 2, 3)],
    ),
    "composed": (
        lambda x: xg.sin(x * x),
        lambda x: [
            2 * x * np.cos(x**2),
            2 * np.cos(x**2) - 4 * x**2 * np.sin(x**2),
            -12 * x * np.sin(x**2) - 8 * x**3 * np.cos(x**2),
        ],
    ),
}


@pytest.mark.parametrize(("f", "expected"), CLOSED_FORMS.values(), ids=CLOSED_FORMS.keys())
def test_three_derivatives_equal_the_closed_form(f, expected):
    x = np.array([0.3, 0.9, 1.7])
    v = xg.Variable(x)
    with xg.GradientTape(persistent=True) as tape:
        y = f(v)
        first = tape.gradient(y, v)
        second = tape.gradient(first, v)
    third = tape.gradient(second, v)
    for found, right in zip((first, second, third), expected(x), strict=True):
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-12)


@pytest.mark.parametrize(("f", "expected"), CLOSED_FORMS.values(), ids=CLOSED_FORMS.keys())
def test_nested_and_persistent_tapes_agree(f, expected):
    x = np.array([0.3, 0.9, 1.7])
    v = xg.Variable(x)
    with xg.GradientTape() as a:
        with xg.GradientTape() as b:
            with xg.GradientTape() as c:
                y = f(v)
            first = c.gradient(y, v)
        second = b.gradient(first, v)
    third = a.gradient(second, v)
    np.testing.assert_allclose(third.numpy(), expected(x)[2], rtol=1e-12)


def test_outer_tape_watches_other_variables_than_the_inner():
    x, w = xg.Variable(3.0), xg.Variable(2.0)
    with xg.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(w)
        with xg.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(x)
            y = w * w * x**3
        g = inner.gradient(y, x)
    gw, gx = outer.gradient(g, [w, x])
    assert float(g) == pytest.approx(4 * 27.0)
    assert float(gw) == pytest.approx(2 * 2.0 * 27.0)
    assert gx is None


def test_mixed_second_derivatives_are_symmetric():
    x, w = xg.Variable(3.0), xg.Variable(2.0)
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = xg.sin(w * x) * x
        gx, gw = inner.gradient(y, [x, w])
    a, b = outer.gradient(gx, w), outer.gradient(gw, x)
    u = 6.0
    assert float(a) == pytest.approx(float(b))
    assert float(a) == pytest.approx(2 * 3.0 * np.cos(u) - u * 3.0 * np.sin(u))


def test_gradient_penalty():
    """The loss of a WGAN-GP critic: the parameter's gradient goes through the input's gradient."""
    x, w = xg.asarray([1.0, 2.0]), xg.Variable([0.5, -1.0])
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = xg.sum(xg.tanh(x * w))
        g = inner.gradient(y, x)
        penalty = xg.sum(g * g)
    found = outer.gradient(penalty, w).numpy()

    def value(w):
        u = np.array([1.0, 2.0]) * w
        return np.sum((w * (1 - np.tanh(u) ** 2)) ** 2)

    w0, h = np.array([0.5, -1.0]), 1e-6
    numeric = [(value(w0 + h * e) - value(w0 - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(found, numeric, rtol=1e-7)


def test_overlapping_tapes_of_second_order():
    x = xg.Variable(2.0)
    outer, inner = xg.GradientTape(), xg.GradientTape()
    inner.__enter__()
    outer.__enter__()
    y = x**4
    inner.__exit__(None, None, None)
    g = inner.gradient(y, x)
    outer.__exit__(None, None, None)
    assert float(g) == pytest.approx(32.0)
    assert float(outer.gradient(g, x)) == pytest.approx(48.0)


@pytest.mark.parametrize(
    "f",
    [lambda x: x**3, lambda x: x * (x * 2.0), lambda x: xg.sum(xg.stack([x, x * x]))],
    ids=["direct", "partly_through_an_intermediate", "stack"],
)
def test_outer_tape_that_opened_too_late_sees_a_constant_and_not_half_a_derivative(f):
    x = xg.Variable(3.0)
    with xg.GradientTape() as inner:
        y = f(x)
    with xg.GradientTape(persistent=True) as outer:
        g = inner.gradient(y, x)
        z = g * x
    assert outer.gradient(g, x) is None
    assert float(outer.gradient(z, x)) == float(g)
    assert "computed before this tape was recording" in str(outer.explain(g, x))


def test_outer_tape_watches_what_an_earlier_tape_computed_that_goes_meanwhile():
    x = xg.asarray([1.0, 2.0])
    earlier = xg.GradientTape(persistent=True)
    with earlier:
        earlier.watch(x)
        u = x * 2.0
    with xg.GradientTape() as outer:
        outer.watch(u)
        del earlier
        with xg.GradientTape() as inner:
            inner.watch(u)
            y = xg.sum(u**3)
        slope = inner.gradient(y, u)
    assert outer.gradient(slope, u).tolist() == [12.0, 24.0]


def test_gradient_with_respect_to_output_gradients():
    x, seed = xg.Variable([1.0, 2.0]), xg.Variable([3.0, 5.0])
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = x**3
        g = inner.gradient(y, x, output_gradients=seed)
    assert g.tolist() == [9.0, 60.0]
    assert outer.gradient(g, seed).tolist() == [3.0, 12.0]
    assert outer.gradient(g, x).tolist() == [3 * 6.0, 5 * 12.0]


def test_variable_as_output_gradients_is_not_returned_itself():
    x, seed = xg.Variable([1.0, 2.0]), xg.Variable([3.0, 5.0])
    with xg.GradientTape():
        with xg.GradientTape() as inner:
            y = x + 0.0
        g = inner.gradient(y, x, output_gradients=seed)
    assert type(g) is xg.Tensor
    seed.assign([0.0, 0.0])
    assert g.tolist() == [3.0, 5.0]


def test_forward_derivative_by_two_reverse_passes():
    """J v is the gradient of <u, J^T ...> with respect to u: Townsend's trick."""
    x, v = xg.Variable([0.5, 1.5]), xg.asarray([2.0, -1.0])
    u = xg.asarray([0.0, 0.0])
    with xg.GradientTape() as outer:
        outer.watch(u)
        with xg.GradientTape() as inner:
            y = xg.sin(x) * x[::-1]
        g = inner.gradient(y, x, output_gradients=u)
        product = xg.sum(g * v)
    a, b = 0.5, 1.5
    jacobian = np.array([[np.cos(a) * b, np.sin(a)], [np.sin(b), np.cos(b) * a]])
    np.testing.assert_allclose(outer.gradient(product, u).numpy(), jacobian @ v.numpy())


def test_hessian_by_loops_equals_the_closed_form(rng):
    a = rng.standard_normal((4, 4))
    x = xg.Variable(rng.standard_normal(4))
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = xg.vecdot(x, a @ x) + xg.sum(x**3)
        g = inner.gradient(y, x)
        parts = [g[i] for i in range(4)]
    rows = [outer.gradient(part, x).numpy() for part in parts]
    np.testing.assert_allclose(np.stack(rows), a + a.T + np.diag(6 * x.numpy()), rtol=1e-12)


def test_hessian_of_logistic_regression(rng):
    features, labels = rng.standard_normal((7, 3)), rng.integers(0, 2, 7).astype(float)
    w = xg.Variable(rng.standard_normal(3))
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            z = features @ w
            loss = xg.sum(xg.log1p(xg.exp(z)) - labels * z)
        g = inner.gradient(loss, w)
        parts = [g[i] for i in range(3)]
    rows = np.stack([outer.gradient(part, w).numpy() for part in parts])
    p = 1 / (1 + np.exp(-(features @ w.numpy())))
    np.testing.assert_allclose(g.numpy(), features.T @ (p - labels), rtol=1e-12)
    np.testing.assert_allclose(rows, features.T @ (features * (p * (1 - p))[:, None]), rtol=1e-12)


def test_second_order_step_through_a_gradient_step(rng):
    """MAML: the outer gradient goes through inner steps of gradient descent."""
    w, lr, steps = xg.Variable(2.0), xg.Variable(0.1), 3
    with xg.GradientTape() as outer:
        value = w.value()
        for _ in range(steps):
            with xg.GradientTape() as inner:
                inner.watch(value)
                loss = value**4
            value = value - lr * inner.gradient(loss, value)
        final = value**4
    gw, glr = (float(g) for g in outer.gradient(final, [w, lr]))

    def run(w, lr):
        for _ in range(steps):
            w = w - lr * 4 * w**3
        return w**4

    h = 1e-6
    assert gw == pytest.approx((run(2 + h, 0.1) - run(2 - h, 0.1)) / (2 * h), rel=1e-6)
    assert glr == pytest.approx((run(2, 0.1 + h) - run(2, 0.1 - h)) / (2 * h), rel=1e-6)


def test_results_of_one_recorded_gradient_are_handles_of_their_own():
    a, b = xg.Variable([1.0]), xg.Variable([2.0])
    with xg.GradientTape():
        with xg.GradientTape() as inner:
            y = a + b
        ga, gb = inner.gradient(y, [a, b])
        ga += 5.0
    assert gb.tolist() == [1.0]


def test_derivative_of_a_linear_function_is_explained():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(3.0 * x)
        g = inner.gradient(y, x)
    assert outer.gradient(g, x) is None
    assert "the derivative of something linear" in str(outer.explain(g, x))


def test_recorded_and_unrecorded_gradients_are_equal(rng):
    x = xg.Variable(rng.standard_normal((3, 4)))

    def f(x):
        y = xg.tanh(x @ xg.matrix_transpose(x)) / (1.0 + xg.exp(-x[:, :3]))
        return xg.sum(xg.max(y, axis=0) * xg.std(y, axis=1)) + xg.prod(y[0])

    with xg.GradientTape() as tape:
        y = f(x)
    raw = tape.gradient(y, x)
    with xg.GradientTape():
        with xg.GradientTape() as tape:
            y = f(x)
        recorded = tape.gradient(y, x)
    np.testing.assert_allclose(raw.numpy(), recorded.numpy(), rtol=1e-13)


def test_stop_gradients_in_a_recorded_gradient():
    x = xg.Variable(3.0)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = x * x
            z = y * x
        g = inner.gradient(z, x, stop_gradients=[y])
    assert float(g) == 9.0
    assert float(outer.gradient(g, x)) == 6.0


def test_several_outputs_in_second_order():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            a, _ = xg.unstack(x**3)
            y = a * a
        g = inner.gradient(y, x)
    assert g.tolist() == [6.0, 0.0]
    assert outer.gradient(g, x).tolist() == [30.0, 0.0]
