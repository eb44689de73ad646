"""tensorflow-reference.md, section 2.4: what is watched, and what a Variable's gradient means."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad as xg

OVERWRITTEN = r"v was overwritten while a GradientTape follows it.*Use "


def test_v1_trainable_variable_is_watched_when_it_is_read():
    v, unread = xg.Variable(3.0), xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = v * v
    assert tape.watched_variables() == (v,)
    assert float(tape.gradient(y, v)) == 6.0
    assert unread not in tape.watched_variables()


@pytest.mark.parametrize("read", ["value", "read_value"])
def test_v1_reading_the_value_watches(read):
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = getattr(v, read)() ** 2
    assert tape.watched_variables() == (v,)
    assert float(tape.gradient(y, v)) == 6.0


def test_v1_integer_variable_is_not_listed():
    n = xg.Variable([1, 2])
    with xg.GradientTape() as tape:
        y = n * n
        n.value()
    assert tape.watched_variables() == ()
    assert tape.gradient(y, n) is None
    assert "integer" in tape.explain(y, n).cause


def test_v1_watching_an_integer_variable_is_an_error():
    n = xg.Variable([1, 2], name="n")
    with (
        xg.GradientTape() as tape,
        pytest.raises(xg.errors.DTypeError, match=r"watch.*int64.*Use astype"),
    ):
        tape.watch(n)


def test_v2_variable_that_is_not_trainable_is_not_watched():
    v = xg.Variable(3.0, trainable=False, name="v")
    with xg.GradientTape() as tape:
        y = v * v
    assert tape.watched_variables() == ()
    assert tape.gradient(y, v) is None
    assert "v is not trainable" in tape.explain(y, v).cause


def test_v2_watching_a_variable_that_is_not_trainable_works():
    v = xg.Variable(3.0, trainable=False)
    with xg.GradientTape() as tape:
        assert tape.watch(v) is v
        y = v * v
    assert tape.watched_variables() == (v,)
    assert float(tape.gradient(y, v)) == 6.0


def test_v3_without_automatic_watching_only_what_was_asked_for():
    v, w = xg.Variable(3.0), xg.Variable(4.0)
    with xg.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    assert tape.watched_variables() == (w,)
    gv, gw = tape.gradient(y, [v, w])
    assert gv is None
    assert float(gw) == 3.0
    assert "watch_accessed_variables" in str(tape.explain(y, v))


def test_v4_watched_variables_are_in_order_of_construction():
    a, b, c = (xg.Variable(float(i), trainable=i != 1) for i in range(3))
    x = xg.asarray(1.0)
    with xg.GradientTape() as tape:
        tape.watch([c, x])
        y = c * b
        tape.watch(b)
        y = y + a
    assert tape.watched_variables() == (a, b, c)
    assert isinstance(tape.watched_variables(), tuple)


def test_v4_watched_variables_before_entering_after_gradient_and_after_reset():
    v = xg.Variable(3.0)
    tape = xg.GradientTape()
    assert tape.watched_variables() == ()
    with tape:
        y = v * v
    tape.gradient(y, v)
    assert tape.watched_variables() == (v,)
    with tape:
        v * 1.0
        tape.reset()
        assert tape.watched_variables() == ()


def test_v5_uses_before_the_watch_do_not_count():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        tape.watch(x)
        z = 5.0 * x
    assert float(tape.gradient([y, z], x)) == 5.0


def test_v5_explanation_names_a_late_watch():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        tape.watch(x)
    assert tape.gradient(y, x) is None
    assert "watched after it was used" in str(tape.explain(y, x))


def test_v5_explanation_is_certain_where_the_target_was_recorded():
    x, w = xg.asarray(3.0), xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = x * w
        tape.watch(x)
    assert tape.gradient(y, x) is None
    assert "watched after it was used" in str(tape.explain(y, x))


def test_v6_watched_intermediate_and_source_both_get_values():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.watch(y)
        z = 5.0 * y
    gx, gy = tape.gradient(z, [x, y])
    assert (float(gx), float(gy)) == (30.0, 5.0)


def test_v6_intermediate_needs_no_watch():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        z = 5.0 * y
    gx, gy = tape.gradient(z, [x, y])
    assert (float(gx), float(gy)) == (30.0, 5.0)


def test_v7_watching_twice_counts_once():
    x = xg.asarray(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        tape.watch([x, x])
        y = x * x
    assert float(tape.gradient(y, x)) == 4.0


def test_v8_variable_created_inside_is_watched():
    with xg.GradientTape() as tape:
        v = xg.Variable(3.0)
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0


def test_v8_variable_created_from_a_watched_tensor_cuts_the_path():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        v = xg.Variable(x * 1.0, name="v")
        y = v * v
    gx, gv = tape.gradient(y, [x, v])
    assert gx is None
    assert float(gv) == 6.0
    assert "v" in tape.explain(y, x).cause
    assert "value of Variable v" in str(tape.explain(y, x))


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v9_gradient_is_with_respect_to_the_value_that_was_read():
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        v.assign(v * 2.0)
        y = v * v
    assert float(tape.gradient(y, v)) == 12.0


ASSIGNMENTS = {
    "assign": lambda v: v.assign(100.0),
    "assign_add": lambda v: v.assign_add(10.0),
    "assign_sub": lambda v: v.assign_sub(10.0),
}


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
@pytest.mark.parametrize("change", ASSIGNMENTS.values(), ids=ASSIGNMENTS.keys())
def test_v10_assigning_inside_changes_no_gradient(change):
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = v * v
        change(v)
    assert float(tape.gradient(y, v)) == 6.0


@pytest.mark.parametrize("change", ASSIGNMENTS.values(), ids=ASSIGNMENTS.keys())
def test_v10_assigning_after_the_context_changes_no_gradient(change):
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = v * v
    change(v)
    assert float(tape.gradient(y, v)) == 6.0


VECTOR_CHANGES = {
    "scatter_update": lambda v: v.scatter_update([0], [50.0]),
    "scatter_add": lambda v: v.scatter_add([0], [50.0]),
    "scatter_sub": lambda v: v.scatter_sub([0], [50.0]),
    "setitem": lambda v: v.__setitem__(0, 50.0),
}


@pytest.mark.parametrize("change", VECTOR_CHANGES.values(), ids=VECTOR_CHANGES.keys())
def test_v10_changing_a_part_after_the_context_changes_no_gradient(change):
    v = xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        y = v * v
    change(v)
    assert tape.gradient(y, v).tolist() == [6.0, 8.0]


def test_v10_array_that_initialised_a_variable_is_copied():
    start = np.array([3.0, 4.0])
    v = xg.Variable(start)
    with xg.GradientTape() as tape:
        y = v * v
    start[:] = 0.0
    assert tape.gradient(y, v).tolist() == [6.0, 8.0]


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v11_reads_before_and_after_an_assignment_sum():
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = v * v
        v.assign(5.0)
        y = y + v * v
    assert float(tape.gradient(y, v)) == 2 * 3.0 + 2 * 5.0


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v12_no_gradient_flows_through_an_assignment():
    x, v = xg.Variable(2.0, name="x"), xg.Variable(3.0, name="v")
    with xg.GradientTape() as tape:
        v.assign(x * x)
        y = v * v
    gx, gv = tape.gradient(y, [x, v])
    assert gx is None
    assert float(gv) == 8.0
    assert "assign" in tape.explain(y, x).cause
    assert "Use " in str(tape.explain(y, x))


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v12_what_assign_returns_counts_as_the_variable():
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = v.assign(5.0) ** 2
    assert float(tape.gradient(y, v)) == 10.0


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v12_sliced_assignment_cuts_the_path_too():
    x, v = xg.Variable(2.0), xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        v[0] = x * x
        y = v * v
    gx, gv = tape.gradient(y, [x, v])
    assert gx is None
    assert gv.tolist() == [8.0, 8.0]


def test_v12_functional_update_is_differentiated():
    x, v = xg.Variable(2.0), xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        updated = v.value().at[0].set(x * x)
        y = xg.sum(updated * updated)
    gx, gv = tape.gradient(y, [x, v])
    assert float(gx) == 2 * 4.0 * 4.0
    assert gv.tolist() == [0.0, 8.0]


def sgd_inside(update):
    """The gradient of the loss after one step ``w - lr * dw`` of ``loss = w**2``."""
    w, lr = xg.Variable(2.0, name="v"), xg.Variable(0.1)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            loss = w * w
        g = inner.gradient(loss, w)
        w = update(w, lr, g)
        after = w * w
    return outer, after, w, lr


def assign_often(variables):
    for v in variables:
        v.assign_sub(1.0)
        v.assign_sub(1.0)
        v.assign(3.0)


def test_v13_overwriting_a_followed_variable_warns_once_and_names_the_functional_way():
    v = xg.Variable(2.0, name="v")
    with xg.GradientTape():
        v * v
        with pytest.warns(UserWarning, match=OVERWRITTEN) as caught:
            assign_often([v])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "w = w - learning_rate * g" in str(caught[0].message)


def test_v13_each_variable_and_each_tape_warns_once():
    v, w = xg.Variable(2.0, name="v"), xg.Variable(2.0, name="w")
    for _ in range(2):
        with xg.GradientTape():
            v * w
            with pytest.warns(UserWarning, match="was overwritten") as caught:
                assign_often([v, w])
        assert len(caught) == 2


@pytest.mark.parametrize(
    "change", [*ASSIGNMENTS.values(), *VECTOR_CHANGES.values()], ids=[*ASSIGNMENTS, *VECTOR_CHANGES]
)
def test_v13_warning_points_to_the_users_line(change):
    v = xg.Variable([3.0, 4.0], name="v")
    if change in ASSIGNMENTS.values():
        v = xg.Variable(3.0, name="v")
    with xg.GradientTape():
        v * v
        with pytest.warns(UserWarning, match=OVERWRITTEN) as caught:
            change(v)
    assert caught[0].filename == __file__
    assert caught[0].lineno == change.__code__.co_firstlineno


def test_v13_assigning_to_an_unfollowed_variable_is_silent():
    v = xg.Variable(2.0)
    v.assign(3.0)
    with xg.GradientTape():
        v.assign(4.0)
    with xg.GradientTape(watch_accessed_variables=False):
        v * v
        v.assign(5.0)


@pytest.mark.filterwarnings("ignore:.*was overwritten:UserWarning")
def test_v13_inner_step_by_assignment_is_not_differentiated():
    outer, after, w, lr = sgd_inside(lambda w, lr, g: w.assign_sub(lr * g))
    gw, glr = outer.gradient(after, [w, lr])
    assert float(gw) == pytest.approx(2 * 1.6)
    assert glr is None


def test_v13_inner_step_as_a_value_is_differentiated():
    w0, lr = xg.Variable(2.0), xg.Variable(0.1)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            loss = w0 * w0
        w = w0 - lr * inner.gradient(loss, w0)
        after = w * w
    gw, glr = outer.gradient(after, [w0, lr])
    assert float(gw) == pytest.approx(2 * 1.6 * 0.8)
    assert float(glr) == pytest.approx(2 * 1.6 * -4.0)


@pytest.mark.parametrize("operator", ["add", "sub", "mul", "truediv", "matmul", "pow"])
def test_v14_in_place_operators_on_a_variable_are_an_error(operator):
    v = xg.Variable([1.0], name="v")
    with pytest.raises(RuntimeError, match=r"v \+= x .*Use v\.assign_add\(x\)"):
        getattr(v, f"__i{operator}__")(1.0)


def test_v14_rebound_variable_is_a_plain_tensor_and_explain_says_so():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with xg.GradientTape() as tape:
        x = x + 1.0
    with xg.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    text = str(tape.explain(y, x))
    assert "never watched" in text
    assert "the result of add" in text


def test_v15_tensors_and_variables_hash_by_identity():
    a, b = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 2.0])
    v = xg.Variable([1.0])
    assert len({a, b, a, v, v}) == 3
    assert {a: "a", b: "b"}[b] == "b"


def test_v15_equality_is_elementwise():
    a, b = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 3.0])
    assert (a == b).tolist() == [True, False]
    assert (xg.Variable([1.0, 3.0]) == b).tolist() == [True, True]


def test_v16_constants_of_equal_value_are_distinct_sources():
    a, b = xg.asarray(3.0), xg.asarray(3.0)
    with xg.GradientTape() as tape:
        tape.watch([a, b])
        y = a * 1.0
    ga, gb = tape.gradient(y, [a, b])
    assert float(ga) == 1.0
    assert gb is None


@pytest.mark.parametrize(
    "identity",
    [xg.positive, lambda x: +x, lambda x: xg.asarray(x, copy=True)],
    ids=["positive", "plus", "copy"],
)
def test_v17_identity_made_before_the_tape_is_another_value(identity):
    x = xg.asarray(3.0)
    same = identity(x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = same * same
    assert tape.gradient(y, x) is None
