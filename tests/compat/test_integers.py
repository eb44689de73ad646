"""Gradients of integers, as TensorFlow 1 had them; against the same with floats, by hand."""

import pytest

import xgrad.compat.tensorflow as tf


@pytest.fixture
def w():
    return tf.Variable([[1, 2]]), tf.Variable([[3, 4]])


def test_gradients_of_a_polynomial_follow_the_variables(w):
    w1, w2 = w
    grads = tf.gradients(tf.reduce_sum(w1 * w1 * w2), [w1, w2])
    with tf.Session() as session:
        first = session.run(grads)
        w1.assign([[5, 6]])
        second = session.run(grads)
    assert [g.tolist() for g in first] == [[[6, 16]], [[1, 4]]]
    assert [g.tolist() for g in second] == [[[30, 48]], [[25, 36]]]
    assert first[0].dtype == "int32"


def test_grad_ys_weigh_integers(w):
    (g,) = tf.gradients(3 * w[0], w[0], grad_ys=tf.constant([[10, 100]]))
    assert g.numpy().tolist() == [[30, 300]]


def test_gradients_pass_between_dtypes_of_integers(w):
    (g,) = tf.gradients(tf.cast(w[0], tf.int64) * 7, w[0])
    assert g.numpy().tolist() == [[7, 7]]
    assert g.dtype == tf.int32


def test_a_path_of_integers_ends_where_it_passes_through_floats(w):
    y = tf.cast(tf.cast(w[0], tf.float32) * 2.0, tf.int32)
    assert tf.gradients(y, [w[0]]) == [None]


def test_floats_have_no_gradient_through_integers():
    x = tf.Variable(2.0)
    assert tf.gradients(tf.cast(x * x, tf.int32), [x]) == [None]


def test_an_index_stays_an_integer(w):
    y = tf.gather(w[0], [1, 1], axis=1)
    (g,) = tf.gradients(y, w[0])
    assert g.numpy().tolist() == [[0, 2]]


def test_unrelated_integers_have_zeros_on_request(w):
    w1, w2 = w
    _, g = tf.gradients(w1 * 2, [w1, w2], unconnected_gradients="zero")
    assert g.numpy().tolist() == [[0, 0]]
    assert g.dtype == tf.int32
