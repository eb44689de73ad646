"""The price of one op: the bare numpy call, an op nobody watches, an op that one tape records.

All contenders do the same op on the same small arrays, COUNT times per call, so that opening a
tape is spread over COUNT ops. Outputs are dropped at once, so a recorded op pays for making its
node and for freeing it. The last figure takes a chain of COUNT ops forward and back.
Which libraries take part, and the clock, come from peers/ and _timing.py.
"""

from __future__ import annotations

import cProfile
import itertools
import pstats
import timeit
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _timing import Timing, format_seconds, print_table, race

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from peers import Peer

COUNT = 200
"""Ops per timed call."""


@dataclass(frozen=True)
class Op:
    """An op at a small shape: numpy's call, the arguments, and one link of a chain."""

    name: str
    shape: tuple[int, ...]
    arguments: int
    numpy_call: Callable[..., Any]
    chain: str
    """The member of `ops` that keeps the shape, so that it can follow itself."""

    def arrays(self) -> list[np.ndarray]:
        """Make the arguments, in float32; powers of the second stay bounded."""
        first = np.linspace(-1, 1, int(np.prod(self.shape)), dtype=np.float32).reshape(self.shape)
        second = np.eye(*self.shape, dtype=np.float32) if self.name == "matmul" else first * 0 + 1
        return [first, second][: self.arguments]


OPS = (
    Op("multiply", (8,), 2, np.multiply, "multiply"),
    Op("tanh", (8,), 1, np.tanh, "tanh"),
    Op("sum", (8,), 1, np.sum, "sum_last"),
    Op("matmul", (8, 8), 2, np.matmul, "matmul"),
)
FASTER_NUMPY = {"sum": ("numpy, np.add.reduce", np.add.reduce)}
"""Where numpy itself has a shorter way to the same result, it takes part as well."""


def repeat(call: Callable[..., Any], arguments: list[Any]) -> Callable[[], None]:
    """Make COUNT calls in a row, each result dropped at once."""

    def run() -> None:
        for _ in itertools.repeat(None, COUNT):
            call(*arguments)

    return run


def repeat_recorded(peer: Peer, call: Callable[..., Any], leaf: Any, *others: Any) -> Callable:
    """Do the same while the peer records what is done to `leaf`."""
    run = repeat(call, [leaf, *others])
    recording = peer.recording

    def run_recorded() -> None:
        with recording(leaf):
            run()

    return run_recorded


def differentiated_chain(peer: Peer, op: Op) -> Callable[[], Any]:
    """Take a chain of COUNT ops and a sum forward and back."""
    link, total = getattr(peer.ops, op.chain), peer.ops.sum
    first, *others = op.arrays()
    constants = [peer.array(array) for array in others]

    def loss(y: Any) -> Any:
        for _ in itertools.repeat(None, COUNT):
            y = link(y, *constants)
        return total(y)

    return peer.bind(loss, [peer.leaf(first)])


def contenders_for(op: Op, peers: Mapping[str, Peer]) -> dict[str, Callable[[], Any]]:
    """Pit the bare numpy call against each peer in its three situations."""
    arrays = op.arrays()
    contenders: dict[str, Callable[[], Any]] = {"numpy": repeat(op.numpy_call, arrays)}
    if op.name in FASTER_NUMPY:
        name, call = FASTER_NUMPY[op.name]
        contenders[name] = repeat(call, arrays)
    for name, peer in peers.items():
        if peer.recording is None:
            continue
        call = getattr(peer.ops, op.name)
        mine = [peer.array(array) for array in arrays]
        contenders[f"{name}, nobody watches"] = repeat(call, mine)
        fresh = [peer.array(array) for array in arrays]  # torch marks the array itself
        contenders[f"{name}, recorded"] = repeat_recorded(peer, call, *fresh)
        contenders[f"{name}, recorded and gradient"] = differentiated_chain(peer, op)
    return contenders


def print_prices(timings: Mapping[str, Timing]) -> None:
    """Print a row per situation: the time of one op, and what it adds to the bare numpy call."""
    bare = timings["numpy"]
    rows = []
    for name, timing in timings.items():
        time, ratio = timing.spread, timing.over(bare)
        rows.append([
            name,
            format_seconds(time.median / COUNT),
            f"{format_seconds(time.q1 / COUNT)} .. {format_seconds(time.q3 / COUNT)}",
            f"{(time.median - bare.spread.median) / COUNT * 1e6:+.2f} us",
            f"{ratio.median:.2f}",
        ])  # fmt: skip
    print_table(["situation", "per op", "quartiles", "over numpy", "/ numpy"], rows)


def run_price(peers: Mapping[str, Peer], options: argparse.Namespace) -> dict[str, Any]:
    """Time each op in all situations and print its table."""
    results = {}
    for op in OPS:
        print(f"\nprice of {op.name}, shape {op.shape}, float32")
        timings = race(
            contenders_for(op, peers), options.rounds, options.block, not options.no_gc
        )  # fmt: skip
        print_prices(timings)
        results[op.name] = {
            name: {
                "us_per_op": asdict(timing.spread)["median"] * 1e6 / COUNT,
                "ratio_to_numpy": asdict(timing.over(timings["numpy"])),
            }
            for name, timing in timings.items()
        }
    return {"ops": results}


def profile_ops(peer: Peer) -> None:
    """Show where the price goes: by situation without a profiler, then by function."""
    for op in OPS:
        print(f"\n{op.name}, shape {op.shape}: by situation, no profiler running")
        contenders = contenders_for(op, {peer.name: peer})
        print_prices(race(contenders, rounds=15, block_seconds=0.01))
        for situation in ("nobody watches", "recorded", "recorded and gradient"):
            print(f"\n{op.name}, {situation}: by function")
            profile_call(contenders[f"{peer.name}, {situation}"], seconds=0.3, per=COUNT)


def profile_call(call: Callable[[], Any], seconds: float, per: int = 1, rows: int = 14) -> None:
    """Run `call` under cProfile for about `seconds` and print its functions by own time.

    The number of calls is exact. The times are inflated by the profiler, roughly alike for every
    call, so functions that call much look dearer than they are: read them as shares.
    """
    calls = max(3, round(seconds / _seconds_of(call)))
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in itertools.repeat(None, calls):
        call()
    profiler.disable()
    statistics = pstats.Stats(profiler).stats
    total = sum(own for _, _, own, _, _ in statistics.values())
    by_own_time = sorted(statistics.items(), key=lambda item: -item[1][2])
    table = []
    for (file, line, function), (_, count, own, _, _) in by_own_time[:rows]:
        where = function if file == "~" else f"{function} ({shorten(file)}:{line})"
        table.append([
            where,
            f"{count / calls / per:.2f}",
            f"{own / calls / per * 1e6:.2f} us",
            f"{own / total:.1%}",
        ])  # fmt: skip
    print_table(["function", "calls", "own time", "share"], table)


def _seconds_of(call: Callable[[], Any]) -> float:
    return min(timeit.repeat(call, number=1, repeat=3))


def shorten(path: str) -> str:
    """Keep the last two parts of a path."""
    return "/".join(Path(path).parts[-2:])
