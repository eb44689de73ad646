"""MyGrad: tensors that remember, backward() and .grad. First order only; updates by hand."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .adam import Adam
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step, installed_version


def load(threads: int) -> Peer:
    """Load MyGrad, without its guards against writes into arrays that are still needed."""
    mg = importlib.import_module("mygrad")
    mg.turn_memory_guarding_off()

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            value = loss(*leaves)
            value.backward()
            return value, [leaf.grad for leaf in leaves]

        return both

    def training(loss: Loss, values: Arrays) -> Step:
        update = Adam(values)

        def step(*batch: Any) -> Any:
            leaves = [mg.tensor(value, copy=False) for value in update.values]
            value = loss(batch, *leaves)
            value.backward()
            update(*[leaf.grad for leaf in leaves])
            return value

        return step, update.read

    return Peer(
        "mygrad", installed_version("mygrad"), _ops(mg), np.array, mg.tensor, differentiate,
        to_numpy=lambda x: x.data if isinstance(x, mg.Tensor) else np.asarray(x),
        training=training, widens=True, traces_memory=True,
    )  # fmt: skip


def _ops(mg: Any) -> Ops:
    nnet = importlib.import_module("mygrad.nnet")

    def conv(x: Any, kernel: Any) -> Any:
        x, kernel = mg.transpose(x, (0, 3, 1, 2)), mg.transpose(kernel, (3, 2, 0, 1))
        return mg.transpose(nnet.conv_nd(x, kernel, stride=1, padding=1), (0, 2, 3, 1))

    def max_pool(x: Any) -> Any:
        y = nnet.max_pool(mg.transpose(x, (0, 3, 1, 2)), (2, 2), 2)
        return mg.transpose(y, (0, 2, 3, 1))

    return Ops(
        tanh=mg.tanh, exp=mg.exp, sin=mg.sin, log=mg.log, sqrt=mg.sqrt,
        sum=mg.sum, mean=mg.mean, multiply=mg.multiply, matmul=mg.matmul,
        reshape=mg.reshape, transpose=mg.transpose, relu=nnet.relu,
        sum_last=lambda x: mg.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: mg.max(x, axis=-1, keepdims=True),
        softmax=nnet.softmax,
        take_rows=lambda table, rows: table[rows],
        conv=conv,
        max_pool=max_pool,
    )  # fmt: skip
