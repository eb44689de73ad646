"""A chain of 31 operations on eight numbers: the library's own cost per operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, x: Any) -> Any:
    """Compute y = tanh(y * 1.1) + x ten times, then the sum."""
    tanh = ops.tanh
    y = x
    for _ in range(10):
        y = tanh(y * 1.1) + x
    return ops.sum(y)


def by_hand(constants: Arrays, x: np.ndarray) -> tuple[Any, Gradients]:
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


def make(size: int = 8) -> Gradient:
    """Make small arrays."""
    x = np.linspace(-0.5, 1.0, size, dtype=np.float32)
    return Gradient(
        "chain", f"y = tanh(y * 1.1) + x ten times and a sum, shape ({size},)",
        [x], loss, by_hand, targets={"torch": 0.5, "autograd": 0.4, "tensorflow": 0.1},
    )  # fmt: skip
