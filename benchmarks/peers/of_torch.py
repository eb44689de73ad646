"""PyTorch: leaves that require gradients, torch.autograd.grad, torch.func; and torch.compile."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .adam import EPSILON, RATE
from .base import Arrays, Differentiated, Loss, Ops, Peer, Step


class _RequiringGrad:
    """Let a tensor of torch require gradients for a while."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf

    def __enter__(self) -> Any:
        return self.leaf.requires_grad_(True)

    def __exit__(self, *raised: object) -> None:
        self.leaf.requires_grad_(False)


def load(threads: int) -> Peer:
    """Load torch as it runs without a compiler."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != threads:  # which may be set once only
        torch.set_num_interop_threads(threads)
    warnings.filterwarnings("ignore", category=DeprecationWarning)

    def leaf(x: np.ndarray) -> Any:
        return torch.tensor(x, requires_grad=x.dtype.kind == "f")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            value = loss(*leaves)
            return value, torch.autograd.grad(value, leaves)

        return both

    def hvp(loss: Loss) -> Any:
        """Go back twice, which is faster than torch.func here."""

        def product(x: Any, v: Any) -> Any:
            x = x.detach().requires_grad_()
            (g,) = torch.autograd.grad(loss(x), x, create_graph=True)
            return torch.autograd.grad(g, x, v)[0]

        return product

    return Peer(
        "torch", torch.__version__, _ops(torch), torch.tensor, leaf, differentiate,
        to_numpy=lambda x: x.detach().numpy(), recording=_RequiringGrad,
        hvp=hvp, hessian=torch.func.hessian,
        adam=lambda values: _adam(torch, values, lambda f: f),
        training=lambda loss, values: _training(torch, loss, values, lambda f: f),
    )  # fmt: skip


def load_compile(threads: int) -> Peer:
    """Load torch with forward and backward compiled by torch.compile, and the optimizer's step."""
    eager = load(threads)
    torch = importlib.import_module("torch")
    logging.getLogger("torch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch")

    def compiled(f: Any) -> Any:
        """Forget what was compiled before: all losses are one closure's, and few are kept of it."""
        torch._dynamo.reset()
        return torch.compile(f)

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return eager.differentiate(compiled(loss), count)

    def hvp(loss: Loss) -> Any:
        """Go forward over the gradient; torch.compile cannot go back twice."""
        return compiled(lambda x, v: torch.func.jvp(torch.func.grad(loss), (x,), (v,))[1])

    return replace(
        eager, name="torch.compile", differentiate=differentiate, recording=None,
        hvp=hvp, hessian=lambda loss: compiled(torch.func.hessian(loss)),
        adam=lambda values: _adam(torch, values, compiled),
        training=lambda loss, values: _training(torch, loss, values, torch.compile),
    )  # fmt: skip


def _prepared(torch: Any, values: Arrays) -> tuple[Any, Any, Any]:
    parameters = [torch.nn.Parameter(torch.tensor(value)) for value in values]
    optimizer = torch.optim.Adam(parameters, lr=RATE, eps=EPSILON, foreach=True)
    return parameters, optimizer, lambda: [p.detach().numpy().copy() for p in parameters]


def _adam(torch: Any, values: Arrays, compiled: Callable[[Any], Any]) -> Step:
    parameters, optimizer, read = _prepared(torch, values)
    update = compiled(optimizer.step)

    def step(*gradients: Any) -> None:
        for parameter, g in zip(parameters, gradients, strict=True):
            parameter.grad = g
        update()

    return step, read


def _training(torch: Any, loss: Loss, values: Arrays, compiled: Callable[[Any], Any]) -> Step:
    parameters, optimizer, read = _prepared(torch, values)
    forward, update = compiled(loss), compiled(optimizer.step)

    def step(*batch: Any) -> Any:
        optimizer.zero_grad()
        value = forward(batch, *parameters)
        value.backward()
        update()
        return value

    return step, read


def _ops(torch: Any) -> Ops:
    F = torch.nn.functional
    return Ops(
        tanh=torch.tanh, exp=torch.exp, sin=torch.sin, log=torch.log, sqrt=torch.sqrt,
        sum=torch.sum, mean=torch.mean, multiply=torch.mul, matmul=torch.matmul,
        reshape=torch.reshape, transpose=torch.permute, relu=torch.relu,
        sum_last=lambda x: torch.sum(x, -1, keepdim=True),
        max_last=lambda x: torch.amax(x, -1, keepdim=True),
        softmax=lambda x: torch.softmax(x, -1),
        take_rows=lambda table, rows: F.embedding(rows, table),
        conv=lambda x, kernel: F.conv2d(
            x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), padding=1
        ).permute(0, 2, 3, 1),
        max_pool=lambda x: F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1),
        cholesky=torch.linalg.cholesky,
        solve_lower=lambda a, b: torch.linalg.solve_triangular(a, b, upper=False),
        diagonal=torch.diagonal,
    )  # fmt: skip
