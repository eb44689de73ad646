"""A chain of eight functions on one array: how often memory is read and written."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, x: Any) -> Any:
    """Compute the sum of tanh(exp(-x^2) sin x + log(1 + x^2))."""
    square = x * x
    return ops.sum(ops.tanh(ops.exp(-square) * ops.sin(x) + ops.log(1.0 + square)))


def by_hand(constants: Arrays, x: np.ndarray) -> tuple[Any, Gradients]:
    """Go back by the chain rule, without a look at memory."""
    square = x * x
    bell, wave, rest = np.exp(-square), np.sin(x), 1 + square
    y = np.tanh(bell * wave + np.log(rest))
    inner = bell * (np.cos(x) - 2 * x * wave) + 2 * x / rest
    return np.add.reduce(y), ((1 - y * y) * inner,)


def make(count: int = 1_000_000) -> Gradient:
    """Make one array of so many elements."""
    x = np.linspace(-2, 2, count, dtype=np.float32)
    title = f"tanh(exp(-x^2) sin x + log(1 + x^2)) and a sum, {count:,} elements"
    # XLA adds the elements up one after the other, and in float32 that shows.
    limit = 2e-4 if count <= 1_000_000 else 2e-3
    return Gradient(f"wave-{_short(count)}", title, [x], loss, by_hand, limit=limit)


def _short(count: int) -> str:
    for size, unit in ((1_000_000, "m"), (1_000, "k")):
        if count >= size:
            return f"{count // size}{unit}"
    return str(count)
