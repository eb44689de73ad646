"""What recomputing saves: peak memory and time of a deep network, with and without it.

64 layers of tanh, plain and with dropout, recorded by one tape as they are and through
`checkpoint_sequential`. The gradients must be equal to the last bit. Bytes are exact (tracemalloc).
"""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
from _memory import MEGABYTE, traced
from _timing import print_table

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS, BATCH, WIDTH = 64, 2048, 64
LIMITS = {"tanh": 0.3, "tanh, dropout": 0.25}
"""Largest peak through `checkpoint_sequential`, in peaks of the plain tape."""


def layers_of(xg: Any, dropout: np.random.Generator | None) -> tuple[list[Any], list[Callable]]:
    """Make the weights and the layers."""
    rng = np.random.default_rng(0)
    weights = [xg.Variable(rng.normal(size=(WIDTH, WIDTH)) / 8) for _ in range(LAYERS)]

    def layer(w: Any) -> Callable[[Any], Any]:
        def apply(x: Any) -> Any:
            y = xg.tanh(x @ w)
            if dropout is not None:
                y = xg.where(xg.asarray(dropout.random(y.shape) < 0.9), y, 0.0) / 0.9
            return y

        return apply

    return weights, [layer(w) for w in weights]


def run(xg: Any, with_dropout: bool, sequential: bool) -> tuple[list[Any], int, float]:
    """Gradients, bytes at the peak above those at the start, and seconds."""
    dropout = np.random.default_rng(1) if with_dropout else None
    weights, layers = layers_of(xg, dropout)
    x = xg.asarray(np.random.default_rng(2).normal(size=(BATCH, WIDTH)))
    with traced():
        before, start = tracemalloc.get_traced_memory()[0], time.perf_counter()
        with xg.GradientTape() as tape:
            if sequential:
                y = xg.checkpoint_sequential(layers, x, generators=[dropout] if dropout else ())
            else:
                y = x
                for layer in layers:
                    y = layer(y)
            loss = xg.mean(y * y)
        gradients = tape.gradient(loss, weights)
        seconds = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1] - before
    return [g.numpy() for g in gradients], peak, seconds


def checkpointing(xg: Any) -> dict[str, Any]:
    """Compare the peaks of both ways."""
    print(f"\ncheckpoint: peak memory of a {LAYERS}-layer network, checkpoint_sequential / plain")
    rows, results, good = [], {}, True
    for name, limit in LIMITS.items():
        expected, whole, plain_time = run(xg, "dropout" in name, sequential=False)
        found, peak, time_twice = run(xg, "dropout" in name, sequential=True)
        equal = all(np.array_equal(g, e) for g, e in zip(found, expected, strict=True))
        ratio = peak / whole
        fits = equal and ratio <= limit
        good &= fits
        results[name] = {"plain": whole, "sequential": peak, "ratio": ratio, "equal": equal}
        rows.append([
            name, f"{whole / MEGABYTE:.0f} MB", f"{peak / MEGABYTE:.0f} MB", f"{ratio:.3f}",
            f"<= {limit}", f"{time_twice / plain_time:.2f}", "equal" if equal else "DIFFERENT",
            "good" if fits else "BAD",
        ])  # fmt: skip
    header = ["network", "plain", "sequential", "ratio", "limit", "time", "gradients", ""]
    print_table(header, rows)
    return {"good": good, **results}
