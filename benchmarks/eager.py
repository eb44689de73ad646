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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from peers import Peer
    from _timing import Timing
    from _workloads import Workload

PEERS = ("torch", "tensorflow", "autograd", "jax", "jax.jit", "bare")
BY_HAND = "numpy by hand"
TOLERANCE = 2e-4
"""Largest error of a float32 gradient, relative to the largest element of the float64 reference."""


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workloads = ("chain", "rnn", "mlp-relu", "mlp-tanh", "price")
    add = parser.add_argument
    add("--workload", nargs="+", choices=workloads, default=workloads, help="default: all")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--rounds", type=int, default=40, help="rounds per workload (default 40)")
    add("--block", type=float, default=0.02, help="seconds per block (default 0.02)")
    add("--no-gc", action="store_true", help="time without Python's cycle collector")
    add("--profile", action="store_true", help="profile xgrad instead of timing it")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--strict", action="store_true", help="exit with status 1 when a target is missed")
    return parser.parse_args()


def agreement(result: tuple[Any, Any], reference: tuple[Any, Any], to_numpy: Callable) -> str:
    """Say why `result` cannot be compared with `reference`; nothing when it can."""
    value, gradients = result
    pairs = [(value, reference[0]), *zip(gradients, reference[1], strict=True)]
    for index, (mine, right) in enumerate(pairs):
        what = "the value" if index == 0 else f"gradient {index - 1}"
        array = to_numpy(mine)
        if array.shape != right.shape or array.dtype != "float32":
            return f"{what} is {array.dtype} {array.shape}, expected float32 {right.shape}"
        error = float(abs(array - right).max() / abs(right).max())
        if not error <= TOLERANCE:
            return f"{what} is off by {error:.1e} of its largest element (limit {TOLERANCE:.0e})"
    return ""


def bind_contenders(workload: Workload, peers: Mapping[str, Peer]) -> dict[str, Callable]:
    """Make functions of nothing, one for each library that runs the workload.

    Raises
    ------
    SystemExit
        When two libraries disagree: times of different computations are not comparable.
    """
    import numpy as np

    def in_double(arrays: list[Any]) -> list[Any]:
        return [array.astype(np.float64) for array in arrays]

    reference = workload.by_hand(in_double(workload.constants), *in_double(workload.leaves))
    contenders: dict[str, Callable] = {
        BY_HAND: lambda: workload.by_hand(workload.constants, *workload.leaves)
    }
    complaints = {BY_HAND: agreement(contenders[BY_HAND](), reference, np.asarray)}
    for name, peer in peers.items():
        try:
            call = bind(workload, peer)
            complaints[name] = agreement(call(), reference, peer.to_numpy)
        except Exception as error:  # noqa: BLE001 (whatever the reason, it is left out)
            print(f"{name}: left out of {workload.name} ({type(error).__name__}: {error})")
            continue
        contenders[name] = call
    wrong = [f"{name}: {why}" for name, why in complaints.items() if why]
    if wrong:
        sys.exit(f"{workload.name} is not timed, the libraries disagree. " + "; ".join(wrong))
    return contenders


def bind(workload: Workload, peer: Peer) -> Callable[[], tuple[Any, Any]]:
    """Put the workload into one library's own arrays."""
    constants = [peer.array(array) for array in workload.constants]
    leaves = [peer.leaf(array) for array in workload.leaves]
    ops, loss = peer.ops, workload.loss
    # jax and autograd count positional arguments, so the closure takes exactly the leaves
    return peer.bind(lambda *arguments: loss(ops, constants, *arguments), leaves)


def run_workload(
    workload: Workload,
    peers: Mapping[str, Peer],
    options: argparse.Namespace,
    *,
    mine: str = "xgrad",
    targets: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Check one workload, time it, print its table: the ratio of `mine` to everybody."""
    print(f"\n{workload.name}: {workload.title}")
    contenders = bind_contenders(workload, peers)
    timings = _timing.race(contenders, options.rounds, options.block, not options.no_gc)
    base = mine if mine in timings else BY_HAND
    goals = workload.targets if targets is None else targets
    goals = goals if base == mine else {}
    print_timings(timings, base, goals)
    return {
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio_of": base,
        "ratios": {name: ratio_to_json(name, base, timings, goals) for name in timings},
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
    from _workloads import WORKLOADS

    if "xgrad" not in peers:
        sys.exit("--profile: xgrad cannot be imported, so there is nothing to profile")
    for name in options.workload:
        if name == "price":
            _price.profile_ops(peers["xgrad"])
        else:
            workload = WORKLOADS[name]()
            print(f"\n{name}: {workload.title}")
            _price.profile_call(bind(workload, peers["xgrad"]), seconds=1.0)


def run_all(options: argparse.Namespace, peers: Mapping[str, Peer]) -> dict[str, Any]:
    """Run every workload asked for."""
    import _price
    from _workloads import WORKLOADS

    results = {}
    for name in options.workload:
        if name == "price":
            results[name] = _price.run_price(peers, options)
        else:
            results[name] = run_workload(WORKLOADS[name](), peers, options)
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
