"""`tape.explain` says where a path breaks and why, with the user's line, or shows the path."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import weakref

import numpy as np
import pytest

import xgrad as xg


def next_line():
    """The number of the caller's next line."""
    return sys._getframe(1).f_lineno + 1


def place(line):
    return f"{__file__}:{line}"


def broken(tape, target, source):
    """The text for a source from which no path leads to the target, which `gradient` confirms."""
    explanation = tape.explain(target, source)
    assert not explanation.connected
    assert explanation.path == ()
    assert explanation.cause in str(explanation)
    assert re.search(r"\b(Use|Did you) ", str(explanation)), "no hint"
    assert tape.gradient(target, source) is None
    after = tape.explain(target, source)
    assert str(after) == str(explanation), "another text after gradient"
    return str(explanation)


CUTS = {
    "floor": (xg.floor, "floor", "zero almost everywhere"),
    "round": (xg.round, "round", "zero almost everywhere"),
    "sign": (xg.sign, "sign", "zero almost everywhere"),
    "stop_gradient": (xg.stop_gradient, "stop_gradient", "on purpose"),
    "astype_int": (lambda x: xg.astype(x, xg.int64), "astype", "not floating"),
    "greater": (lambda x: x > 0.0, "greater", "not floating"),
    "floor_divide": (lambda x: x // 2.0, "floor_divide", "zero almost everywhere"),
    "argsort": (xg.argsort, "argsort", "not floating"),
}


@pytest.fixture
def every_line():
    """Keep the user's line of every operation, which is off by default."""
    with xg.record_locations(True):
        yield


@pytest.mark.parametrize(("f", "name", "reason"), CUTS.values(), ids=CUTS.keys())
def test_cut_names_the_op_the_reason_and_the_line(f, name, reason):
    x = xg.Variable([1.5, 2.5], name="x")
    with xg.GradientTape() as tape:
        line = f.__code__.co_firstlineno if f.__name__ == "<lambda>" else next_line()
        y = f(x)
        z = xg.sum(y * 2.0)
    text = broken(tape, z, x)
    assert f"the path is cut by {name} at {place(line)}" in text
    assert reason in text
    assert 'unconnected_gradients="zero"' in text


def test_cut_shows_the_text_of_the_line():
    x = xg.Variable([1.5, 2.5])
    with xg.GradientTape() as tape:
        y = xg.floor(x * 2.0) + 1.0
    assert "(y = xg.floor(x * 2.0) + 1.0)" in broken(tape, y, x)


def test_cut_in_a_function_names_the_line_inside_it():
    x = xg.Variable([1.5, 2.5])

    def quantize(x):
        return xg.round(x * 8.0) / 8.0

    with xg.GradientTape() as tape:
        y = quantize(x)
    assert place(quantize.__code__.co_firstlineno + 1) in broken(tape, y, x)


def test_cut_by_an_operator_names_the_line():
    x = xg.Variable([1.5, 2.5])
    with xg.GradientTape() as tape:
        line = next_line()
        y = (x // 1.0) * 3.0
    assert place(line) in broken(tape, y, x)


def test_cut_on_one_branch_is_found_beside_followed_ones():
    x, w = xg.Variable(1.5, name="x"), xg.Variable(2.0, name="w")
    with xg.GradientTape(persistent=True) as tape:
        line = next_line()
        y = xg.floor(x) * w + w
    text = broken(tape, y, x)
    assert f"cut by floor at {place(line)}" in text
    assert tape.explain(y, w).connected


def test_cut_whose_operands_are_gone_is_named_as_possible():
    x, w = xg.Variable(1.5), xg.Variable(2.0)
    with xg.GradientTape() as tape:
        line = next_line()
        y = xg.stop_gradient(xg.exp(x) * 3.0) * w
    assert f"may be cut by stop_gradient at {place(line)}" in broken(tape, y, x)


def test_cut_in_a_condition():
    x = xg.Variable([1.5, -2.5])
    with xg.GradientTape() as tape:
        y = xg.where(x > 0.0, 1.0, 0.0)
    assert "greater" in broken(tape, y, x)


@pytest.mark.usefixtures("every_line")
def test_path_is_printed_with_ops_shapes_and_lines():
    x = xg.Variable([[1.0, 2.0]], name="weights")
    with xg.GradientTape() as tape:
        first = next_line()
        h = xg.tanh(x)
        second = next_line()
        y = xg.sum(h)
    explanation = tape.explain(y, x)
    lines = str(explanation).splitlines()
    assert explanation.connected
    assert explanation.cause == ""
    assert lines[0] == "weights (1, 2) float64 on cpu is connected:"
    assert lines[1].strip() == f"sum at {place(second)} (y = xg.sum(h)) -> shape ()"
    assert lines[2].strip() == f"tanh at {place(first)} (h = xg.tanh(x)) -> shape (1, 2)"
    assert lines[3].strip().startswith("weights, shape (1, 2), made at ")
    assert len(lines) == 4


def test_long_path_is_printed_without_its_middle():
    x = xg.Variable(0.5, name="x")
    with xg.GradientTape() as tape:
        y = x
        for _ in range(1000):
            y = xg.tanh(y)
    explanation = tape.explain(y, x)
    lines = str(explanation).splitlines()
    assert len(explanation.path) == 1001
    assert len(lines) == 22
    assert lines[11].strip() == "... 981 more"
    assert lines[-1].strip().startswith("x, shape ()")


@pytest.mark.usefixtures("every_line")
def test_path_through_an_op_with_several_outputs():
    x = xg.Variable([1.0, 2.0], name="x")
    with xg.GradientTape() as tape:
        _, b = xg.unstack(x)
        y = b * 2.0
    lines = str(tape.explain(y, x)).splitlines()
    assert lines[2].strip().startswith(f"output 1 of unstack at {__file__}")
    assert lines[3].strip().startswith("x, shape (2,), made at ")


def test_path_survives_the_gradient_call():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.sum(xg.exp(x))
    before = str(tape.explain(y, x))
    tape.gradient(y, x)
    assert str(tape.explain(y, x)) == before


def test_path_to_a_watched_tensor():
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        line = next_line()
        tape.watch(x)
        y = xg.exp(x)
    last = str(tape.explain(y, x)).splitlines()[-1].strip()
    assert last == f"a watched Tensor, shape (2,), watched at {place(line)} (tape.watch(x))"


def test_source_that_is_the_target():
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        pass
    assert "is itself the target" in str(tape.explain(x, x))


def test_several_targets():
    x, w = xg.Variable(1.0, name="x"), xg.Variable(1.0)
    with xg.GradientTape(persistent=True) as tape:
        y, z = x * 2.0, w * 3.0
    assert tape.explain([z, y], x).connected
    assert tape.explain({"a": z}, w).connected
    assert "does not depend on x" in broken(tape, [z, z], x)


def test_never_watched():
    x, w = xg.asarray(1.0), xg.Variable(1.0)
    line = next_line()
    with xg.GradientTape() as tape:
        y = x * w
    text = broken(tape, y, x)
    assert "the source () float64 on cpu" in text
    assert f"was never watched by the tape entered at {place(line)}" in text
    assert tape.explain(y, x).where.startswith(place(line))
    assert "Use tape.watch(x) inside the `with` block" in text


def test_watched_after_it_was_used():
    x, w = xg.asarray(1.0), xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x * w
        line = next_line()
        tape.watch(x)
    text = broken(tape, y, x)
    assert f"was watched after it was used: the watch at {place(line)}" in text
    assert tape.explain(y, x).where.startswith(place(line))


def test_watched_after_it_was_used_on_another_tape_too():
    x = xg.asarray(1.0)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as tape:
            used = next_line()
            y = x * x
            line = next_line()
            tape.watch(x)
    text = broken(tape, y, x)
    assert f"the watch at {place(line)}" in text
    assert "came after" in text
    assert outer.explain(y, x).connected, used


@pytest.mark.usefixtures("every_line")
def test_source_that_was_computed_on_another_tape():
    w = xg.Variable(1.0)
    with xg.GradientTape():
        line = next_line()
        x = w + 1.0
    with xg.GradientTape() as tape:
        y = x * 2.0
    text = broken(tape, y, x)
    assert f"the result of add at {place(line)}" in text
    assert "x = x + 1 makes a Tensor of it" in text


def test_variable_that_became_a_tensor():
    x = xg.Variable(1.0)
    line = next_line()
    x = x + 1.0
    with xg.GradientTape() as tape:
        y = x * 2.0
    text = broken(tape, y, x)
    assert f"the result of add at {place(line)} (x = x + 1.0)" in text
    assert "x = x + 1 makes a Tensor of it" in text


def test_computed_on_no_open_tape():
    x = xg.Variable(1.0)
    line = next_line()
    y = x * 3.0
    with xg.GradientTape() as tape:
        pass
    text = broken(tape, y, x)
    assert f"multiply at {place(line)} (y = x * 3.0) was computed outside" in text
    assert "before it began" in text
    assert tape.explain(y, x).where == f"{place(line)} (y = x * 3.0)"


def test_computed_outside_the_context():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        h = x * 2.0
    line = next_line()
    y = h * 3.0
    z = xg.tanh(xg.sum(y) + 1.0)
    for target in (y, z):
        text = broken(tape, target, x) if target is y else str(tape.explain(target, x))
        assert f"multiply at {place(line)} (y = h * 3.0) was computed outside" in text
        assert "the tape's `with` block, after it had ended" in text


OUTSIDE = {
    "unary": xg.exp,
    "method": lambda h: h[0],
    "reduction": xg.sum,
    "several outputs": lambda h: xg.unstack(h)[1],
    "several operands": lambda h: xg.concat([h, h]),
    "with an array": lambda h: h @ np.ones(2),
    "NumPy's": np.sin,
}


@pytest.mark.parametrize("f", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_whatever_was_computed_outside_names_its_line(f):
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        h = x * 2.0
    line = f.__code__.co_firstlineno if getattr(f, "__name__", "") == "<lambda>" else next_line()
    y = f(h)
    assert f" at {place(line)}" in broken(tape, y, x)
    assert "after it had ended" in str(tape.explain(y, x))


def test_constant_part_that_was_computed_outside_does_not_hide_the_path():
    x, w = xg.Variable(1.0), xg.Variable(2.0, name="w")
    scale = w * 2.0
    with xg.GradientTape(persistent=True) as tape:
        y = x * scale
    assert tape.explain(y, x).connected
    assert float(tape.gradient(y, x)) == 4.0
    assert "before it began" in broken(tape, y, w)


def test_what_is_computed_outside_keeps_nothing_alive():
    x = xg.Variable(np.ones(1000))
    with xg.GradientTape() as tape:
        h = xg.exp(x) * x
    gone = weakref.ref(h.node)
    y = h + 1.0
    del h
    assert gone() is None
    assert "may" not in str(tape.explain(y, x))


@pytest.mark.usefixtures("every_line")
def test_target_recorded_by_another_tape_only():
    x = xg.Variable(1.0)
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            h = x * 2.0
        line = next_line()
        y = h * 3.0
    text = broken(inner, y, x)
    assert f"multiply at {place(line)}" in text
    assert "computed outside this tape" in text
    assert outer.explain(y, x).connected


def test_computed_while_recording_was_stopped():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        h = x * 2.0
        with tape.stop_recording():
            line = next_line()
            y = h * 3.0
    text = broken(tape, y, x)
    assert f"multiply at {place(line)} (y = h * 3.0) was computed inside stop_recording" in text


def test_computed_in_another_thread():
    x = xg.Variable(1.0)
    made = []
    with xg.GradientTape() as tape:
        h = x * 2.0
        line = next_line()
        thread = threading.Thread(target=lambda: made.append(h * 3.0))
        thread.start()
        thread.join()
    text = broken(tape, made[0], x)
    assert f"multiply at {place(line)}" in text
    assert "was computed in another thread" in text


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_source_that_is_not_floating(dtype):
    x, w = xg.asarray([1, 0], dtype=dtype), xg.Variable(2.0)
    line = next_line()
    with xg.GradientTape() as tape:
        y = x * w
    text = broken(tape, y, x)
    assert f"has the integer or boolean dtype {dtype}" in text
    assert place(line) in text
    assert "Use astype" in text


def test_variable_that_is_not_floating():
    line = next_line()
    v, w = xg.Variable([1, 2], name="v"), xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = v * w
    text = broken(tape, y, v)
    assert f"v has the integer or boolean dtype int64; it was made at {place(line)}" in text


def test_target_that_is_not_floating():
    x = xg.Variable([1.5, 2.5])
    with xg.GradientTape() as tape:
        line = next_line()
        y = xg.astype(x * 2.0, xg.int32)
    text = broken(tape, y, x)
    assert "the target has the integer or boolean dtype int32" in text
    assert f"made by astype at {place(line)}" in text


LEAVING = {
    ".numpy()": lambda t: t.numpy(),
    ".item()": lambda t: t.item(),
    "float()": float,
    ".tolist()": lambda t: t.tolist(),
}


@pytest.mark.parametrize(("way", "leave"), LEAVING.items(), ids=LEAVING.keys())
@pytest.mark.parametrize("alive", [True, False], ids=["alive", "gone"])
def test_value_that_left_xgrad(way, leave, alive):
    x = xg.Variable(1.5, name="x")
    with xg.GradientTape() as tape:
        h = xg.exp(x)
        line = leave.__code__.co_firstlineno if way != "float()" else next_line()
        value = leave(h)
        if not alive:
            del h
        y = xg.asarray(value) * 2.0
    text = broken(tape, y, x)
    assert f"left xgrad through {way} at {place(line)}" in text
    assert "Use functions of xgrad" in text


def test_source_that_left_xgrad_itself():
    x = xg.Variable(1.5, name="x")
    with xg.GradientTape() as tape:
        y = xg.asarray(np.exp(x.numpy()))
    assert "its value left xgrad through .numpy()" in broken(tape, y, x)


def test_value_that_left_through_array_after_the_context():
    x = xg.Variable([1.5], name="x")
    with xg.GradientTape() as tape:
        h = xg.exp(x)
    y = xg.asarray(np.asarray(h)) * 2.0
    assert "left xgrad through __array__" in broken(tape, y, x)


def test_another_value_that_left_is_not_blamed():
    x, w = xg.Variable(1.5, name="x"), xg.Variable(1.5, name="w")
    with xg.GradientTape(persistent=True) as tape:
        h = xg.exp(w)
        h.numpy()
        x * 1.0
        y = h * 2.0
    text = broken(tape, y, x)
    assert "numpy" not in text
    assert "does not depend on x" in text


def test_reading_a_value_for_logging_hides_no_other_cause():
    x = xg.Variable(1.5, name="x")
    with xg.GradientTape() as tape:
        loss = xg.exp(x)
        float(loss)
        y = xg.floor(loss)
    assert "cut by floor" in broken(tape, y, x)


def test_variable_that_is_not_trainable():
    line = next_line()
    v = xg.Variable(1.0, trainable=False, name="v")
    with xg.GradientTape() as tape:
        y = v * 2.0
    text = broken(tape, y, v)
    assert "v is not trainable" in text
    assert f"it was made at {place(line)}" in text
    assert tape.explain(y, v).where.startswith(place(line))
    assert "Use tape.watch(v)" in text


def test_variable_on_a_tape_that_watches_on_request():
    v = xg.Variable(1.0, name="v")
    line = next_line()
    with xg.GradientTape(watch_accessed_variables=False) as tape:
        y = v * 2.0
    text = broken(tape, y, v)
    assert f"entered at {place(line)}" in text
    assert text.splitlines()[0].endswith("has watch_accessed_variables=False.")


def test_variable_that_was_never_read():
    v, w = xg.Variable(1.0, name="v"), xg.Variable(1.0)
    line = next_line()
    with xg.GradientTape() as tape:
        y = w * 2.0
    assert f"v was never read while the tape entered at {place(line)}" in broken(tape, y, v)


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_value_that_was_assigned_to_a_variable():
    x, v = xg.Variable(1.0, name="x"), xg.Variable(1.0, name="v")
    with xg.GradientTape() as tape:
        h = x * 2.0
        line = next_line()
        v.assign(h)
        y = v * 3.0
    text = broken(tape, y, x)
    assert f"went by assign into the value of Variable v at {place(line)}" in text
    assert "w = w - learning_rate * g" in text


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
@pytest.mark.parametrize(
    ("how", "change"),
    [
        ("assign_add", lambda v, h: v.assign_add(xg.stack([h, h]))),
        ("assign_sub", lambda v, h: v.assign_sub(xg.stack([h, h]))),
        ("scatter_update", lambda v, h: v.scatter_update([0], xg.stack([h]))),
        ("item assignment", lambda v, h: v.__setitem__(0, h)),
    ],
    ids=["assign_add", "assign_sub", "scatter_update", "setitem"],
)
def test_value_that_was_put_into_a_variable(how, change):
    x, v = xg.Variable(1.0, name="x"), xg.Variable([1.0, 1.0], name="v")
    with xg.GradientTape() as tape:
        h = x * 2.0
        change(v, h)
        y = v * 3.0
    text = broken(tape, y, x)
    assert f"went by {how} into" in text
    assert "Variable v" in text


def test_value_that_became_a_variable():
    x = xg.Variable(1.0, name="x")
    with xg.GradientTape() as tape:
        h = x * 2.0
        v = xg.Variable(h, name="v")
        y = v * 3.0
    assert "became the initial value of Variable v" in broken(tape, y, x)


def test_gradient_that_was_taken_outside():
    x = xg.Variable(1.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner:
        y = x**3
    line = next_line()
    g = inner.gradient(y, x)
    text = broken(outer, g, x)
    assert f"a gradient that was taken at {place(line)} (g = inner.gradient(y, x))" in text
    assert "computed while no tape was recording" in text
    assert "Use gradient inside the `with` block" in text


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_value_computed_from_a_gradient_that_was_taken_outside(inside):
    x = xg.Variable(1.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
    line = next_line()
    g = tape.gradient(y, x)
    with tape if inside else contextlib.nullcontext():
        z = g * 2.0
    text = broken(tape, z, x)
    assert f"comes from, a gradient that was taken at {place(line)}" in text
    assert "computed while no tape was recording" in text


@pytest.mark.parametrize(
    ("use", "operation"),
    [
        (lambda v: xg.vmap(lambda x: x * 2.0)(v), "permute_dims"),
        (lambda v: xg.vmap(lambda x: x * v[0])(xg.ones(2)), "getitem"),
        (
            lambda v: xg.custom_gradient(lambda x: (x, lambda g: g))(v),
            r"custom_gradient\(<lambda>\)",
        ),
    ],
    ids=["mapped", "captured by a mapped function", "custom gradient"],
)
def test_functions_of_functions_outside(use, operation):
    v = xg.Variable([1.0, 2.0])
    y = use(v)
    with xg.GradientTape() as tape:
        z = y * 3.0
    assert re.search(
        rf"{operation} at .*test_explain\.py:\d+ .* was computed outside .* before it began",
        broken(tape, z, v),
    )


def test_tangent_that_was_taken_outside():
    v = xg.Variable([1.0, 2.0])
    line = next_line()
    _, slope = xg.jvp(xg.sin, (v,), (xg.ones(2),))
    with xg.GradientTape() as tape:
        z = slope * v
    assert f"it comes from a gradient that was taken at {place(line)}" in broken(tape, z, slope)


def test_used_gradient_as_source():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x**3
    line = next_line()
    g = tape.gradient(y, x)
    with xg.GradientTape() as tape:
        z = g * x
    assert f"it comes from a gradient that was taken at {place(line)}" in broken(tape, z, g)


def test_source_that_was_computed_from_the_target():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x * 2.0
        z = y * 3.0
    text = broken(tape, y, z)
    assert "was computed from the target (by multiply), not the target from it" in text
    assert "record_locations(True)" in text


@pytest.mark.usefixtures("every_line")
def test_source_that_is_another_tensor_than_the_one_that_was_used():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
        line = next_line()
        part = x[0]
    text = broken(tape, y, part)
    assert (
        f"was not computed from the source, which is the result of getitem at {place(line)}" in text
    )
    assert "Use that very Tensor" in text


def test_tape_that_was_never_entered():
    x = xg.Variable(1.0)
    explanation = xg.GradientTape().explain(x * 2.0, x)
    assert "the tape has recorded nothing" in str(explanation)


def test_arguments_of_explain_are_named():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x * 2.0
    with pytest.raises(TypeError, match=r"^explain: target is None.*Did the function forget"):
        tape.explain(None, x)
    with pytest.raises(TypeError, match=r"^explain: source is a float, .*Use xg\.asarray"):
        tape.explain(y, 1.0)
    with pytest.raises(ValueError, match=r"^explain: source .* holds 2\. Use explain for each"):
        tape.explain(y, [x, x])
    assert tape.explain(y, x).connected


def test_reset_forgets():
    x = xg.asarray(1.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        tape.reset()
        y = x * 2.0
    assert "never watched" in broken(tape, y, x)


def test_unconnected_raise_gives_the_explanation():
    x = xg.Variable([1.5], name="x")
    with xg.GradientTape(persistent=True) as tape:
        y = xg.floor(x)
    with pytest.raises(xg.errors.UnconnectedGradientError) as caught:
        tape.gradient(y, x, unconnected_gradients="raise")
    assert str(caught.value) == str(tape.explain(y, x))
    with pytest.raises(ValueError, match="cut by floor"):
        tape.gradient(y, x, unconnected_gradients=xg.UnconnectedGradients.RAISE)


def test_unconnected_raise_on_a_tape_that_is_not_persistent():
    x, w = xg.Variable([1.5], name="x"), xg.Variable([1.5], name="w")
    with xg.GradientTape() as tape:
        y = xg.floor(xg.exp(x)) * w
        z = xg.exp(w) * y
    with pytest.raises(xg.errors.UnconnectedGradientError, match="cut by floor"):
        tape.gradient(z, [w, x], unconnected_gradients="raise")


def test_unconnected_raise_where_everything_is_connected():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient(y, x, unconnected_gradients="raise")) == 6.0


def test_lines_of_operations_on_the_path_are_kept_on_request_only():
    x = xg.Variable([1.5])
    with xg.GradientTape() as tape:
        y = xg.exp(x)
    first, *_, last = str(tape.explain(y, x)).splitlines()[1:]
    assert first.strip() == "exp -> shape (1,)"
    assert "made at" in last


def test_unconnected_raise_names_what_is_held_constant():
    x = xg.Variable(2.0)
    with xg.GradientTape(persistent=True) as tape:
        h = x * x
        y = h * 3.0
    with pytest.raises(xg.errors.UnconnectedGradientError, match="stop_gradients holds constant"):
        tape.gradient(y, x, stop_gradients=h, unconnected_gradients="raise")
    z = y + x
    assert tape.explain(y, x).connected
    assert z is not None
