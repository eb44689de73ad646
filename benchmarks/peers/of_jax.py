"""JAX: each op dispatched on its own; and each step compiled by jax.jit."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .adam import functional
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step


def load(threads: int) -> Peer:
    """Load jax without a compiler of whole steps."""
    return _peer("jax", lambda f, **_: f)


def load_jit(threads: int) -> Peer:
    """Load jax with each step compiled."""
    return _peer("jax.jit", importlib.import_module("jax").jit)


def _peer(name: str, compiled: Callable[..., Any]) -> Peer:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)  # second derivatives are taken in float64
    jnp = jax.numpy

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return compiled(jax.value_and_grad(loss, tuple(range(count))))  # type: ignore[no-any-return]

    def hvp(loss: Loss) -> Any:
        return compiled(lambda x, v: jax.jvp(jax.grad(loss), (x,), (v,))[1])

    def stateful(step: Callable[..., Any], values: Arrays) -> Step:
        """Keep parameters and moments between calls; the compiler may write into the old ones."""
        step = compiled(step, donate_argnums=(0,))
        zeros = [[jnp.zeros_like(w) for w in values] for _ in range(2)]
        held = [(jnp.asarray(0.0, jnp.float32), [jnp.asarray(w) for w in values], *zeros)]

        def call(*given: Any) -> Any:
            held[0], value = step(held[0], given)
            return held[0], value

        return call, lambda: [np.array(w) for w in held[0][1]]

    def adam(values: Arrays) -> Step:
        return stateful(lambda state, gradients: (functional(jnp, *state, gradients), None), values)

    def training(loss: Loss, values: Arrays) -> Step:
        both = jax.value_and_grad(lambda values, batch: loss(batch, *values))

        def step(state: Any, batch: Any) -> Any:
            value, gradients = both(state[1], batch)
            return functional(jnp, *state, gradients), value

        return stateful(step, values)

    return Peer(
        name, jax.__version__, _ops(jax), jnp.asarray, jnp.asarray, differentiate,
        wait=jax.block_until_ready, hvp=hvp, hessian=lambda loss: compiled(jax.hessian(loss)),
        adam=adam, training=training,
    )  # fmt: skip


def _ops(jax: Any) -> Ops:
    jnp = jax.numpy

    def conv(x: Any, kernel: Any) -> Any:
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)

    return Ops(
        tanh=jnp.tanh, exp=jnp.exp, sin=jnp.sin, log=jnp.log, sqrt=jnp.sqrt,
        sum=jnp.sum, mean=jnp.mean, multiply=jnp.multiply, matmul=jnp.matmul,
        reshape=jnp.reshape, transpose=jnp.transpose, relu=lambda x: jnp.maximum(x, 0.0),
        sum_last=lambda x: jnp.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: jnp.max(x, axis=-1, keepdims=True),
        softmax=jax.nn.softmax,
        take_rows=lambda table, rows: table[rows],
        conv=conv,
        # In tiles, because the gradient of reduce_window is slow on CPUs.
        max_pool=lambda x: jnp.max(
            x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[3]), axis=(2, 4)
        ),
        cholesky=jnp.linalg.cholesky,
        solve_lower=lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True),
        diagonal=jnp.diagonal,
    )  # fmt: skip
