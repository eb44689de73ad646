"""ForwardAccumulator: life cycle, arguments, nesting; tensorflow-reference.md, section 2.11."""

import gc
import threading
import weakref

import numpy as np
import pytest

import xgrad as xg


def cube(x):
    return xg.sum(x**3)


@pytest.fixture
def x():
    return xg.asarray([1.0, 2.0, 3.0])


@pytest.fixture
def v():
    return xg.asarray([1.0, 0.5, -1.0])


# -- what it computes --------------------------------------------------------------------------


def test_jvp_is_the_directional_derivative(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = cube(x)
    assert accumulator.jvp(y).item() == 3 * (1 + 4 * 0.5 - 9)


def test_jvp_of_a_nest_has_its_structure(x, v):
    with xg.ForwardAccumulator({"x": x}, {"x": v}) as accumulator:
        y = {"a": x * 2, "b": [cube(x)]}
    found = accumulator.jvp(y)
    assert found["a"].tolist() == [2.0, 1.0, -2.0]
    assert found["b"][0].shape == ()


def test_variables_are_primals(v):
    w = xg.Variable([1.0, 2.0, 3.0])
    with xg.ForwardAccumulator(w, v) as accumulator:
        y = w * w
    assert accumulator.jvp(y).tolist() == [2.0, 2.0, -6.0]


def test_jvp_of_a_primal_is_its_tangent(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        pass
    assert accumulator.jvp(x).tolist() == v.tolist()


def test_tangent_of_float32_stays_float32():
    x = xg.asarray([1.0, 2.0], dtype=xg.float32)
    with xg.ForwardAccumulator(x, np.ones(2)) as accumulator:
        y = xg.tanh(x) * 2.0
    assert accumulator.jvp(y).dtype == xg.float32


def test_item_assignment_and_gather_and_loops_are_followed(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = xg.zeros(3)
        for i in range(3):
            y[i] = x[i] * x[2]
        z = xg.take(y, xg.asarray([2, 0]))
    assert accumulator.jvp(z).tolist() == [-6.0, 3.0 - 1.0]


def test_stop_gradient_stops_tangents(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = x * xg.stop_gradient(x)
        z = xg.stop_gradient(x)
    assert accumulator.jvp(y).tolist() == [1.0, 1.0, -3.0]
    assert accumulator.jvp(z) is None


@pytest.mark.parametrize("function", [xg.sign, xg.floor, xg.round])
def test_zero_derivatives_are_none_in_both_modes(function, x, v):
    with xg.ForwardAccumulator(x, v) as accumulator, xg.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert accumulator.jvp(y) is None
    assert tape.gradient(y, x) is None


def test_where_is_safe_with_an_infinite_partial():
    x = xg.asarray([0.0, 4.0])
    with np.errstate(all="ignore"), xg.ForwardAccumulator(x, [1.0, 1.0]) as accumulator:
        y = xg.where(x > 0, xg.sqrt(x), 0.0)
    assert accumulator.jvp(y).tolist() == [0.0, 0.25]


def test_zero_tangent_at_an_infinite_partial_gives_zero():
    x = xg.asarray([0.0, 4.0])
    with xg.ForwardAccumulator(x, [0.0, 1.0]) as accumulator:
        y = xg.sqrt(x)
    assert accumulator.jvp(y).tolist() == [0.0, 0.25]


# -- life cycle --------------------------------------------------------------------------------


def test_jvp_can_be_read_after_the_context(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = cube(x)
    assert accumulator.jvp(y) is not None
    assert accumulator.jvp(y) is not None


def test_what_happens_after_the_context_has_no_tangent(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = cube(x)
    assert accumulator.jvp(y * 2) is None


def test_it_can_be_entered_again(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = x * x
    with accumulator:
        z = y * 2
    assert accumulator.jvp(z).tolist() == [4.0, 4.0, -12.0]


def test_entering_twice_at_once_is_refused(x, v):
    with (
        xg.ForwardAccumulator(x, v) as accumulator,
        pytest.raises(ValueError, match=r"Accumulator is already recording\."),
    ):
        accumulator.__enter__()


def test_an_exception_leaves_nobody_watching(x, v):
    before = xg.core.observers.state.recorder
    with pytest.raises(ZeroDivisionError), xg.ForwardAccumulator(x, v):
        raise ZeroDivisionError
    assert xg.core.observers.state.recorder is before


def test_another_thread_is_refused(x, v):
    accumulator = xg.ForwardAccumulator(x, v)
    errors = []

    def enter():
        try:
            accumulator.__enter__()
        except xg.errors.TapeError as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert "belongs to another thread" in str(errors[0])


def test_values_and_tangents_are_freed_at_once(x, v):
    gc.collect()
    gc.disable()
    try:
        with xg.ForwardAccumulator(x, v) as accumulator:
            y = x * 2
            dropped = weakref.ref(accumulator.jvp(y).array)
            del y
            assert dropped() is None
            z = x * 3
            kept = weakref.ref(accumulator.jvp(z).array)
        del accumulator
        assert kept() is None
    finally:
        gc.enable()


def test_a_tape_that_watches_what_has_a_tangent_does_not_lose_it(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = x * x
        with xg.GradientTape() as tape:
            tape.watch(y)
            z = xg.sum(y * y)
        g = tape.gradient(z, y)
    assert accumulator.jvp(y).tolist() == [2.0, 2.0, -6.0]
    assert accumulator.jvp(g).tolist() == [4.0, 4.0, -12.0]


# -- arguments ---------------------------------------------------------------------------------


def test_another_structure_is_refused(x, v):
    with pytest.raises(ValueError, match="must have the structure of primals"):
        xg.ForwardAccumulator([x, x * 1], [v])


def test_a_primal_given_twice_is_refused(x, v):
    with pytest.raises(
        ValueError, match=r"primals: leaf 1 of 2 \(3,\) float64 on cpu is given twice"
    ):
        xg.ForwardAccumulator([x, x], [v, v])


@pytest.mark.parametrize("tangent", [1.0, [1.0, 2.0], np.ones((3, 1))])
def test_tangents_do_not_broadcast(x, tangent):
    with pytest.raises(xg.errors.ShapeError, match="must have the shape of its primal"):
        xg.ForwardAccumulator(x, tangent)


def test_a_complex_tangent_of_a_real_primal_is_refused(x):
    with pytest.raises(xg.errors.DTypeError, match="cannot become float64"):
        xg.ForwardAccumulator(x, np.ones(3) * 1j)


def test_no_tangent_is_refused(x):
    with pytest.raises(TypeError, match="tangents is None"):
        xg.ForwardAccumulator(x, None)


def test_an_integer_primal_is_refused():
    with pytest.raises(xg.errors.DTypeError, match="only floating and complex"):
        xg.ForwardAccumulator(xg.asarray([1, 2]), [1, 0])


@pytest.mark.parametrize("primal", [1.0, np.ones(3), None])
def test_primals_must_be_tensors(primal):
    with pytest.raises(TypeError, match="ForwardAccumulator: primals is"):
        xg.ForwardAccumulator(primal, np.ones(3))


def test_a_tangent_on_another_device_is_refused(x):
    pytest.importorskip("array_api_strict", reason="strict: array_api_strict is not installed")
    t = xg.ones(3, device="array_api_strict:device1")
    with pytest.raises(xg.errors.DeviceMismatchError, match="must be on the device of its primal"):
        xg.ForwardAccumulator(x, t)


@pytest.mark.parametrize("target", [1.0, np.ones(3), None])
def test_jvp_of_what_is_no_tensor_is_refused(x, v, target):
    with (
        xg.ForwardAccumulator(x, v) as accumulator,
        pytest.raises(TypeError, match="jvp: target is"),
    ):
        accumulator.jvp(target)


def test_unconnected_by_option(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = xg.ones(2)
    assert accumulator.jvp(y) is None
    assert accumulator.jvp(y, unconnected_gradients="zero").tolist() == [0.0, 0.0]
    with pytest.raises(xg.errors.UnconnectedGradientError, match="was not computed from"):
        accumulator.jvp(y, unconnected_gradients="raise")


# -- nesting -----------------------------------------------------------------------------------


def test_forward_over_reverse_is_a_hessian_vector_product(x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        g = tape.gradient(y, x)
    assert accumulator.jvp(g).tolist() == [6.0, 6.0, -18.0]


@pytest.mark.parametrize("f", [cube, xg.checkpoint(cube)], ids=["plain", "checkpoint"])
@pytest.mark.parametrize("when", ["before", "inside"])
def test_forward_over_reverse_at_what_an_earlier_tape_computed(x, v, when, f):
    earlier = xg.GradientTape(persistent=True)
    with earlier:
        earlier.watch(x)
        u = x * 2.0
    if when == "before":
        del earlier
    with xg.ForwardAccumulator(u, v) as accumulator:
        if when == "inside":
            del earlier
        with xg.GradientTape() as tape:
            tape.watch(u)
            y = f(u)
        g = tape.gradient(y, u)
    assert accumulator.jvp(g).tolist() == (6.0 * u * v).tolist()
    assert accumulator.jvp(y).item() == xg.sum(3.0 * u**2 * v).item()


def test_reverse_over_forward_is_a_hessian_vector_product(x, v):
    with xg.GradientTape() as tape:
        tape.watch(x)
        with xg.ForwardAccumulator(x, v) as accumulator:
            y = cube(x)
        slope = accumulator.jvp(y)
    assert tape.gradient(slope, x).tolist() == [6.0, 6.0, -18.0]


def test_reverse_over_forward_follows_the_tangent_too(x, v):
    with xg.GradientTape() as tape:
        tape.watch(v)
        with xg.ForwardAccumulator(x, v) as accumulator:
            y = cube(x)
        slope = accumulator.jvp(y)
    assert tape.gradient(slope, v).tolist() == [3.0, 12.0, 27.0]


def test_forward_over_forward_looks_up_the_inner_tangent(x, v):
    with xg.ForwardAccumulator(x, v) as outer:
        with xg.ForwardAccumulator(x, v) as inner:
            y = cube(x)
        slope = inner.jvp(y)
    assert outer.jvp(slope).item() == 6.0 + 3.0 + 18.0
    assert inner.jvp(outer.jvp(y)) is None


def reverse(f, x, v=None):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x) if v is None else xg.sum(f(x) * v)
    return tape.gradient(y, x)


def forward(f, x, v):
    with xg.ForwardAccumulator(x, v) as accumulator:
        y = f(x)
    return accumulator.jvp(y)


def test_third_order_agrees_in_every_mixture(x, v):
    def f(x):
        return xg.sum(x**4) * x[0] + xg.prod(x)

    three_reverse = reverse(lambda x: reverse(lambda x: reverse(f, x), x, v), x, v)
    reverse_last = reverse(lambda x: forward(lambda x: forward(f, x, v), x, v), x)
    forward_last = forward(lambda x: forward(lambda x: reverse(f, x), x, v), x, v)
    np.testing.assert_allclose(reverse_last.numpy(), three_reverse.numpy(), rtol=1e-12)
    np.testing.assert_allclose(forward_last.numpy(), three_reverse.numpy(), rtol=1e-12)
