"""The same steps while other processes keep processors busy, with threads for all of these and with one.

OpenBLAS's threads wait for each other in circles. Where a processor is somebody else's, a thread waits
for one that is not running, in every product anew, and a step may take fifty times as long as with
one thread. Each figure is from fresh processes that take turns.

    python benchmarks/busy.py --workloads mlp-tanh gaussian-process
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import _timing
import alone
from _names import BY_HAND, EVERYTHING, MINE, PEERS


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    workloads = ["mlp-tanh", "square-512", "gaussian-process", "training", "wave-1m"]
    add("--workloads", nargs="+", choices=EVERYTHING, default=workloads, metavar="NAME")
    peers = ["torch", "jax.jit"]
    add("--peers", nargs="*", choices=PEERS, default=peers, metavar="NAME")
    add("--busy", type=int, default=1, help="processes that never wait (default 1)")
    add("--threads", type=int, default=os.cpu_count(), help="default: one per processor")
    add("--rounds", type=int, default=3, help="processes for each figure (default 3)")
    add("--seconds", type=float, default=1.0, help="of steps in each process (default 1)")
    add("--quick", action="store_true", help="tiny arrays and few steps: shows that it runs")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.workloads = 2, 0.01, ["mlp-tanh"]
    return options


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep as many processors busy."""
    command = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def step(name: str, library: str, threads: int, options: argparse.Namespace) -> float | None:
    """Take the seconds of a step in a process of its own."""
    own = argparse.Namespace(**{**vars(options), "threads": threads})
    return alone.in_a_process(name, library, own).get("seconds")


def show(name: str, options: argparse.Namespace) -> None:
    """Print the table of one workload."""
    rows = []
    for library in (MINE, BY_HAND, *options.peers):
        found: dict[tuple[int, int], list[float]] = {}
        for _ in range(options.rounds):
            for threads in sorted({1, options.threads}):
                for others in (0, options.busy):
                    with busy(others):
                        seconds = step(name, library, threads, options)
                    if seconds is not None:
                        found.setdefault((threads, others), []).append(seconds)
        medians = {case: alone.median_of(times) for case, times in found.items()}
        for threads in sorted({threads for threads, _ in medians}):
            free, shared = medians[threads, 0], medians[threads, options.busy]
            rows.append(
                [
                    library,
                    str(threads),
                    _timing.format_seconds(free),
                    _timing.format_seconds(shared),
                    f"{shared / free:.1f}",
                ]
            )
    print()
    header = [name, "threads", "a step", f"beside {options.busy} busy", "as long"]
    _timing.print_table(header, rows)


def main() -> int:
    """Time each workload on free and on shared processors."""
    options = read_arguments()
    _timing.print_machine(_timing.describe_machine(options.threads))
    for name in options.workloads:
        show(name, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
