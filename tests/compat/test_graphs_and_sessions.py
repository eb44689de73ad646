"""Graphs, the default one among them, sessions and operations: what TensorFlow 1's programs rely on."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import xgrad as xg
import xgrad.compat.tensorflow as tf


@pytest.fixture
def session():
    with tf.Session() as found:
        yield found


# -- running ---------------------------------------------------------------------------------------


def test_run_gives_the_structure_of_the_fetches(session):
    x = tf.constant([1.0, 2.0])
    found = session.run({"a": [x, x * 2.0], "b": (tf.no_op(),)})
    assert found["b"] == (None,)
    np.testing.assert_array_equal(found["a"][1], [2.0, 4.0])


def test_run_computes_again_what_depends_on_an_assigned_variable(session):
    w = tf.Variable(2.0)
    y = w * w + 1.0
    w.assign(3.0)
    assert session.run(y) == 10.0
    assert y == 5.0  # the Tensor itself is a value


def test_gradients_are_computed_again_too(session):
    w = tf.Variable(2.0)
    (g,) = tf.gradients(w**3, [w])
    (h,) = tf.gradients(g, [w])
    w.assign(3.0)
    assert session.run([g, h]) == [27.0, 18.0]


def test_a_fed_value_replaces_a_constant_and_what_is_computed_from_it(session):
    x = tf.constant(1.0)
    y = tf.exp(x)
    z = y * x
    assert session.run(z, feed_dict={x: 2.0, y: 10.0}) == 20.0
    assert session.run(z) == np.exp(np.float32(1.0))


def test_what_is_fed_has_the_dtype_of_what_it_replaces(session):
    x = tf.constant([1.0, 2.0])
    assert session.run(x + 0.0, feed_dict={x: [3, 4]}).dtype == np.float32


def test_feeding_needs_a_value_of_the_graph(session):
    with pytest.raises(TypeError, match="a key is a str"):
        session.run([], feed_dict={"x": 1.0})


def test_none_is_refused_with_a_hint(session):
    with pytest.raises(TypeError, match=r"Fetch argument None has invalid type.*zero"):
        session.run([None])


def test_a_function_with_a_rule_of_its_own_is_not_run_again(session):
    @tf.custom_gradient
    def double(x):
        return 2.0 * x, lambda g: 2.0 * g

    w = tf.Variable(1.0)
    y = double(w) + 1.0
    assert session.run(y) == 3.0  # nothing has changed
    w.assign(2.0)
    with pytest.raises(xg.errors.TracingError, match="cannot be run again"):
        session.run(y)


def test_long_chains_are_run_without_recursion(session):
    w = tf.Variable(1.0)
    y = w
    for _ in range(3000):
        y = y + 1.0
    w.assign(2.0)
    assert session.run(y) == 3002.0


def test_a_sparse_gradient_is_fetched_dense(session):
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    (g,) = tf.gradients(tf.gather(table, [1, 1]), [table])
    np.testing.assert_array_equal(session.run(g), [[0.0, 0.0], [2.0, 2.0]])


def test_sessions_nest():
    with tf.Session() as outer:
        with tf.Session() as inner:
            assert tf.get_default_session() is inner
        assert tf.get_default_session() is outer
    assert tf.get_default_session() is None


def test_an_interactive_session_is_the_default_one_until_it_is_closed():
    session = tf.InteractiveSession()
    assert tf.get_default_session() is session
    session.close()
    assert tf.get_default_session() is None


# -- operations ------------------------------------------------------------------------------------


def test_assignments_happen_when_they_are_run(session):
    w = tf.Variable(1.0)
    raised, lowered, replaced = tf.assign_add(w, 2.0), tf.assign_sub(w, 0.5), tf.assign(w, w * 10.0)
    assert w == 1.0
    session.run(raised)
    assert w == 3.0
    session.run(lowered)
    assert w == 2.5
    session.run(replaced)
    assert w == 25.0


def test_the_initializer_gives_variables_their_first_values(session):
    v, w = tf.Variable(1.0), tf.Variable([2.0, 3.0])
    v.assign(5.0)
    w.assign([0.0, 0.0])
    session.run(tf.global_variables_initializer())
    assert session.run([v, w])[0] == 1.0
    np.testing.assert_array_equal(w.numpy(), [2.0, 3.0])


def test_one_variable_is_initialized_by_its_own_operation():
    v, w = tf.Variable(1.0), tf.Variable(2.0)
    v.assign(5.0)
    w.assign(6.0)
    v.initializer.run()
    assert (v.eval(), w.eval()) == (1.0, 6.0)


def test_a_group_happens_in_order(session):
    w = tf.Variable(1.0)
    session.run(tf.group(tf.assign(w, 3.0), tf.assign_add(w, 1.0)))
    assert w == 4.0


def test_a_training_loop_with_a_fed_batch_finds_the_minimum(session):
    x, target = tf.constant([0.0, 0.0]), tf.constant([0.0, 0.0])
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    loss = tf.reduce_mean(tf.square(w * x + b - target))
    step = tf.train.GradientDescentOptimizer(0.2).minimize(loss)
    rng = np.random.default_rng(0)
    for _ in range(300):
        batch = rng.uniform(-1.0, 1.0, size=2)
        session.run(step, feed_dict={x: batch, target: 3.0 * batch - 1.0})
    np.testing.assert_allclose(session.run([w, b]), [3.0, -1.0], atol=1e-3)


# -- graphs ----------------------------------------------------------------------------------------


def test_a_graph_lists_its_own_variables():
    outside = tf.Variable(1.0)
    with tf.Graph().as_default() as graph:
        v, w = tf.Variable(2.0), tf.Variable(3.0, trainable=False)
        assert tf.get_default_graph() is graph
        assert tf.trainable_variables() == [v]
        assert tf.global_variables() == [v, w]
    assert any(x is outside for x in tf.global_variables())


def test_trainable_variables_are_found_by_scope():
    with tf.Graph().as_default():
        v = tf.Variable(1.0, name="layer/kernel")
        tf.Variable(1.0, name="other")
        assert tf.trainable_variables("layer") == [v]


def test_a_graph_can_be_run_after_its_block(session):
    with tf.Graph().as_default():
        w = tf.Variable(2.0)
        y = w * w
    w.assign(3.0)
    assert session.run(y) == 9.0


def test_gradients_to_any_order_of_constants():
    x = tf.constant(2.0)
    y = x**4
    found = []
    for _ in range(4):
        (y,) = tf.gradients(y, [x])
        found.append(float(y.numpy()))
    assert found == [32.0, 48.0, 48.0, 24.0]


def test_hessians():
    x = tf.constant([1.0, 2.0])
    (h,) = tf.hessians(tf.reduce_prod(x) ** 2, [x])
    np.testing.assert_array_equal(h.numpy(), [[8.0, 8.0], [8.0, 2.0]])


def test_stop_gradients_of_gradients():
    a = tf.constant(2.0)
    b = a * 3.0
    assert tf.gradients(a + b, [a, b], stop_gradients=[a, b]) == [1.0, 1.0]


# -- the default graph -----------------------------------------------------------------------------


def test_a_tape_makes_the_default_graph_forget():
    x = tf.constant(2.0)
    y = x * x
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x * 3.0
    assert tape.gradient(z, x) == 3.0
    with pytest.raises(xg.errors.TapeError):
        tf.gradients(y, [x])


def test_a_gradient_that_would_miss_what_was_forgotten_is_refused():
    x = tf.constant(2.0)
    y = x * x
    with tf.GradientTape():
        pass
    with pytest.raises(xg.errors.TapeError, match="has forgotten"):
        tf.gradients(y * x, [x])


def test_an_eager_loop_leaves_nothing_in_the_default_graph():
    from xgrad.compat.tensorflow._default_graph import default_graph

    w = tf.Variable(5.0)
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = w * w
        w.assign_sub(0.1 * tape.gradient(loss, w))
    assert len(default_graph().recipes.of) < 10


def test_without_a_default_graph_nothing_is_recorded():
    tf.enable_eager_execution()
    try:
        x = tf.constant(2.0)
        with pytest.raises(xg.errors.TapeError, match=r"with xg\.Graph"):
            tf.gradients(x * x, [x])
    finally:
        tf.disable_eager_execution()


def test_resetting_forgets():
    x = tf.constant(2.0)
    y = x * x
    tf.reset_default_graph()
    with pytest.raises(xg.errors.TapeError):
        tf.gradients(y, [x])


def test_each_thread_has_its_own():
    found = []
    x = tf.constant(2.0)

    def elsewhere():
        z = tf.constant(3.0)
        found.extend(tf.gradients(z * z, [z]))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [6.0]
    assert tf.gradients(x * x, [x]) == [4.0]


def test_xgrad_s_own_tapes_do_not_notice():
    x = tf.constant(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y, x) == 4.0
    assert xg.grad(lambda t: t**3)(x) == 12.0


def test_gradients_inside_a_function_that_is_recorded():
    @tf.function
    def slope(x):
        return tf.gradients(x**3, x)[0]

    assert [float(slope(tf.constant(v)).numpy()) for v in (1.0, 2.0)] == [3.0, 12.0]


# -- integers and truth values ---------------------------------------------------------------------


@pytest.mark.usefixtures("graph")
def test_integers_and_truth_values_can_be_fed(session):
    labels, training, x = tf.constant([0, 1]), tf.constant(True), tf.constant([[1.0, 2.0, 4.0]] * 2)
    picked = tf.gather(x, labels, axis=1, batch_dims=1)
    y = tf.reduce_sum(tf.where(training, picked, -picked))
    (g,) = tf.gradients(y, x)
    assert session.run(y) == 3.0
    found, slope = session.run([y, g], {labels: [2, 0], training: False})
    assert found == -5.0
    assert slope.tolist() == [[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]


@pytest.mark.usefixtures("graph")
def test_labels_can_be_fed(session):
    labels, logits = tf.constant([0, 1]), tf.constant([[1.0, 2.0, 3.0]] * 2)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    first, fed = session.run(loss), session.run(loss, {labels: [1, 1]})
    assert fed.tolist() == [first[1], first[1]]


@pytest.mark.usefixtures("graph")
def test_a_condition_that_is_fed_is_held_to_what_it_was(session):
    training, x = tf.constant(True), tf.constant(2.0)
    y = tf.cond(training, lambda: x * x, lambda: x)
    assert session.run(y, {training: True, x: 3.0}) == 9.0
    with pytest.raises(xg.errors.TracingError, match="cond goes another way"):
        session.run(y, {training: False})


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize(
    "f", [tf.reduce_mean, tf.shape, tf.size, tf.ones_like, lambda x: tf.gradients(x * x, x)[0]]
)
def test_a_value_of_another_shape_is_not_fed(session, f):
    x = tf.constant([[1.0, 2.0]])
    y = f(x)
    with pytest.raises(xg.errors.ShapeError, match=r"feed_dict: \(1, 2\).*\(3, 2\).*Build it anew"):
        session.run(y, {x: np.ones((3, 2))})
    assert session.run(x + 1.0, {x: [[3.0, 4.0]]}).tolist() == [[4.0, 5.0]]


@pytest.mark.usefixtures("graph")
def test_a_number_that_was_a_shape_is_not_fed(session):
    count = tf.constant(3)
    y = tf.reshape(tf.ones([6]), [count, 2])
    with pytest.raises(xg.errors.ArgumentError, match="was a shape, an axis or a count"):
        session.run(y, {count: 2})


COUNTS = {
    "range": lambda n, x: tf.range(n + 1),
    "made of a range": lambda n, x: tf.cast(tf.range(n + 1), tf.float32) * 2.0,
    "shape": lambda n, x: tf.ones([n + 1]),
    "shape of what is fed": lambda n, x: tf.reshape(x * 1.0, [n + 1, 2]),
    "axis": lambda n, x: tf.reduce_sum(x, axis=n - 2),
    "gradient": lambda n, x: tf.gradients(tf.reduce_sum(x * x, axis=n - 2), x)[0],
}


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("f", COUNTS.values(), ids=COUNTS)
def test_what_was_built_for_a_count_is_not_run_for_another(session, f):
    n, x = tf.constant(3), tf.constant([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    y, beside = f(n, x), x * 2.0
    expected = session.run(y)
    np.testing.assert_array_equal(session.run(y, {n: 3}), expected)
    with pytest.raises(xg.errors.TracingError, match="a shape, an axis or a count is"):
        session.run(y, {n: 2})
    assert session.run(beside, {n: 2, x: np.ones((2, 4))}).tolist() == [[2.0] * 4] * 2


@pytest.mark.usefixtures("graph")
def test_what_was_built_for_a_count_in_a_variable_is_not_run_for_another(session):
    v = tf.Variable(2)
    y = tf.reduce_sum(tf.ones([v, 2]))
    session.run(tf.global_variables_initializer())
    assert session.run(y) == 4.0
    v.assign(3)
    with pytest.raises(xg.errors.TracingError, match="is 3 in this run, and was 2"):
        session.run(y)


def test_a_rule_that_leaves_xgrad_is_run_again_only_for_variables_that_changed(session):
    with tf.Graph().as_default():
        w = tf.Variable([2.0, 3.0])

        @tf.custom_gradient
        def scale(x):
            def grad_fn(g, variables=None):
                return g * w, [tf.constant(4.0 * w.numpy())]

            return x * w, grad_fn

        x = tf.constant([1.0, 1.0])
        dx, dw = tf.gradients(scale(x), [x, w])
        assert [g.tolist() for g in session.run([dx, dw])] == [[2.0, 3.0], [8.0, 12.0]]
        w.assign([5.0, 5.0])
        assert session.run(dx).tolist() == [5.0, 5.0]
        with pytest.raises(xg.errors.TracingError, match="cannot be run again"):
            session.run(dw)


def test_a_tape_lets_go_of_what_counters_were_computed_from():
    step, graph = tf.constant(0), tf.get_default_graph()
    for _ in range(3):
        step = step + 1
        with tf.GradientTape():
            assert len(graph.recipes.of) == 0


def test_a_session_does_not_run_what_a_tape_let_the_graph_forget(session):
    x, w = tf.constant(2.0), tf.Variable(3.0)
    y = x * w
    train = tf.train.GradientDescentOptimizer(0.1).minimize(y, var_list=[w])
    with tf.GradientTape():
        z = w * w
    for fetched in (y, train):
        with pytest.raises(xg.errors.TapeError, match=r"Session.run: a value .* has forgotten"):
            session.run(fetched, {x: 5.0})
    assert session.run([x, w, z]) == [2.0, 3.0, 9.0]


@pytest.mark.usefixtures("graph")
def test_orders_without_derivative_are_constants(session):
    x = tf.constant(1.5)
    (g,) = tf.gradients(tf.math.polygamma(1.0, x) + tf.math.digamma(x), x)
    expected = tf.math.polygamma(2.0, x) + tf.math.polygamma(1.0, x)
    assert session.run(g, {x: 2.5}) == pytest.approx(session.run(expected, {x: 2.5}))
