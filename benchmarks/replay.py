"""Where a replay of xg.function goes on the CPU: the time of every line of the generated program.

A clock is put around each line, so lines of less than a microsecond look larger than they are; what a
whole replay takes without clocks stands above. Beside a line is the instruction that it computes.

    python benchmarks/replay.py --workloads embedding conv-net --threads 2
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import _timing
from _names import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"\b[vbw](\d+)\b")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--workloads",
        "--workload",
        nargs="+",
        choices=EVERYTHING,
        default=["chain"],
        metavar="NAME",
    )
    add("--threads", type=int, default=2, help="threads (default 2)")
    add("--seconds", type=float, default=2.0, help="of replays (default 2)")
    add("--most", type=int, default=12, help="lines to show (default 12)")
    add("--quick", action="store_true", help="tiny arrays and few replays: shows that it runs")
    options = parser.parse_args()
    if options.quick:
        options.seconds = 0.01
    return options


def main() -> int:
    """Time the lines of each workload."""
    options = read_arguments()
    _timing.fix_threads(options.threads)
    _timing.print_machine(_timing.describe_machine(options.threads))
    for name in options.workloads:
        show(name, options)
    return 0


def show(name: str, options: argparse.Namespace) -> None:
    """Print the table of one workload."""
    import workloads
    from peers import of_xgrad

    workload = workloads.make(name, tiny=options.quick)
    peer = of_xgrad.load_function(options.threads)
    whole = seconds_of(workload.bind(peer).call, options.seconds)
    clocks: list[Clocks] = []
    with clocked(clocks):
        call = workload.bind(peer).call
        for _ in range(3):
            call()
        lines = clocks[-1]
        lines.clear()
        count = 0
        end = time.perf_counter() + options.seconds
        while count < 3 or time.perf_counter() < end:
            call()
            count += 1
    program = of_xgrad.latest_function().program()
    instructions = dict(re.findall(r"^%(\d+): .*? = (.*)$", str(program), re.MULTILINE))
    total = sum(lines.seconds)
    print(f"\n{name}: {workload.title}")
    print(f"  a replay {1e6 * whole:.1f} us, {len(lines.texts)} lines {1e6 * total / count:.1f} us")
    order = sorted(range(len(lines.texts)), key=lambda i: -lines.seconds[i])
    for i in order[: options.most]:
        found = _NUMBER.findall(lines.texts[i])
        written = 0 if lines.texts[i][0] in "vw" else -1  # the result comes first, or last as `out`
        what = instructions.get(found[written], "") if found else ""
        share = lines.seconds[i] / total
        print(
            f"  {1e6 * lines.seconds[i] / count:9.1f} us {share:6.1%}  {lines.texts[i]:.60s}  {what:.70s}"
        )
    rest = sum(lines.seconds[i] for i in order[options.most :])
    print(
        f"  {1e6 * rest / count:9.1f} us {rest / total:6.1%}  {max(0, len(order) - options.most)} others"
    )


def seconds_of(call: Callable[[], Any], seconds: float) -> float:
    """Take the median time of a call."""
    for _ in range(3):
        call()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class Clocks:
    """The lines of a generated function, and how long each has taken so far."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.seconds: list[float] = []

    def clear(self) -> None:
        """Begin again."""
        self.seconds[:] = [0.0] * len(self.texts)

    def around(self, source: str) -> str:
        """Put a clock around every statement of the function's own level."""
        made = []
        for line in source.split("\n"):
            statement = line.strip()
            is_own = line.startswith("    ") and not line.startswith("     ")
            if not is_own or statement.startswith(("if ", "return ")):
                made.append(line)
                continue
            made += [
                "    _begun = _now()",
                line,
                f"    _spent[{len(self.texts)}] += _now() - _begun",
            ]
            self.texts.append(statement)
        self.clear()
        return "\n".join(made)


class clocked:
    """Put clocks into every program that is built inside the block."""

    def __init__(self, found: list[Clocks]) -> None:
        self._found = found

    def __enter__(self) -> None:
        from xgrad.compile import build

        finish = self._finish = build.Build._finish

        def finish_with_clocks(made: Any) -> str:
            clocks = Clocks()
            self._found.append(clocks)
            source = clocks.around(finish(made))
            made._scope.update(_now=time.perf_counter, _spent=clocks.seconds)
            return source

        build.Build._finish = finish_with_clocks  # type: ignore[method-assign]

    def __exit__(self, *error: object) -> None:
        from xgrad.compile import build

        build.Build._finish = self._finish  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
