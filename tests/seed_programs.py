"""The programs of the documents in compat/seeds/, and what the documents say that they print.

They are read from the documents. Where one lost its line breaks or indentation, the program stands here
with them, and `restored` makes sure that it is in the document otherwise as it is here."""

from __future__ import annotations

import re

from seed_documents import between, document, restored

# -- 000: tapes ------------------------------------------------------------------------------------

_FIRST = "x = tf.constant([2.0])"
_PRINT = "print('The gradient df/dx"
CONSTANT_000, VARIABLE_000, WATCHED_000 = (
    between("000", _FIRST, _PRINT, occurrence=i) for i in range(3)
)
PERSISTENT_000 = between("000", _FIRST, "print('The gradient dh/dx", occurrence=3)


def _commented(first, last, occurrence):
    """The lines of comments after "# Output"."""
    lines = between("000", first, last, occurrence=occurrence).splitlines()
    after = lines[lines.index("# Output") + 1 :]
    return "\n".join(line.removeprefix("# ") for line in after)


SHOWN_CONSTANT_000 = _commented(_FIRST, "# None", 0)
SHOWN_VARIABLE_000 = _commented(_FIRST, "# tf.Tensor", 1)
SHOWN_WATCHED_000 = _commented(_FIRST, "# tf.Tensor", 2)
SHOWN_PERSISTENT_000 = between("000", "The gradient df/dx", " tf.Tensor([12.]")

# -- 001: compute_gradients and apply_gradients ----------------------------------------------------

MINIMIZE_001 = between("001", "loss = tf.nn....", "optimizer.minimize(loss")
CLIPPED_001 = between("001", "trainable_variables = tf.trainable", "grads_and_vars = zip(")
COMPUTE_001 = between("001", "x1 = tf.Variable(", "    print(sess.run(grad))")
SHOWN_COMPUTE_001 = between("001", "[(array([[2., 3.],", "       [2.5, 4.1]]")

# -- 002: three ways to look at gradients ----------------------------------------------------------

_BEGINNING_002 = """\
import tensorflow as tf
# 生成一些数据
x = tf.Variable(3.0)
# 定义一个函数 f(x)
def f_x(x):
    return 3 * x ** 2
"""

TAPE_002 = restored(
    "002",
    _BEGINNING_002
    + """\
# 用 GradientTape 记录梯度信息
with tf.GradientTape() as tape:
    y = f_x(x)
dy_dx = tape.gradient(y, x)
print(dy_dx.numpy()) # 输出 18.0
""",
)

GRADIENTS_002 = restored(
    "002",
    _BEGINNING_002
    + """\
# 计算 f_x(x) 对 x 的导数
dy_dx = tf.gradients(f_x(x), x)
print(dy_dx[0].numpy()) # 输出 18.0
""",
)

SUMMARIES_002 = restored(
    "002",
    _BEGINNING_002
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

(SHOWN_TAPE_002,) = re.findall(r"# 输出 (\S+)", TAPE_002)
(SHOWN_GRADIENTS_002,) = re.findall(r"# 输出 (\S+)", GRADIENTS_002)

# -- 003: numerical derivatives, tapes, gradient descent -------------------------------------------

_PROGRAMS_003 = [
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

PROGRAMS_003 = [restored("003", program) for program in _PROGRAMS_003]
SECOND_GRADIENT_003 = 3  # what shows the message of an error

_LINES_003 = document("003").splitlines()
# The lines after "result of the run:".
SHOWN_003 = [
    _LINES_003[i + 1] for i, line in enumerate(_LINES_003) if re.match("運行結.*果:", line)
]

# -- 004: gradients, stop_gradient, higher orders --------------------------------------------------

_IMPORT = "import tensorflow as tf"
UNRELATED_004 = between("004", _IMPORT, "    print(re)")
((ERROR_UNRELATED_004, MESSAGE_UNRELATED_004),) = re.findall(
    r"错误信息 (\w+): (.*)", document("004")
)
PRODUCT_004 = between("004", _IMPORT, "    print(re)", occurrence=1)
SHOWN_PRODUCT_004 = between("004", "#  [array(", "#  [array(").lstrip("# ")
GRAD_YS_004 = between("004", _IMPORT, "    print(sess.run(grads))", occurrence=2)
SHOWN_GRAD_YS_004 = between("004", "[array([ 2.,  2.,  3.],dtype", " array([ 3.,  2.,  4.]")
STOPPED_004 = between("004", _IMPORT, "print(gradients)", occurrence=3)
SHOWN_STOPPED_004 = between("004", "#[None, <tf.Tensor", "#[None").lstrip("#")
OTHER_PATH_004 = between("004", "a = tf.Variable(1.0)", "    print(sess.run(gradients))")
(SHOWN_OTHER_PATH_004,) = re.findall(r"^#输出 (\[1\.0, 1\.0\])", document("004"), re.MULTILINE)
APPLY_004 = between("004", _IMPORT, "    print(sess.run([w1, w2]))", occurrence=4)
(HISTOGRAM_004,) = re.findall(r"^tf\.summary\.histogram.*\n", APPLY_004, re.MULTILINE)
# What TensorFlow 2.21 prints for these two; the document does not say.
SHOWN_APPLY_004 = "[None, tf.Tensor(6.0, shape=(), dtype=float32)]\nNone\n[2.0, 1.4]"
THIRD_004 = between("004", "with tf.device('/cpu:0'):", "    print(sess.run(grad_3))")
SHOWN_THIRD_004 = (
    "tf.Tensor(2.0, shape=(), dtype=float32)\n[tf.Tensor(0.0, shape=(), dtype=float32)]\n[0.0]"
)
