"""TensorFlow: its GradientTape over watched constants, eager, by tf.function, and through XLA."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from .adam import EPSILON, RATE
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step, Watching, silenced_stderr


def load(threads: int) -> Peer:
    """Load TensorFlow as it runs without a graph."""
    return _peer("tensorflow", threads, lambda tf: lambda f: f)


def load_function(threads: int) -> Peer:
    """Load TensorFlow with each step in one tf.function."""
    return _peer("tf.function", threads, lambda tf: tf.function)


def load_xla(threads: int) -> Peer:
    """Load TensorFlow with each step compiled by XLA."""
    return _peer("xla", threads, lambda tf: tf.function(jit_compile=True))


def _peer(name: str, threads: int, compiler: Callable[[Any], Callable[[Any], Any]]) -> Peer:
    with silenced_stderr():  # it logs at import whatever its log level
        tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.get_logger().setLevel("ERROR")
    compiled = compiler(tf)

    def dense(g: Any) -> Any:
        return tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            with tf.GradientTape() as tape:
                tape.watch(leaves)
                value = loss(*leaves)
            return value, [dense(g) for g in tape.gradient(value, leaves)]

        return compiled(both)  # type: ignore[no-any-return]

    def slope(loss: Loss, x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x)
        return tape.gradient(value, x)

    def hvp(loss: Loss) -> Any:
        def product(x: Any, v: Any) -> Any:
            with tf.GradientTape() as outer:
                outer.watch(x)
                g = slope(loss, x)
            return outer.gradient(g, x, output_gradients=v)

        return compiled(product)

    def hessian(loss: Loss) -> Any:
        def matrix(x: Any) -> Any:
            with tf.GradientTape() as outer:
                outer.watch(x)
                g = slope(loss, x)
            return outer.jacobian(g, x)

        return compiled(matrix)

    def prepared(values: Arrays) -> tuple[Any, Any, Any]:
        variables = [tf.Variable(value) for value in values]
        optimizer = tf.keras.optimizers.Adam(learning_rate=RATE, epsilon=EPSILON)
        optimizer.build(variables)
        return variables, optimizer, lambda: [v.numpy() for v in variables]

    def adam(values: Arrays) -> Step:
        variables, optimizer, read = prepared(values)

        def step(*gradients: Any) -> None:
            optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))

        return compiled(step), read

    def training(loss: Loss, values: Arrays) -> Step:
        variables, optimizer, read = prepared(values)

        def step(*batch: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(batch, *variables)
            gradients = tape.gradient(value, variables)
            optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
            return value

        return compiled(step), read

    eager = name == "tensorflow"
    return Peer(
        name, tf.__version__, _ops(tf), tf.constant, tf.constant, differentiate,
        to_numpy=lambda x: x.numpy(),
        recording=(lambda leaf: Watching(tf.GradientTape(), leaf)) if eager else None,
        hvp=hvp, hessian=hessian, adam=adam, training=training,
    )  # fmt: skip


def _ops(tf: Any) -> Ops:
    return Ops(
        tanh=tf.tanh, exp=tf.exp, sin=tf.sin, log=tf.math.log, sqrt=tf.sqrt,
        sum=tf.reduce_sum, mean=tf.reduce_mean, multiply=tf.multiply, matmul=tf.matmul,
        reshape=tf.reshape, transpose=tf.transpose, relu=tf.nn.relu,
        sum_last=lambda x: tf.reduce_sum(x, -1, keepdims=True),
        max_last=lambda x: tf.reduce_max(x, -1, keepdims=True),
        softmax=tf.nn.softmax,
        take_rows=tf.gather,
        conv=lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"),
        max_pool=lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
        cholesky=tf.linalg.cholesky,
        solve_lower=tf.linalg.triangular_solve,
        diagonal=tf.linalg.diag_part,
    )  # fmt: skip
