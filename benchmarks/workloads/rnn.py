"""A recurrent network, unrolled: many small products, half arithmetic and half library."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, w: Any, u: Any, b: Any) -> Any:
    """Compute h = tanh(x_t @ w + h @ u + b) for every step, at the end the mean square error."""
    tanh = ops.tanh
    h, target, *inputs = constants
    for x in inputs:
        h = tanh(x @ w + h @ u + b)
    difference = h - target
    return ops.mean(difference * difference)


def by_hand(
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


def make(steps: int = 100, batch: int = 32, units: int = 64) -> Gradient:
    """Make so many steps."""
    random = np.random.default_rng(1)
    scale = units**-0.5
    w, u = (random.normal(0, scale, (units, units)).astype(np.float32) for _ in range(2))
    b = np.zeros(units, np.float32)
    h = np.zeros((batch, units), np.float32)
    target, *inputs = random.normal(0, 1, (steps + 1, batch, units)).astype(np.float32)
    return Gradient(
        "rnn", f"unrolled recurrent network, {steps} steps, batch {batch}, {units} units",
        [w, u, b], loss, by_hand, [h, target, *inputs], targets={"torch": 0.9},
    )  # fmt: skip
