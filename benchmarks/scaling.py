"""How xgrad grows: time along very long chains, memory during a backward pass, what stays behind.

Four parts, each with a verdict. `time`: a chain of N ops forward and back, N from a thousand to a
million, next to torch, autograd and TensorFlow. `memory`: what a backward pass holds while it runs.
`kept`: how many arrays an op keeps alive for its gradient. `cycles`: what the cycle collector finds
after a thousand tapes. Exits with status 1 when a verdict is bad.

    python benchmarks/scaling.py --part memory kept cycles
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from peers import Peer

PEERS = ("torch", "autograd", "tensorflow")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
REFERENCE_SIZE = 10_000
LARGEST_GROWTH = 2.0
"""Time per op at the largest N over that at REFERENCE_SIZE, with Python's cycle collector off (it
visits every node now and then, in whatever library); quadratic time would give 100."""


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--part", nargs="+", choices=PARTS, default=list(PARTS), help="default: all")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--sizes", nargs="+", type=int, default=SIZES, help="ops per chain")
    add("--peer-limit", type=int, default=100_000, help="longest chain for peers (default 100000)")
    add("--repeats", type=int, default=3, help="runs per length (default 3)")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--quick", action="store_true", help="small arrays and few rounds: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.repeats = (100, 1_000), 1
    return options


def scale(ops: Any, x: Any, length: int) -> Any:
    """Compute x = x * 1.0000001 again and again: nothing needs to be kept."""
    for _ in range(length):
        x = x * 1.0000001
    return ops.sum(x)


def mixed(ops: Any, x: Any, length: int) -> Any:
    """Take tanh, product, sum and difference in turn; values stay small."""
    tanh, y = ops.tanh, x
    for _ in range(length // 4):
        y = tanh(y)
        y = y * x
        y = y + x
        y = y - 0.1
    return ops.sum(y)


CHAINS: dict[str, Callable[[Any, Any, int], Any]] = {"scale": scale, "mixed": mixed}


@dataclass(frozen=True)
class Chain:
    """Seconds that a chain of `length` ops took, stage by stage; medians of some runs."""

    length: int
    forward: float
    backward: float
    drop: float
    uncollected: float
    """Forward and backward together with Python's cycle collector off."""

    @property
    def total(self) -> float:
        """Forward and backward together, as users have it."""
        return self.forward + self.backward


def time_stages(xg: Any, peer: Peer, chain: Callable, length: int) -> tuple[float, float, float]:
    """Time one chain of xgrad: forward, backward, and dropping what is left."""
    import numpy as np

    x = peer.leaf(np.linspace(0.1, 0.9, 8, dtype=np.float32))
    start = time.perf_counter()
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = chain(peer.ops, x, length)
    recorded = time.perf_counter()
    gradient = tape.gradient(y, x)
    walked = time.perf_counter()
    del tape, y, gradient
    return recorded - start, walked - recorded, time.perf_counter() - walked


def time_peer(peer: Peer, chain: Callable, length: int) -> float:
    """Time one chain of another library, forward and backward together."""
    import numpy as np

    leaf = peer.leaf(np.linspace(0.1, 0.9, 8, dtype=np.float32))
    call = peer.bind(lambda x: chain(peer.ops, x, length), [leaf])
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    del result
    return seconds


def time_chain(
    xg: Any, peer: Peer, chain: Callable[[Any, Any, int], Any], length: int, repeats: int
) -> Chain:
    """Run one length several times with the collector and several times without."""
    runs = [time_stages(xg, peer, chain, length) for _ in range(repeats)]
    gc.disable()
    try:
        bare = [time_stages(xg, peer, chain, length) for _ in range(repeats)]
    finally:
        gc.enable()
    forward, backward, drop = (statistics.median(stage) for stage in zip(*runs, strict=True))
    uncollected = statistics.median(run[0] + run[1] for run in bare)
    return Chain(length, forward, backward, drop, uncollected)


def part_time(xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Take the time per op for every length; good when it does not grow with the length."""
    results: dict[str, Any] = {"good": True}
    gc.collect()
    gc.freeze()  # a collection shall pay for the chain, not for the modules of the peers
    for name, chain in CHAINS.items():
        print(f"\ntime: chain `{name}`, microseconds per op; recursion limit untouched")
        print(f"  {(chain.__doc__ or '').splitlines()[0]}")
        chains: list[Chain] = []
        others: dict[str, dict[int, float]] = {other: {} for other in peers if other != "xgrad"}
        for length in options.sizes:
            if xg is not None:
                chains.append(time_chain(xg, peers["xgrad"], chain, length, options.repeats))
            for other, measured in others.items():
                if length <= options.peer_limit:
                    runs = [time_peer(peers[other], chain, length) for _ in range(options.repeats)]
                    measured[length] = statistics.median(runs)
        print_chains(options.sizes, chains, others)
        growth = growth_per_op(chains)
        if growth is not None:
            good = growth <= LARGEST_GROWTH
            results["good"] &= good
            print(f"  collector off, longest over {REFERENCE_SIZE:,} per op: {growth:.2f}, "
                  f"limit {LARGEST_GROWTH}: {verdict(good)}")  # fmt: skip
        results[name] = {
            "xgrad": [asdict(chain) for chain in chains],
            "peers": others,
            "growth_per_op": growth,
        }
    gc.unfreeze()
    return results


def print_chains(
    sizes: Sequence[int], chains: list[Chain], others: Mapping[str, Mapping[int, float]]
) -> None:
    """Print a row per length: xgrad's stages, and each peer with the ratio xgrad / it."""
    by_length = {chain.length: chain for chain in chains}
    rows = []
    for length in sizes:
        mine = by_length.get(length)
        stages = (
            (mine.forward, mine.backward, mine.drop, mine.total, mine.uncollected) if mine else ()
        )
        row = [f"{length:,}", *(f"{stage / length * 1e6:.2f}" for stage in stages)]
        for measured in others.values():
            seconds = measured.get(length)
            row.append("" if seconds is None else f"{seconds / length * 1e6:.2f}")
            row.append(f"{mine.total / seconds:.2f}" if mine and seconds else "")
        rows.append(row)
    stages = ["forward", "backward", "drop", "both", "collector off"] if chains else []
    peers = [title for other in others for title in (other, "ratio")]
    _timing.print_table(["ops", *stages, *peers], rows)


def growth_per_op(chains: list[Chain]) -> float | None:
    """Divide the longest chain's time per op by the reference's, where both were run."""
    per_op = {chain.length: chain.uncollected / chain.length for chain in chains}
    if REFERENCE_SIZE not in per_op or max(per_op) == REFERENCE_SIZE:
        return None
    return per_op[max(per_op)] / per_op[REFERENCE_SIZE]


def verdict(good: bool) -> str:
    """Put a verdict into a word for a table."""
    return "good" if good else "BAD"


def part_memory(xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Follow the memory while a backward pass walks a chain whose every step kept a large array."""
    import _memory

    return _memory.during_backward(xg)


def part_kept(xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Count the arrays kept per op, and what a dead branch gives back."""
    import _memory

    kept, dead = _memory.kept_arrays(xg), _memory.dead_branch(xg)
    return {"good": kept["good"] and dead["good"], "kept": kept, "dead_branch": dead}


def part_cycles(xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Count the objects that only the cycle collector can free."""
    import _memory

    return _memory.cycles(xg)


def part_checkpoint(
    xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace
) -> dict[str, Any]:
    """Compare the memory of a deep network with and without recomputing."""
    import _checkpointing

    return _checkpointing.checkpointing(xg)


PARTS: dict[str, Callable[[Any, Mapping[str, Peer], argparse.Namespace], dict[str, Any]]] = {
    "time": part_time,
    "memory": part_memory,
    "kept": part_kept,
    "cycles": part_cycles,
    "checkpoint": part_checkpoint,
}


def run_parts(xg: Any, peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Run the parts asked for; without xgrad only the peers' times are left."""
    results = {}
    for name in options.part:
        if xg is None and name != "time":
            print(f"\n{name}: left out, it is about xgrad, which cannot be imported")
            continue
        results[name] = PARTS[name](xg, peers, options)
    return results


def main() -> int:
    """Run what the command line asks for."""
    options = read_arguments()
    _timing.fix_threads(options.threads)
    from peers import load_peers  # only now: it imports numpy

    wanted = options.peers if "time" in options.part else ()
    peers = load_peers(["xgrad", *wanted], options.threads)
    xg = None
    if "xgrad" in peers:
        import xgrad as xg
    machine = _timing.describe_machine(options.threads)
    versions = {name: peer.version for name, peer in peers.items()}
    _timing.print_machine(machine)
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    results = run_parts(xg, peers, options)
    if options.json:
        report = {"machine": machine, "versions": versions, "results": results}
        Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    bad = [name for name, result in results.items() if not result["good"]]
    if results and xg is not None:
        print("\n" + (f"bad: {', '.join(bad)}" if bad else "all verdicts good"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
