"""Run the examples and write what they print, how long they took, and their pictures into docs/examples/.

    python scripts/example_pages.py [name ...]

A page is written by hand but for two things: the block that begins with ``$ python examples/``, whose
command is run and whose output replaces what stands below it, and the line that begins with "It took"."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "examples"
BLOCK = re.compile(
    r"(^```console\n\$ python (examples/.*?)\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL
)


def machine() -> str:
    """Describe the machine in a few words."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return f"{os.cpu_count()} cores of an {model[1] if model else platform.machine()}"


def run(command: str) -> tuple[str, float, float]:
    """Run a script in the folder of its page; return its output, its seconds, and its processor's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    output = subprocess.run(
        [sys.executable, *shlex.split(command.replace("examples/", f"{ROOT}/examples/", 1))],
        cwd=PAGES,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return output, seconds, busy


def main(names: list[str]) -> None:
    """Rewrite the pages with these names, or all."""
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        found = BLOCK.search(text)
        if found is None or (names and page.stem not in names):
            continue
        output, seconds, busy = run(found[2])
        text = BLOCK.sub(lambda m, output=output: f"{m[1]}{output}{m[4]}", text, count=1)
        took = (
            f"It took {busy:.0f} s of one processor ({seconds:.0f} s on a machine with other work), start and "
            f"picture included: {machine()}, Python {platform.python_version()}, "
            f"{dt.datetime.now(dt.UTC):%Y-%m-%d}."
        )
        page.write_text(re.sub(r"^It took.*$", took, text, flags=re.MULTILINE), encoding="utf-8")
        print(f"{page.name}: {busy:.1f} s of processor, {seconds:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
