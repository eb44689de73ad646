"""What seeing costs: lines, explanations and checks, while nobody asks for them and while on.

Each block of the table is a race between the same work in several states. `--against DIR` races
this checkout with another one's `src` in fresh processes that take turns, to see what a change
costs while it is off.

    python benchmarks/seeing.py
    python benchmarks/seeing.py --against ../main/src
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from collections.abc import Callable

OPS = 30


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=30, help="rounds per table (default 30)")
    add("--block", type=float, default=0.02, help="seconds per block (default 0.02)")
    add("--quick", action="store_true", help="small arrays and few rounds: shows that it runs")
    add("--against", metavar="DIR", help="another checkout's src, to race with in processes")
    add("--figures", action="store_true", help="print the figures of the off state as JSON")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.block = 3, 0.001
    return options


def off() -> dict[str, Callable[[], Any]]:
    """Work in which nothing is asked for: what seeing may not slow down."""
    import numpy as np

    import xgrad as xg

    values = np.linspace(-1, 1, 8)
    constant, variable = xg.asarray(values), xg.Variable(values)

    def chain() -> Any:
        y = variable
        for _ in range(OPS // 3):
            y = xg.tanh(y * 1.1) + variable
        return xg.sum(y)

    def recorded() -> Any:
        with xg.GradientTape():
            return chain()

    def gradient() -> Any:
        with xg.GradientTape() as tape:
            y = chain()
        return tape.gradient(y, variable)

    def second_order() -> Any:
        with xg.GradientTape() as outer:
            with xg.GradientTape() as inner:
                y = chain()
            slope = xg.sum(inner.gradient(y, variable))
        return outer.gradient(slope, variable)

    def empty() -> None:
        with xg.GradientTape():
            pass

    with xg.GradientTape(persistent=True) as tape:
        y = variable * constant
    return {
        "Tensor * Tensor, nobody watches": lambda: constant * constant,
        "Variable * Tensor, nobody watches": lambda: variable * constant,
        f"{OPS} ops on a Variable, nobody watches": chain,
        f"{OPS} ops, recorded": recorded,
        f"{OPS} ops, recorded and gradient": gradient,
        f"{OPS} ops, second derivative": second_order,
        "a tape that records nothing": empty,
        "gradient of one op": lambda: tape.gradient(y, variable),
        "a new Variable": lambda: xg.Variable(values),
    }


def on() -> dict[str, dict[str, Callable[[], Any]]]:
    """Give the same work with and without each way of seeing."""
    import xgrad as xg

    work = off()
    gradient = work[f"{OPS} ops, recorded and gradient"]

    def within(switch: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with switch():
                return gradient()

        return run

    variable = xg.Variable([1.0, 2.0])
    with xg.GradientTape(persistent=True) as tape:
        y = variable
        for _ in range(OPS):
            y = xg.tanh(y)
    return {
        f"{OPS} ops, recorded and gradient": {
            "nothing asked for": within(nullcontext),
            "record_locations": within(lambda: xg.record_locations(True)),
            "detect_mutation": within(lambda: xg.debugging.detect_mutation(True)),
            "enable_check_numerics": within(xg.debugging.enable_check_numerics),
        },
        "afterwards": {"explain, where there is a path": lambda: tape.explain(y, variable)},
    }


def print_race(title: str, contenders: dict[str, Callable[[], Any]], options: Any) -> None:
    """Race, and print a row per contender with its ratio to the first."""
    timings = _timing.race(contenders, options.rounds, options.block)
    first = next(iter(timings.values()))
    rows = [
        [
            name,
            _timing.format_seconds(timing.spread.median),
            f"{timing.over(first).median:.2f}",
        ]
        for name, timing in timings.items()
    ]
    print(f"\n{title}")
    _timing.print_table(["state", "median", "/ first"], rows)


def figures(options: argparse.Namespace) -> dict[str, float]:
    """Take the seconds per call of everything in the off state, each the least of its blocks."""
    work = off()
    timings = _timing.race(work, options.rounds, options.block)
    return {name: min(timing.seconds) for name, timing in timings.items()}


def run_process(source: str, options: argparse.Namespace) -> dict[str, float]:
    """Take the figures of a checkout in a fresh process."""
    command = [sys.executable, __file__, "--figures", "--rounds", str(options.rounds)]
    environment = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def race_checkouts(options: argparse.Namespace, turns: int = 5) -> None:
    """Print what everything costs here and there, and the difference."""
    here = str(Path(__file__).parents[1] / "src")
    found: dict[str, list[dict[str, float]]] = {here: [], options.against: []}
    for _ in range(turns):
        for source, taken in found.items():
            taken.append(run_process(source, options))
    mine, others = (
        {name: statistics.median(turn[name] for turn in taken) for name in taken[0]}
        for taken in found.values()
    )
    rows = [
        [
            name,
            _timing.format_seconds(others[name]),
            _timing.format_seconds(mine[name]),
            f"{(mine[name] - others[name]) * 1e6:+.2f} us",
            f"{mine[name] / others[name]:.3f}",
        ]
        for name in mine
    ]
    _timing.print_table(["work", "there", "here", "difference", "here / there"], rows)


def main() -> int:
    """Run what the command line asks for."""
    options = read_arguments()
    _timing.fix_threads(1)
    if options.figures:
        print(json.dumps(figures(options)))
        return 0
    _timing.print_machine(_timing.describe_machine(1))
    if options.against:
        race_checkouts(options)
        return 0
    for title, contenders in on().items():
        print_race(title, contenders, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
