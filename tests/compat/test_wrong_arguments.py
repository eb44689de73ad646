"""Arguments that TensorFlow refuses, and NumPy would take in another sense, or cut off in silence."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad as xg
import xgrad.compat.tensorflow as tf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: tf.gather(x, 0, axis=2), "gather: axis 2 is out of range"),
        (lambda x: tf.gather(x, 0, axis=-3), "gather: axis -3 is out of range"),
        (lambda x: tf.gather(x, [0, 1], batch_dims=-2), "batch_dims -2 is out of range"),
        (lambda x: tf.gather(x, [[0], [1]], axis=0, batch_dims=1), "is one of the 1 axes"),
        (lambda x: tf.slice(x, [0, 1], [2, 3]), r"at \(0, 1\) is not inside of"),
        (lambda x: tf.slice(x, [-1, 0], [1, 1]), r"at \(-1, 0\) is not inside of"),
        (lambda x: tf.slice(x, [0], [1]), "must have a number for each axis"),
        (lambda x: tf.split(x, [1, 1], axis=1), r"sizes \(1, 1\) do not add up to 3"),
        (lambda x: tf.split(x, [-1, -1, 1], axis=1), "do not add up to 3"),
        (lambda x: tf.split(x, [1, 1], axis=2), "split: axis 2 is out of range"),
    ],
)
def test_places_outside_are_refused(call, message):
    with pytest.raises(xg.errors.ShapeError, match=message):
        call(tf.ones([2, 3]))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: tf.tensor_scatter_nd_update(x, [[0], [1]], [7.0, 8.0, 9.0]),
        lambda x: tf.tensor_scatter_nd_add(x, [[0]], 1.0),
        lambda x: tf.tensor_scatter_nd_sub(x, [[0], [1]], [[1.0], [2.0]]),
        lambda x: tf.scatter_nd([[0], [2]], [5.0], [4]),
        lambda x: tf.scatter_nd([[[0]], [[1]]], [1.0, 2.0], [3]),
    ],
    ids=["row", "scalar", "column", "one", "rank"],
)
def test_updates_are_not_broadcast(call):
    with pytest.raises(xg.errors.ShapeError, match="must have the shape"):
        call(tf.ones([2, 3]))


def test_indices_of_updates_need_an_axis_of_coordinates():
    with pytest.raises(xg.errors.ShapeError, match="no axis of coordinates"):
        tf.scatter_nd(0, 1.0, [3])


def test_a_factor_that_is_not_finite_leaves_no_trace_next_to_a_zero():
    x, y = tf.constant([np.nan, np.inf, 3.0]), tf.constant([0.0, 0.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        product = tf.math.multiply_no_nan(x, y)
    dx, dy = tape.gradient(product, [x, y])
    assert product.numpy().tolist() == dx.numpy().tolist() == [0.0, 0.0, 0.0]
    assert dy.numpy().tolist() == [0.0, 0.0, 3.0]
