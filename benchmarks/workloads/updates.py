"""Steps that change parameters: Adam alone, and a whole training step of the network of mlp.py."""

from __future__ import annotations

import numpy as np

from . import mlp
from .base import Update


def make_adam(sizes: tuple[int, ...] = mlp.SIZES) -> Update:
    """Make the update of a network's parameters from gradients that are given."""
    leaves, _ = mlp.data(1, sizes)
    random = np.random.default_rng(10)
    gradients = [random.normal(size=leaf.shape).astype(np.float32) for leaf in leaves]
    count = sum(leaf.size for leaf in leaves)
    return Update(
        "adam", f"a step of Adam on {count:,} parameters in {len(leaves)} arrays",
        leaves, mlp.loss_with("tanh"), mlp.by_hand_with("tanh"), gradients,
        limit=1e-3, repeats=3, has_loss=False,
    )  # fmt: skip


def make_training(batch: int = 128, sizes: tuple[int, ...] = mlp.SIZES) -> Update:
    """Make forward, backward and Adam in one step that takes the batch."""
    leaves, constants = mlp.data(batch, sizes)
    return Update(
        "training", f"{'-'.join(map(str, sizes))}, batch {batch}, tanh, and a step of Adam",
        leaves, mlp.loss_with("tanh"), mlp.by_hand_with("tanh"), constants,
        limit=1e-2, repeats=3,
    )  # fmt: skip
