"""The same programs in xgrad's own names: `native` says what has to be changed, and why.

They print what the documents show, but that a Tensor says `xg.Tensor` and its device."""

from __future__ import annotations

import re

import numpy as np
import pytest
import seed_programs as seeds
from event_files import read
from seed_documents import Edit, assert_shows, edited, run

import xgrad as xg

NATIVE = [
    Edit(
        "keras.optimizers.SGD(lr =", "xg.optimizers.SGD(learning_rate=", "its name, and Keras 3's"
    ),
    Edit("tf.train.GradientDescentOptimizer(", "xg.optimizers.GradientDescent(", "its name"),
    Edit("tf.get_variable('w1', shape=[3])", "xg.Variable(xg.ones(3))", "a value is needed"),
    Edit("tf.device('/cpu:0')", "xg.device('cpu')", "its name"),
    Edit("tf.to_float(batch_size)", "xg.astype(batch_size, xg.float32)", "the standard's name"),
    Edit(
        "with tf.Session() as sess:\n    tf.global_variables_initializer().run()\n",
        "if True:\n",
        "values are computed at once",
    ),
    Edit(
        "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n",
        "if True:\n",
        "the same",
    ),
    Edit("with tf.Session() as sess:\n", "if True:\n", "the same"),
    Edit("sess.run(", "numpy_of(", "the same"),
    Edit("[[1,2]]", "[[1.0, 2.0]]", "integers have no gradients"),
    Edit("[[3,4]]", "[[3.0, 4.0]]", "the same"),
    Edit("[[2],[1]]", "xg.constant([[2.0], [1.0]])", "lists are no operands"),
    Edit("tf.", "xg.", "the rest has the same names"),
]


def native(program):
    """A program with those edits that concern it."""
    program = re.sub(r"^import tensorflow as tf$", "", program, flags=re.MULTILINE)
    program = re.sub(r"tf\.get_variable\('w\d'", "tf.get_variable('w1'", program)
    for edit in NATIVE:
        program = edited(program, [edit] if edit.old in program else [])
    return program


def numpy_of(nest):
    return xg.tree.map(lambda x: x.numpy()[()], nest)


@pytest.fixture(autouse=True)
def in_float32():
    with xg.set_default_dtype(xg.float32):
        yield


def printed_natively(program, names=None):
    names = {"xg": xg, "numpy_of": numpy_of} if names is None else names
    return run(native(program), xg, names=names)[1]


def printed_in_a_graph(program):
    with xg.Graph():
        return printed_natively(program)


@pytest.mark.parametrize(
    "name", ["CONSTANT_000", "VARIABLE_000", "WATCHED_000", "PERSISTENT_000", "TAPE_002"]
)
def test_program_with_a_tape(name):
    assert_shows(printed_natively(getattr(seeds, name)), getattr(seeds, f"SHOWN_{name}"))


@pytest.mark.parametrize(
    "name",
    ["COMPUTE_001", "GRADIENTS_002", "GRAD_YS_004", "STOPPED_004", "OTHER_PATH_004"],
)
def test_program_with_gradients_of_a_graph(name):
    assert_shows(printed_in_a_graph(getattr(seeds, name)), getattr(seeds, f"SHOWN_{name}"))


def test_001_minimize():
    (line,) = re.findall(r"^loss = .*\n", seeds.MINIMIZE_001, re.MULTILINE)
    with xg.Graph():
        w, step = xg.Variable(2.0), xg.Variable(0, trainable=False)
        names = {"xg": xg, "loss": (w - 3.0) ** 2, "global_step": step}
        printed_natively(seeds.MINIMIZE_001.replace(line, ""), names)
    assert numpy_of([w, step]) == [4.0, 1]


def test_001_gradients_are_clipped_and_paired():
    with xg.Graph():
        w, b = xg.Variable([1.0, 2.0]), xg.Variable(3.0)
        cost = xg.sum(w * w) + 2.0 * b
        names = {"xg": xg, "cost": cost, "batch_size": xg.constant(2), "MAX_GRAD_NORM": 1.0}
        printed_natively(seeds.CLIPPED_001, names)
    (g_w, v_w), (g_b, v_b) = names["grads_and_vars"]
    assert v_w is w
    assert v_b is b
    norm = np.sqrt(1.0 + 4.0 + 1.0)
    np.testing.assert_allclose(g_w.numpy(), np.asarray([1.0, 2.0]) / norm, rtol=1e-6)
    np.testing.assert_allclose(g_b.numpy(), 1.0 / norm, rtol=1e-6)


def test_002_summaries_for_tensorboard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"xg": xg}
    assert printed_natively(seeds.SUMMARIES_002, names) == ""
    written = [(value.tag, value.step, value.numbers) for value in read(tmp_path / "logs")]
    assert written == [("y", 0, [27.0]), ("grads", 0, [18.0])]
    names["writer"].close()


@pytest.mark.parametrize("number", range(len(seeds.PROGRAMS_003)))
def test_003_program(number):
    names = {"xg": xg}
    for program in seeds.PROGRAMS_003[: number + 1]:
        printed = printed_natively(program, names)
    expected = seeds.SHOWN_003[number]
    if number == seeds.SECOND_GRADIENT_003:
        assert printed.startswith(expected)
    else:
        printed = re.sub(r"'Variable_\d+'", "'Variable:0'", printed)  # names are numbered
        assert_shows(printed, expected)


def test_004_the_product():
    expected = seeds.SHOWN_PRODUCT_004.replace("int32", "float32")
    assert_shows(printed_in_a_graph(seeds.PRODUCT_004), expected)


def test_004_unrelated_variables_have_none():
    program = seeds.UNRELATED_004.replace("sess.run(grads)", "grads")
    assert_shows(
        printed_in_a_graph(program), "[tf.Tensor([2. 1.], shape=(1, 2), dtype=float32), None]"
    )


def test_004_apply_gradients_leaves_out_what_has_none():
    program = seeds.APPLY_004.replace(seeds.HISTOGRAM_004, "")
    program = program.replace("    print(sess.run(train_op))\n", "")  # the step is taken at once
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        printed = printed_in_a_graph(program)
    assert_shows(printed, seeds.SHOWN_APPLY_004.replace("None\n[2.0", "[2.0"))


def test_004_third_derivative():
    """None: the second one does not depend on a; the program for a session has a zero instead."""
    program = seeds.THIRD_004.replace("sess.run(grad_3)", "grad_3")
    expected = "tf.Tensor(2.0, shape=(), dtype=float32)\n[None]\n[None]"
    assert_shows(printed_in_a_graph(program), expected)
