"""``xgrad bench``: what a gradient costs on this machine, in units of the same written by hand.

Three workloads, each once with a tape, once in `xg.function`, and once as the formula for the
gradient in the bare library's functions. They take turns, so a slow moment hits all alike; what is
printed are medians of ratios. The comparison with other libraries is in the checkout's benchmarks/."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import xgrad as xg

from .._typing import Array, Namespace

__all__ = ["bench"]

_ROUNDS = 15


class _Workload(NamedTuple):
    """A loss of one array, and its value and gradient by hand.

    Attributes
    ----------
    title : str
    shape : tuple of int
    loss : callable
        ``loss(xp, x)``, for Tensors and for bare arrays.
    by_hand : callable
        ``by_hand(ns, x)`` gives the value and the gradient.
    """

    title: str
    shape: tuple[int, ...]
    loss: Callable[[Namespace, Any], Any]
    by_hand: Callable[[Namespace, Array], tuple[Array, Array]]


def bench(*, device: str | None) -> int:
    """Time the workloads on a device and print a table.

    Parameters
    ----------
    device : str or None
        The default device if None.

    Returns
    -------
    int
        The exit status.
    """
    place = xg.default_device() if device is None else xg.device(device)
    print(f"value and gradient in float32 on {place}, as multiples of the same by hand\n")
    print(f"{'workload':34}{'by hand':>10}{'tape':>8}{'xg.function':>13}")
    for workload in _WORKLOADS:
        seconds, eager, recorded = _measure(workload, place)
        print(
            f"{workload.title:34}{_microseconds(seconds):>10}{eager:>8.2f}{recorded:>13.2f}",
            flush=True,
        )
    print("\nMedians of ratios from alternating runs; on a busy machine, run it again.")
    return 0


def _measure(workload: _Workload, place: xg.Device) -> tuple[float, float, float]:
    """Take the seconds by hand, and the ratios of the tape and of `xg.function` to them."""
    ns = place.namespace
    x = xg.random.Generator(0, device=place).uniform(workload.shape, 0.1, 0.9, dtype=xg.float32)
    eager = xg.value_and_grad(lambda x: workload.loss(xg, x))
    recorded = xg.function(eager)

    def by_hand() -> float:
        return float(workload.by_hand(ns, x.raw)[0])

    def by_tape() -> Any:
        return eager(x)[0].item()

    def by_function() -> Any:
        return recorded(x)[0].item()

    ways = (by_hand, by_tape, by_function)
    _compare(workload, ns, x, (eager(x)[1], recorded(x)[1], recorded(x)[1]))
    once = max(min(_seconds(way, 1) for _ in range(3)) for way in ways)
    repeats = max(1, int(0.02 / once))
    rounds = []
    gc.collect()
    for _ in range(_ROUNDS):
        rounds.append([_seconds(way, repeats) for way in ways])
    eagerly, replayed = (statistics.median(row[i] / row[0] for row in rounds) for i in (1, 2))
    return statistics.median(row[0] for row in rounds), eagerly, replayed


def _seconds(way: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        way()
    return (time.perf_counter() - start) / repeats


def _compare(
    workload: _Workload, ns: Namespace, x: xg.Tensor, found: tuple[xg.Tensor, ...]
) -> None:
    """Refuse to time what is wrong."""
    expected = xg.asarray(workload.by_hand(ns, x.raw)[1])
    for gradient in found:
        wrong = xg.max(xg.abs(gradient - expected)) / xg.max(xg.abs(expected))
        if not wrong.item() < 1e-4:
            raise xg.errors.GradientCheckError(
                f"bench: the gradient of {workload.title!r} is off by {wrong.item():.1e} of the "
                "largest element. Use xgrad check to see which operation is wrong."
            )


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


# -- workloads -------------------------------------------------------------------------------------


def _chain(xp: Namespace, x: Any) -> Any:
    y = x
    for _ in range(10):
        y = xp.tanh(y * 1.1) + x
    return xp.sum(y)


def _chain_by_hand(ns: Namespace, x: Array) -> tuple[Array, Array]:
    y, tanhs = x, []
    for _ in range(10):
        tanhs.append(ns.tanh(y * 1.1))
        y = tanhs[-1] + x
    g = ns.ones_like(x)
    total = g
    for t in reversed(tanhs):
        g = g * (1.0 - t * t) * 1.1
        total = total + g
    return ns.sum(y), total


def _wave(xp: Namespace, x: Any) -> Any:
    return xp.sum(xp.exp(xp.sin(x) * xp.cos(x)) * xp.sqrt(x))


def _wave_by_hand(ns: Namespace, x: Array) -> tuple[Array, Array]:
    s, c, root = ns.sin(x), ns.cos(x), ns.sqrt(x)
    e = ns.exp(s * c)
    return ns.sum(e * root), e * ((c * c - s * s) * root + 0.5 / root)


def _layers(xp: Namespace, x: Any) -> Any:
    w = (x - 0.5) * 0.2
    return xp.sum(xp.tanh(xp.tanh(w @ w) @ w))


def _layers_by_hand(ns: Namespace, x: Array) -> tuple[Array, Array]:
    w = (x - 0.5) * 0.2
    h = ns.tanh(w @ w)
    y = ns.tanh(h @ w)
    dy = 1.0 - y * y
    dh = (dy @ w.T) * (1.0 - h * h)
    return ns.sum(y), (h.T @ dy + dh @ w.T + w.T @ dh) * 0.2


_WORKLOADS = (
    _Workload("31 operations on 100 numbers", (100,), _chain, _chain_by_hand),
    _Workload("7 functions of 1,000,000 numbers", (1_000_000,), _wave, _wave_by_hand),
    _Workload("two layers of 256 x 256", (256, 256), _layers, _layers_by_hand),
)
