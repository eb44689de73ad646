"""Logistic regression: a matrix times a vector, twice; reading the matrix is what counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients


def loss(ops: Any, constants: Any, w: Any, b: Any) -> Any:
    """Compute the mean of log(1 + exp(-z)), with z the margin of each example."""
    x, signs = constants
    return ops.mean(ops.log(1.0 + ops.exp(-(x @ w + b) * signs)))


def by_hand(constants: Arrays, w: np.ndarray, b: np.ndarray) -> tuple[Any, Gradients]:
    """Go back: the cotangent of the margin is -e / (1 + e) / n."""
    x, signs = constants
    e = np.exp(-(x @ w + b) * signs)
    g = -signs * (e / (1 + e)) / len(x)
    return np.mean(np.log(1 + e)), (x.T @ g, np.sum(g, keepdims=True)[0])


def make(count: int = 20_000, width: int = 100) -> Gradient:
    """Draw so many examples of so many numbers."""
    random = np.random.default_rng(3)
    x = random.normal(size=(count, width)).astype(np.float32)
    signs = np.sign(random.normal(size=(count, 1))).astype(np.float32)
    w = random.normal(0, 0.1, (width, 1)).astype(np.float32)
    return Gradient(
        "logistic", f"logistic regression, {count:,} x {width}",
        [w, np.zeros(1, np.float32)], loss, by_hand, [x, signs],
    )  # fmt: skip
