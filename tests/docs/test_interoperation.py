"""docs/interoperation.md: its examples run, those with SciPy in a process of their own."""

import doctest
import os
import pathlib
import re
import subprocess
import sys

import pytest

PATH = pathlib.Path(__file__).parents[2] / "docs" / "interoperation.md"
TEXT = PATH.read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_session_prints_what_it_shows():
    report = []
    runner = doctest.DocTestRunner()
    for block in blocks("pycon"):
        test = doctest.DocTestParser().get_doctest(block, {}, PATH.name, str(PATH), 0)
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_script_prints_what_it_shows():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    (code,) = blocks("python")
    source = str(pathlib.Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    shown = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert done.stdout.splitlines() == shown, done.stderr
