"""Eager gradients of large arrays, each library alone in a process of its own, as people run it.

Side by side in one process (suite.py) libraries leave their freed memory to each other. Alone, a
library has what the C library keeps for it, and everything beyond comes from the system page by page,
at the first touch. Each figure is from fresh processes that take turns; xgrad runs with its pool
and without (XGRAD_POOL_BYTES=0). Beside the times stand page faults and the system's share.

    python benchmarks/alone.py --workloads wave-1m embedding --threads 2
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import _timing
from _names import BY_HAND, EVERYTHING, OPERATION_BY_OPERATION

POOLED, WITHOUT = "xgrad", "xgrad, no pool"


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    workloads = ["wave-100k", "wave-1m", "wave-10m", "embedding"]
    add("--workloads", nargs="+", choices=EVERYTHING, default=workloads, metavar="NAME")
    peers = ["torch", "jax", "autograd"]
    add("--peers", nargs="*", choices=OPERATION_BY_OPERATION, default=peers, metavar="NAME")
    add("--threads", type=int, default=2, help="threads of every library (default 2)")
    add("--rounds", type=int, default=5, help="processes for each library (default 5)")
    add("--seconds", type=float, default=1.0, help="of steps in each process (default 1)")
    add("--quick", action="store_true", help="tiny arrays and few steps: shows that it runs")
    add("--child", metavar="LIBRARY", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 0.01
    return options


def measure(name: str, library: str, options: argparse.Namespace) -> dict[str, float]:
    """Time steps of one workload by one library, in this process."""
    import peers
    import workloads

    workload = workloads.make(name, tiny=options.quick)
    if library == BY_HAND:
        call = workload.by_hand().call
    else:
        loaded = peers.load_peers([library], options.threads)
        if library not in loaded:
            return {}
        call = workload.bind(loaded[library]).call
    for _ in range(3):
        call()
    count, faults, system = 0, page_faults(), os.times().system
    start = now = time.perf_counter()
    while not count or now - start < options.seconds:
        call()
        count += 1
        now = time.perf_counter()
    return {
        "seconds": (now - start) / count,
        "faults": (page_faults() - faults) / count,
        "system": (os.times().system - system) / (now - start),
    }


def page_faults() -> int:
    """How many pages this process has touched for the first time; 0 where nobody counts."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def in_a_process(name: str, label: str, options: argparse.Namespace) -> dict[str, float]:
    """Do the same in a fresh process."""
    environment = dict(os.environ)
    environment.pop("XGRAD_POOL_BYTES", None)
    if label == WITHOUT:
        environment["XGRAD_POOL_BYTES"] = "0"
    library = "xgrad" if label == WITHOUT else label
    command = [sys.executable, __file__, "--child", library, "--workloads", name]
    command += ["--threads", str(options.threads), "--seconds", str(options.seconds)]
    command += ["--quick"] if options.quick else []
    ran = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def show(name: str, options: argparse.Namespace) -> None:
    """Print the table of one workload."""
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for label in (POOLED, WITHOUT, *options.peers):
            figures = in_a_process(name, label, options)
            if figures:
                found.setdefault(label, []).append(figures)
    mine = found[POOLED]
    rows = []
    for label, rounds in found.items():
        ratio = median_of([m["seconds"] / r["seconds"] for m, r in zip(mine, rounds, strict=True)])
        rows.append(
            [
                label,
                _timing.format_seconds(median_of([r["seconds"] for r in rounds])),
                f"{ratio:.2f}",
                f"{median_of([r['faults'] for r in rounds]):.0f}",
                f"{median_of([r['system'] for r in rounds]):.0%}",
            ]
        )
    print()
    _timing.print_table([name, "a step", "xgrad / it", "page faults", "in the system"], rows)


def median_of(values: list[float]) -> float:
    """Take the median."""
    return _timing.Spread.of(values).median


def main() -> int:
    """Time each workload by each library."""
    options = read_arguments()
    if options.child:
        _timing.fix_threads(options.threads)
        found: dict[str, Any] = measure(options.workloads[0], options.child, options)
        print(json.dumps(found))
        return 0
    _timing.print_machine(_timing.describe_machine(options.threads))
    for name in options.workloads:
        show(name, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
