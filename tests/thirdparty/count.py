"""How many calls into other people's libraries each of four libraries differentiates rightly.

    python tests/thirdparty/count.py [--libraries xgrad,jax,torch,autograd] [--write FILE.md]

Every call of calls.py is run in a process of its library, and its derivatives along random
directions are compared with finite differences of the same call on plain NumPy, to 1e-3 relative.
Prints the counts; with --write also a page of all calls with what came out."""

import argparse
import datetime as dt
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from importlib import metadata

import calls

HERE = pathlib.Path(__file__).parent
VERSIONS = {
    "SciPy": "scipy",
    "scikit-learn": "scikit-learn",
    "array-api-extra": "array-api-extra",
    "einops": "einops",
    "NumPy": "numpy",
    "array-api-compat": "array-api-compat",
    "jax": "jax",
    "torch": "torch",
    "autograd": "autograd",
}
INTRODUCTION = """\
Written by `python tests/thirdparty/count.py --write docs/third-party-calls.md` on {date}.
{versions}.

Each call of `tests/thirdparty/calls.py` was differentiated by each library, with SCIPY_ARRAY_API=1 and
array_api_dispatch=True, and compared with finite differences of the same call on plain NumPy (1e-3
relative, along random directions). jax runs with x64 and without jit, torch through array-api-compat
where the libraries ask for a namespace. A call without a derivative is left out of the list.
"""
LIBRARIES = ("xgrad", "jax", "torch", "autograd")


def outcomes_of(library, names, folder):
    """What came out of each call, from a process of its own."""
    target = folder / f"{library}.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    subprocess.run(
        [sys.executable, str(HERE / "runner.py"), library, str(target), str(folder / "reference")],
        input="\n".join(names),
        text=True,
        env=environment,
        check=True,
    )
    return json.loads(target.read_text())


def kind(outcome):
    return outcome.split(":")[0] if outcome.split(":")[0] in ("right", "wrong", "lost") else "error"


def versions():
    found = []
    for name, package in VERSIONS.items():
        try:
            found.append(f"{name} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join([f"Python {platform.python_version()}", *found])


def table(outcomes):
    """Rows of right derivatives per section and library, and what became of the rest."""
    libraries = list(outcomes)
    lines = [
        "| | calls | " + " | ".join(libraries) + " |",
        "| --- |" + " --- |" * (len(libraries) + 1),
    ]
    for section in calls.SECTIONS:
        names = [call for call, where in calls.CALLS.items() if where == section]
        counts = [sum(outcomes[lib][c] == "right" for c in names) for lib in libraries]
        lines.append(f"| {section} | {len(names)} | " + " | ".join(map(str, counts)) + " |")
    for what in ("right", "wrong", "lost", "error"):
        counts = [sum(kind(o) == what for o in outcomes[lib].values()) for lib in libraries]
        title = {
            "right": "**all: right derivatives**",
            "wrong": "a wrong derivative, without an error",
            "lost": "no derivative, without an error",
            "error": "an error",
        }[what]
        lines.append(f"| {title} | {len(calls.CALLS)} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def page(outcomes):
    """The counts and every call, in Markdown."""
    lines = [
        "# Calls into other libraries, and who differentiates them",
        "",
        INTRODUCTION.format(date=dt.datetime.now(dt.UTC).date(), versions=versions()),
        table(outcomes),
    ]
    for section in calls.SECTIONS:
        lines += ["", f"## {section}", "", "| call | " + " | ".join(outcomes) + " |"]
        lines.append("| --- |" + " --- |" * len(outcomes))
        for call in (c for c, where in calls.CALLS.items() if where == section):
            shown = call.replace("|", "\\|")
            cells = [short(outcomes[lib][call]) for lib in outcomes]
            lines.append(f"| `{shown}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def short(outcome):
    return {"right": "✓"}.get(outcome, outcome.split(":")[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", default=",".join(LIBRARIES))
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        names = list(calls.CALLS)
        libraries = options.libraries.split(",")
        outcomes = {lib: outcomes_of(lib, names, folder) for lib in libraries}
    print(versions())
    print(table(outcomes))
    if options.write:
        options.write.write_text(page(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
