"""Eager speed against the libraries people use: a value with its gradients, and the price per op.

Every workload is first checked (all libraries give the same value and the same gradients, in
float32) and then timed in one run, round-robin; the table puts the ratio xgrad / peer next to the
target. `--workload price` asks what one op costs over the bare numpy call, `--profile` where it
goes.

    python benchmarks/eager.py --workload chain --peers torch autograd
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing
from _names import BY_HAND, EAGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _timing import Timing
    from peers import Peer
    from workloads import Workload

PEERS = ("torch", "tensorflow", "autograd", "mygrad", "jax", "jax.jit", "bare")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workloads = (*EAGER, "price")
    add = parser.add_argument
    add("--workload", nargs="+", choices=workloads, default=workloads, help="default: all")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--rounds", type=int, default=40, help="rounds per workload (default 40)")
    add("--block", type=float, default=0.02, help="seconds per block (default 0.02)")
    add("--quick", action="store_true", help="tiny arrays and few rounds: shows that it runs")
    add("--no-gc", action="store_true", help="time without Python's cycle collector")
    add("--profile", action="store_true", help="profile xgrad instead of timing it")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--strict", action="store_true", help="exit with status 1 when a target is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.block = 3, 0.001
    return options


def run_workload(
    workload: Workload, peers: Mapping[str, Peer], options: argparse.Namespace
) -> dict[str, Any]:
    """Check one workload, time it, print its table: the ratio of xgrad to everybody."""
    import _contest

    print(f"\n{workload.name}: {workload.title}")
    contest = _contest.enter(workload, peers)
    timings = contest.race(options.rounds, options.block, not options.no_gc)
    base = "xgrad" if "xgrad" in timings else BY_HAND
    targets = workload.targets if base == "xgrad" else {}
    print_timings(timings, base, targets)
    return {
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio_of": base,
        "ratios": {name: ratio_to_json(name, base, timings, targets) for name in timings},
    }


def ratio_to_json(
    name: str, base: str, timings: Mapping[str, Timing], targets: Mapping[str, float]
) -> dict[str, Any]:
    """Give the ratio of `base` to one contender, with its target and whether it is met."""
    ratio = timings[base].over(timings[name])
    target = targets.get(name)
    met = None if target is None else ratio.median <= target
    return {**asdict(ratio), "target": target, "met": met}


def print_timings(timings: Mapping[str, Timing], base: str, targets: Mapping[str, float]) -> None:
    """Print a row per contender: its time, and the ratio of `base` to it next to the target."""
    rows = []
    for name, timing in sorted(timings.items(), key=lambda item: item[1].spread.median):
        time, ratio = timing.spread, timings[base].over(timing)
        target = targets.get(name)
        rows.append([
            name,
            _timing.format_seconds(time.median),
            f"{_timing.format_seconds(time.q1)} .. {_timing.format_seconds(time.q3)}",
            f"{timing.cores:.2f}",
            f"{ratio.median:.3f}",
            f"{ratio.q1:.3f} .. {ratio.q3:.3f}",
            "" if target is None else f"<= {target}",
            "" if target is None else ("met" if ratio.median <= target else "MISSED"),
        ])  # fmt: skip
    header = ["library", "median", "quartiles", "cores", f"{base} / it", "quartiles", "target", ""]
    _timing.print_table(header, rows)


def profile_workloads(options: argparse.Namespace, peers: Mapping[str, Peer]) -> None:
    """Show where xgrad's time goes: per op, then in each workload."""
    import _price
    import workloads

    if "xgrad" not in peers:
        sys.exit("--profile: xgrad cannot be imported, so there is nothing to profile")
    for name in options.workload:
        if name == "price":
            _price.profile_ops(peers["xgrad"])
        else:
            workload = workloads.make(name, tiny=options.quick)
            print(f"\n{name}: {workload.title}")
            _price.profile_call(workload.bind(peers["xgrad"]).call, seconds=1.0)


def run_all(options: argparse.Namespace, peers: Mapping[str, Peer]) -> dict[str, Any]:
    """Run every workload asked for."""
    import _price
    import workloads

    results = {}
    for name in options.workload:
        if name == "price":
            results[name] = _price.run_price(peers, options)
        else:
            results[name] = run_workload(workloads.make(name, tiny=options.quick), peers, options)
    return results


def missed_targets(results: Mapping[str, Any]) -> list[str]:
    """Put the targets that were not reached into words."""
    return [
        f"{workload}: {ratio['median']:.2f} x {peer}, target {ratio['target']}"
        for workload, result in results.items()
        for peer, ratio in result.get("ratios", {}).items()
        if ratio["met"] is False
    ]


def main() -> int:
    """Run what the command line asks for."""
    options = read_arguments()
    _timing.fix_threads(options.threads)
    from peers import load_peers  # only now: it imports numpy

    peers = load_peers(["xgrad", *options.peers], options.threads)
    machine = _timing.describe_machine(options.threads)
    versions = {name: peer.version for name, peer in peers.items()}
    _timing.print_machine(machine)
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    if options.profile:
        profile_workloads(options, peers)
        return 0
    results = run_all(options, peers)
    if options.json:
        report = {"machine": machine, "versions": versions, "results": results}
        Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    missed = missed_targets(results)
    if "xgrad" in peers:
        print("\n" + ("missed: " + "; ".join(missed) if missed else "no target missed"))
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
