"""What is computed: one file for each idea, each workload once for all libraries (base.py).

`make(name)` gives a workload at its own size, or at one that is done at once, for a trial."""

from __future__ import annotations

from collections.abc import Callable

from . import (
    attention,
    chain,
    convolution,
    embedding,
    gaussian_process,
    logistic,
    mlp,
    rnn,
    rosenbrock,
    square,
    updates,
    wave,
)
from .base import Bound, Workload

__all__ = ["Bound", "Workload", "make"]

_TINY = (20, 16, 16, 10)
_MAKERS: dict[str, tuple[Callable[[], Workload], Callable[[], Workload]]] = {
    "chain": (chain.make, chain.make),
    "wave-1m": (wave.make, lambda: wave.make(100)),
    "mlp-tanh": (mlp.make, lambda: mlp.make("tanh", 8, _TINY)),
    "mlp-relu": (lambda: mlp.make("relu"), lambda: mlp.make("relu", 8, _TINY)),
    "logistic": (logistic.make, lambda: logistic.make(100, 10)),
    "rnn": (rnn.make, lambda: rnn.make(3, 4, 8)),
    "embedding": (embedding.make, lambda: embedding.make(100, 8, 32)),
    "square-512": (square.make, lambda: square.make(16)),
    "hvp": (rosenbrock.make, lambda: rosenbrock.make("hvp", 10)),
    "hessian": (lambda: rosenbrock.make("hessian"), lambda: rosenbrock.make("hessian", 10)),
    "conv-net": (convolution.make, lambda: convolution.make(4, noise=True)),
    "conv-net-32": (convolution.make_colored, lambda: convolution.make_colored(2)),
    "attention": (attention.make, lambda: attention.make(2, 8, 16)),
    "gaussian-process": (gaussian_process.make, lambda: gaussian_process.make(20)),
    "adam": (updates.make_adam, lambda: updates.make_adam(_TINY)),
    "training": (updates.make_training, lambda: updates.make_training(8, _TINY)),
    **{
        f"wave-{name}": (lambda n=n: wave.make(n), lambda: wave.make(100))
        for name, n in {
            "100": 100, "1k": 1_000, "10k": 10_000, "100k": 100_000, "10m": 10_000_000,
        }.items()
    },
    **{
        f"square-{n}": (lambda n=n: square.make(n), lambda: square.make(16))
        for n in (32, 128, 1024)
    },
}  # fmt: skip


def make(name: str, *, tiny: bool = False) -> Workload:
    """Make a workload by name; `tiny` for a trial."""
    return _MAKERS[name][tiny]()
