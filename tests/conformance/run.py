#!/usr/bin/env python
"""Run the official suite of the array API standard on xgrad: ``run.py CHECKOUT [options]``.

CHECKOUT is a clone of https://github.com/data-apis/array-api-tests with its submodule; the suite is
not on the package index. Each namespace gets a process of its own; what `skips.toml` leaves out is
skipped there and counted. The summary is printed and, with ``--write``, put into results.md.

    python tests/conformance/run.py ../array-api-tests --max-examples 100 --write
    python tests/conformance/run.py ../array-api-tests --only torch     # for information
    python tests/conformance/run.py ../array-api-tests --check-skips    # which are still needed?"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
API_VERSION = "2025.12"


def over(library: str) -> str:
    """What the suite imports to get xgrad's namespace over a library."""
    return f"exec('import xgrad, {library}; xp = xgrad.namespace({library})')"


# From a short name to the module that the suite is told; `torch` is not expected to pass.
NAMESPACES = {
    "xgrad": "xgrad",
    "xgrad over array_api_strict": over("array_api_strict"),
    "xgrad over torch": over("torch"),
}
EXPECTED = ("xgrad", "xgrad over array_api_strict")


class Outcome(NamedTuple):
    """What one run of the suite gave."""

    name: str
    counts: dict[str, int]
    left_out: int
    failures: list[str]
    seconds: float


def skips(name: str) -> list[str]:
    """The names of the tests that are left out for a namespace, with the libraries that are here."""
    groups = tomllib.loads((HERE / "skips.toml").read_text())["group"]
    return [
        t
        for group in groups
        if group.get("namespace", name) == name and _is_there(**group.get("since", {}))
        for t in group["tests"]
    ]


def _is_there(library: str = "numpy", release: str = "2.0") -> bool:
    """Whether a library is installed in this release or a later one."""
    try:
        found = version(library)
    except PackageNotFoundError:
        return True
    return [int(n) for n in found.split(".")[:2]] >= [int(n) for n in release.split(".")]


def run_suite(
    checkout: Path, name: str, examples: int, left_out: list[str], arguments: list[str]
) -> Outcome:
    """Run the suite on one namespace in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        report, skips_file = Path(folder) / "report.json", Path(folder) / "skips.txt"
        skips_file.write_text("".join(f"{test}\n" for test in left_out))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--disable-deadline", f"--max-examples={examples}", "--tb=short"]
        command += ["--disable-warnings"]
        # With `=`: as two words pytest takes the path for a test, and no name matches any more.
        command += [f"--skips-file={skips_file}", "--json-report"]
        command += [f"--json-report-file={report}", *(arguments or ["array_api_tests/"])]
        environment = os.environ | {
            "ARRAY_API_TESTS_MODULE": NAMESPACES[name],
            "ARRAY_API_TESTS_VERSION": API_VERSION,
            "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]),
        }
        start = time.perf_counter()
        found = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
        if not report.exists():
            sys.exit(f"{name}: the suite did not run:\n{found.stdout}\n{found.stderr}")
        tests = json.loads(report.read_text())["tests"]
        counts = {
            outcome: sum(test["outcome"] == outcome for test in tests)
            for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
        }
        failures = [t["nodeid"] for t in tests if t["outcome"] in ("failed", "error")]
        if failures or found.returncode not in (0, 1):
            print(found.stdout[-20000:], file=sys.stderr)
        return Outcome(name, counts, len(left_out), failures, seconds)


def check_skips(checkout: Path, names: list[str], examples: int) -> None:
    """Say which of the tests that are left out would pass, in every namespace."""
    for name in names:
        tests = skips(name)
        outcome = run_suite(checkout, name, examples, [], tests)
        passing = sorted(set(tests) - set(outcome.failures))
        print(f"{name}: {len(outcome.failures)} of {len(tests)} skips are needed")
        for test in passing:
            print(f"    passed this time: {test}")


def versions() -> str:
    """The libraries that matter for the result."""
    names = ("numpy", "array-api-compat", "array-api-strict", "torch", "hypothesis", "pytest")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, " + ", ".join(found)


def revision(folder: Path) -> str:
    """The commit of a checkout."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def summary(checkout: Path, outcomes: list[Outcome], examples: int) -> str:
    """The result as Markdown."""
    today = dt.datetime.now(tz=dt.UTC).date()
    lines = [
        "# Conformance to the array API standard",
        "",
        "Printed by `tests/conformance/run.py`; not written by hand.",
        "",
        f"- {today}: xgrad {revision(HERE)}, array-api-tests {revision(checkout)}",
        f"- array API standard {API_VERSION}",
        f"- {versions()}",
        f"- `--max-examples={examples}`; what is left out, and why, is in [skips.toml](skips.toml)",
        "",
        "| namespace | passed | failed | left out | skipped by the suite | seconds |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for o in outcomes:
        failed = o.counts["failed"] + o.counts["error"]
        lines.append(
            f"| {o.name} | {o.counts['passed']} | {failed} | {o.left_out} "
            f"| {o.counts['skipped'] - o.left_out} | {o.seconds:.0f} |"
        )
    for o in outcomes:
        if o.failures:
            kind = "Failures" if o.name in EXPECTED else "Failures, for information,"
            lines += ["", f"{kind} of {o.name}:", ""]
            lines += [f"- `{test}`" for test in o.failures]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what was asked for; the exit status is 1 if a namespace that must pass does not."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], epilog="What follows -- goes to pytest."
    )
    parser.add_argument("checkout", type=Path, help="a clone of data-apis/array-api-tests")
    parser.add_argument("--max-examples", type=int, default=20, help="per test (default 20)")
    parser.add_argument("--only", choices=("xgrad", "strict", "torch"), action="append")
    parser.add_argument("--no-skips", action="store_true", help="leave nothing out")
    parser.add_argument("--check-skips", action="store_true", help="run what is left out, alone")
    parser.add_argument(
        "--write", nargs="?", const="results.md", metavar="NAME", help="write results.md, or NAME"
    )
    given = sys.argv[1:]
    place = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:place])
    arguments = given[place + 1 :]
    if not (options.checkout / "array_api_tests").is_dir():
        parser.error(f"{options.checkout} is no checkout of array-api-tests")
    names = list(EXPECTED)
    if options.only:
        short = {"xgrad": 0, "strict": 1, "torch": 2}
        names = [list(NAMESPACES)[short[name]] for name in options.only]
    if options.check_skips:
        check_skips(options.checkout, names, options.max_examples)
        return 0
    outcomes = [
        run_suite(
            options.checkout,
            name,
            options.max_examples,
            [] if options.no_skips else skips(name),
            arguments,
        )
        for name in names
    ]
    text = summary(options.checkout, outcomes, options.max_examples)
    print(text)
    if options.write:
        (HERE / options.write).write_text(text)
    return int(any(o.failures for o in outcomes if o.name in EXPECTED))


if __name__ == "__main__":
    sys.exit(main())
