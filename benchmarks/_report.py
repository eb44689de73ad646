"""The suite's figures as text: ratios with their means, scaling, first calls, bytes, bars."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _bars import MEGABYTE, all_bars, geometric_mean
from _names import (
    BY_HAND,
    COMPILERS,
    MINE,
    MINE_EAGER,
    OPERATION_BY_OPERATION,
    PEERS,
    SCALING,
    SUITE,
)
from _timing import format_seconds, print_machine, print_table

BEGIN, END = "<!-- measured: written by benchmarks/suite.py --report -->", "<!-- end -->"


def print_report(report: Mapping[str, Any]) -> None:
    """Print everything but the tables of single workloads."""
    results = report["results"]
    print_machine(report["machine"])
    print(", ".join(f"{name} {version}" for name, version in report["versions"].items()))
    print_ratios(results, MINE, (*COMPILERS, *OPERATION_BY_OPERATION, MINE_EAGER, BY_HAND))
    print_ratios(results, MINE_EAGER, (*OPERATION_BY_OPERATION, BY_HAND))
    print_scaling(results)
    print_first_calls(results)
    print_memory(results)
    print_imports(report.get("imports", {}))
    print_bars(results)
    print_left_out(results)


def print_ratios(results: Mapping[str, Any], base: str, others: Sequence[str]) -> None:
    """Print a row for each workload and a column for each library; means at the end."""
    others = [n for n in others if any(n in r["over"].get(base, {}) for r in results.values())]
    names = [name for name in SUITE if base in results.get(name, {"over": ()})["over"]]
    if not others or not names:
        return
    print(f"\ntime of {base} / time of the library (below 1: {base} is faster)")
    rows = [ratio_row(results, name, base, others) for name in names]
    means = [ratio_text(geometric_mean(results, base, other)[0]) for other in others]
    rows.append(["geometric mean", "", *means])
    print_table(["", base, *others], rows)


def ratio_row(results: Mapping[str, Any], name: str, base: str, others: Sequence[str]) -> list[str]:
    """Give the row of a workload: its time, and the ratios to others."""
    ratios = results[name]["over"][base]
    mine = format_seconds(results[name]["us"][base]["median"] * 1e-6)
    return [name, mine, *[ratio_text(ratios.get(n, {}).get("median")) for n in others]]


def ratio_text(ratio: float | None) -> str:
    """Write a ratio with three digits."""
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def print_scaling(results: Mapping[str, Any]) -> None:
    """Print how the ratios change from tiny arrays to out of cache."""
    for family, names in SCALING.items():
        there = [n for n in names if MINE in results.get(n, {"over": ()})["over"]]
        others = [
            o
            for o in (*PEERS, MINE_EAGER, BY_HAND)
            if any(o in results[n]["over"][MINE] for n in there)
        ]
        if len(there) < 2:
            continue
        print(f"\n{family}, by size: time of {MINE} / time of the library")
        rows = [ratio_row(results, name, MINE, others) for name in there]
        print_table(["", MINE, *others], rows)


def print_first_calls(results: Mapping[str, Any]) -> None:
    """Print what recording costs in eager steps, and what first calls of compilers take."""
    there = {n: r for n, r in results.items() if "recording" in r}
    if not there:
        return
    others = [n for n in COMPILERS if any(n in r["first_call"] for r in there.values())]
    print(f"\nfirst calls: {MINE} is the median of fresh recordings, the others compile once")
    print(f"{MINE} prepares its program in the second call, the others theirs in the first")
    rows = []
    for name, result in there.items():
        recording = result["recording"]
        found = [result["first_call"].get(other) for other in others]
        rows.append([
            name,
            format_seconds(recording["seconds"]),
            f"{recording['over_eager']:.1f}",
            format_seconds(recording["second_call"]),
            *["-" if seconds is None else format_seconds(seconds) for seconds in found],
        ])  # fmt: skip
    print_table(["", MINE, "in eager steps", "second call", *others], rows)


def print_memory(results: Mapping[str, Any]) -> None:
    """Print the peak of a step where arrays are numpy's, and what is known of the program."""
    there = {n: r for n, r in results.items() if "memory" in r}
    if not there:
        return
    others = list(dict.fromkeys(n for r in there.values() for n in r["bytes"] if n != MINE))
    print("\npeak memory of a step, megabytes (libraries with allocators of their own do not say)")
    rows = []
    for name, result in there.items():
        memory = result["memory"]
        found = [result["bytes"].get(other) for other in others]
        rows.append([
            name,
            *[f"{memory[key] / MEGABYTE:.3f}" for key in ("peak", "bound", "arena", "values")],
            f"{memory['program'] / MEGABYTE:.3f}",
            f"{memory['replay']:,} B",
            *["-" if count is None else f"{count / MEGABYTE:.3f}" for count in found],
        ])  # fmt: skip
    header = [MINE, "bound", "arena", "all values", "program", "a replay allocates", *others]
    print_table(["", *header], rows)


def print_imports(imports: Mapping[str, Any]) -> None:
    """Print what imports take in fresh interpreters."""
    if imports:
        print("\nimport, over numpy's")
        print_table(
            ["", "median"],
            [[name, f"{spread['median']:.0f} ms"] for name, spread in imports.items()],
        )


def print_bars(results: Mapping[str, Any]) -> None:
    """Print what was asked for and what came of it."""
    print("\nwhat is asked for")
    rows = []
    for bar in all_bars(results):
        found = (
            "-"
            if bar.found is None
            else f"{bar.found:,.3g}"
            if bar.limit < 100
            else (f"{bar.found:,.0f}")
        )
        rows.append([bar.what, found, f"<= {bar.limit:,}", bar.verdict, bar.note])
    print_table(["", "found", "limit", "", ""], rows)


def print_left_out(results: Mapping[str, Any]) -> None:
    """Print who was left out of what, by reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for workload, result in results.items():
        for name, reason in result["left_out"].items():
            reasons.setdefault((name, reason), []).append(workload)
    if reasons:
        print("\nleft out")
    for (name, reason), workloads in reasons.items():
        print(f"  {name} of {', '.join(workloads)}: {reason}")


def write_report(report: Mapping[str, Any], file: str) -> None:
    """Put the text between two marks of a file, and leave the rest of it alone."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print_report(report)
    path = Path(file)
    there = path.read_text(encoding="utf-8") if path.exists() else f"# Suite\n\n{BEGIN}\n{END}\n"
    head, _, rest = there.partition(BEGIN)
    tail = rest.partition(END)[2]
    measured = (
        f"{BEGIN}\n\nMeasured on {report['date']} at commit {report['commit']} by "
        f"`{report['command']}`.\n\n```text\n{text.getvalue().strip()}\n```\n\n{END}"
    )
    path.write_text(head + measured + tail, encoding="utf-8")
