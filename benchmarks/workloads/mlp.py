"""A network of three layers: mostly matrix products, which no library can save."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def cross_entropy(ops: Any, z: Any, labels: Any) -> Any:
    """Compute the softmax cross entropy, log sum exp written out in primitives."""
    z = z - ops.max_last(z)
    return ops.mean(ops.log(ops.sum_last(ops.exp(z))) - ops.sum_last(z * labels))


def cross_entropy_by_hand(z: np.ndarray, labels: np.ndarray) -> tuple[Any, np.ndarray]:
    """Give the value and the cotangent of the logits, (softmax - labels) / batch."""
    z = z - z.max(axis=-1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=-1, keepdims=True)
    value = np.mean(np.log(total) - (z * labels).sum(axis=-1, keepdims=True))
    return value, (e / total - labels) / len(z)


def loss_with(activation: str) -> Callable[..., Any]:
    """Make the loss of a network with this activation."""

    def loss(ops: Any, constants: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any) -> Any:
        x, labels = constants
        active = getattr(ops, activation)
        h = active(x @ w1 + b1)
        h = active(h @ w2 + b2)
        return cross_entropy(ops, h @ w3 + b3, labels)

    return loss


def by_hand_with(activation: str) -> Callable[..., tuple[Any, Gradients]]:
    """Make the same by hand."""
    forward, derivative = ACTIVATIONS[activation]

    def by_hand(
        constants: Arrays, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray,
        w3: np.ndarray, b3: np.ndarray,
    ) -> tuple[Any, Gradients]:  # fmt: skip
        x, labels = constants
        h1 = forward(x @ w1 + b1)
        h2 = forward(h1 @ w2 + b2)
        value, g3 = cross_entropy_by_hand(h2 @ w3 + b3, labels)
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


def data(batch: int, sizes: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    """Draw parameters, and a batch with its labels."""
    random = np.random.default_rng(2)
    leaves = []
    for inputs, outputs in itertools.pairwise(sizes):
        leaves.append(random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32))
        leaves.append(random.normal(0, 0.1, outputs).astype(np.float32))
    x = random.uniform(0, 1, (batch, sizes[0])).astype(np.float32)
    labels = np.eye(sizes[-1], dtype=np.float32)[random.integers(0, sizes[-1], batch)]
    return leaves, [x, labels]


SIZES = (784, 256, 256, 10)


def make(activation: str = "tanh", batch: int = 128, sizes: tuple[int, ...] = SIZES) -> Gradient:
    """Make a network of these sizes."""
    leaves, constants = data(batch, sizes)
    return Gradient(
        f"mlp-{activation}",
        f"{'-'.join(map(str, sizes))}, batch {batch}, {activation}, softmax cross entropy",
        leaves, loss_with(activation), by_hand_with(activation), constants, targets={"torch": 1.2},
    )  # fmt: skip
