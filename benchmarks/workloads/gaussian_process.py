"""The marginal likelihood of a Gaussian process: Cholesky and a triangular solve, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, length: Any, amplitude: Any, noise: Any) -> Any:
    """Compute -log p(y) but for a constant; the three are logarithms (Rasmussen, eq. 2.30)."""
    distances, identity, y = constants
    k = ops.exp(distances * (-0.5 * ops.exp(-2.0 * length)) + 2.0 * amplitude)
    lower = ops.cholesky(k + identity * ops.exp(2.0 * noise))
    a = ops.solve_lower(lower, y)
    return 0.5 * ops.sum(a * a) + ops.sum(ops.log(ops.diagonal(lower)))


def by_hand(constants: Arrays, length: Any, amplitude: Any, noise: Any) -> tuple[Any, Gradients]:
    """Go back: the cotangent of the covariance is (K^-1 - b b^T) / 2 with b = K^-1 y."""
    distances, identity, y = constants
    k = np.exp(distances * (-0.5 * np.exp(-2.0 * length)) + 2.0 * amplitude)
    variance = np.exp(2.0 * noise)
    lower = np.linalg.cholesky(k + identity * variance)
    inverse = np.linalg.inv(lower)
    a = inverse @ y
    b = inverse.T @ a
    g = 0.5 * (inverse.T @ inverse - b @ b.T)
    gk = g * k
    value = 0.5 * np.sum(a * a) + np.sum(np.log(np.diagonal(lower)))
    return value, (
        np.sum(gk * distances) * np.exp(-2.0 * length), 2 * np.sum(gk), 2 * variance * np.trace(g),
    )  # fmt: skip


def make(size: int = 500) -> Gradient:
    """Draw so many points in four dimensions, and what was seen there."""
    random = np.random.default_rng(9)
    x = random.normal(size=(size, 4))
    distances = np.sum((x[:, None] - x[None]) ** 2, axis=-1)
    y = np.sin(x.sum(axis=1, keepdims=True)) + 0.1 * random.normal(size=(size, 1))
    return Gradient(
        "gaussian-process", f"marginal likelihood of {size} points, Cholesky, float64",
        [np.asarray(v) for v in (0.3, 0.1, -1.0)], loss, by_hand,
        [distances, np.eye(size), y], limit=1e-9,
    )  # fmt: skip
