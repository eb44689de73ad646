"""Convolutional networks: on 8 x 8 digits, the same as in digits.py, and on pictures of three colours."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients
from .mlp import cross_entropy, cross_entropy_by_hand


def loss(ops: Any, constants: Any, k1: Any, b1: Any, k2: Any, b2: Any, w: Any, b: Any) -> Any:
    """Convolve, rectify and pool twice; then a dense layer and the cross entropy."""
    x, labels = constants
    x = ops.max_pool(ops.relu(ops.conv(x, k1) + b1))
    x = ops.max_pool(ops.relu(ops.conv(x, k2) + b2))
    return cross_entropy(ops, ops.reshape(x, (labels.shape[0], -1)) @ w + b, labels)


def windows(x: np.ndarray) -> np.ndarray:
    """Copy the 3 x 3 neighbourhood of every position into a row."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return view.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * x.shape[3])


def forward(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> tuple[Any, Any, Any]:
    """Convolve, rectify, pool; give what the way back needs: the windows and the winners."""
    n, h, w, _ = x.shape
    columns = windows(x)
    y = np.maximum((columns @ kernel.reshape(-1, kernel.shape[3]) + bias), 0.0)
    tiles = y.reshape(n, h // 2, 2, w // 2, 2, -1)
    pooled = tiles.max(axis=(2, 4), keepdims=True)
    return pooled[:, :, 0, :, 0], columns, (tiles == pooled) & (tiles > 0)


def backward(g: np.ndarray, columns: Any, wins: Any, kernel: np.ndarray) -> tuple[Any, ...]:
    """Give the cotangents of the convolution's result, its kernel and its bias."""
    n, h, w, outputs = g.shape
    count = np.maximum(wins.sum(axis=(2, 4), keepdims=True), 1)
    g = (g[:, :, None, :, None] / count * wins).astype(g.dtype).reshape(-1, outputs)
    back = g.reshape(n, 2 * h, 2 * w, outputs)
    return back, (columns.T @ g).reshape(kernel.shape), g.sum(axis=0)


def by_hand(
    constants: Arrays, k1: np.ndarray, b1: np.ndarray, k2: np.ndarray, b2: np.ndarray,
    w: np.ndarray, b: np.ndarray,
) -> tuple[Any, Gradients]:  # fmt: skip
    """Go back; the convolution's transpose has the kernel turned round."""
    x, labels = constants
    p1, columns1, wins1 = forward(x, k1, b1)
    p2, columns2, wins2 = forward(p1, k2, b2)
    features = p2.reshape(len(x), -1)
    value, g = cross_entropy_by_hand(features @ w + b, labels)
    g2, dk2, db2 = backward((g @ w.T).reshape(p2.shape), columns2, wins2, k2)
    turned = k2[::-1, ::-1].transpose(0, 1, 3, 2).reshape(-1, k2.shape[2])
    g1, dk1, db1 = backward((windows(g2) @ turned).reshape(p1.shape), columns1, wins1, k1)
    del g1
    return value, (dk1, db1, dk2, db2, features.T @ g, g.sum(axis=0))


def pictures(count: int, noise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Load scikit-learn's digits; noise, where it is not installed, has the same cost."""
    if noise or not importlib.util.find_spec("sklearn"):
        random = np.random.default_rng(6)
        return random.uniform(-0.5, 0.5, (count, 64)), random.integers(0, 10, count)
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images[:count] / 16.0 - 0.5, labels[:count]


def make(batch: int = 64, noise: bool = False) -> Gradient:
    """Take so many digits."""
    images, labels = pictures(batch, noise)
    what = f"two 3 x 3 convolutions of 8 x 8 digits with pooling, batch {batch}"
    return network("conv-net", what, images.reshape(-1, 8, 8, 1), labels, (16, 32))


def make_colored(batch: int = 64, size: int = 32) -> Gradient:
    """Take so many pictures, of noise."""
    random = np.random.default_rng(6)
    images = random.uniform(-0.5, 0.5, (batch, size, size, 3))
    what = f"two 3 x 3 convolutions of {size} x {size} pictures with pooling, batch {batch}"
    return network("conv-net-32", what, images, random.integers(0, 10, batch), (32, 64))


def network(
    name: str, what: str, images: np.ndarray, labels: np.ndarray, outputs: tuple[int, int]
) -> Gradient:
    """Make the workload of some pictures, channels last, with so many channels after each layer."""
    random = np.random.default_rng(7)
    _, height, width, channels = images.shape
    first, second = outputs
    features = (height // 4) * (width // 4) * second
    shapes = [
        (3, 3, channels, first), (first,), (3, 3, first, second), (second,), (features, 10), (10,),
    ]  # fmt: skip
    leaves = []
    for shape in shapes:
        scale = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1
        leaves.append(random.normal(0, scale, shape).astype(np.float32))
    constants = [images.astype(np.float32), np.eye(10, dtype=np.float32)[labels]]
    return Gradient(name, what, leaves, loss, by_hand, constants)
