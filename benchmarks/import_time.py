"""What `import xgrad` costs over `import numpy`, and what it pulls in.

Every figure comes from fresh interpreters that take turns, so that a slow moment of the machine
hits all of them alike. The cost of a library is the median, over the rounds, of its process's time
less that of the process that imports numpy alone. The first round fills the bytecode caches and is
not counted. Exits with status 1 with --strict when the target is missed, and always when xgrad
imports what it must not.

    python benchmarks/import_time.py --rounds 40
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from _timing import Spread, describe_machine, print_machine, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

PEERS = ("autograd", "torch", "jax", "tensorflow")
TARGET_MS = 60.0
FORBIDDEN = ("scipy", "cupy", "torch", "jax", "dask", "tensorflow", "sklearn", "matplotlib")
OTHER_BACKENDS = "array_api_compat."
ALLOWED_BACKENDS = ("common", "numpy", "_internal")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=30, help="fresh interpreters per library (default 30)")
    add("--peer-rounds", type=int, default=5, help="the same for the peers (default 5)")
    add("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    add("--quick", action="store_true", help="few rounds: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--strict", action="store_true", help="exit with status 1 when the target is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds = options.peer_rounds = 2
    return options


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter to its end and return what it printed.

    It may keep bytecode whatever the environment says: what pip installs always has it, and where a
    checkout has none the first import would be the compiler's time."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, text=True, env=environment
    )


def import_in_fresh_interpreter(*modules: str) -> float:
    """Take the milliseconds that an interpreter lives which imports `modules`."""
    start = time.perf_counter()
    run_python("-c", "\n".join(f"import {module}" for module in modules) or "pass")
    return (time.perf_counter() - start) * 1e3


def costs_over_numpy(libraries: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Take each library's milliseconds over numpy's, numpy's over nothing, by round."""
    costs: dict[str, list[float]] = {name: [] for name in ("numpy", *libraries)}
    for turn in range(-1, rounds):
        bare = import_in_fresh_interpreter()
        with_numpy = import_in_fresh_interpreter("numpy")
        found = {"numpy": with_numpy - bare}
        for name in libraries:
            found[name] = import_in_fresh_interpreter("numpy", name) - with_numpy
        if turn >= 0:  # the round before the first fills the caches
            for name, cost in found.items():
                costs[name].append(cost)
    return costs


def imported_modules(library: str) -> list[str]:
    """List the modules in which `import library` differs from `import numpy`."""
    code = (
        "import sys, numpy; before = set(sys.modules); "
        f"import {library}; print(*sorted(set(sys.modules) - before))"
    )
    return run_python("-c", code).stdout.split()


def is_forbidden(module: str) -> bool:
    """Say whether xgrad must not import this module by itself."""
    if module.startswith(OTHER_BACKENDS):
        return module.removeprefix(OTHER_BACKENDS).partition(".")[0] not in ALLOWED_BACKENDS
    return module.partition(".")[0] in FORBIDDEN


def slowest_modules(library: str, rows: int = 12) -> list[tuple[str, float]]:
    """List the modules with the largest own time, in milliseconds, numpy's left out."""
    report = run_python("-X", "importtime", "-c", f"import numpy, {library}").stderr
    found = []
    for line in report.partition("| numpy\n")[2].splitlines():
        own, _, module = line.removeprefix("import time:").split("|")
        found.append((module.strip(), int(own) / 1e3))
    return sorted(found, key=lambda item: -item[1])[:rows]


def print_costs(costs: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Print a row per library, with the ratio xgrad / it where xgrad was measured."""
    spreads = {name: Spread.of(values) for name, values in costs.items()}
    mine = spreads.get("xgrad")
    rows = []
    for name, spread in sorted(spreads.items(), key=lambda item: item[1].median):
        title = "numpy, over a bare interpreter" if name == "numpy" else f"{name}, over numpy"
        target = f"<= {TARGET_MS:.0f} ms" if name == "xgrad" else ""
        met = ("met" if spread.median <= TARGET_MS else "MISSED") if target else ""
        ratio = f"{mine.median / spread.median:.3f}" if mine else ""
        quartiles = f"{spread.q1:.1f} .. {spread.q3:.1f}"
        rows.append([title, f"{spread.median:.1f} ms", quartiles, ratio, target, met])
    print_table(["import", "median", "quartiles", "xgrad / it", "target", ""], rows)
    return {name: asdict(spread) for name, spread in spreads.items()}


def print_modules() -> list[str]:
    """Print what xgrad pulls in, package by package; return what it must not."""
    modules = imported_modules("xgrad")
    packages = Counter(module.partition(".")[0] for module in modules)
    print(f"\nimport xgrad adds {len(modules)} modules to numpy's:")
    print("  " + ", ".join(f"{package} {count}" for package, count in packages.most_common()))
    forbidden = [module for module in modules if is_forbidden(module)]
    print("  must not be there: " + (", ".join(forbidden) if forbidden else "nothing found"))
    print("\nlargest own times, with python -X importtime (which slows them)")
    rows = [[module, f"{cost:.1f} ms"] for module, cost in slowest_modules("xgrad")]
    print_table(["module", "own"], rows)
    return forbidden


def is_installed(name: str) -> bool:
    """Say whether a library can be found, without importing it."""
    specification = importlib.util.find_spec(name)
    return specification is not None and specification.origin is not None


def measure(options: argparse.Namespace) -> dict[str, list[float]]:
    """Time xgrad in many rounds and the peers, which take seconds, in few."""
    names = [name for name in ("xgrad", *options.peers) if is_installed(name)]
    for name in ("xgrad", *options.peers):
        if name not in names:
            print(f"{name}: left out (not installed)")
    costs = costs_over_numpy([name for name in names if name == "xgrad"], options.rounds)
    peers = [name for name in names if name != "xgrad"]
    if peers:
        found = costs_over_numpy(peers, options.peer_rounds)
        costs.update((name, found[name]) for name in peers)
    return costs


def main() -> int:
    """Measure, print, judge."""
    options = read_arguments()
    machine = describe_machine()
    print_machine(machine)
    costs = measure(options)
    spreads = print_costs(costs)
    forbidden = print_modules() if "xgrad" in costs else []
    if options.json:
        report = {"machine": machine, "ms": spreads, "forbidden": forbidden}
        Path(options.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    missed = "xgrad" in costs and spreads["xgrad"]["median"] > TARGET_MS
    return 1 if forbidden or (missed and options.strict) else 0


if __name__ == "__main__":
    sys.exit(main())
