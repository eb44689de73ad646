"""Hessians, Hessian-vector products, Jacobians and per-example gradients against the peers.

Every contender is first checked against closed forms and then timed in one run, round-robin; the
table puts the ratio xgrad / peer next to the target.

    python benchmarks/second_order.py --workload hessian --peers torch
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from _second_order import Contenders

PEERS = ("torch", "tensorflow", "autograd", "jax", "jax.jit")
WORKLOADS = ("hessian", "hvp", "jacobian", "per-example")
TARGETS = {
    ("hessian", "torch.func.hessian"): 0.15,
    ("hessian", "tensorflow"): 0.02,
    ("hvp", "torch"): 1.0,
    ("jacobian", "tensorflow"): 0.05,
}


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--workload", nargs="+", choices=WORKLOADS, default=WORKLOADS, help="default: all")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--rounds", type=int, default=30, help="rounds per workload (default 30)")
    add("--block", type=float, default=0.02, help="seconds per block (default 0.02)")
    add("--quick", action="store_true", help="small arrays and few rounds: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--strict", action="store_true", help="exit with status 1 when a target is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.block = 3, 0.001
    return options


def load(peers: list[str], threads: int) -> dict[str, Contenders]:
    """Collect all contenders by workload; a peer that is not installed is left out."""
    from _second_order import LOADERS, by_xgrad

    found = by_xgrad()
    for peer in peers:
        try:
            contenders = LOADERS[peer](threads)
        except ImportError as error:
            print(f"left out: {peer} ({error})")
            continue
        for workload, more in contenders.items():
            found[workload].update(more)
    return found


def check(workload: str, contenders: Contenders) -> None:
    """Compare what every contender computes with the closed form."""
    import numpy as np
    from _second_order import expected

    right = expected(workload)
    for name, (call, to_numpy) in contenders.items():
        found = to_numpy(call())
        error = np.max(np.abs(found - right)) / np.max(np.abs(right))
        if not error < 1e-12:
            sys.exit(f"{workload}: {name} is wrong by {error:.1e} of the largest element")


def report(workload: str, timings: dict[str, _timing.Timing]) -> list[bool]:
    """Print one table; tell which targets were met."""
    print(f"\n{workload}")
    mine = timings["xgrad"]
    rows, verdicts = [], []
    for name, timing in timings.items():
        ratio = mine.over(timing)
        target = TARGETS.get((workload, name))
        if target is not None:
            verdicts.append(ratio.median <= target)
        rows.append(
            [
                name,
                _timing.format_seconds(timing.spread.median),
                "" if name == "xgrad" else f"{ratio.median:.3f}",
                "" if name == "xgrad" else f"{ratio.q1:.3f} to {ratio.q3:.3f}",
                "" if target is None else f"{target:g} {'met' if verdicts[-1] else 'MISSED'}",
            ]
        )
    _timing.print_table(["", "median", "xgrad / it", "quartiles", "target"], rows)
    return verdicts


def main() -> None:
    """Check, time, print."""
    arguments = read_arguments()
    _timing.fix_threads(arguments.threads)
    machine = _timing.describe_machine(arguments.threads)
    _timing.print_machine(machine)
    contenders = load(list(arguments.peers), arguments.threads)
    verdicts: list[bool] = []
    figures: dict[str, Any] = {"machine": machine}
    for workload in arguments.workload:
        check(workload, contenders[workload])
        calls = {name: call for name, (call, _) in contenders[workload].items()}
        timings = _timing.race(calls, arguments.rounds, arguments.block)
        verdicts += report(workload, timings)
        figures[workload] = {
            name: {**timing.to_json(), "xgrad_over_it": asdict(timings["xgrad"].over(timing))}
            for name, timing in timings.items()
        }
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if arguments.strict and not all(verdicts):
        sys.exit(1)


if __name__ == "__main__":
    main()
