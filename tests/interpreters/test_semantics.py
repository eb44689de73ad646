"""semantics.md, "Rules that hold everywhere" and "Decided": what concerns tapes, on every device.

Rule 3 to 6 are about rules of operations and tested with them; what TensorFlow also has is in the
files test_tape_*.py."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.dispatch import apply1
from xgrad.core.primitive import Kind, Primitive

# -- 1. None means "not connected" -----------------------------------------------------------------


def test_unconnected_gradients_none_zero_and_raise(device):
    x = xg.Variable(np.ones((2, 3), np.float32), device=device)
    w = xg.Variable(np.ones(4, np.float32), device=device)
    with xg.GradientTape(persistent=True) as tape:
        x * 1.0
        y = w * 2.0
    assert tape.gradient(y, x) is None
    zero = tape.gradient(y, x, unconnected_gradients="zero")
    assert (zero.shape, zero.dtype, zero.device) == (x.shape, x.dtype, x.device)
    assert not np.any(zero.numpy())
    with pytest.raises(xg.errors.UnconnectedGradientError, match=r"does not depend on"):
        tape.gradient(y, x, unconnected_gradients="raise")


@pytest.mark.parametrize("option", list(xg.UnconnectedGradients))
def test_the_option_changes_nothing_for_connected_sources(option):
    x, w = xg.Variable(3.0), xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x * x
        w * 1.0
    sources = [x] if option is xg.UnconnectedGradients.RAISE else [x, w]
    assert float(tape.gradient(y, sources, unconnected_gradients=option)[0]) == 6.0


# -- 2. what is not differentiable -----------------------------------------------------------------


@pytest.fixture
def opaque():
    """A primitive with floating output, without a rule."""
    primitive = Primitive("opaque", Kind.GENERAL, ("x",), (), 1)
    primitive.implementations[np.ndarray] = lambda x: x * 2.0
    return primitive


def test_floating_op_without_a_rule_is_an_error_when_it_is_recorded(opaque):
    x = xg.Variable([1.0, 2.0])
    with (
        xg.GradientTape(),
        pytest.raises(xg.errors.NotDifferentiableError) as caught,
    ):
        apply1(opaque, x)
    message = str(caught.value)
    assert message.startswith(f"opaque at {__file__}:")
    assert "(apply1(opaque, x))" in message
    assert "has no gradient rule" in message
    assert "Use xg.stop_gradient" in message


def test_floating_op_without_a_rule_works_where_nobody_follows(opaque):
    x = xg.Variable([1.0, 2.0])
    assert apply1(opaque, x).tolist() == [2.0, 4.0]
    with xg.GradientTape():
        assert apply1(opaque, xg.asarray([1.0])).tolist() == [2.0]
        assert apply1(opaque, xg.stop_gradient(x)).tolist() == [2.0, 4.0]


# -- 7. any order: test_higher_order.py ------------------------------------------------------------

# -- 8. the value at the time of reading counts ----------------------------------------------------

UPDATES = {
    "setitem": lambda x: x.__setitem__(0, 100.0),
    "iadd": lambda x: x.__iadd__(100.0),
    "imul": lambda x: x.__imul__(100.0),
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES.keys())
def test_changing_a_tensor_afterwards_changes_no_gradient(update, device):
    x = xg.asarray(np.array([2.0, 3.0]), device=device)
    w = xg.Variable(np.array([1.0, 1.0]), device=device)
    with xg.GradientTape() as tape:
        y = w * x
    update(x)
    assert tape.gradient(y, w).tolist() == [2.0, 3.0]


def test_item_assignment_on_a_tensor_is_differentiated(device):
    w = xg.Variable(np.array([2.0, 3.0]), device=device)
    with xg.GradientTape() as tape:
        y = w * w
        y[0] = w[1] * 5.0
        y += w
        z = xg.sum(y)
    assert tape.gradient(z, w).tolist() == [0.0 + 1.0, 5.0 + 6.0 + 1.0]


def test_changing_a_gradient_changes_nothing_else():
    a, b = xg.Variable([1.0, 1.0]), xg.Variable([1.0, 1.0])
    seed = xg.asarray([3.0, 4.0])
    with xg.GradientTape(persistent=True) as tape:
        y = a + b
    ga, gb = tape.gradient(y, [a, b], output_gradients=seed)
    ga += 1.0
    ga[0] = 0.0
    assert gb.tolist() == [3.0, 4.0]
    assert seed.tolist() == [3.0, 4.0]
    assert tape.gradient(y, a).tolist() == [1.0, 1.0]


def test_variable_used_as_output_gradients_may_be_assigned_afterwards():
    x, seed = xg.Variable([1.0, 1.0]), xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        y = x + 0.0
    g = tape.gradient(y, x, output_gradients=seed)
    seed.assign_add([1.0, 1.0])
    assert g.tolist() == [3.0, 4.0]


# -- 9. bad arguments fail at once -----------------------------------------------------------------


@pytest.fixture
def strict():
    """Two devices of one library."""
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    return xg.device("array_api_strict:device1"), xg.device("array_api_strict:device2")


def test_two_devices_in_one_operation(strict):
    a, b = (xg.asarray(np.ones(2, np.float32), device=d) for d in strict)
    with pytest.raises(
        xg.errors.DeviceMismatchError,
        match=r"add: .*\(2,\) float32 on array_api_strict:device1 and \(2,\) float32 on "
        r"array_api_strict:device2\. Use \.to_device",
    ):
        a + b


def test_output_gradients_on_another_device(strict):
    x = xg.Variable([1.0, 2.0], device=strict[0])
    with xg.GradientTape() as tape:
        y = x * x
    with pytest.raises(
        xg.errors.DeviceMismatchError,
        match=r"output_gradients \(2,\) float32 on array_api_strict:device2 must be on the device "
        r"of its target \(2,\) float64 on array_api_strict:device1\. Use \.to_device\('array_",
    ):
        tape.gradient(y, x, output_gradients=xg.asarray([1.0, 1.0], device=strict[1]))
    assert tape.gradient(y, x, output_gradients=[1.0, 1.0]).tolist() == [2.0, 4.0]


def test_watching_what_is_not_on_the_tapes_device(strict):
    x = xg.asarray([1.0, 2.0], device=strict[0])
    with (
        xg.GradientTape(device=strict[1]) as tape,
        pytest.raises(
            xg.errors.DeviceMismatchError,
            match=r"watch: x \(2,\) float64 on array_api_strict:device1 .*tape is for "
            r"array_api_strict:device2\. Use x\.to_device\('array_api_strict:device2'\)",
        ),
    ):
        tape.watch(x)


def test_device_of_a_tape_is_where_new_arrays_go(device):
    with xg.GradientTape(device=device) as tape:
        x = tape.watch(xg.asarray([1.0, 2.0]))
        v = xg.Variable([3.0, 4.0])
        y = x * v
    assert {t.device for t in (x, v, y)} == {device}
    assert [g.device for g in tape.gradient(y, [x, v])] == [device, device]
    assert xg.asarray(1.0).device == xg.default_device()


def test_device_of_a_tape_is_given_back_after_an_exception(strict):
    tape = xg.GradientTape(device=strict[1])
    with pytest.raises(KeyError), tape:
        raise KeyError
    assert xg.asarray(1.0).device == xg.default_device()


def test_refused_re_entry_leaves_the_default_device(strict):
    with xg.GradientTape(device=strict[1]) as tape, pytest.raises(xg.errors.TapeError):
        tape.__enter__()
    assert xg.asarray(1.0).device == xg.default_device()


def test_unknown_device_of_a_tape():
    with pytest.raises(xg.errors.BackendUnavailableError, match=r"'nowhere'.*Use "):
        xg.GradientTape(device="nowhere")


ERRORS = {
    "target_none": (lambda t, y, x: t.gradient(None, x), TypeError),
    "target_float": (lambda t, y, x: t.gradient(1.0, x), TypeError),
    "source_ndarray": (lambda t, y, x: t.gradient(y, [x, np.ones(2)]), TypeError),
    "source_none": (lambda t, y, x: t.gradient(y, None), TypeError),
    "option": (lambda t, y, x: t.gradient(y, x, unconnected_gradients="zeros"), ValueError),
    "seed_shape": (lambda t, y, x: t.gradient(y, x, output_gradients=np.ones(3)), ValueError),
    "seed_scalar": (lambda t, y, x: t.gradient(y, x, output_gradients=1.0), ValueError),
    "seed_number": (lambda t, y, x: t.gradient([y], x, output_gradients=[]), ValueError),
    "seed_dtype": (lambda t, y, x: t.gradient(y, x, output_gradients=[1j, 1j]), TypeError),
    "seed_text": (lambda t, y, x: t.gradient(y, x, output_gradients=["a", "b"]), TypeError),
    "seed_ragged": (lambda t, y, x: t.gradient(y, x, output_gradients=[[1.0], 2.0]), TypeError),
    "stop": (lambda t, y, x: t.gradient(y, x, stop_gradients=3.0), TypeError),
}


@pytest.mark.parametrize(("call", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_argument_consumes_nothing(call, error, device):
    x = xg.Variable(np.array([3.0, 4.0]), device=device)
    with xg.GradientTape() as tape:
        y = x * x
        with pytest.raises(error) as caught:
            call(tape, y, x)
        z = y * x  # still recording
    assert isinstance(caught.value, xg.errors.XgradError)
    assert tape.gradient(z, x).tolist() == [27.0, 48.0]


@pytest.mark.parametrize(("call", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_argument_is_named_and_comes_with_a_hint(call, error):
    x = xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        y = x * x
    with pytest.raises(
        error,
        match=r"(?s)(target|source|unconnected_gradients|output_gradients|"
        r"stop_gradients).*(Use |Did )",
    ):
        call(tape, y, x)


# -- 10. gradients live where their source lives ---------------------------------------------------


def nest_of_sources(device):
    v = xg.Variable(np.ones((2, 3)), device=device)
    w = xg.Variable(np.ones(3, np.float32), device=device)
    c = xg.asarray(np.ones((1, 1)), device=device)
    return v, w, c


def test_gradient_has_the_shape_dtype_and_device_of_its_source(device):
    v, w, c = nest_of_sources(device)
    with xg.GradientTape() as tape:
        tape.watch(c)
        h = v * xg.astype(w, xg.float64) + c
        y = xg.sum(h)
    for source, g in zip((v, w, c, h), tape.gradient(y, [v, w, c, h]), strict=True):
        assert isinstance(g, xg.Tensor)
        assert type(g.array) is type(source.array)
        assert (g.shape, g.dtype, g.device) == (source.shape, source.dtype, source.device)


def test_recorded_gradient_has_the_shape_dtype_and_device_of_its_source(device):
    v, w, c = nest_of_sources(device)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as tape:
            tape.watch(c)
            h = (v * xg.astype(w, xg.float64) + c) ** 2
            y = xg.sum(h)
        gradients = tape.gradient(y, [v, w, c, h])
        z = xg.sum(gradients[0])
    for source, g in zip((v, w, c, h), gradients, strict=True):
        assert type(g.array) is type(source.array)
        assert (g.shape, g.dtype, g.device) == (source.shape, source.dtype, source.device)
    g = outer.gradient(z, w)
    assert (g.shape, g.dtype, g.device) == (w.shape, w.dtype, w.device)


def test_gradient_of_a_scalar_is_an_array_and_no_numpy_scalar():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x + x * 3.0 + x
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    for g in (y, first, second, tape.gradient(y, y), tape.gradient(x, x)):
        assert type(g.array) is np.ndarray
        assert g.shape == ()


def test_gradient_travels_back_between_devices(strict):
    x = xg.Variable([1.0, 2.0], device=strict[0])
    with xg.GradientTape() as tape:
        y = x.to_device(strict[1]) * xg.asarray([3.0, 4.0], device=strict[1])
    g = tape.gradient(y, x)
    assert y.device == strict[1]
    assert g.device == strict[0]
    assert g.tolist() == [3.0, 4.0]


# -- decided ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "bases"),
    [
        (xg.errors.TapeError, (RuntimeError, ValueError)),
        (xg.errors.DTypeError, (TypeError,)),
        (xg.errors.ShapeError, (ValueError,)),
        (xg.errors.DeviceMismatchError, (ValueError,)),
        (xg.errors.NotDifferentiableError, (TypeError,)),
        (xg.errors.UnconnectedGradientError, (ValueError,)),
        (xg.errors.ArgumentError, (ValueError,)),
        (xg.errors.ArgumentTypeError, (TypeError,)),
    ],
    ids=lambda value: getattr(value, "__name__", "bases"),
)
def test_errors_are_what_a_user_would_catch(cls, bases):
    assert issubclass(cls, xg.errors.XgradError)
    assert all(issubclass(cls, base) for base in bases)


@pytest.mark.parametrize("dtype", [xg.float32, xg.float64])
@pytest.mark.parametrize("scalar", [2, 2.5, True], ids=["int", "float", "bool"])
def test_python_scalars_change_no_dtype(scalar, dtype):
    x = xg.Variable([1.0, 2.0], dtype=dtype)
    with xg.GradientTape() as tape:
        y = (x * scalar + scalar) / scalar - scalar
    assert y.dtype == dtype
    assert tape.gradient(y, x).dtype == dtype


def test_watch_returns_the_same_objects():
    x, w = xg.asarray(1.0), xg.asarray(2.0)
    nest = {"x": x, "w": [w, (x,)]}
    with xg.GradientTape() as tape:
        assert tape.watch(nest) is nest
        assert tape.watch(x) is x
        y = x * w
    assert [float(g) for g in tape.gradient(y, [x, w])] == [2.0, 1.0]


def test_persistent_gradient_inside_the_context_warns_not(recwarn):
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
        tape.gradient(tape.gradient(y, x), x)
    assert not recwarn.list


def test_assigned_values_are_cast_within_their_kind():
    v = xg.Variable([1.0, 2.0], dtype=xg.float32, name="v")
    assert v.assign(np.array([3.0, 4.0])).dtype == xg.float32
    assert v.assign_add(np.array([1, 1])).tolist() == [4.0, 5.0]
    with pytest.raises(
        xg.errors.DTypeError,
        match=r"assign: value \(2,\) complex128 on cpu cannot become float32, the dtype of v.*Use ",
    ):
        v.assign([1j, 2j])
    with pytest.raises(
        xg.errors.ShapeError,
        match=r"assign: value \(3,\) float32 on cpu must have the shape \(2,\) of v\. Use ",
    ):
        v.assign([1.0, 2.0, 3.0])
    assert v.tolist() == [4.0, 5.0]


def test_floating_value_is_not_assigned_to_an_integer_variable():
    v = xg.Variable([1, 2], name="v")
    with pytest.raises(xg.errors.DTypeError, match=r"float64 on cpu cannot become int64"):
        v.assign([1.5, 2.5])


def test_value_on_another_device_is_not_assigned(strict):
    v = xg.Variable([1.0], device=strict[0], name="v")
    with pytest.raises(
        xg.errors.DeviceMismatchError,
        match=r"assign: value \(1,\) float32 on array_api_strict:device2 must be where v "
        r"\(1,\) float64 on array_api_strict:device1 is\. Use \.to_device",
    ):
        v.assign(xg.asarray([1.0], device=strict[1]))


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.from_dlpack])
def test_conversion_is_refused_while_a_tape_follows_and_free_otherwise(convert):
    x, c = xg.Variable([1.0, 2.0]), xg.asarray([3.0])
    with xg.GradientTape() as tape:
        y = x * 2.0
        for followed in (y, x):
            with pytest.raises(xg.errors.NotDifferentiableError, match=r"Use \.numpy\(\)"):
                convert(followed)
        assert convert(c).tolist() == [3.0]
        assert convert(xg.stop_gradient(y)).tolist() == [2.0, 4.0]
        with tape.stop_recording():
            assert convert(y).tolist() == [2.0, 4.0]
    assert convert(y).tolist() == [2.0, 4.0]


def test_conversions_on_purpose_are_free_while_a_tape_follows():
    x = xg.Variable([3.0])
    with xg.GradientTape() as tape:
        y = x * x
        assert y.numpy().tolist() == [9.0]
        assert y.tolist() == [9.0]
        assert (y.item(), float(y), int(y), complex(y), bool(y)) == (9.0, 9.0, 9, 9 + 0j, True)
        assert repr(y).startswith("xg.Tensor(")
        assert f"{y:.1f}" == "9.0"
    assert float(tape.gradient(y, x)) == 6.0


def test_numpy_is_a_copy():
    x = xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        y = x * x
        x.numpy()[:] = 0.0
    assert tape.gradient(y, x).tolist() == [6.0, 8.0]


def test_copies_of_a_followed_tensor_stay_connected():
    x = xg.Variable([3.0, 4.0])
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
        shallow, deep = copy.copy(y), copy.deepcopy(y)
    assert tape.gradient(shallow, x).tolist() == [6.0, 8.0]
    assert tape.gradient(deep, x).tolist() == [6.0, 8.0]


def test_pickles_are_by_value():
    x = xg.Variable([3.0, 4.0], name="x", trainable=False)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z, v = pickle.loads(pickle.dumps((y, x)))
    assert z.tolist() == [9.0, 16.0]
    assert tape.gradient(z, x) is None
    assert (v.name, v.trainable, v.tolist()) == ("x", False, [3.0, 4.0])


def test_copied_variable_is_another_variable():
    v = xg.Variable([3.0], name="v")
    w = copy.deepcopy(v)
    with xg.GradientTape() as tape:
        y = v * w
    assert tape.watched_variables() == (v, w)
    assert w.name == "v"
    assert tape.gradient(y, w).tolist() == [3.0]


def test_nan_goes_through_backward_without_warnings():
    x = xg.Variable([0.0, np.inf, np.nan, 1.0])
    with xg.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x, output_gradients=[1.0, 1.0, 1.0, np.inf]).tolist()[3] == np.inf


def test_backward_raises_no_warnings_of_numpy():
    x = xg.Variable([1e-320, 1e300])
    with xg.GradientTape() as tape:
        y = xg.sqrt(x)
    g = tape.gradient(y, x, output_gradients=[1e300, 1e300])
    assert g.shape == (2,)


@pytest.mark.parametrize("size", [0, 1])
def test_empty_arrays_have_empty_gradients(size, device):
    x = xg.Variable(np.ones((size, 0)), device=device)
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    assert tape.gradient(y, x).shape == (size, 0)
