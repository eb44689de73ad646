"""grad_pass_through: the case P1 of tensorflow-reference.md, section 2.10, and what is better."""

import numpy as np
import pytest

import xgrad as xg

X = np.array([0.4, 1.6, -2.3])


def gradient_of(f, *xs):
    xs = [xg.asarray(x) for x in xs]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return tape.gradient(y, xs)


def test_p1_rounding_has_the_gradient_of_the_identity(device):
    x = xg.asarray(X, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = 3.0 * xg.grad_pass_through(xg.round)(x)
    np.testing.assert_array_equal(y.numpy(), [0, 6, -6])
    g = tape.gradient(y, x)
    assert g.device == device
    assert g.tolist() == [3, 3, 3]


def test_p1_two_arguments_and_one_result_are_refused_at_once():
    f = xg.grad_pass_through(lambda x, y: x + y)
    with pytest.raises(xg.errors.ShapeError, match=r"arguments x \(3,\).*, y \(3,\).*; results"):
        f(xg.asarray(X), xg.asarray(X))


@pytest.mark.parametrize(
    "f",
    [xg.sum, lambda x: x[:2], lambda x: (x, x), lambda x: xg.argsort(x), lambda x: ()],
    ids=["sum", "slice", "two", "integers", "nothing"],
)
def test_p1_results_that_do_not_correspond_are_refused_at_once(f):
    with pytest.raises(xg.errors.ShapeError, match="Use custom_gradient"):
        xg.grad_pass_through(f)(xg.asarray(X))


def test_two_results_for_two_arguments():
    f = xg.grad_pass_through(lambda x, y: {"a": xg.sign(x), "b": xg.floor(y)})
    found = gradient_of(lambda x, y: [2 * f(x, y)["a"], 3 * f(x, y=y)["b"]], X, X)
    assert [g.tolist() for g in found] == [[2, 2, 2], [3, 3, 3]]


def test_other_arguments_are_handed_on():
    f = xg.grad_pass_through(lambda x, levels, *, sign=1: sign * xg.round(x * levels) / levels)
    y = f(xg.asarray(X), 2, sign=-1)
    np.testing.assert_array_equal(y.numpy(), [-0.5, -1.5, 2.5])
    assert gradient_of(lambda x: f(x, 2, sign=-1), X)[0].tolist() == [1, 1, 1]


def test_function_of_another_library():
    f = xg.grad_pass_through(lambda x: np.round(x.array))
    assert gradient_of(f, X)[0].tolist() == [1, 1, 1]


def test_forward_mode():
    x = xg.asarray(X)
    with xg.ForwardAccumulator(x, [1.0, 2.0, 3.0]) as accumulator:
        y = xg.grad_pass_through(xg.round)(x) ** 2
    np.testing.assert_array_equal(accumulator.jvp(y).numpy(), 2 * np.round(X) * [1, 2, 3])


def test_any_order():
    x = xg.asarray(X)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = xg.sum(xg.grad_pass_through(xg.round)(x) ** 3)
        g = inner.gradient(y, x)
    np.testing.assert_array_equal(g.numpy(), 3 * np.round(X) ** 2)
    np.testing.assert_array_equal(outer.gradient(g, x).numpy(), 6 * np.round(X))


def test_what_is_captured_has_no_gradient():
    v = xg.Variable(2.0)
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.grad_pass_through(lambda x: xg.round(x * v))(x)
    g, none = tape.gradient(y, [x, v])
    assert g.tolist() == [1, 1, 1]
    assert none is None


def test_dtypes_may_change():
    f = xg.grad_pass_through(lambda x: xg.astype(xg.round(x), xg.float64))
    x = xg.asarray(X, dtype=xg.float32)
    with xg.GradientTape() as tape, xg.ForwardAccumulator(x, xg.ones_like(x)) as accumulator:
        tape.watch(x)
        y = f(x)
    assert y.dtype == accumulator.jvp(y).dtype == np.float64
    assert tape.gradient(y, x).dtype == np.float32


def test_variables_and_no_tape():
    f = xg.grad_pass_through(xg.round)
    assert f(xg.Variable(X)).tolist() == [0, 2, -2]
    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = f(v)
    assert tape.gradient(y, v).tolist() == [1, 1, 1]


def test_it_keeps_no_array():
    import gc
    import weakref

    gc.collect()
    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        z = x + 1
        array = weakref.ref(z.array)
        y = xg.grad_pass_through(xg.round)(z)
        del z
        assert array() is None
    assert tape.gradient(y, x).tolist() == [1, 1, 1]


def test_name_and_errors():
    assert xg.grad_pass_through(xg.round).__wrapped__ is xg.round
    assert xg.grad_pass_through(xg.round).__name__ == "round"
    with pytest.raises(TypeError, match="f must be a function"):
        xg.grad_pass_through(xg.asarray(X))
    with pytest.raises(TypeError, match="returned a str"):
        xg.grad_pass_through(lambda x: "text")(xg.asarray(X))
