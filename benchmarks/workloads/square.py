"""tanh(M M): three large products, which is BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, m: Any) -> Any:
    """Compute the sum of tanh(M M)."""
    return ops.sum(ops.tanh(ops.matmul(m, m)))


def by_hand(constants: Arrays, m: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: g M^T + M^T g."""
    y = np.tanh(m @ m)
    g = 1 - y * y
    return np.add.reduce(y, axis=None), (g @ m.T + m.T @ g,)


def make(size: int = 512) -> Gradient:
    """Draw a matrix."""
    m = np.random.default_rng(4).normal(0, size**-0.5, (size, size)).astype(np.float32)
    return Gradient(f"square-{size}", f"sum of tanh(M M), {size} x {size}", [m], loss, by_hand)
