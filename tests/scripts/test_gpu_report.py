"""scripts/gpu_report.py and benchmarks/gpu.py without a GPU: a rehearsal that everything runs."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def run(*command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_benchmark_runs_on_the_cpu(tmp_path):
    file = tmp_path / "gpu.json"
    options = ["--device", "cpu", "--quick", "--peers", "none", "--json", file]
    done = run("benchmarks/gpu.py", *options, "--sections", "host", "bandwidth", "kernels", "adam")
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert found["machine"]["device"] == "cpu"
    assert {row["section"] for row in found["rows"]} == {"host", "bandwidth", "kernels", "adam"}
    assert all(row["value"] > 0 for row in found["rows"])


def test_the_report_says_what_was_run_and_what_came_of_it(tmp_path):
    options = ["--device", "cpu", "--quick", "--steps", "check", "--folder", tmp_path]
    done = run("scripts/gpu_report.py", *options)
    assert done.returncode == 0, done.stderr
    (report,) = tmp_path.glob("*.md")
    text = report.read_text()
    assert "- xgrad check, float64: passed" in text
    assert "3 of 3 instructions are right" in text


@pytest.fixture
def script(monkeypatch):
    """The module, which is none of the package."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("gpu_report")


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["here", "behind"])
def place(request):
    """In the foreground, or in the background of a shell's script, where Ctrl-C is ignored."""
    former = signal.signal(signal.SIGINT, request.param)
    yield
    assert signal.signal(signal.SIGINT, former) is request.param


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("listens", [True, False])
def test_what_takes_longer_than_its_share_is_stopped(listens, script, monkeypatch):
    """By Ctrl-C, after which it may say what it has; then for good."""
    monkeypatch.setattr(script, "CLOCK", script.Clock())
    script.CLOCK.set(1.0)
    script.CLOCK.share = 5 / 60
    monkeypatch.setattr(script, "PATIENCE", 60.0 if listens else 1.0)
    says = "print('the results so far')" if listens else "time.sleep(600)"
    text = f"""
import time
try:
    print("begun")
    time.sleep(600)
except KeyboardInterrupt:
    {says}
"""
    done = script.run("endless", [sys.executable, "-c", text])
    assert done.status is None
    assert done.output.splitlines() == ["begun", *["the results so far"] * listens]


def test_without_time_nothing_is_started(tmp_path):
    options = ["--device", "cpu", "--minutes", "0", "--folder", tmp_path]
    assert run("scripts/gpu_report.py", *options).returncode == 1
    (report,) = tmp_path.glob("*.md")
    assert report.read_text().count("STOPPED after 0 s") == 2 * len(
        ["GPU alone", "float32", "float64", "Benchmarks", "Demo on cpu", "Tests"]
    )


@pytest.mark.parametrize("step", ["check", "benchmarks"])
def test_a_failure_is_reported_and_returned(tmp_path, step):
    options = ["--device", "nowhere", "--quick", "--steps", step, "--folder", tmp_path]
    done = run("scripts/gpu_report.py", *options)
    assert done.returncode == 1
    (report,) = tmp_path.glob("*.md")
    assert "FAILED" in report.read_text()
    assert "there is no device 'nowhere'" in report.read_text()
