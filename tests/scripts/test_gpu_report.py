"""scripts/gpu_report.py and benchmarks/gpu.py without a GPU: a rehearsal that everything runs."""

import json
import os
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


@pytest.mark.parametrize("step", ["check", "benchmarks"])
def test_a_failure_is_reported_and_returned(tmp_path, step):
    options = ["--device", "nowhere", "--quick", "--steps", step, "--folder", tmp_path]
    done = run("scripts/gpu_report.py", *options)
    assert done.returncode == 1
    (report,) = tmp_path.glob("*.md")
    assert "FAILED" in report.read_text()
    assert "there is no device 'nowhere'" in report.read_text()
