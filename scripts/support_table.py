#!/usr/bin/env python
"""Write docs/support.md: what every function of the namespace can do, from the registry.

Nothing in the table is written by hand: kinds and reasons come from the instruction set, what is
followed comes from running the function's lines in tests/cases.py, and the batch and forward rules
are asked. A test compares the page with what this prints.

    python scripts/support_table.py            # writes the page
    python scripts/support_table.py --check    # says whether it is up to date"""

from __future__ import annotations

import argparse
import operator
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import numpy as np
from cases import CASES, Case, arguments
from numerical import as_tuple

import xgrad as xg
from xgrad.batching import is_looped
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.node import Cut, Leaf, next_serial
from xgrad.core.primitive import Kind, Primitive
from xgrad.rules import is_transposed

PAGE = ROOT / "docs" / "support.md"
SPECIAL = ROOT / "docs" / "special-points.md"
HOST = xg.namespace(np)
EXTENSIONS = [name for name in ("linalg", "fft", "special") if hasattr(xg, name)]
MOST_ORDERS = 3
DEVICES = {
    "cpu": "numpy",
    "strict": "array_api_strict",
    "torch": "torch",
    "meta": "torch's meta",
    "cuda": "cupy",
}

# Why functions that no instruction stands behind have no gradient, by the file they are in.
WITHOUT_OPERANDS = {
    "creation": "it makes a new array from nothing",
    "filling": "it makes a new array from nothing",
    "conversion": "what it takes is no Tensor",
    "data_types": "it is about dtypes",
    "manipulation": "it is about shapes",
    "fourier_bins": "it makes a new array from nothing",
    "norms": "its result is not floating",
}

HEAD = """\
# What every function can do

Written by `scripts/support_table.py` from the registry and the table of test cases, not by hand; a test compares. The same functions
are in `xgrad` and in `xg.namespace(...)` over every library.

- **gradient**: "yes", or why there is none: then `tape.gradient` gives `None`, and zeros on request.
- **kind**: what the derivatives, forward mode and `vmap` treat alike (the page of instructions, `src/xgrad/core/instructions.py`, says what
  each means), or the instructions that the function is made of.
- **orders**: how often it was differentiated to write this page; 3 stands for as often as you like, because rules are made of
  differentiable functions.
- **forward**: "yes" where the kind or a rule of its own gives the tangent; "transposed" where the gradient rule is transposed for it.
- **vmap**: "at once", or "one by one" where examples go through a loop.
- **complex**: whether its cases are also run with complex arguments.
- **special**: what it does at ties, zeros, infinities and missing data.

Every case runs on NumPy, on array_api_strict (a device that refuses what the standard does not say), on torch, on torch's meta device
(which has no values to read back) and, where there is a GPU, on CuPy; exceptions are below the tables.
"""


class Row(NamedTuple):
    """One line of the table."""

    name: str
    gradient: str
    kind: str
    orders: str
    forward: str
    batched: str
    complex: str
    special: str


def functions() -> dict[str, Callable[..., Any]]:
    """Find the functions of the namespace and of its extensions, by name."""
    names = [n for n in HOST.__all__ if _is_function(getattr(HOST, n))]
    names += [f"{e}.{n}" for e in EXTENSIONS for n in getattr(xg, e).__all__]
    return {name: operator.attrgetter(name)(HOST) for name in names}


def _is_function(value: Any) -> bool:
    module = getattr(value, "__module__", "")
    return callable(value) and module.startswith("xgrad.ops") and not isinstance(value, type)


def cases_of(name: str) -> list[Case]:
    """Find the lines of the table of cases that are about a function."""
    return [c for c in CASES if c.name.split("/")[0] == name]


# -- what a case shows -------------------------------------------------------------------------


def instructions_of(case: Case, name: str) -> list[Primitive]:
    """Find the differentiable instructions that a function applies to what a case follows."""
    xs = [xg.asarray(x) for x in arguments(case, np.random.default_rng(0))]
    calls: list[tuple[int, int]] = []
    with np.errstate(all="ignore"), xg.GradientTape() as tape, noting_calls(name, calls):
        tape.watch(xs)
        ys = as_tuple(case.f(HOST, *xs))
    found: dict[Primitive, None] = {}
    stack, seen = [y.node for y in ys], set()
    while stack:
        node = stack.pop()
        if node is None or type(node) in (Cut, Leaf) or node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        inside = any(start < node.serial < end for start, end in calls)
        if node.primitive is not None and (inside or node.primitive is PRIMITIVES.get(name)):
            found[node.primitive] = None
    return list(found)


@contextmanager
def noting_calls(name: str, calls: list[tuple[int, int]]) -> Iterator[None]:
    """Note when a function of the namespace is called: the serial numbers before and after."""
    path, _, last = name.rpartition(".")
    homes = [operator.attrgetter(path)(m) if path else m for m in (xg, HOST)]
    function = getattr(homes[1], last)

    def noted(*args: Any, **options: Any) -> Any:
        start = next_serial()
        try:
            return function(*args, **options)
        finally:
            calls.append((start, next_serial()))

    with ExitStack() as stack:
        for home in homes:
            stack.enter_context(patch.object(home, last, noted))
        yield


def orders_of(case: Case) -> int:
    """How many times in a row the case can be differentiated, up to `MOST_ORDERS`."""
    xs = [xg.asarray(x) for x in arguments(case, np.random.default_rng(0))]

    def total(order: int) -> Any:
        if order == 0:
            return sum(xg.sum(xg.real(y * y)) for y in as_tuple(case.f(HOST, *xs)))
        with xg.GradientTape() as tape:
            tape.watch(xs)
            y = total(order - 1)
        parts = tape.gradient(y, xs, unconnected_gradients="zero")
        return sum(xg.sum(g * g) for g in parts)

    for order in range(1, MOST_ORDERS + 1):
        try:
            with np.errstate(all="ignore"):
                total(order)
        except (xg.errors.XgradError, NotImplementedError):
            return order - 1
    return MOST_ORDERS


# -- one row -----------------------------------------------------------------------------------


def row_of(name: str, function: Callable[..., Any], links: dict[str, str]) -> Row:
    """Say what the table says of a function."""
    own = PRIMITIVES.get(name.rpartition(".")[2])
    special = f"[yes]({links[name]})" if name in links else ""
    cases = cases_of(name)
    used = list({p: None for case in cases for p in instructions_of(case, name)})
    if not used and own is not None and own.kind is Kind.CONSTANT:
        return Row(name, f"none: {own.reason}", "constant", "", "", "", "", special)
    if not cases:
        reason = WITHOUT_OPERANDS[function.__module__.rsplit(".", 1)[-1]]
        return Row(name, f"none: {reason}", "constant", "", "", "", "", special)
    used = [own] if own in used else used
    made_of = ", ".join(f"`{p.name}`" for p in used) or "hands its argument on"
    return Row(
        name,
        "yes",
        own.kind.label if own in used else made_of,
        str(min(orders_of(case) for case in cases[:3])),
        "transposed" if any(map(is_transposed, used)) else "yes",
        "one by one" if any(map(is_looped, used)) else "at once",
        "yes" if any(case.complex for case in cases) else "",
        special,
    )


def links_to_special_points() -> dict[str, str]:
    """From a function to the section of special-points.md that names it first."""
    links: dict[str, str] = {}
    anchor = ""
    for line in SPECIAL.read_text().splitlines():
        if line.startswith("## "):
            anchor = re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).strip().replace(" ", "-")
        elif anchor:
            for name in re.findall(r"`([a-z_0-9.]+)`", line):
                links.setdefault(name, f"special-points.md#{anchor}")
    return links


# -- the page ----------------------------------------------------------------------------------


def page() -> Iterator[str]:
    """Give the lines of the page."""
    yield HEAD
    links = links_to_special_points()
    rows: dict[str, list[Row]] = {}
    for name, function in functions().items():
        chapter = function.__module__.rsplit(".", 1)[-1]
        rows.setdefault(_title(chapter), []).append(row_of(name, function, links))
    everything = [row for chapter in rows.values() for row in chapter]
    constant = sum(row.gradient != "yes" for row in everything)
    yield (
        f"{len(everything)} functions: {len(everything) - constant} with a gradient, "
        f"{constant} without.\n"
    )
    for chapter, found in sorted(rows.items()):
        yield f"## {chapter}\n"
        yield "| function | gradient | kind | orders | forward | vmap | complex | special |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        yield from (f"| `{row.name}` | {' | '.join(row[1:])} |" for row in found)
        yield ""
    yield "## Exceptions\n"
    yield from exceptions()


def _title(chapter: str) -> str:
    return {"fourier_bins": "Fourier", "fourier_real": "Fourier"}.get(
        chapter, chapter.replace("_", " ").capitalize()
    )


def exceptions() -> Iterator[str]:
    """Where cases do not run, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    for case in CASES:
        for device, reason in case.without.items():
            found.setdefault((DEVICES[device], reason), []).append(f"`{case.name}`")
    for (device, reason), names in sorted(found.items()):
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield f"- {device}: {reason} ({shown})"


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    options = parser.parse_args()
    with warnings.catch_warnings(action="ignore"):
        text = "\n".join(page()) + "\n"
    if options.check:
        return int(PAGE.read_text() != text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
