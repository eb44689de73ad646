"""tensorflow-reference.md, section 2.1: when a gradient is None and when it is zero."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import xgrad as xg

WITHOUT_DERIVATIVE = {
    "floor": xg.floor,
    "ceil": xg.ceil,
    "round": xg.round,
    "trunc": xg.trunc,
    "rint": np.rint,
    "floordiv": lambda x: x // 2.0,
    "zeros_like": xg.zeros_like,
    "ones_like": xg.ones_like,
    "argmax": xg.argmax,
    "argsort": xg.argsort,
    "searchsorted": lambda x: xg.searchsorted(x, xg.asarray([1.5])),
    "astype_int": lambda x: xg.astype(x, xg.int64),
}

NOT_FLOATING = {
    "isnan": xg.isnan,
    "isfinite": xg.isfinite,
    "isinf": xg.isinf,
    "greater": lambda x: x > 2,
    "equal": lambda x: x == 1.0,
    "count_nonzero": xg.count_nonzero,
    "unique_counts": lambda x: xg.unique_counts(x).counts,
}


def test_n1_unwatched_constant_gives_none():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None


def test_n1_explanation_says_never_watched():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    explanation = tape.explain(y, x)
    assert not explanation.connected
    assert "never watched" in str(explanation)
    assert "Use tape.watch" in str(explanation)


@pytest.mark.parametrize("option", ["zero", xg.UnconnectedGradients.ZERO], ids=["str", "enum"])
@pytest.mark.parametrize("dtype", [xg.float32, xg.float64], ids=["float32", "float64"])
def test_n2_zero_has_the_shape_and_dtype_of_the_source(option, dtype):
    x = xg.Variable([[3.0, 4.0]], dtype=dtype)
    with xg.GradientTape() as tape:
        y = xg.asarray(2.0) * 2.0
    g = tape.gradient(y, x, unconnected_gradients=option)
    assert isinstance(g, xg.Tensor)
    assert (g.shape, g.dtype, g.device) == ((1, 2), dtype, x.device)
    assert not np.any(g.numpy())


@pytest.mark.parametrize("wrong", ["zeros", None, 0], ids=["zeros", "none", "number"])
def test_n3_unknown_option_leaves_the_tape_usable(wrong):
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match=r"Unknown value for unconnected_gradients: .*'none'"):
        tape.gradient(y, x, unconnected_gradients=wrong)
    assert float(tape.gradient(y, x)) == 6.0


def test_n4_integer_tensor_cannot_be_watched():
    x = xg.asarray([3, 4])
    with (
        xg.GradientTape() as tape,
        pytest.raises(xg.errors.DTypeError, match=r"watch.*\(2,\) int64 on cpu.*Use astype"),
    ):
        tape.watch(x)


def test_n4_integer_source_gives_none_or_integer_zero():
    x = xg.asarray([3, 4], dtype=xg.int32)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    zero = tape.gradient(y, x, unconnected_gradients="zero")
    assert zero.dtype == xg.int32
    assert zero.tolist() == [0, 0]


def test_n5_boolean_source_gives_none():
    x = xg.asarray([True, False])
    w = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.where(x, w, 0.0)
    gx, gw = tape.gradient(y, [x, w])
    assert gx is None
    assert gw.tolist() == [1.0, 0.0]


def test_n6_casts_through_integers_give_none():
    x = xg.Variable(2.5)
    with xg.GradientTape() as tape:
        y = 3.0 * xg.astype(xg.astype(x, xg.int64), xg.float64)
    assert tape.gradient(y, x) is None
    assert "astype" in tape.explain(y, x).cause


@pytest.mark.parametrize("dtype", [xg.int32, xg.bool], ids=["int", "bool"])
def test_n7_target_that_is_not_floating_gives_none_and_explain_says_so(dtype):
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.astype(x * 2.0, dtype)
    assert tape.gradient(y, x) is None
    assert "dtype" in tape.explain(y, x).cause


@pytest.mark.parametrize("f", WITHOUT_DERIVATIVE.values(), ids=WITHOUT_DERIVATIVE.keys())
def test_n8_operations_without_derivative_give_none(f):
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape(persistent=True) as tape:
        y = f(x)
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, x, unconnected_gradients="zero").tolist() == [0.0, 0.0, 0.0]


def test_n9_sign_gives_none_and_zeros_on_request():
    x = xg.Variable([-1.0, 0.0, 2.0])
    with xg.GradientTape(persistent=True) as tape:
        y = xg.sign(x) * 2.0
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, x, unconnected_gradients="zero").tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("f", NOT_FLOATING.values(), ids=NOT_FLOATING.keys())
def test_n10_output_that_is_not_floating_is_silently_constant(f):
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        f(x)
        y = xg.sum(x * x)
    assert tape.gradient(y, x).tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("f", NOT_FLOATING.values(), ids=NOT_FLOATING.keys())
def test_n10_gradient_of_output_that_is_not_floating_is_none(f):
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        y = f(x)
    assert tape.gradient(y, x) is None


def test_n11_second_derivative_of_a_linear_function_is_none_or_zero():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(3.0 * x)
        g = inner.gradient(y, x)
    assert g.tolist() == [3.0, 3.0]
    assert outer.gradient(g, x) is None
    assert outer.gradient(g, x, unconnected_gradients="zero").tolist() == [0.0, 0.0]


def test_n12_third_derivative_of_a_square_is_none_or_zero():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    third = tape.gradient(second, x)
    assert (float(first), float(second)) == (6.0, 2.0)
    assert third is None or float(third) == 0.0
    assert float(tape.gradient(second, x, unconnected_gradients="zero")) == 0.0


def test_n12_explanation_says_that_the_derivative_no_longer_depends_on_the_source():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        first = tape.gradient(3.0 * x, x)
        twice = first * 2.0
    for derived in (first, twice):
        assert tape.gradient(derived, x) is None
        assert "a gradient that depends on nothing" in str(tape.explain(derived, x))


def test_n13_gradient_taken_outside_the_context_is_none():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
    g = tape.gradient(y, x)
    assert tape.gradient(g, x) is None
    text = str(tape.explain(g, x))
    assert "a gradient" in text
    assert "inside the" in text


def test_n14_inner_gradient_after_the_outer_context_is_none():
    x = xg.Variable(3.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner:
        y = x**3
    g = inner.gradient(y, x)
    assert outer.gradient(g * 2.0, x) is None
    text = str(outer.explain(g, x))
    assert "a gradient" in text
    assert "Use " in text


@pytest.mark.parametrize("f", [lambda c: c * 2.0, lambda c: c[:, 0]], ids=["op", "slice"])
def test_n15_target_computed_after_the_context_is_none(f):
    x = xg.Variable([[1.0, 2.0]])
    with xg.GradientTape() as tape:
        c = x * x
    y = f(c)
    assert tape.gradient(y, x) is None
    text = str(tape.explain(y, x))
    assert "outside" in text
    assert "Use " in text


def test_n16_fresh_slice_as_source_is_none():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
        part = x[0]
    assert tape.gradient(y, part) is None
    assert "was not computed from the source" in str(tape.explain(y, part))


@pytest.mark.parametrize(
    "leave",
    [np.asarray, np.array, lambda t: t.__array__(), np.from_dlpack],
    ids=["asarray", "array", "dunder", "dlpack"],
)
def test_n17_followed_tensor_does_not_silently_become_an_array(leave):
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape():
        y = x * 2.0
        with pytest.raises(
            xg.errors.NotDifferentiableError,
            match=r"\(2,\) float64 on cpu .*Use \.numpy\(\).*stop_gradient",
        ):
            leave(y)


def test_n17_numpy_functions_are_recorded():
    x = xg.Variable([0.5, 1.0])
    with xg.GradientTape() as tape:
        y = np.add(np.sin(x), 1.0)
    assert isinstance(y, xg.Tensor)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.cos([0.5, 1.0]), rtol=1e-15)


def test_n17_leaving_on_purpose_gives_none_and_explain_says_so():
    x = xg.Variable([0.5, 1.0])
    with xg.GradientTape() as tape:
        y = xg.asarray(np.sin((x * 2.0).numpy()))
    assert tape.gradient(y, x) is None
    assert ".numpy()" in str(tape.explain(y, x))


def cube(t):
    return np.power(t, 3.0)


def test_n18_python_functions_of_tensors_are_recorded():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = cube(x)
    assert float(tape.gradient(y, x)) == pytest.approx(27.0)


def test_n19_operation_in_another_thread_is_not_recorded():
    x = xg.Variable(3.0)
    made = []
    with xg.GradientTape() as tape:
        thread = threading.Thread(target=lambda: made.append(x * x))
        thread.start()
        thread.join()
    assert tape.gradient(made[0], x) is None
    assert "another thread" in str(tape.explain(made[0], x))


def test_n20_unwatched_target_that_is_the_source_gives_ones():
    x = xg.asarray([3.0, 4.0])
    with xg.GradientTape() as tape:
        pass
    assert tape.gradient(x, x).tolist() == [1.0, 1.0]


def test_n20_integer_target_that_is_the_source_gives_none():
    x = xg.asarray([3, 4])
    with xg.GradientTape() as tape:
        pass
    assert tape.gradient(x, x) is None


def test_n21_source_downstream_of_the_target_gives_none():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        z = y * 2.0
    assert tape.gradient(y, z) is None
    assert "was computed from the target" in str(tape.explain(y, z))


def test_n22_no_targets_give_none_per_source():
    x, w = xg.Variable(3.0), xg.Variable(4.0)
    with xg.GradientTape() as tape:
        x * w
    assert tape.gradient([], [x, w]) == [None, None]


@pytest.mark.parametrize("sources", [[], {}, ()], ids=["list", "dict", "tuple"])
def test_n22_no_sources_give_the_empty_nest(sources):
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, sources) == sources


def test_n23_variable_that_is_read_but_not_used_is_watched_and_gives_none():
    x, w = xg.Variable(3.0), xg.Variable(4.0)
    with xg.GradientTape() as tape:
        w * 2.0
        y = x * x
    assert tape.watched_variables() == (x, w)
    assert tape.gradient(y, w) is None
    assert "does not depend on" in str(tape.explain(y, w))


def test_a_value_that_was_cut_off_may_be_joined_with_one_that_is_followed():
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        cut = xg.asarray([5.0, 6.0, 7.0])[xg.sum(xg.astype(x, xg.int64)) :]
        rows = xg.asarray([[5.0], [6.0]])[xg.argmax(x), :]
        y = xg.concat([x * 3.0, cut, rows])
    assert tape.gradient(y, x).tolist() == [3.0, 3.0]
