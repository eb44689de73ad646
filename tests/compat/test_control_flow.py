"""cond and while_loop: in sessions, which know only the way that was gone, and in recorded functions."""

from __future__ import annotations

from typing import NamedTuple

import pytest

import xgrad as xg
import xgrad.compat.tensorflow as tf


@pytest.fixture
def session():
    with tf.Session() as found:
        yield found


ANOTHER_WAY = "goes another way with these values"


# -- sessions --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("graph")
def test_a_condition_is_run_again_where_it_is_decided_alike(session):
    x = tf.constant(2.0)
    y = tf.cond(x > 1.0, lambda: x**3, lambda: x)
    (g,) = tf.gradients(y, x)
    (h,) = tf.gradients(g, x)
    assert session.run([y, g, h], {x: 3.0}) == [27.0, 27.0, 18.0]


@pytest.mark.usefixtures("graph")
def test_a_condition_that_would_be_decided_otherwise_is_no_other_value(session):
    x = tf.constant(2.0)
    y = tf.cond(x > 1.0, lambda: 5.0 * x, lambda: x)
    (g,) = tf.gradients(y, x)
    for value in (y, g, y + 1.0):
        with pytest.raises(xg.errors.TracingError, match=f"tf.cond {ANOTHER_WAY}"):
            session.run(value, {x: 0.5})
    assert session.run(x, {x: 0.5}) == 0.5


@pytest.mark.usefixtures("graph")
def test_a_loop_is_run_again_where_it_takes_as_many_rounds(session):
    x = tf.constant(2.0)
    (y,) = tf.while_loop(lambda v: v < 8.0, lambda v: v * v, [x])
    (g,) = tf.gradients(y, x)
    (h,) = tf.gradients(g, x)
    assert session.run([y, g, h]) == [16.0, 32.0, 48.0]
    assert session.run([y, g, h], {x: 2.5}) == [39.0625, 62.5, 75.0]


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("value", [0.25, 100.0], ids=["more", "none"])
def test_a_loop_of_other_rounds_is_no_other_value(session, value):
    x = tf.constant(2.0)
    y, _ = tf.while_loop(lambda v, i: v < 8.0, lambda v, i: (2.0 * v, i + 1), [x, 0])
    (g,) = tf.gradients(y, x)  # 4.0, whatever x is
    for fetched in (y, g):
        with pytest.raises(xg.errors.TracingError, match=f"tf.while_loop {ANOTHER_WAY}"):
            session.run(fetched, {x: value})


@pytest.mark.usefixtures("graph")
def test_a_loop_without_a_round_is_held_to_that(session):
    x = tf.constant(9.0)
    (y,) = tf.while_loop(lambda v: v < 8.0, lambda v: 2.0 * v, [x])
    (g,) = tf.gradients(y, x)
    assert session.run([y, g], {x: 10.0}) == [10.0, 1.0]
    with pytest.raises(xg.errors.TracingError, match=ANOTHER_WAY):
        session.run(g, {x: 1.0})


def test_a_bound_of_rounds_that_is_fed_counts(session):
    x, count = tf.constant(2.0), tf.Variable(3)
    (y,) = tf.while_loop(lambda v: v > 0.0, lambda v: v * x, [x], maximum_iterations=count)
    assert session.run(y, {x: 3.0}) == 81.0
    count.assign(4)
    with pytest.raises(xg.errors.TracingError, match=ANOTHER_WAY):
        session.run(y)


def test_a_variable_in_a_condition_counts(session):
    w = tf.Variable(3.0)
    y = tf.cond(w > 1.0, lambda: w, lambda: -w)
    w.assign(2.0)
    assert session.run(y) == 2.0
    w.assign(0.5)
    with pytest.raises(xg.errors.TracingError, match=ANOTHER_WAY):
        session.run(y)


# -- recorded functions ----------------------------------------------------------------------------


def test_a_recorded_function_decides_in_each_call():
    @tf.function
    def pick(n, x):
        return tf.cond(n > 1, lambda: 3.0 * x, lambda: -x)

    x = tf.constant(2.0)
    assert [float(pick(tf.constant(n), x).numpy()) for n in (5, 0, 5)] == [6.0, -2.0, 6.0]


def test_a_recorded_function_loops_as_often_as_each_call_says():
    @tf.function
    def power(n, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, y = tf.while_loop(lambda i, _: i < n, lambda i, y: (i + 1, y * x), [0, tf.ones([])])
        return y, tape.gradient(y, x)

    x = tf.constant(2.0)
    assert power(tf.constant(3), x) == (8.0, 12.0)
    assert power(tf.constant(4), x) == (16.0, 32.0)
    assert power(tf.constant(0), x) == (1.0, None)


def test_what_was_done_before_the_decision_is_done_once():
    w = tf.Variable(1.0)

    @tf.function
    def step(x):
        w.assign_add(x)
        return tf.cond(w > 2.0, lambda: w * 1.0, lambda: -w)

    assert [float(step(tf.constant(1.0)).numpy()) for _ in range(2)] == [-2.0, 3.0]
    assert w == 3.0


def test_what_was_drawn_before_the_decision_is_drawn_once():
    def draw(x):
        r = tf.random.uniform([2])
        return tf.cond(x > 0.0, lambda: r, lambda: -r)

    def drawn(f):
        tf.random.set_seed(3)
        return [f(tf.constant(v)).numpy().tolist() for v in (1.0, -1.0, 1.0)]

    assert drawn(tf.function(draw)) == drawn(draw)


def test_functions_that_decide_nest():
    @tf.function
    def inner(x):
        return tf.cond(x > 1.0, lambda: x, lambda: 0.0 * x)

    @tf.function
    def outer(x):
        return inner(x) + inner(x - 1.0)

    assert [float(outer(tf.constant(v)).numpy()) for v in (3.0, 1.5, 1.0)] == [5.0, 1.5, 0.0]


def test_decisions_that_are_the_same_in_all_calls_are_recorded():
    @tf.function
    def cube(x):
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x / x])[1]

    assert [float(cube(tf.constant(v)).numpy()) for v in (2.0, 3.0)] == [8.0, 27.0]
    assert cube.stats().programs == 1


def test_inside_of_vectorized_map_each_example_decides():
    found = tf.vectorized_map(
        lambda x: tf.cond(x > 1.0, lambda: 3.0 * x, lambda: -x), tf.constant([2.0, 0.5])
    )
    assert found.numpy().tolist() == [6.0, -0.5]


# -- arguments -------------------------------------------------------------------------------------


class State(NamedTuple):
    count: object
    total: object


def test_what_goes_round_may_be_nests():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        state, (y, label) = tf.while_loop(
            lambda s, pair: s.count < 3,
            lambda s, pair: (State(s.count + 1, s.total + pair[0]), (pair[0] * x, pair[1])),
            [State(0, 0.0), (x, {"last": x})],
        )
    assert type(state) is State
    assert (state.total, y, label["last"]) == (14.0, 16.0, 2.0)
    assert tape.gradient(state.total, x) == 17.0


def test_a_body_that_returns_too_little_is_refused():
    with pytest.raises(xg.errors.ArgumentError, match="structure"):
        tf.while_loop(lambda a, b: a < 1.0, lambda a, b: [a], [0.0, 1.0])


def test_shapes_may_change_with_invariants():
    x = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        _, y = tf.while_loop(
            lambda i, h: i < 2,
            lambda i, h: (i + 1, tf.concat([h, x], 0)),
            [0, tf.zeros([0, 2])],
            shape_invariants=[(), (None, 2)],
        )
    assert y.shape == (2, 2)
    assert tape.gradient(y, x).numpy().tolist() == [[2.0, 2.0]]


def test_a_number_from_a_branch_is_a_tensor():
    assert tf.cond(True, lambda: 2.0, lambda: 3.0).dtype == tf.float32


def test_nothing_is_mapped_to_nothing_of_the_right_shape():
    found = tf.map_fn(lambda x: {"a": tf.zeros([3, 2]) + x, "b": 1}, tf.zeros([0]))
    assert (found["a"].shape, found["a"].dtype) == ((0, 3, 2), tf.float32)
    assert (found["b"].shape, found["b"].dtype) == ((0,), tf.int32)
