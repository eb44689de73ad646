"""tf.train and tf.keras.optimizers: steps and learning rates, against TensorFlow's own."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad.compat.tensorflow as tf

FIRST = np.asarray([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], "float32")
OPTIMIZERS = [
    ("GradientDescentOptimizer", (0.1,), {}),
    ("GradientDescentOptimizer", (-0.1,), {}),
    ("MomentumOptimizer", (0.1, 0.9), {}),
    ("MomentumOptimizer", (0.1,), {"momentum": 0.5, "use_nesterov": True}),
    ("AdamOptimizer", (), {}),
    ("AdamOptimizer", (0.1,), {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}),
    ("RMSPropOptimizer", (0.1,), {}),
    ("RMSPropOptimizer", (0.1, 0.8), {"momentum": 0.5, "centered": True}),
    ("AdagradOptimizer", (0.1,), {}),
    ("AdadeltaOptimizer", (1.0,), {}),
    ("FtrlOptimizer", (0.1,), {"l1_regularization_strength": 0.01}),
]


@pytest.fixture(scope="module")
def original():
    return pytest.importorskip("tensorflow", reason="tensorflow is not installed").compat.v1


def after_steps(tf, name, arguments, options, loss, steps=4):
    """A Variable after steps in a graph."""
    with tf.Graph().as_default():
        w = tf.Variable(FIRST)
        step = getattr(tf.train, name)(*arguments, **options).minimize(loss(tf, w))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(steps):
                session.run(step)
            return session.run(w)


def polynomial(tf, w):
    return tf.reduce_sum(w**4 / 4.0 - w)


def rows(tf, w):
    """Sparse gradients, with an index that comes twice."""
    return tf.reduce_sum(tf.gather(w, [1, 1]) ** 2)


@pytest.mark.parametrize(("name", "arguments", "options"), OPTIMIZERS)
def test_optimizer_takes_tensorflow_s_steps(original, name, arguments, options):
    found = after_steps(tf, name, arguments, options, polynomial)
    expected = after_steps(original, name, arguments, options, polynomial)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["GradientDescentOptimizer", "AdagradOptimizer"])
def test_sparse_gradients_take_tensorflow_s_steps(original, name):
    found = after_steps(tf, name, (0.1,), {}, rows)
    np.testing.assert_allclose(found, after_steps(original, name, (0.1,), {}, rows), rtol=1e-5)


RATES = [
    ("exponential_decay", (0.1, 10, 0.5), {}),
    ("exponential_decay", (0.1, 10, 0.5), {"staircase": True}),
    ("natural_exp_decay", (0.1, 10, 0.5), {}),
    ("inverse_time_decay", (0.1, 10, 0.5), {"staircase": True}),
    ("polynomial_decay", (0.1, 10), {"end_learning_rate": 0.01, "power": 2.0}),
    ("polynomial_decay", (0.1, 10), {"cycle": True}),
    ("cosine_decay", (0.1, 20), {"alpha": 0.1}),
]


@pytest.mark.parametrize(("name", "arguments", "options"), RATES)
def test_learning_rate_follows_the_step(original, name, arguments, options):
    def rates(tf):
        first, *rest = arguments
        with tf.Graph().as_default():
            step = tf.Variable(0, dtype=tf.int64)
            rate = getattr(tf.train, name)(first, step, *rest, **options)
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                found = []
                for number in (0, 7, 15, 25):
                    session.run(tf.assign(step, tf.constant(number, dtype=tf.int64)))
                    found.append(session.run(rate))
                return found

    np.testing.assert_allclose(rates(tf), rates(original), rtol=1e-5)


def test_piecewise_constant_learning_rate():
    step = tf.Variable(0)
    rate = tf.train.piecewise_constant(step, [2, 4], [1.0, 0.5, 0.1])
    with tf.Session() as session:
        found = [session.run(rate, feed_dict={step: n}) for n in range(6)]
    np.testing.assert_allclose(found, [1.0, 1.0, 1.0, 0.5, 0.5, 0.1])


def test_an_optimizer_follows_a_learning_rate_of_the_graph():
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(1.0, step, 1, 0.5)
    w = tf.Variable(10.0)
    train = tf.train.GradientDescentOptimizer(rate).minimize(w * 1.0, global_step=step)
    with tf.Session() as session:
        for _ in range(3):
            session.run(train)
    assert w == 10.0 - 1.0 - 0.5 - 0.25
    assert tf.train.get_global_step() is step


def test_gradients_of_a_tape_are_applied_at_once():
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = w * w
    tf.train.GradientDescentOptimizer(0.25).apply_gradients([(tape.gradient(loss, w), w)])
    assert w == 1.0


def test_a_loss_that_is_a_function_is_minimized_at_once():
    w = tf.Variable(2.0)
    tf.train.GradientDescentOptimizer(0.25).minimize(lambda: w * w, var_list=[w])
    assert w == 1.0


def test_compute_gradients_gives_none_where_there_is_none():
    v, w = tf.Variable(2.0), tf.Variable(1.0)
    pairs = tf.train.AdamOptimizer().compute_gradients(v * v, [v, w], grad_loss=tf.constant(3.0))
    assert pairs[0][0] == 12.0
    assert pairs[1] == (None, w)


def test_nothing_to_apply_is_an_error():
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        tf.train.AdamOptimizer().apply_gradients([(None, tf.Variable(1.0))])


def test_keras_optimizers_take_their_former_arguments():
    w = tf.Variable(1.0)
    optimizer = tf.keras.optimizers.SGD(lr=0.5, decay=1.0, name="sgd")
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant(1.0), w)])
    assert w == 1.0 - 0.5 - 0.25
    assert isinstance(tf.optimizers.Adam(), tf.keras.optimizers.Adam)


def test_there_is_nothing_else_of_keras():
    with pytest.raises(AttributeError, match=r"no tf\.keras\.layers\. Use functions"):
        _ = tf.keras.layers


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g,
        lambda g: tf.clip_by_norm(g, 1.0),
        lambda g: tf.clip_by_global_norm([g], 1.0)[0][0],
        lambda g: g * 0.05,
    ],
    ids=["itself", "clipped", "clipped together", "scaled"],
)
def test_what_is_computed_from_a_gradient_of_a_tape_is_applied_at_once(change):
    w = tf.Variable(10.0)
    with tf.GradientTape() as tape:
        loss = w * w
    gradient = change(tape.gradient(loss, w))
    tf.train.GradientDescentOptimizer(1.0).apply_gradients([(gradient, w)])
    np.testing.assert_allclose(w.numpy(), 10.0 - gradient.numpy())
    assert w != 10.0


def test_a_gradient_that_is_constant_is_applied_when_the_operation_is_run():
    w = tf.Variable(10.0)
    step = tf.train.GradientDescentOptimizer(1.0).minimize(3.0 * w)
    assert w == 10.0
    with tf.Session() as session:
        session.run(step)
        session.run(step)
    assert w == 4.0
