#!/usr/bin/env python
"""Run everything that wants a GPU and write one dated report: what scripts/gpu calls.

Every step is a command that a person can repeat; its verdict, time and last lines go into the report,
whether it succeeds or not, and the report is written anew after each. What tells most for its time comes
first: with `--minutes` no command takes more than its share, and what is left goes to the last step. All
that was printed is in a file beside the report. Exit status 1 if a command fails or is stopped.

    python scripts/gpu_report.py --minutes 9
    python scripts/gpu_report.py --steps check benchmarks"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
STEPS = ("gpu", "check", "benchmarks", "demo", "tests")
# Of the time, for each command of a step.
SHARES = {"gpu": 0.2, "check": 0.12, "benchmarks": 0.3, "demo": 0.06, "tests": 1.0}
SHOWN = 40  # lines of what a command printed
PATIENCE = 10  # seconds between asking a command to end and ending it
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short")


class Done(NamedTuple):
    """What became of a command."""

    title: str
    command: list[str]
    status: int | None  # None where its time was up
    seconds: float
    output: str
    body: str

    @property
    def verdict(self) -> str:
        """Give one word, and how long it took."""
        word = {0: "passed", None: "STOPPED"}.get(self.status, "FAILED")
        return f"{word} {'after' if self.status is None else 'in'} {self.seconds:.0f} s"


class Clock:
    """How long the next command may take, from when it was set."""

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._start = 0.0
        self.share = 1.0

    def set(self, minutes: float | None) -> None:
        """Begin; None for as long as it takes."""
        self._seconds = None if minutes is None else 60 * minutes
        self._start = time.perf_counter()

    def limit(self) -> float | None:
        """Give the seconds, None where there is no limit."""
        if self._seconds is None:
            return None
        left = self._seconds - (time.perf_counter() - self._start)
        return max(0.0, min(left, self.share * self._seconds))


CLOCK = Clock()


def run(title: str, command: list[str], **environment: str) -> Done:
    """Run a command from the top of the checkout and show what it prints as it comes."""
    limit = CLOCK.limit()
    print(f"\n=== {title}: {' '.join(command)}", flush=True)
    if limit is not None and limit < 1:
        return Done(title, command, None, 0.0, "the time was up", "")
    start = time.perf_counter()
    lines = []
    with listening():
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TQDM_DISABLE": "1", "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    with started as process:
        # Ctrl-C first, at which pytest tells what failed so far.
        ends = [(limit, signal.SIGINT), (limit and limit + PATIENCE, signal.SIGKILL)]
        timers = [threading.Timer(s, end, (process, sign)) for s, sign in ends if s is not None]
        for timer in timers:
            timer.start()
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
        process.wait()
        for timer in timers:
            timer.cancel()
    seconds = time.perf_counter() - start
    stopped = limit is not None and seconds >= limit
    status = None if stopped else process.returncode
    return Done(title, command, status, seconds, "\n".join(lines), "")


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Let what is started here hear Ctrl-C, though jobs in the background of a script are made deaf to it."""
    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def end(process: subprocess.Popen[str], sign: signal.Signals) -> None:
    """Send a signal to a command and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, sign)


def gpu(device: str, _quick: bool) -> Iterator[Done]:
    """Run the tests of what only a GPU can show: streams, graphs, memory, cuBLAS, our kernels."""
    done = run("GPU alone", [*PYTEST, "tests/backends/test_cuda.py"], **_devices(device))
    yield done._replace(body=tail(done.output, 3 * SHOWN))


def tests(device: str, quick: bool) -> Iterator[Done]:
    """Run the whole matrix on the device; on CUDA nothing may be skipped for lack of it."""
    chosen = ["tests/ops/test_elementwise.py"] if quick else []
    if device.startswith("cuda"):
        chosen = ["-m", "gpu", "--no-showlocals", *chosen]
        cores = os.cpu_count() or 1
        if cores > 4 and importlib.util.find_spec("xdist"):  # kernels are compiled side by side
            chosen += ["-n", str(min(8, cores // 2))]
    done = run("Tests", [*PYTEST, *chosen], **_devices(device))
    yield done._replace(body=tail(done.output, 3 * SHOWN))


def _devices(device: str) -> dict[str, str]:
    """Give the environment in which tests choose the device, and CUDA is not just skipped."""
    short = device.split(":", maxsplit=1)[0]
    required = {"XGRAD_REQUIRE_GPU": "1"} if short == "cuda" else {}
    return {"XGRAD_TEST_DEVICES": short, **required}


def check(device: str, quick: bool) -> Iterator[Done]:
    """Compare every instruction with differences, and its values with NumPy's."""
    command = [sys.executable, "-m", "xgrad", "check", "--device", device]
    for dtype in ("float32", "float64"):
        names = ["add", "matmul", "tanh"] if quick else []
        done = run(f"xgrad check, {dtype}", [*command, "--dtype", dtype, *names])
        yield done._replace(body=tail(done.output, 400))


def demo(device: str, quick: bool) -> Iterator[Done]:
    """Train the demo on the device and on the CPU, and compare."""
    epochs = ["--epochs", "2"] if quick else []
    accuracies = []
    with tempfile.TemporaryDirectory() as folder:
        for place in dict.fromkeys((device, "cpu")):
            log = Path(folder) / place.replace(":", "-")
            command = [sys.executable, "-m", "xgrad", "demo", "--device", place, *epochs]
            done = run(f"Demo on {place}", [*command, "--logdir", str(log)])
            accuracy = re.search(r"test accuracy ([\d.]+)%", done.output)
            accuracies.append(f"{place} {accuracy.group(1) if accuracy else 'unknown'} %")
            body = tail(done.output, SHOWN if done.status else 4)
            yield done._replace(body=f"{body}\n\naccuracies: {', '.join(accuracies)}")


def benchmarks(device: str, quick: bool) -> Iterator[Done]:
    """Run benchmarks/gpu.py; its tables are the report's."""
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "gpu.md"
        command = [sys.executable, "benchmarks/gpu.py", "--device", device]
        options = ["--quick"] if quick else []
        done = run("Benchmarks", [*command, *options, "--markdown", str(tables)])
        text = tables.read_text() if tables.exists() else ""
        if done.status != 0:
            text += f"\n{tail(done.output, SHOWN)}"
    yield done._replace(body=text)


def tail(text: str, count: int) -> str:
    """Give the last lines as a block."""
    return "```text\n" + "\n".join(text.splitlines()[-count:]) + "\n```"


def about(device: str) -> tuple[str, list[str]]:
    """Give a name for the machine's device and the lines that describe the machine."""
    info = _printed(sys.executable, "-m", "xgrad", "info")
    name = platform.machine()
    if device.startswith("cuda"):
        query = "import cupy; print(cupy.cuda.runtime.getDeviceProperties(0)['name'].decode())"
        name = _printed(sys.executable, "-c", query) or "no-gpu"
    revision = _printed("git", "rev-parse", "HEAD") or "unknown"
    lines = [f"Revision {revision}.", "", tail(info, 60)]
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), lines


def _printed(*command: str) -> str:
    """Give what a command prints, nothing where there is no such command."""
    try:
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip()


def report(heading: str, lines: list[str], found: list[Done]) -> str:
    """Give the text of the report on what was done so far."""
    text = [heading, "", *lines, "", "## Verdicts", ""]
    text += [f"- {d.title}: {d.verdict}" for d in found]
    for d in found:
        command = " ".join(d.command).replace(sys.executable, "python").replace(str(ROOT), ".")
        text += ["", f"## {d.title}", "", f"`{command}`: {d.verdict}", "", d.body]
    return "\n".join(text) + "\n"


def main() -> int:
    """Run the steps and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--device", default="cuda", help="default: cuda")
    add("--steps", nargs="+", choices=STEPS, default=STEPS, help="default: all")
    add("--minutes", type=float, help="for everything (default: as long as it takes)")
    add("--quick", action="store_true", help="a little of each step, to see that it runs")
    add("--folder", type=Path, help="for the report (default docs/gpu; elsewhere than on CUDA, "
        "a temporary one)")  # fmt: skip
    arguments = parser.parse_args()
    CLOCK.set(arguments.minutes)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    name, lines = about(arguments.device)
    folder = arguments.folder
    if folder is None:
        on_gpu = arguments.device.startswith("cuda")
        folder = ROOT / "docs" / "gpu" if on_gpu else Path(tempfile.mkdtemp(prefix="xgrad-gpu-"))
    folder.mkdir(parents=True, exist_ok=True)
    file, log = (folder / f"{today}-{name}.{ending}" for ending in ("md", "log"))
    log.write_text("", encoding="utf-8")
    found: list[Done] = []
    for step in arguments.steps:
        CLOCK.share = SHARES[step]
        for done in globals()[step](arguments.device, arguments.quick):
            found.append(done)
            heading = f"# {today}, {arguments.device}, {name}"
            file.write_text(report(heading, lines, found), encoding="utf-8")
            with log.open("a", encoding="utf-8") as all_lines:
                all_lines.write(f"=== {done.title}: {done.verdict}\n{done.output}\n")
    verdicts = {d.title: d.verdict for d in found}
    print(f"\n{json.dumps(verdicts, indent=1)}\nwritten: {file}")
    return int(any(d.status != 0 for d in found))


if __name__ == "__main__":
    sys.exit(main())
