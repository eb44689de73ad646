"""HIPS autograd: the tracer that works on numpy's own functions. Updates are numpy by hand."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .adam import Adam
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step, installed_version


def load(threads: int) -> Peer:
    """Load autograd."""
    anp = importlib.import_module("autograd.numpy")
    autograd = importlib.import_module("autograd")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return autograd.value_and_grad(loss, tuple(range(count)))  # type: ignore[no-any-return]

    def training(loss: Loss, values: Arrays) -> Step:
        update = Adam(values)

        def step(*batch: Any) -> Any:
            both = differentiate(lambda *leaves: loss(batch, *leaves), len(values))
            value, gradients = both(*update.values)
            update(*gradients)
            return value

        return step, update.read

    return Peer(
        "autograd", installed_version("autograd"), _ops(anp), np.array, np.array, differentiate,
        hvp=autograd.hessian_vector_product, hessian=autograd.hessian, training=training,
        traces_memory=True,
    )  # fmt: skip


def _ops(anp: Any) -> Ops:
    def softmax(x: Any) -> Any:
        e = anp.exp(x - anp.max(x, axis=-1, keepdims=True))
        return e / anp.sum(e, axis=-1, keepdims=True)

    def solve_lower(a: Any, b: Any) -> Any:
        scipy = importlib.import_module("autograd.scipy.linalg")
        return scipy.solve_triangular(a, b, lower=True)

    def conv(x: Any, kernel: Any) -> Any:
        """Turn the kernel round, because it convolves as mathematicians do."""
        signal = importlib.import_module("autograd.scipy.signal")
        padded = anp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="constant")
        y = signal.convolve(
            padded, kernel[::-1, ::-1], axes=([1, 2], [0, 1]), dot_axes=([3], [2]), mode="valid"
        )
        return anp.transpose(y, (0, 2, 3, 1))

    def max_pool(x: Any) -> Any:
        n, h, w, c = x.shape
        return anp.max(anp.reshape(x, (n, h // 2, 2, w // 2, 2, c)), axis=(2, 4))

    return Ops(
        tanh=anp.tanh, exp=anp.exp, sin=anp.sin, log=anp.log, sqrt=anp.sqrt,
        sum=anp.sum, mean=anp.mean, multiply=anp.multiply, matmul=anp.matmul,
        reshape=anp.reshape, transpose=anp.transpose, relu=lambda x: anp.maximum(x, 0.0),
        sum_last=lambda x: anp.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: anp.max(x, axis=-1, keepdims=True),
        softmax=softmax,
        take_rows=lambda table, rows: table[rows],
        conv=conv,
        max_pool=max_pool,
        cholesky=anp.linalg.cholesky,
        solve_lower=solve_lower,
        diagonal=anp.diag,
    )  # fmt: skip
