"""What benchmarks/second_order.py computes, by each library: calls of nothing, ready to be timed."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from peers import silenced_stderr

SIZE = 100
POINT = np.random.default_rng(0).normal(size=SIZE)
VECTOR = np.random.default_rng(1).normal(size=SIZE)
SHORT = np.linspace(0.0, 1.0, 50)
EXAMPLES = np.random.default_rng(2).normal(size=(64, 20))
WEIGHTS = np.random.default_rng(3).normal(size=(20, 10))

Contenders = dict[str, tuple[Callable[[], object], Callable[[Any], np.ndarray]]]


def rosenbrock(x: Any) -> Any:
    """Take 100 (b - a^2)^2 + (1 - a)^2 of neighbours, with operators alone."""
    return 100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2


def expected(workload: str) -> np.ndarray:
    """Give the closed form of what a workload computes."""
    if workload == "jacobian":
        return np.diag(np.cos(SHORT) * SHORT + np.sin(SHORT))
    if workload == "per-example":
        h = np.tanh(EXAMPLES @ WEIGHTS)
        slope = 2 * h * (1 - h**2)
        return EXAMPLES[:, :, None] * slope[:, None, :]
    x = POINT
    diagonal = np.r_[1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0.0] + np.r_[0.0, np.full(SIZE - 1, 200)]
    beside = -400 * x[:-1]
    matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    return matrix @ VECTOR if workload == "hvp" else matrix


def by_xgrad() -> dict[str, Contenders]:
    """xgrad: tapes for the first three, a function for the last."""
    xg = importlib.import_module("xgrad")
    x, v, short = xg.Variable(POINT), xg.asarray(VECTOR), xg.Variable(SHORT)
    examples, weights = xg.asarray(EXAMPLES), xg.asarray(WEIGHTS)

    def hessian() -> Any:
        with xg.GradientTape() as tape:
            y = xg.sum(rosenbrock(x))
        return tape.hessian(y, x)

    def hvp() -> Any:
        with xg.GradientTape() as tape:
            y = xg.sum(rosenbrock(x))
        return tape.hvp(y, x, v)

    def jacobian() -> Any:
        with xg.GradientTape() as tape:
            y = xg.sin(short) * short
        return tape.jacobian(y, short)

    each = xg.per_example_gradient(lambda w, row: xg.sum(xg.tanh(row @ w) ** 2))
    numpy = lambda t: t.numpy()
    return {
        "hessian": {"xgrad": (hessian, numpy)},
        "hvp": {"xgrad": (hvp, numpy)},
        "jacobian": {"xgrad": (jacobian, numpy)},
        "per-example": {"xgrad": (lambda: each(weights, examples), numpy)},
    }


def by_torch(threads: int) -> dict[str, Contenders]:
    """torch: torch.func, and torch.autograd twice for the product, which is faster there."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    loss = lambda x: rosenbrock(x).sum()
    x, v, short = torch.tensor(POINT), torch.tensor(VECTOR), torch.tensor(SHORT)
    examples, weights = torch.tensor(EXAMPLES), torch.tensor(WEIGHTS)
    hessian = torch.func.hessian(loss)

    def hvp() -> Any:
        leaf = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
        return torch.autograd.grad(g, leaf, v)[0]

    jacobian = torch.func.jacrev(lambda x: torch.sin(x) * x)
    each = torch.func.vmap(
        torch.func.grad(lambda w, row: (torch.tanh(row @ w) ** 2).sum()), in_dims=(None, 0)
    )
    numpy = lambda t: t.detach().numpy()
    functional = torch.autograd.functional
    return {
        "hessian": {
            "torch.func.hessian": (lambda: hessian(x), numpy),
            "torch.autograd.functional": (lambda: functional.hessian(loss, x), numpy),
        },
        "hvp": {
            "torch": (hvp, numpy),
            "torch.autograd.functional": (lambda: functional.hvp(loss, x, v)[1], numpy),
            "torch.func": (
                lambda: torch.func.jvp(torch.func.grad(loss), (x,), (v,))[1],
                numpy,
            ),
        },
        "jacobian": {"torch": (lambda: jacobian(short), numpy)},
        "per-example": {"torch": (lambda: each(weights, examples), numpy)},
    }


def by_tensorflow(threads: int) -> dict[str, Contenders]:
    """TensorFlow: nested eager tapes, vectorized_map for the examples."""
    with silenced_stderr():
        tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.get_logger().setLevel("ERROR")
    x, v, short = tf.constant(POINT), tf.constant(VECTOR), tf.constant(SHORT)
    examples, weights = tf.constant(EXAMPLES), tf.constant(WEIGHTS)

    def slope(tape: Any, recorder: Any) -> Any:
        recorder.watch(x)
        with tape:
            tape.watch(x)
            y = tf.reduce_sum(rosenbrock(x))
        return tape.gradient(y, x)

    def hessian() -> Any:
        with tf.GradientTape() as outer:
            g = slope(tf.GradientTape(), outer)
        return outer.jacobian(g, x)

    def hvp() -> Any:
        with tf.GradientTape() as outer:
            g = slope(tf.GradientTape(), outer)
        return outer.gradient(g, x, output_gradients=v)

    def jacobian() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(short)
            y = tf.sin(short) * short
        return tape.jacobian(y, short)

    def of_one(row: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            y = tf.reduce_sum(tf.tanh(tf.linalg.matvec(weights, row, transpose_a=True)) ** 2)
        return tape.gradient(y, weights)

    numpy = lambda t: t.numpy()
    return {
        "hessian": {"tensorflow": (hessian, numpy)},
        "hvp": {"tensorflow": (hvp, numpy)},
        "jacobian": {"tensorflow": (jacobian, numpy)},
        "per-example": {"tensorflow": (lambda: tf.vectorized_map(of_one, examples), numpy)},
    }


def by_autograd(_threads: int) -> dict[str, Contenders]:
    """HIPS autograd: its own transforms; it has no vmap."""
    autograd = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")
    loss = lambda x: anp.sum(rosenbrock(x))
    hessian = autograd.hessian(loss)
    hvp = autograd.hessian_vector_product(loss)
    jacobian = autograd.jacobian(lambda x: anp.sin(x) * x)
    same = np.asarray
    return {
        "hessian": {"autograd": (lambda: hessian(POINT), same)},
        "hvp": {"autograd": (lambda: hvp(POINT, VECTOR), same)},
        "jacobian": {"autograd": (lambda: jacobian(SHORT), same)},
        "per-example": {},
    }


def by_jax(_threads: int, *, compiled: bool = False) -> dict[str, Contenders]:
    """JAX: its transforms as they stand, or under jit (for information: a compiler)."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = importlib.import_module("jax.numpy")
    loss = lambda x: jnp.sum(rosenbrock(x))
    x, v, short = jnp.asarray(POINT), jnp.asarray(VECTOR), jnp.asarray(SHORT)
    examples, weights = jnp.asarray(EXAMPLES), jnp.asarray(WEIGHTS)
    wrap = jax.jit if compiled else lambda f: f
    hessian = wrap(jax.hessian(loss))
    hvp = wrap(lambda x, v: jax.jvp(jax.grad(loss), (x,), (v,))[1])
    jacobian = wrap(jax.jacrev(lambda x: jnp.sin(x) * x))
    each = wrap(
        jax.vmap(jax.grad(lambda w, row: jnp.sum(jnp.tanh(row @ w) ** 2)), in_axes=(None, 0))
    )
    name = "jax.jit" if compiled else "jax"
    return {
        "hessian": {name: (lambda: hessian(x).block_until_ready(), np.asarray)},
        "hvp": {name: (lambda: hvp(x, v).block_until_ready(), np.asarray)},
        "jacobian": {name: (lambda: jacobian(short).block_until_ready(), np.asarray)},
        "per-example": {name: (lambda: each(weights, examples).block_until_ready(), np.asarray)},
    }


LOADERS: dict[str, Callable[[int], dict[str, Contenders]]] = {
    "torch": by_torch,
    "tensorflow": by_tensorflow,
    "autograd": by_autograd,
    "jax": by_jax,
    "jax.jit": lambda threads: by_jax(threads, compiled=True),
}
