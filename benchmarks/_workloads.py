"""What is computed: each workload once, in a library's own functions, and once by hand in numpy.

`loss` takes a peer's functions, the constants and the leaves; it is the same text for all of them.
`by_hand` is the value and the gradients as one would write them without any library: the floor for
eager execution over numpy, and, run in float64, the reference that every library must agree with
before it is timed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import SimpleNamespace

Arrays = list[np.ndarray]
Gradients = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Workload:
    """A loss, its data, its gradient by hand, and what xgrad has to reach."""

    name: str
    title: str
    loss: Callable[..., Any]
    by_hand: Callable[..., tuple[Any, Gradients]]
    leaves: Arrays
    constants: Arrays
    targets: Mapping[str, float] = field(default_factory=dict)
    """The largest ratio xgrad / peer that meets the goal."""


def chain_loss(ops: SimpleNamespace, constants: list[Any], x: Any) -> Any:
    """Compute y = tanh(y * 1.1) + x ten times, then the sum."""
    tanh = ops.tanh
    y = x
    for _ in range(10):
        y = tanh(y * 1.1) + x
    return ops.sum(y)


def chain_by_hand(constants: Arrays, x: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: g passes tanh and the factor at each step, and each step adds it to x's."""
    y, tanhs = x, []
    for _ in range(10):
        t = np.tanh(y * 1.1)
        tanhs.append(t)
        y = t + x
    g = np.ones_like(x)
    total = np.zeros_like(x)
    for t in reversed(tanhs):
        total += g
        g = g * (1 - t * t) * 1.1
    return np.add.reduce(y), (total + g,)


def rnn_loss(ops: SimpleNamespace, constants: list[Any], w: Any, u: Any, b: Any) -> Any:
    """Compute h = tanh(x_t @ w + h @ u + b) for every step, at the end the mean square error."""
    tanh = ops.tanh
    h, target, *inputs = constants
    for x in inputs:
        h = tanh(x @ w + h @ u + b)
    difference = h - target
    return ops.mean(difference * difference)


def rnn_by_hand(
    constants: Arrays, w: np.ndarray, u: np.ndarray, b: np.ndarray
) -> tuple[Any, Gradients]:
    """Go back through time: a = x @ w + h @ u + b receives da = dh * (1 - h * h)."""
    h, target, *inputs = constants
    states = [h]
    for x in inputs:
        h = np.tanh(x @ w + h @ u + b)
        states.append(h)
    difference = h - target
    g = difference * (2 / difference.size)
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    for t in range(len(inputs) - 1, -1, -1):
        h = states[t + 1]
        g = g * (1 - h * h)
        dw += inputs[t].T @ g
        du += states[t].T @ g
        db += np.add.reduce(g, axis=0)
        g = g @ u.T
    return np.mean(difference * difference), (dw, du, db)


def mlp_loss(activation: str) -> Callable[..., Any]:
    """Make the loss of a network of three layers with this activation."""

    def loss(
        ops: SimpleNamespace, constants: list[Any],
        w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any,
    ) -> Any:  # fmt: skip
        """Compute the softmax cross entropy, log sum exp written out in primitives."""
        x, labels = constants
        active = getattr(ops, activation)
        h = active(x @ w1 + b1)
        h = active(h @ w2 + b2)
        z = h @ w3 + b3
        z = z - ops.max_last(z)
        return ops.mean(ops.log(ops.sum_last(ops.exp(z))) - ops.sum_last(z * labels))

    return loss


def mlp_by_hand(activation: str) -> Callable[..., tuple[Any, Gradients]]:
    """Make the same by hand; the cotangent of the logits is (softmax - labels) / batch."""
    forward, derivative = ACTIVATIONS[activation]

    def by_hand(
        constants: Arrays, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray,
        w3: np.ndarray, b3: np.ndarray,
    ) -> tuple[Any, Gradients]:  # fmt: skip
        x, labels = constants
        h1 = forward(x @ w1 + b1)
        h2 = forward(h1 @ w2 + b2)
        z = h2 @ w3 + b3
        z -= z.max(axis=-1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=-1, keepdims=True)
        value = np.mean(np.log(total) - (z * labels).sum(axis=-1, keepdims=True))
        g3 = (e / total - labels) / len(x)
        g2 = derivative(g3 @ w3.T, h2)
        g1 = derivative(g2 @ w2.T, h1)
        return value, (
            x.T @ g1, g1.sum(axis=0), h1.T @ g2, g2.sum(axis=0), h2.T @ g3, g3.sum(axis=0),
        )  # fmt: skip

    return by_hand


ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "tanh": (np.tanh, lambda g, y: g * (1 - y * y)),
    "relu": (lambda x: np.maximum(x, 0.0), lambda g, y: g * (y > 0)),
}


def make_chain() -> Workload:
    """Make small arrays: what is measured is the library's own cost per op."""
    x = np.linspace(-0.5, 1.0, 8, dtype=np.float32)
    return Workload(
        "chain", "y = tanh(y * 1.1) + x ten times and a sum, shape (8,)",
        chain_loss, chain_by_hand, [x], [],
        {"torch": 0.5, "autograd": 0.4, "tensorflow": 0.1},
    )  # fmt: skip


def make_rnn(steps: int = 100, batch: int = 32, units: int = 64) -> Workload:
    """Make many products of moderate size: the library's cost is a good part, not the whole."""
    random = np.random.default_rng(1)
    scale = units**-0.5
    w, u = (random.normal(0, scale, (units, units)).astype(np.float32) for _ in range(2))
    b = np.zeros(units, np.float32)
    h = np.zeros((batch, units), np.float32)
    target, *inputs = random.normal(0, 1, (steps + 1, batch, units)).astype(np.float32)
    return Workload(
        "rnn", f"unrolled recurrent network, {steps} steps, batch {batch}, {units} units",
        rnn_loss, rnn_by_hand, [w, u, b], [h, target, *inputs], {"torch": 0.9},
    )  # fmt: skip


def make_mlp(activation: str, batch: int = 128) -> Workload:
    """Make a network of three layers: mostly matrix products, which no library can save."""
    random = np.random.default_rng(2)
    sizes = (784, 256, 256, 10)
    leaves = []
    for inputs, outputs in itertools.pairwise(sizes):
        leaves.append(random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32))
        leaves.append(random.normal(0, 0.1, outputs).astype(np.float32))
    x = random.uniform(0, 1, (batch, sizes[0])).astype(np.float32)
    labels = np.eye(sizes[-1], dtype=np.float32)[random.integers(0, sizes[-1], batch)]
    return Workload(
        f"mlp-{activation}", f"784-256-256-10, batch {batch}, {activation}, softmax cross entropy",
        mlp_loss(activation), mlp_by_hand(activation), leaves, [x, labels], {"torch": 1.2},
    )  # fmt: skip


def wave_loss(ops: SimpleNamespace, constants: list[Any], x: Any) -> Any:
    """Compute the sum of tanh(exp(-x^2) sin x + log(1 + x^2)): eight functions, one pass."""
    square = x * x
    return ops.sum(ops.tanh(ops.exp(-square) * ops.sin(x) + ops.log(1.0 + square)))


def wave_by_hand(constants: Arrays, x: np.ndarray) -> tuple[Any, Gradients]:
    """Go back by the chain rule, without a look at memory."""
    square = x * x
    bell, wave, rest = np.exp(-square), np.sin(x), 1 + square
    y = np.tanh(bell * wave + np.log(rest))
    inner = bell * (np.cos(x) - 2 * x * wave) + 2 * x / rest
    return np.add.reduce(y), ((1 - y * y) * inner,)


def logistic_loss(ops: SimpleNamespace, constants: list[Any], w: Any, b: Any) -> Any:
    """Compute the mean of log(1 + exp(-z)), with z the margin of each example."""
    x, signs = constants
    return ops.mean(ops.log(1.0 + ops.exp(-(x @ w + b) * signs)))


def logistic_by_hand(constants: Arrays, w: np.ndarray, b: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: the cotangent of the margin is -e / (1 + e) / n."""
    x, signs = constants
    e = np.exp(-(x @ w + b) * signs)
    g = -signs * (e / (1 + e)) / len(x)
    return np.mean(np.log(1 + e)), (x.T @ g, np.sum(g, keepdims=True)[0])


def square_loss(ops: SimpleNamespace, constants: list[Any], m: Any) -> Any:
    """Compute the sum of tanh(M M)."""
    return ops.sum(ops.tanh(ops.matmul(m, m)))


def square_by_hand(constants: Arrays, m: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: g M^T + M^T g."""
    y = np.tanh(m @ m)
    g = 1 - y * y
    return np.add.reduce(y, axis=None), (g @ m.T + m.T @ g,)


def make_wave(count: int = 1_000_000) -> Workload:
    """Make one large array: what counts is how often memory is read and written."""
    x = np.linspace(-2, 2, count, dtype=np.float32)
    title = f"tanh(exp(-x^2) sin x + log(1 + x^2)) and a sum, {count:,} elements"
    return Workload(f"wave-{count}", title, wave_loss, wave_by_hand, [x], [])


def make_logistic(count: int = 20_000, width: int = 100) -> Workload:
    """Make a matrix times a vector, twice: reading the matrix is what counts."""
    random = np.random.default_rng(3)
    x = random.normal(size=(count, width)).astype(np.float32)
    signs = np.sign(random.normal(size=(count, 1))).astype(np.float32)
    w = random.normal(0, 0.1, (width, 1)).astype(np.float32)
    return Workload(
        "logistic", f"logistic regression, {count:,} x {width}",
        logistic_loss, logistic_by_hand, [w, np.zeros(1, np.float32)], [x, signs],
    )  # fmt: skip


def make_square(size: int = 512) -> Workload:
    """Make three large products: what BLAS does."""
    m = np.random.default_rng(4).normal(0, size**-0.5, (size, size)).astype(np.float32)
    title = f"sum of tanh(M M), {size} x {size}"
    return Workload("square", title, square_loss, square_by_hand, [m], [])


COMPILED: dict[str, Callable[[], Workload]] = {
    "chain": make_chain,
    "wave-10k": lambda: make_wave(10_000),
    "wave-1m": make_wave,
    "wave-10m": lambda: make_wave(10_000_000),
    "rnn": make_rnn,
    "mlp-tanh": lambda: make_mlp("tanh"),
    "logistic": make_logistic,
    "square": make_square,
}

WORKLOADS: dict[str, Callable[[], Workload]] = {
    "chain": make_chain,
    "rnn": make_rnn,
    "mlp-relu": lambda: make_mlp("relu"),
    "mlp-tanh": lambda: make_mlp("tanh"),
}
