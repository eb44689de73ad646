#!/usr/bin/env python
"""Run everything that wants a GPU and write one dated report: what scripts/gpu calls.

Every step is a command that a person can repeat; its verdict, time and last lines go into the report,
whether it succeeds or not. Exit status 1 if one fails.

    python scripts/gpu_report.py --steps check benchmarks"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
STEPS = ("tests", "check", "demo", "benchmarks")
SHOWN = 40  # lines of what a command printed


class Done(NamedTuple):
    """What became of a command."""

    title: str
    command: list[str]
    status: int
    seconds: float
    output: str
    body: str

    @property
    def verdict(self) -> str:
        """Give one word, and how long it took."""
        return f"{'passed' if self.status == 0 else 'FAILED'} in {self.seconds:.0f} s"


def run(title: str, command: list[str], **environment: str) -> Done:
    """Run a command from the top of the checkout and show what it prints as it comes."""
    print(f"\n=== {title}: {' '.join(command)}", flush=True)
    start = time.perf_counter()
    lines = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TQDM_DISABLE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    seconds = time.perf_counter() - start
    return Done(title, command, process.returncode, seconds, "\n".join(lines), "")


def tests(device: str, quick: bool) -> list[Done]:
    """Run the whole matrix on the device; on CUDA nothing may be skipped for lack of it."""
    short = device.split(":", maxsplit=1)[0]
    chosen = ["tests/ops/test_elementwise.py"] if quick else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    required = {"XGRAD_REQUIRE_GPU": "1"} if short == "cuda" else {}
    done = run("Tests", command, XGRAD_TEST_DEVICES=short, **required)
    return [done._replace(body=tail(done.output, SHOWN))]


def check(device: str, quick: bool) -> list[Done]:
    """Compare every instruction with differences, and its values with NumPy's."""
    command = [sys.executable, "-m", "xgrad", "check", "--device", device]
    found = []
    for dtype in ("float64", "float32"):
        names = ["add", "matmul", "tanh"] if quick else []
        done = run(f"xgrad check, {dtype}", [*command, "--dtype", dtype, *names])
        found.append(done._replace(body=tail(done.output, 400)))
    return found


def demo(device: str, quick: bool) -> list[Done]:
    """Train the demo on the CPU and on the device, and compare."""
    epochs = ["--epochs", "2"] if quick else []
    found, accuracies = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for place in dict.fromkeys(("cpu", device)):
            log = Path(folder) / place.replace(":", "-")
            command = [sys.executable, "-m", "xgrad", "demo", "--device", place, *epochs]
            done = run(f"Demo on {place}", [*command, "--logdir", str(log)])
            accuracy = re.search(r"test accuracy ([\d.]+)%", done.output)
            accuracies[place] = accuracy.group(1) if accuracy else "unknown"
            found.append(done._replace(body=tail(done.output, 4)))
    summary = ", ".join(f"{place} {value} %" for place, value in accuracies.items())
    found[-1] = found[-1]._replace(body=f"{found[-1].body}\n\naccuracies: {summary}")
    return found


def benchmarks(device: str, quick: bool) -> list[Done]:
    """Run benchmarks/gpu.py; its tables are the report's."""
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "gpu.md"
        command = [sys.executable, "benchmarks/gpu.py", "--device", device]
        options = ["--quick"] if quick else []
        done = run("Benchmarks", [*command, *options, "--markdown", str(tables)])
        text = tables.read_text() if tables.exists() else tail(done.output, SHOWN)
    return [done._replace(body=text)]


def tail(text: str, count: int) -> str:
    """Give the last lines as a block."""
    return "```text\n" + "\n".join(text.splitlines()[-count:]) + "\n```"


def about(device: str) -> tuple[str, list[str]]:
    """Give a name for the machine's device and the lines that describe the machine."""
    info = subprocess.run(
        [sys.executable, "-m", "xgrad", "info"], capture_output=True, text=True, check=True
    ).stdout
    name = platform.machine()
    if device.startswith("cuda"):
        query = "import cupy; print(cupy.cuda.runtime.getDeviceProperties(0)['name'].decode())"
        asked = subprocess.run(
            [sys.executable, "-c", query], capture_output=True, text=True, check=False
        )
        name = asked.stdout.strip() or "no-gpu"
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [f"Revision {revision.stdout.strip() or 'unknown'}.", "", tail(info, 60)]
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), lines


def main() -> int:
    """Run the steps and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--device", default="cuda", help="default: cuda")
    add("--steps", nargs="+", choices=STEPS, default=STEPS, help="default: all")
    add("--quick", action="store_true", help="a little of each step, to see that it runs")
    add("--folder", type=Path, help="for the report (default docs/gpu; elsewhere than on CUDA, "
        "a temporary one)")  # fmt: skip
    arguments = parser.parse_args()
    name, lines = about(arguments.device)
    steps = [globals()[step] for step in arguments.steps]
    found = [d for step in steps for d in step(arguments.device, arguments.quick)]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = [f"# {today}, {arguments.device}, {name}", "", *lines, "", "## Verdicts", ""]
    text += [f"- {d.title}: {d.verdict}" for d in found]
    for d in found:
        command = " ".join(d.command).replace(sys.executable, "python").replace(str(ROOT), ".")
        text += ["", f"## {d.title}", "", f"`{command}`: {d.verdict}", "", d.body]
    folder = arguments.folder
    if folder is None:
        on_gpu = arguments.device.startswith("cuda")
        folder = ROOT / "docs" / "gpu" if on_gpu else Path(tempfile.mkdtemp(prefix="xgrad-gpu-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / f"{today}-{name}.md"
    report.write_text("\n".join(text) + "\n", encoding="utf-8")
    verdicts = {d.title: d.verdict for d in found}
    print(f"\n{json.dumps(verdicts, indent=1)}\nwritten: {report}")
    return int(any(d.status != 0 for d in found))


if __name__ == "__main__":
    sys.exit(main())
