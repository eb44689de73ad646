"""Fair clocks: everything is timed in one run, round-robin, on a fixed number of threads.

A *round* gives every contender one block of calls, one after the other, and the order turns by one
place from round to round. A ratio is formed within a round, where the machine was in one mood, and
the figure reported is the median of those ratios.
What is timed is decided elsewhere (peers/, workloads/, _price.py).
"""

from __future__ import annotations

import gc
import itertools
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # the size of XLA's pool of threads
)


def fix_threads(threads: int) -> None:
    """Fix the number of threads of every library. Must run before any of them is imported."""
    loaded = {"numpy", "torch", "tensorflow", "jax"} & set(sys.modules)
    if loaded:
        raise RuntimeError(
            f"fix_threads: {', '.join(sorted(loaded))} already imported, so its threads are set; "
            "expected to run first. Import the libraries after fix_threads()."
        )
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # these workloads compare CPUs
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


SETTLE = 0.12
"""Seconds before each block: threads of OpenBLAS wait in circles for 100 ms after its last product,
and would take a core from whichever library comes next."""

BUSY = 0.5
"""A load average above which the machine is doing something else as well."""


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles."""

    median: float
    q1: float
    q3: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise `values`; two at least."""
        q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, q1, q3)


@dataclass(frozen=True)
class Timing:
    """One contender's blocks: seconds per call in each round, and how many cores it kept busy."""

    calls: int
    seconds: tuple[float, ...]
    cores: float

    @property
    def spread(self) -> Spread:
        """Seconds per call: median and quartiles over the rounds."""
        return Spread.of(self.seconds)

    def over(self, other: Timing) -> Spread:
        """Give the ratio of this contender to `other`, taken round by round."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return Spread.of([mine / theirs for mine, theirs in pairs])

    def to_json(self) -> dict[str, object]:
        """Give the figures in microseconds, the blocks included."""
        microseconds = [1e6 * second for second in self.seconds]
        return {
            "calls_per_block": self.calls,
            "cores": self.cores,
            "us": asdict(Spread.of(microseconds)),
            "us_by_round": microseconds,
        }


def time_block(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Take the wall seconds and processor seconds of `calls` calls."""
    cpu, start = time.process_time(), time.perf_counter()
    for _ in itertools.repeat(None, calls):
        call()
    return time.perf_counter() - start, time.process_time() - cpu


def calls_per_block(call: Callable[[], object], block_seconds: float) -> int:
    """Warm `call` up, then count how many calls fill a block of `block_seconds`."""
    time_block(call, 2)
    calls = 1
    while True:
        wall, _ = time_block(call, calls)
        if wall >= block_seconds / 2:
            return max(1, round(calls * block_seconds / wall))
        calls *= 2


def race(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    block_seconds: float,
    collect_garbage: bool = True,
) -> dict[str, Timing]:
    """Time all contenders against each other in `rounds` rounds of one block each.

    What exists after the warm-up is frozen, so that a collection pays for the garbage of the
    running contender and not for the modules of its peers.
    """
    calls = {name: calls_per_block(call, block_seconds) for name, call in contenders.items()}
    walls: dict[str, list[float]] = {name: [] for name in contenders}
    cpus: dict[str, float] = dict.fromkeys(contenders, 0.0)
    names = list(contenders)
    gc.collect()
    gc.freeze()
    if not collect_garbage:
        gc.disable()
    try:
        for turn in range(rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                time.sleep(SETTLE)
                wall, cpu = time_block(contenders[name], calls[name])
                walls[name].append(wall)
                cpus[name] += cpu
    finally:
        gc.enable()
        gc.unfreeze()
    return {
        name: Timing(
            calls[name],
            tuple(wall / calls[name] for wall in walls[name]),
            cpus[name] / sum(walls[name]),
        )
        for name in names
    }


def describe_machine(threads: int | None = None) -> dict[str, object]:
    """Collect what a reader needs in order to place the figures."""
    machine: dict[str, object] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "blas": blas_kernels(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
    if threads is not None:
        machine["threads"] = threads
    return machine


def blas_kernels() -> str | None:
    """Name the kernels of NumPy's BLAS, and whether the environment chose them: twice the time, or half."""
    import numpy as np  # noqa: F401 - only what is loaded is found; by now threads are fixed

    from xgrad.cli import blas

    found = blas.libraries() or ()
    names = ", ".join(f"{x['internal_api']} {x.get('architecture')}" for x in found)
    asked = os.environ.get("OPENBLAS_CORETYPE")
    return f"{names} (OPENBLAS_CORETYPE={asked})" if names and asked else names or None


def processor_name() -> str:
    """Name the processor as Linux does, else as Python does."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def print_machine(machine: Mapping[str, object]) -> None:
    """Print one line about the machine, and a warning when it is busy with something else."""
    print(", ".join(f"{key} {value}" for key, value in machine.items() if value is not None))
    load = machine["load_average"]
    if isinstance(load, float) and load > BUSY:
        print(f"note: the load average is {load:.1f}; ratios stand it better than times do")


def format_seconds(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for unit, size in (("s ", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as what is in them, the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    for line in [header, ["-" * width for width in widths], *rows]:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells).rstrip())
