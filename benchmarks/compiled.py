"""Recorded steps against compilers: xg.function next to jax.jit, tf.function and torch.compile.

Every workload is a value with its gradients, checked against gradients by hand and timed in one run,
round-robin, with eager xgrad and torch beside them. The last line is the geometric mean of the ratios
over all workloads. First calls (recording, compiling) are timed apart.

    python benchmarks/compiled.py --workload wave-1m --threads 2

`--jit` times xg.function with small programs compiled by numba, next to itself without.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing
import eager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _peers import Peer

PEERS = ("xgrad", "xgrad.function", "torch", "jax.jit", "tf.function", "torch.compile")
NAMES = ("chain", "wave-10k", "wave-1m", "wave-10m", "rnn", "mlp-tanh", "logistic", "square")
MINE, JIT = "xgrad.function", "xgrad.function+numba"
TARGETS: dict[str, dict[str, float]] = {
    "chain": {"jax.jit": 3.0, "tf.function": 0.3, "torch.compile": 0.3, "torch": 0.3},
    "wave-1m": {"jax.jit": 0.6, "tf.function": 0.6, "torch.compile": 0.6},
    "rnn": {"jax.jit": 1.0},
    "mlp-tanh": {"jax.jit": 1.0, "tf.function": 1.0, "torch.compile": 1.0},
    "logistic": {"jax.jit": 1.0, "tf.function": 1.0, "torch.compile": 1.0},
    "square": {"jax.jit": 1.0, "tf.function": 1.0, "torch.compile": 1.0},
}
WITH_JIT = {"chain": {**TARGETS["chain"], "jax.jit": 1.5}}
MEANS = {"jax.jit": 1.0, "tf.function": 0.8, "torch.compile": 0.8}


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--workload", nargs="+", choices=NAMES, default=NAMES, help="default: all")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--jit", action="store_true", help="let numba compile what is small (default: no)")
    add("--threads", type=int, default=2, help="threads of every library (default 2)")
    add("--rounds", type=int, default=20, help="rounds per workload (default 20)")
    add("--block", type=float, default=0.05, help="seconds per block (default 0.05)")
    add("--no-gc", action="store_true", help="time without Python's cycle collector")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--strict", action="store_true", help="exit with status 1 when a target is missed")
    return parser.parse_args()


def first_calls(name: str, peers: Mapping[str, Peer]) -> dict[str, float]:
    """Time the first call of each library, which records or compiles."""
    from _workloads import COMPILED

    workload = COMPILED[name]()
    seconds = {}
    for peer_name, peer in peers.items():
        try:
            start = time.perf_counter()  # some record, or compile, before they are called
            call = eager.bind(workload, peer)
            call()
            seconds[peer_name] = time.perf_counter() - start
        except Exception as error:  # noqa: BLE001 (whatever the reason, it is left out)
            print(f"  first call of {peer_name}: none ({type(error).__name__})")
    shown = ", ".join(f"{n} {_timing.format_seconds(s)}" for n, s in seconds.items())
    print(f"  first call: {shown}")
    return seconds


def means(results: Mapping[str, Any]) -> dict[str, float]:
    """Give the geometric mean of the ratios to each library over all workloads."""
    found = {}
    names = dict.fromkeys(n for r in results.values() for n in r["ratios"])
    for name in names:
        ratios = [r["ratios"][name]["median"] for r in results.values() if name in r["ratios"]]
        found[name] = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return found


def main() -> int:
    """Run what the command line asks for."""
    options = read_arguments()
    _timing.fix_threads(options.threads)
    from _peers import load_peers  # only now: it imports numpy
    from _workloads import COMPILED

    mine = JIT if options.jit else MINE
    peers = load_peers(list(dict.fromkeys([mine, *options.peers])), options.threads)
    if mine not in peers:
        sys.exit(f"{mine} cannot be had here")
    machine = _timing.describe_machine(options.threads)
    versions = {name: peer.version for name, peer in peers.items()}
    _timing.print_machine(machine)
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    results = {}
    for name in options.workload:
        targets = ({**TARGETS, **WITH_JIT} if options.jit else TARGETS).get(name, {})
        results[name] = eager.run_workload(
            COMPILED[name](), peers, options, mine=mine, targets=targets
        )
        results[name]["first_call_seconds"] = first_calls(name, peers)
    print(f"\ngeometric means of {mine} / it over {len(results)} workloads")
    found = means(results)
    _timing.print_table(
        ["library", "mean", "target", ""],
        [
            [
                name,
                f"{mean:.3f}",
                f"<= {MEANS[name]}" if name in MEANS else "",
                "" if name not in MEANS else "met" if mean <= MEANS[name] else "MISSED",
            ]
            for name, mean in found.items()
        ],
    )
    if options.json:
        report = {"machine": machine, "versions": versions, "results": results, "means": found}
        Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    missed = eager.missed_targets(results)
    print("\n" + ("missed: " + "; ".join(missed) if missed else "no target missed"))
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
