"""What the suite is judged by: a ratio, the largest that is allowed, and whether it was met.

A ratio is the median of those within rounds. `the fastest` is who has the smallest median time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from _names import BY_HAND, COMPILERS, MINE, MINE_EAGER, MINE_JIT, OPERATION_BY_OPERATION, SUITE

MEGABYTE = 1 << 20
SMALL_OBJECTS = 16_384
"""Bytes for the Python objects of a call, such as handles and tuples."""
LIBRARIES = (*COMPILERS, *OPERATION_BY_OPERATION)
ONE_PASS = ("jax.jit", "tf.function", "torch.compile")


class Bar(NamedTuple):
    """One thing that was asked for."""

    what: str
    found: float | None
    """Nothing where it was not measured."""
    limit: float
    note: str = ""

    @property
    def verdict(self) -> str:
        """Put it into a word."""
        if self.found is None:
            return "not measured"
        return "met" if self.found <= self.limit else "MISSED"


def all_bars(results: Mapping[str, Any]) -> list[Bar]:
    """Judge everything, in the order in which it was asked for."""
    bars = [against_fastest(results, "wave-1m", ONE_PASS, 0.6)]
    for name in ("mlp-tanh", "logistic", "embedding", "square-512"):
        bars.append(against_fastest(results, name, (*LIBRARIES, BY_HAND), 1.0))
    bars.append(against_fastest(results, "rnn", ("jax.jit",), 1.0))
    others = [name for name in LIBRARIES if name != "jax.jit"]
    for name in ("chain", "hvp"):
        bars.append(against_fastest(results, name, ("jax.jit",), 3.0))
        bars.append(against_fastest(results, name, others, 0.3))
        bars.append(against_fastest(results, name, (BY_HAND,), 0.3))
    bars.append(against_fastest(results, "chain", ("jax.jit",), 1.5, MINE_JIT))
    for base, limits in (
        (MINE, {"jax.jit": 1.0, "torch.compile": 0.8, "tf.function": 0.8}),
        (MINE_EAGER, {"torch": 0.8, "tensorflow": 0.25, "autograd": 0.4}),
    ):
        for other, limit in limits.items():
            mean, count = geometric_mean(results, base, other)
            bars.append(Bar(f"geometric mean, {base} / {other}", mean, limit, f"of {count}"))
    return bars + costs(results)


def against_fastest(
    results: Mapping[str, Any],
    workload: str,
    others: Iterable[str],
    limit: float,
    mine: str = MINE,
) -> Bar:
    """Compare the recorded step with the fastest of some libraries."""
    result = results.get(workload, {"us": {}, "over": {}})
    others = tuple(others)
    shown = others[0] if len(others) == 1 else "the fastest of " + ", ".join(others)
    if set(others) >= set(LIBRARIES):
        shown = "the fastest peer, numpy by hand included"
    elif len(others) > 3:
        shown = "the fastest library but jax.jit"
    there = [name for name in others if name in result["us"]]
    what = f"{workload}, {mine} / {shown}"
    if not there or mine not in result["over"]:
        return Bar(what, None, limit)
    fastest = min(there, key=lambda name: result["us"][name]["median"])
    return Bar(what, result["over"][mine][fastest]["median"], limit, fastest)


def geometric_mean(results: Mapping[str, Any], base: str, other: str) -> tuple[float | None, int]:
    """Take the mean of the ratios over what counts, and of how many."""
    ratios = [
        results[name]["over"][base][other]["median"]
        for name in SUITE
        if name in results and other in results[name]["over"].get(base, {})
    ]
    if not ratios:
        return None, 0
    return math.exp(sum(map(math.log, ratios)) / len(ratios)), len(ratios)


def costs(results: Mapping[str, Any]) -> list[Bar]:
    """Judge recording and memory by the worst workload."""
    recorded = {n: r["recording"]["over_eager"] for n, r in results.items() if "recording" in r}
    replays = {n: r["memory"]["replay"] for n, r in results.items() if "memory" in r}
    peaks = {
        n: r["memory"]["peak"] / r["memory"]["bound"]
        for n, r in results.items()
        if "memory" in r and r["memory"]["bound"] >= MEGABYTE
    }
    return [
        worst("recording / an eager step", recorded, 5.0),
        worst("bytes that a replay allocates beyond its results", replays, SMALL_OBJECTS),
        worst("peak of a recorded step / its liveness bound (of 1 MB or more)", peaks, 1.1),
    ]


def worst(what: str, found: Mapping[str, float], limit: float) -> Bar:
    """Name the worst, and all that miss."""
    if not found:
        return Bar(what, None, limit)
    name = max(found, key=lambda n: found[n])
    missed = sum(value > limit for value in found.values())
    return Bar(f"{what}, largest", found[name], limit, f"{name}; {missed} of {len(found)} above")
