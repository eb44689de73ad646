"""xgrad: a tape that watches plain Tensors; the same recorded by xg.function, without and with numba."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from .adam import EPSILON, RATE
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step, Watching, installed_version


def load(threads: int) -> Peer:
    """Load xgrad as it runs without a recording."""
    return _peer("xgrad", lambda f: f)


class Prepared(Peer):
    """A peer that compiles before the calls that are timed."""

    def waiting(self, f: Callable[..., Any], arguments: Sequence[Any]) -> Callable[[], Any]:
        """Record f and let numba compile what is small; both belong to the first call."""
        with importlib.import_module("xgrad").set_jit(1):
            f(*arguments)
            f(*arguments)
        return super().waiting(f, arguments)


def load_numba(threads: int) -> Peer:
    """Load the same with what is small compiled by numba; without steps that change parameters."""
    importlib.import_module("numba")
    xg = importlib.import_module("xgrad")
    peer = _peer("xgrad.function+numba", xg.function)
    fields = {field.name: getattr(peer, field.name) for field in dataclasses.fields(peer)}
    return Prepared(**{**fields, "adam": None, "training": None})


def load_function(threads: int) -> Peer:
    """Load xgrad with each step, tapes and updates included, recorded by xg.function; not numba."""
    xg = importlib.import_module("xgrad")
    xg.set_jit(None)

    def compiled(f: Callable[..., Any]) -> Any:
        _latest[:] = [xg.function(f)]
        return _latest[0]

    return _peer("xgrad.function", compiled)


_latest: list[Any] = []


def latest_function() -> Any:
    """Give what xg.function made last, whose figures are shown."""
    return _latest[0]


def _peer(name: str, compiled: Callable[[Any], Any]) -> Peer:
    xg = importlib.import_module("xgrad")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            with xg.GradientTape() as tape:
                tape.watch(leaves)
                value = loss(*leaves)
            return value, tape.gradient(value, leaves)

        return compiled(both)  # type: ignore[no-any-return]

    def hvp(loss: Loss) -> Any:
        def product(x: Any, v: Any) -> Any:
            with xg.GradientTape() as tape:
                tape.watch(x)
                value = loss(x)
            return tape.hvp(value, x, v)

        return compiled(product)

    def hessian(loss: Loss) -> Any:
        def matrix(x: Any) -> Any:
            with xg.GradientTape() as tape:
                tape.watch(x)
                value = loss(x)
            return tape.hessian(value, x)

        return compiled(matrix)

    def prepared(values: Arrays) -> tuple[Any, Any, Any]:
        variables = [xg.Variable(value) for value in values]
        optimizer = xg.optimizers.Adam(learning_rate=RATE, epsilon=EPSILON)
        return variables, optimizer, lambda: [v.numpy() for v in variables]

    def adam(values: Arrays) -> Step:
        variables, optimizer, read = prepared(values)

        def step(*gradients: Any) -> None:
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

        return compiled(step), read

    def training(loss: Loss, values: Arrays) -> Step:
        variables, optimizer, read = prepared(values)

        def step(*batch: Any) -> Any:
            with xg.GradientTape() as tape:
                value = loss(batch, *variables)
            gradients = tape.gradient(value, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return value

        return compiled(step), read

    eager = name == "xgrad"
    return Peer(
        name, installed_version("xgrad"), _ops(xg), xg.asarray, xg.asarray, differentiate,
        to_numpy=lambda x: x.numpy(),
        recording=(lambda leaf: Watching(xg.GradientTape(), leaf)) if eager else None,
        hvp=hvp, hessian=hessian, adam=adam, training=training, traces_memory=True,
    )  # fmt: skip


def _ops(xg: Any) -> Ops:
    return Ops(
        tanh=xg.tanh, exp=xg.exp, sin=xg.sin, log=xg.log, sqrt=xg.sqrt, sum=xg.sum, mean=xg.mean,
        multiply=xg.multiply, matmul=xg.matmul, reshape=xg.reshape, transpose=xg.permute_dims,
        relu=lambda x: xg.maximum(x, 0.0),
        sum_last=lambda x: xg.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: xg.max(x, axis=-1, keepdims=True),
        softmax=xg.nn.softmax,
        take_rows=lambda table, rows: xg.nn.embedding(rows, table),
        conv=xg.nn.conv,
        max_pool=lambda x: xg.nn.max_pool(x, 2),
        cholesky=xg.linalg.cholesky,
        solve_lower=xg.linalg.solve_triangular,
        diagonal=xg.linalg.diagonal,
    )  # fmt: skip
