"""What xgrad holds and leaves: memory during backward, arrays kept per op, reference cycles.

numpy reports its buffers to tracemalloc, so the figures are exact counts of bytes and not the
process's size. The cycle collector is off throughout: whatever is freed was freed by reference
counts. Each function prints its table and returns its figures with a verdict, `good`.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from _timing import print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ELEMENTS = 1 << 18
ARRAY_BYTES = 4 * ELEMENTS
MEGABYTE = 1 << 20
SLACK = 0.1
"""Arrays' worth of bytes that nodes, handles and the interpreter may take."""


@contextmanager
def traced() -> Iterator[None]:
    """Count bytes exactly, without the cycle collector."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def held_bytes() -> int:
    """Bytes held now, numpy's buffers included."""
    return tracemalloc.get_traced_memory()[0]


def large(xg: Any) -> Any:
    """Make a Tensor of one megabyte."""
    return xg.asarray(np.linspace(-1, 1, ELEMENTS, dtype=np.float32))


class Sampler(threading.Thread):
    """Notes the bytes held every half millisecond until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[float, int]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.stopped.wait(0.0005):
            self.samples.append((time.perf_counter(), held_bytes()))

    def __enter__(self) -> Self:
        self.interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-4)
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stopped.set()
        self.join()
        sys.setswitchinterval(self.interval)

    def profile(self, start: float, stop: float, parts: int = 10) -> list[int]:
        """Give the last bytes noted in each of `parts` equal pieces of the time."""
        found: list[int] = []
        for part in range(1, parts + 1):
            end = start + (stop - start) * part / parts
            before = [size for moment, size in self.samples if start <= moment <= end]
            found.append(before[-1] if before else 0)
        return found


def during_backward(xg: Any, length: int = 200) -> dict[str, Any]:
    """Bytes held while `gradient` walks a chain of `length` tanh of one megabyte each."""
    print(f"\nmemory: backward through {length} x tanh of {ARRAY_BYTES // MEGABYTE} MB, in MB")
    rows, results = [], {}
    for persistent in (False, True):
        name = "persistent" if persistent else "non-persistent"
        before, peak, after, profile = walk(xg, length, persistent)
        results[name] = {"before": before, "peak": peak, "after": after, "during": profile}
        cells = (before, *profile, after, peak)
        rows.append([name, *(f"{size / MEGABYTE:.0f}" for size in cells)])
    tenths = [f"{10 * part}%" for part in range(1, 11)]
    print_table(["tape", "before", *tenths, "after", "peak"], rows)
    falling = results["non-persistent"]
    few = 6 * ARRAY_BYTES
    good = (
        falling["before"] >= length * ARRAY_BYTES
        and falling["peak"] <= falling["before"] + few
        and falling["after"] <= few
    )
    print(f"  non-persistent: peak at most 6 arrays over the start, ends with at most 6: {good}")
    return {"good": good, **results}


def walk(xg: Any, length: int, persistent: bool) -> tuple[int, int, int, list[int]]:
    """Bytes before, at the peak and after a backward pass, and their course."""
    with traced():
        x = large(xg)
        with xg.GradientTape(persistent=persistent) as tape:
            tape.watch(x)
            y = x
            for _ in range(length):
                y = xg.tanh(y)
            y = xg.sum(y)
        before = held_bytes()
        tracemalloc.reset_peak()
        with Sampler() as sampler:
            start = time.perf_counter()
            gradient = tape.gradient(y, x)
            stop = time.perf_counter()
        peak, after = tracemalloc.get_traced_memory()[1], held_bytes()
        del gradient
        return before, peak, after, sampler.profile(start, stop)


KEPT: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "(x + 1) + 2": (lambda xg, x: (x + 1) + 2, 0),
    "reshape(x + 1)": (lambda xg, x: xg.reshape(x + 1, (-1, 4)), 0),
    "sum(x + 1)": (lambda xg, x: xg.sum(x + 1), 0),
    "sum(reshape(x + 1))": (lambda xg, x: xg.sum(xg.reshape(x + 1, (-1, 4)), axis=0), 0),
    "(x + 1) * 2": (lambda xg, x: (x + 1) * 2, 0),
    "tanh(x + 1)": (lambda xg, x: xg.tanh(x + 1), 0),
    "exp(x + 1)": (lambda xg, x: xg.exp(x + 1), 0),
    "sum(tanh(x + 1))": (lambda xg, x: xg.sum(xg.tanh(x + 1)), 1),
    "sin(x + 1)": (lambda xg, x: xg.sin(x + 1), 1),
    "(x + 1) * (x + 2)": (lambda xg, x: (x + 1) * (x + 2), 2),
}
"""An expression, and the arrays that it may keep for the gradient besides its own result."""


def kept_arrays(xg: Any) -> dict[str, Any]:
    """Arrays that an expression keeps alive, in units of x, besides its own result."""
    print("\nkept: arrays held for the gradient besides x and the result")
    rows, results, good = [], {}, True
    for text, (expression, allowed) in KEPT.items():
        kept = kept_by(xg, expression)
        fits = kept <= allowed + SLACK
        good &= fits
        results[text] = kept
        rows.append([text, f"{kept:.2f}", f"<= {allowed}", "good" if fits else "BAD"])
    print_table(["expression", "kept", "limit", ""], rows)
    return {"good": good, **results}


def kept_by(xg: Any, expression: Callable[[Any, Any], Any]) -> float:
    """Bytes that the recorded expression holds, less its result, in units of x."""
    with traced():
        x = large(xg)
        with xg.GradientTape() as tape:
            tape.watch(x)
            expression(xg, x)  # once before, so that what is made once is not counted
            before = held_bytes()
            result = expression(xg, x)
            held = held_bytes() - before
        size = ARRAY_BYTES if result.ndim and result.size >= ELEMENTS else 4 * result.size
        return (held - size) / ARRAY_BYTES


def dead_branch(xg: Any) -> dict[str, Any]:
    """Check that a branch that leads nowhere gives its arrays back with its last handle."""
    with traced():
        x = large(xg)
        with xg.GradientTape(persistent=True) as tape:
            tape.watch(x)
            before = held_bytes()
            branch = x
            for _ in range(10):
                branch = xg.tanh(branch)
            during = held_bytes()
            del branch
            after = held_bytes()
    held, left = (during - before) / ARRAY_BYTES, (after - before) / ARRAY_BYTES
    good = left <= SLACK
    print(f"  dead branch of 10 x tanh: {held:.2f} arrays while it lives, {left:.2f} after `del`,")
    print(f"  tape still open and persistent, collector off: {'good' if good else 'BAD'}")
    return {"good": good, "held": held, "left": left}


def plain(xg: Any, x: Any) -> None:
    """Take one gradient."""
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.tanh(x * 2.0) + x)
    tape.gradient(y, x)


def persistent(xg: Any, x: Any) -> None:
    """Take two gradients from one tape."""
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = xg.sum(x * x * x)
    tape.gradient(y, x)
    tape.gradient(y, x)


def second_order(xg: Any, x: Any) -> None:
    """Take a gradient of a gradient."""
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = xg.sum(x * x * x)
        slope = inner.gradient(y, x)
    outer.gradient(slope, x)


def variable(xg: Any, x: Any) -> None:
    """Read a Variable, which watches it, and assign its gradient to it."""
    v = xg.Variable(x.array)
    with xg.GradientTape() as tape:
        y = xg.sum(v * v)
    v.assign_sub(tape.gradient(y, v))


def abandoned(xg: Any, x: Any) -> None:
    """Record something that nobody differentiates."""
    with xg.GradientTape() as tape:
        tape.watch(x)
        xg.exp(x + 1.0)


SCENARIOS = (plain, persistent, second_order, variable, abandoned)


def cycles(xg: Any, tapes: int = 1_000) -> dict[str, Any]:
    """Count what `gc.collect()` finds after `tapes` tapes of each sort, the collector being off."""
    print(f"\ncycles: objects that gc.collect() finds after {tapes:,} tapes")
    x = xg.asarray(np.linspace(-1, 1, 8, dtype=np.float32))
    rows, results = [], {}
    for scenario in SCENARIOS:
        scenario(xg, x)  # imports and caches of the first call are not leaks
        gc.collect()
        gc.disable()
        try:
            for _ in range(tapes):
                scenario(xg, x)
            found = gc.collect()
        finally:
            gc.enable()
        results[scenario.__name__] = found
        rows.append([scenario.__name__, str(found), "good" if found == 0 else "BAD"])
    print_table(["scenario", "found", ""], rows)
    return {"good": not any(results.values()), **results}
