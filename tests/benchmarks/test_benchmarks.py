"""Every file of benchmarks/ runs to its end, on small arrays and without the libraries it compares with."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
OPTIONS = {
    "adam": ["--quick", "--peers"],
    "alone": ["--quick", "--peers", "--workloads", "wave-1m"],
    "busy": ["--quick", "--peers"],
    "compiled": ["--quick", "--peers", "--workloads", "chain", "rnn"],
    "digits": ["--quick", "--peers"],
    "eager": ["--quick", "--peers"],
    "import_time": ["--quick", "--peers"],
    "nn": ["--quick", "--peers"],
    "optimizer_accuracy": ["--quick", "--peers"],
    "replay": ["--quick", "--workloads", "chain", "hvp", "training"],
    "scaling": ["--quick", "--peers", "--part", "time"],
    "second_order": ["--quick", "--peers"],
    "seeing": ["--quick"],
    "small": ["--quick"],
    "ufuncs": [],
    "suite": ["--quick", "--peers"],
}
NUMBA = {"xgrad.function+numba"}  # where it is installed, but for optimizers
ELSEWHERE = {"gpu"}  # tests/scripts/test_gpu_report.py runs it


def run(name, *options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, f"benchmarks/{name}.py", *options],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_no_benchmark_is_forgotten():
    assert {p.stem for p in BENCHMARKS.glob("[!_]*.py")} == OPTIONS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - {"suite"}))
def test_a_benchmark_runs_without_peers(name):
    if name == "digits":
        pytest.importorskip("sklearn")
    if name == "small":
        pytest.importorskip("numba")
    if name == "ufuncs":
        pytest.importorskip("scipy")
    done = run(name, *OPTIONS[name])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_bound_counts_what_variables_held_before(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    recorded = importlib.import_module("_recorded")
    v = xg.Variable(np.ones((100, 100)))
    step = xg.function(lambda x: v.assign_sub(xg.exp(x)))
    step(xg.ones((100, 100)))
    program = step._last().program
    assert recorded.liveness_bound(program) == 2 * v.array.nbytes


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    done = run("suite", *OPTIONS["suite"], "--json", str(folder / "suite.json"))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return folder / "suite.json"


def test_the_suite_measures_every_workload(measured):
    found = json.loads(measured.read_text())["results"]
    assert len(found) >= 14 + 5 + 3
    for result in found.values():
        assert set(result["us"]) - NUMBA == {"numpy by hand", "xgrad", "xgrad.function"}
        assert result["left_out"].keys() <= NUMBA
        assert result["over"]["xgrad.function"]["xgrad"]["median"] > 0
        assert result["memory"]["peak"] > 0
        assert result["recording"]["over_eager"] > 0
        assert result["recording"]["second_call"] > 0


def test_the_suite_draws_and_writes_what_was_measured(measured, tmp_path):
    pytest.importorskip("matplotlib")
    report, picture = tmp_path / "suite.md", tmp_path / "suite.png"
    report.write_text(
        "before\n<!-- measured: written by benchmarks/suite.py --report -->\nold\n<!-- end -->\nafter\n"
    )
    options = ["--from", str(measured), "--plot", str(picture), "--report", str(report)]
    done = run("suite", *options)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = report.read_text()
    assert text.startswith("before\n<!-- measured")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert "geometric mean" in text


def test_a_library_that_disagrees_is_an_error():
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); import dataclasses, _contest, workloads\n"
        "w = workloads.make('chain', tiny=True)\n"
        "from peers import load_peers\n"
        "w = dataclasses.replace(w, loss=lambda ops, constants, x: ops.sum(x * 1.0))\n"
        "_contest.enter(w, load_peers(['xgrad'], 1))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "chain is not timed, the libraries disagree. xgrad: off by" in done.stderr
