"""The programs of five documents run as they are written, and print what the documents show.

Each test reads its program out of the document. What had to be changed is listed as an `Edit`, with
its reason; lost white space is put back (seed_documents.py)."""

from __future__ import annotations

import re

import numpy as np
import pytest
from event_files import read
from seed_documents import (
    Edit,
    assert_shows,
    between,
    document,
    printed_by,
    restored,
    run,
    squeezed,
)

import xgrad as xg
import xgrad.compat.tensorflow as tf

# -- 000: tapes ------------------------------------------------------------------------------------

FIRST_LINE = "x = tf.constant([2.0])"
PRINT = "print('The gradient df/dx"


def output_in_comments(number, first, *, occurrence):
    """The comment after "# Output" that follows a program."""
    lines = between(number, first, "# tf.Tensor", occurrence=occurrence).splitlines()
    after = lines[lines.index("# Output") + 1 :]
    return "\n".join(line.removeprefix("# ") for line in after)


def test_000_a_constant_that_is_not_watched_has_no_gradient():
    program = between("000", FIRST_LINE, PRINT)
    expected = between("000", "# The gradient", "# None").replace("# ", "")
    assert_shows(printed_by(program, tf), expected)


@pytest.mark.parametrize("occurrence", [1, 2], ids=["variable", "watch"])
def test_000_a_variable_and_a_watched_constant_have_one(occurrence):
    program = between("000", FIRST_LINE, PRINT, occurrence=occurrence)
    expected = output_in_comments("000", FIRST_LINE, occurrence=occurrence)
    assert_shows(printed_by(program, tf), expected)


def test_000_a_persistent_tape_gives_two_gradients():
    program = between("000", FIRST_LINE, "print('The gradient dh/dx", occurrence=3)
    expected = between("000", "'''", "'''").strip("'\n")
    expected = between("000", "The gradient df/dx", " tf.Tensor([12.]")
    assert_shows(printed_by(program, tf), expected)


# -- 001: compute_gradients and apply_gradients ----------------------------------------------------


def test_001_minimize_raises_the_step_and_lowers_the_loss():
    program = between("001", "loss = tf.nn....", "optimizer.minimize(loss")
    edits = [
        Edit(
            next(line for line in program.splitlines() if line.startswith("loss = ")),
            "loss = (w - 3.0) ** 2",
            "the document leaves out the loss",
        )
    ]
    w = tf.Variable(2.0)
    names = {"tf": tf, "w": w, "global_step": tf.train.get_or_create_global_step()}
    program = program.replace("optimizer.minimize", "train_op = optimizer.minimize")
    run(program, tf, edits, names)
    with tf.Session() as session:
        session.run(names["train_op"])
        assert session.run([w, names["global_step"]]) == [4.0, 1]
    names.clear()


def test_001_gradients_are_clipped_and_paired():
    program = between("001", "trainable_variables = tf.trainable", "grads_and_vars = zip(")
    w, b = tf.Variable([1.0, 2.0]), tf.Variable(3.0)
    cost = tf.reduce_sum(w * w) + 2.0 * b
    names = {"tf": tf, "cost": cost, "batch_size": tf.constant(2), "MAX_GRAD_NORM": 1.0}
    run(program, tf, names=names)
    pairs = list(names["grads_and_vars"])
    norm = np.sqrt(1.0 + 4.0 + 1.0)
    assert pairs[0][1] is w
    assert pairs[1][1] is b
    np.testing.assert_allclose(pairs[0][0].numpy(), np.asarray([1.0, 2.0]) / norm, rtol=1e-6)
    np.testing.assert_allclose(pairs[1][0].numpy(), 1.0 / norm, rtol=1e-6)
    names.clear()


def test_001_compute_gradients_gives_pairs():
    program = between("001", "x1 = tf.Variable(", "    print(sess.run(grad))")
    expected = between("001", "[(array([[2., 3.],", "       [2.5, 4.1]]")
    assert_shows(printed_by(program, tf), expected)


# -- 002: three ways to look at gradients ----------------------------------------------------------

THE_SAME_BEGINNING = """\
import tensorflow as tf
# 生成一些数据
x = tf.Variable(3.0)
# 定义一个函数 f(x)
def f_x(x):
    return 3 * x ** 2
"""


def commented_output(program):
    """What a comment says that a line prints."""
    (text,) = re.findall(r"# 输出 (\S+)", program)
    return text


def test_002_gradient_tape():
    program = restored(
        "002",
        THE_SAME_BEGINNING
        + """\
# 用 GradientTape 记录梯度信息
with tf.GradientTape() as tape:
    y = f_x(x)
dy_dx = tape.gradient(y, x)
print(dy_dx.numpy()) # 输出 18.0
""",
    )
    assert_shows(printed_by(program, tf), commented_output(program))


def test_002_gradients_without_a_tape():
    program = restored(
        "002",
        THE_SAME_BEGINNING
        + """\
# 计算 f_x(x) 对 x 的导数
dy_dx = tf.gradients(f_x(x), x)
print(dy_dx[0].numpy()) # 输出 18.0
""",
    )
    assert_shows(printed_by(program, tf), commented_output(program))


def test_002_summaries_for_tensorboard(tmp_path, monkeypatch):
    program = restored(
        "002",
        THE_SAME_BEGINNING
        + """\
# 将梯度写入日志文件
logdir = "./logs/"
writer = tf.summary.create_file_writer(logdir)
with writer.as_default():
    with tf.GradientTape() as tape:
        y = f_x(x)
        tf.summary.scalar("y", y, step=0)
    grads = tape.gradient(y, x)
    tf.summary.scalar("grads", grads, step=0)
""",
    )
    monkeypatch.chdir(tmp_path)
    names, printed = run(program, tf)
    assert printed == ""
    written = [(value.tag, value.step, value.numbers) for value in read(tmp_path / "logs")]
    assert written == [("y", 0, [27.0]), ("grads", 0, [18.0])]
    names["writer"].close()


# -- 003: numerical derivatives, tapes, gradient descent -------------------------------------------

PROGRAMS_003 = [
    """\
def f(x):
    return 3. * x ** 2 + 2. * x - 1
def approximate_derivative(f, x, eps=1e-3):
    return (f(x + eps) - f(x - eps)) / (2. * eps)
print(approximate_derivative(f, 1.))
""",
    """\
def g(x1, x2):
    return (x1 + 5) * (x2 ** 2)
def approximate_gradient(g, x1, x2, eps=1e-3):
    dg_x1 = approximate_derivative(lambda x: g(x, x2), x1, eps)
    dg_x2 = approximate_derivative(lambda x: g(x1, x), x2, eps)
    return dg_x1, dg_x2
print(approximate_gradient(g, 2., 3.))
""",
    """\
x1 = tf.Variable(2.0)
x2 = tf.Variable(3.0)
with tf.GradientTape() as tape:
    z = g(x1, x2)
dz_x1 = tape.gradient(z, x1)
print(dz_x1)
""",
    """\
try:
    dz_x2 = tape.gradient(z, x2)
except RuntimeError as ex:
    print(ex)
""",
    """\
x1 = tf.Variable(2.0)
x2 = tf.Variable(3.0)
with tf.GradientTape(persistent = True) as tape:
    z = g(x1, x2)
dz_x1 = tape.gradient(z, x1)
dz_x2 = tape.gradient(z, x2)
print(dz_x1, dz_x2)
del tape
""",
    """\
x1 = tf.Variable(2.0)
x2 = tf.Variable(3.0)
with tf.GradientTape() as tape:
    z = g(x1, x2)
dz_x1x2 = tape.gradient(z, [x1, x2])
print(dz_x1x2)
""",
    """\
x1 = tf.constant(2.0)
x2 = tf.constant(3.0)
with tf.GradientTape() as tape:
    z = g(x1, x2)
dz_x1x2 = tape.gradient(z, [x1, x2])
print(dz_x1x2)
""",
    """\
x1 = tf.constant(2.0)
x2 = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(x1)
    tape.watch(x2)
    z = g(x1, x2)
dz_x1x2 = tape.gradient(z, [x1, x2])
print(dz_x1x2)
""",
    """\
x = tf.Variable(5.0)
with tf.GradientTape() as tape:
    z1 = 3 * x
    z2 = x ** 2
tape.gradient([z1, z2], x)
""",
    """\
x1 = tf.Variable(2.0)
x2 = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as outer_tape:
    with tf.GradientTape(persistent=True) as inner_tape:
        z = g(x1, x2)
    inner_grads = inner_tape.gradient(z, [x1, x2])
outer_grads = [outer_tape.gradient(inner_grad, [x1, x2]) for inner_grad in inner_grads]
print(outer_grads)
del inner_tape
del outer_tape
""",
    """\
learning_rate = 0.1
x = tf.Variable(0.0)
for _ in range(100):
    with tf.GradientTape() as tape:
        z = f(x)
    dz_dx = tape.gradient(z, x)
    x.assign_sub(learning_rate * dz_dx)
print(x)
""",
    """\
learning_rate = 0.1
x = tf.Variable(0.0)
optimizer = keras.optimizers.SGD(lr = learning_rate)
for _ in range(100):
    with tf.GradientTape() as tape:
        z = f(x)
    dz_dx = tape.gradient(z, x)
    optimizer.apply_gradients([(dz_dx, x)])
print(x)
""",
]


def results_003():
    """The lines after "result of the run:"."""
    lines = document("003").splitlines()
    return [lines[i + 1] for i, line in enumerate(lines) if re.match("運行結.*果:", line)]


def test_003_every_program_of_the_document_is_here():
    assert len(results_003()) == len(PROGRAMS_003)
    place, text = 0, squeezed(document("003"))
    for program in PROGRAMS_003:
        place = text.index(squeezed(program), place) + len(squeezed(program))


@pytest.mark.parametrize("number", range(len(PROGRAMS_003)))
def test_003_program_prints_what_the_document_shows(number):
    """Each with those before it, whose functions and tapes it uses."""
    names = {"tf": tf, "keras": tf.keras}
    for program in PROGRAMS_003[: number + 1]:
        printed = printed_by(restored("003", program), tf, names=names)
    expected = results_003()[number]
    if number == 3:  # the message of an error; ours goes on with what to do
        assert printed.startswith(expected)
    else:
        assert_shows(printed, expected)
    names.clear()


# -- 004: gradients, stop_gradient, higher orders --------------------------------------------------

IMPORT = "import tensorflow as tf"


def test_004_unrelated_variables_are_an_error_in_a_session():
    program = between("004", IMPORT, "    print(re)")
    (kind, message) = re.search(r"错误信息 (\w+): (.*)", document("004")).groups()
    with pytest.raises(TypeError, match=re.escape(message)):
        run(program, tf)
    assert kind == "TypeError"


def test_004_gradients_of_a_product():
    program = between("004", IMPORT, "    print(re)", occurrence=1)
    edits = [
        Edit(
            f"tf.Variable([[{a},{b}]])",
            f"tf.Variable([[{a}.,{b}.]])",
            "gradients of integers, which TensorFlow gave up: 2.21 prints [None] too",
        )
        for a, b in [(1, 2), (3, 4)]
    ]
    expected = between("004", "#  [array(", "#  [array(").lstrip("# ").replace("int32", "float32")
    assert_shows(printed_by(program, tf, edits), expected)


def test_004_grad_ys():
    program = between("004", IMPORT, "    print(sess.run(grads))", occurrence=2)
    expected = between("004", "[array([ 2.,  2.,  3.],dtype", " array([ 3.,  2.,  4.]")
    assert_shows(printed_by(program, tf), expected)


def test_004_stop_gradient_gives_none():
    program = between("004", IMPORT, "print(gradients)", occurrence=3)
    expected = between("004", "#[None, <tf.Tensor", "#[None").lstrip("#")
    assert_shows(printed_by(program, tf), expected)


def test_004_what_comes_back_on_another_path_counts():
    program = between("004", "a = tf.Variable(1.0)", "    print(sess.run(gradients))")
    (expected,) = re.findall(r"^#输出 (\[1\.0, 1\.0\])", document("004"), re.MULTILINE)
    assert_shows(printed_by(program, tf), expected)


def test_004_the_name_of_a_missing_gradient_is_an_error_as_the_document_says():
    program = between("004", IMPORT, "tf.summary.histogram(", occurrence=4)
    assert "这里会报错,因为gradients[0]是None" in document("004")
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'name'"):
        run(program, tf)


def test_004_apply_gradients_leaves_out_what_has_none():
    program = between("004", IMPORT, "    print(sess.run([w1, w2]))", occurrence=4)
    line = next(line for line in program.splitlines() if line.startswith("tf.summary.histogram"))
    edits = [Edit(line, "", "the line of which the document says that it fails")]
    printed = printed_by(program, tf, edits)
    assert_shows(printed, "[None, tf.Tensor(6.0, shape=(), dtype=float32)]\nNone\n[2.0, 1.4]")


def test_004_third_derivative():
    program = between("004", "with tf.device('/cpu:0'):", "    print(sess.run(grad_3))")
    printed = printed_by(program, tf)
    assert_shows(  # what TensorFlow 2.21 gives for this graph; the document shows no output
        printed,
        "tf.Tensor(2.0, shape=(), dtype=float32)\n[tf.Tensor(0.0, shape=(), dtype=float32)]\n[0.0]",
    )


def test_programs_leave_xgrad_itself_alone():
    run(PROGRAMS_003[0], tf)
    assert xg.asarray(1.0).dtype == xg.float64
