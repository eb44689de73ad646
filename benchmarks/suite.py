"""Every workload against every library: one command, tables of ratios, and a picture.

All libraries are checked against float64 gradients by hand and timed in one run, round-robin. Beside
the times of `xgrad.function` and of eager xgrad over those of its peers come geometric means, the
scaling from tiny arrays to out of cache, first calls, peak memory, import times, and what is asked
for. Takes about ten minutes.

    python benchmarks/suite.py --json suite.json --plot suite.png
    python benchmarks/suite.py --from suite.json --plot suite.png    # draws again
    python benchmarks/suite.py --quick --peers                       # shows that it runs
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _bars
import _report
import _timing
import import_time
from _names import EVERYTHING, MINE, MINE_EAGER, MINE_JIT, PEERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _timing import Timing
    from peers import Peer

IMPORTS = ("autograd", "mygrad", "torch", "jax", "tensorflow")


def read_arguments(
    workloads: Sequence[str], peers: Sequence[str], description: str | None
) -> argparse.Namespace:
    """Read the command line; some workloads and peers are the default."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--workloads", "--workload", nargs="+", choices=EVERYTHING, default=workloads,
        metavar="NAME", help=f"default: {' '.join(workloads)}")  # fmt: skip
    add("--peers", nargs="*", choices=PEERS, default=peers, metavar="NAME",
        help=f"default: {' '.join(peers)}")  # fmt: skip
    add("--threads", type=int, default=2, help="threads of every library (default 2)")
    add("--rounds", type=int, default=11, help="rounds per workload (default 11)")
    add("--block", type=float, default=0.05, help="seconds per block (default 0.05)")
    add("--quick", action="store_true", help="tiny arrays and few rounds: shows that it runs")
    add("--no-gc", action="store_true", help="time without Python's cycle collector")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--plot", metavar="FILE", help="draw the ratios into FILE (needs matplotlib)")
    add("--report", metavar="FILE", help="write the tables into a Markdown file, between its marks")
    add("--from", dest="source", metavar="FILE", help="time nothing, take the figures from FILE")
    add("--strict", action="store_true", help="exit with status 1 when something is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.block = 3, 0.001
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time everything that was asked for."""
    _timing.fix_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        # Compiled code that was kept from another day would make first calls look short.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        from peers import load_peers  # only now: it imports numpy

        peers = load_peers([MINE, MINE_EAGER, MINE_JIT, *options.peers], options.threads)
        machine = _timing.describe_machine(options.threads)
        versions = {name: peer.version for name, peer in peers.items()}
        _timing.print_machine(machine)
        results = {name: run_workload(name, peers, options) for name in options.workloads}
    if hasattr(os, "getloadavg"):
        machine["load_average_at_the_end"] = os.getloadavg()[0]
    imports = {} if options.quick else time_imports(options)
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "commit": commit(),
        "command": shlex.join(["python", "benchmarks/" + Path(sys.argv[0]).name, *sys.argv[1:]]),
        "machine": machine,
        "versions": versions,
        "results": results,
        "imports": imports,
    }


def run_workload(
    name: str, peers: Mapping[str, Peer], options: argparse.Namespace
) -> dict[str, Any]:
    """Check one workload, time it, count its bytes, print its table."""
    import _contest
    import _recorded
    import workloads

    workload = workloads.make(name, tiny=options.quick)
    print(f"\n{name}: {workload.title}", flush=True)
    contest = _contest.enter(workload, peers)
    timings = contest.race(options.rounds, options.block, not options.no_gc)
    bases = [base for base in (MINE, MINE_EAGER, MINE_JIT) if base in timings]
    print_timings(timings, bases[:2])
    result: dict[str, Any] = {
        "title": workload.title,
        "us": {n: timing.to_json()["us"] for n, timing in timings.items()},
        "cores": {n: timing.cores for n, timing in timings.items()},
        "over": {
            base: {n: asdict(timings[base].over(t)) for n, t in timings.items() if n != base}
            for base in bases
        },
        "first_call": contest.first_calls,
        "left_out": contest.left_out,
        "bytes": _recorded.all_bytes(workload, contest.contenders, peers),
    }
    contest.contenders.clear()
    if MINE in bases and MINE_EAGER in bases:
        mine, eager = peers[MINE], peers[MINE_EAGER]
        result["recording"] = _recorded.recording_cost(workload, mine, eager)
        result["memory"] = _recorded.replay_bytes(workload, mine)
    return result


def print_timings(timings: Mapping[str, Timing], bases: Sequence[str]) -> None:
    """Print a row for each contender, the fastest first, with the ratios of xgrad to it."""
    rows = []
    for name, timing in sorted(timings.items(), key=lambda item: item[1].spread.median):
        time = timing.spread
        row = [
            name,
            _timing.format_seconds(time.median),
            f"{_timing.format_seconds(time.q1)} .. {_timing.format_seconds(time.q3)}",
            f"{timing.cores:.2f}",
        ]
        for base in bases:
            ratio = timings[base].over(timing)
            row += [f"{ratio.median:.3f}", f"{ratio.q1:.3f} .. {ratio.q3:.3f}"]
        rows.append(row)
    ratios = [title for base in bases for title in (f"{base} / it", "quartiles")]
    _timing.print_table(["library", "median", "quartiles", "cores", *ratios], rows)


def time_imports(options: argparse.Namespace) -> dict[str, Any]:
    """Time imports in fresh interpreters, a few of each."""
    wanted = {peer.partition(".")[0].replace("tf", "tensorflow") for peer in options.peers}
    names = [n for n in ("xgrad", *IMPORTS) if n == "xgrad" or n in wanted]
    there = [name for name in names if import_time.is_installed(name)]
    found = import_time.costs_over_numpy(there, rounds=3)
    return {name: asdict(_timing.Spread.of(costs)) for name, costs in found.items()}


def commit() -> str:
    """Name the commit, where this is a checkout."""
    command = ["git", "describe", "--always", "--dirty"]
    here = Path(__file__).parent
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "(no checkout)"


def main(
    workloads: Sequence[str] = EVERYTHING,
    peers: Sequence[str] = PEERS,
    description: str | None = __doc__,
) -> int:
    """Run what the command line asks for."""
    options = read_arguments(workloads, peers, description)
    if options.source:
        report = json.loads(Path(options.source).read_text(encoding="utf-8"))
    else:
        report = measure(options)
        if options.json:
            Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
        print("\nquick: the figures below mean nothing" if options.quick else "")
    _report.print_report(report)
    if options.report:
        _report.write_report(report, options.report)
    if options.plot:
        import _plot

        _plot.draw(report, options.plot)
    missed = [bar for bar in _bars.all_bars(report["results"]) if bar.verdict == "MISSED"]
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
