"""Session.run with fed values gives what the program gives when it is built with them."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow_calls import CALLS, values

import xgrad.compat.tensorflow as tf

FLOATS = ("x", "y", "p", "m", "t", "v", "image")
BY_CHANCE = ("random", "dropout", "shuffle")


def leaves(results):
    if isinstance(results, (list, tuple)):
        return [leaf for part in results for leaf in leaves(part)]
    return [results]


def built(call, operands):
    """The operands, what a call gives, and the gradients of its real part by their sources' names."""
    names = {name: tf.constant(value) for name, value in operands.items()}
    results = [r for r in leaves(eval(call, {"tf": tf, **names})) if r is not None]
    floats = [
        tf.cast(r, tf.float32)
        for r in results
        if getattr(r, "dtype", None) in ("float32", "float64")
    ]
    total = [tf.reduce_sum(r * tf.cos(r)) for r in floats]
    grads = tf.gradients(total, [names[name] for name in FLOATS]) if total else []
    found = {name: g for name, g in zip(FLOATS, grads, strict=False) if g is not None}
    return names, {**dict(enumerate(results)), **found}


@pytest.mark.parametrize("call", [c for c in CALLS if not any(word in c for word in BY_CHANCE)])
def test_call_with_fed_values(call):
    others = {
        **values(1),
        "n": np.asarray([[2, 4, 1], [3, 6, 5]], "int32"),
        "k": np.asarray([0, 2, 2], "int32"),
        "c": np.asarray([[False, True, True], [True, False, False]]),
    }
    names, fetches = built(call, values())
    with tf.Session() as session:
        found = session.run(fetches, {names[name]: others[name] for name in names})
        expected = session.run(built(call, others)[1])
    assert found.keys() == expected.keys()
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5, err_msg=str(name))
