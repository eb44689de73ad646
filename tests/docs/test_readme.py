"""README.md is a program: its examples run and print what it shows."""

import doctest
import pathlib
import re

import numpy as np
import pytest

import xgrad as xg

PATH = pathlib.Path(__file__).parents[2] / "README.md"
TEXT = PATH.read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(kind, body, id=f"line_{TEXT[: match.start()].count(chr(10)) + 1}")
    for match in re.finditer(r"^```(pycon|python)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for kind, body in [match.groups()]
]
ON_CPU = [block for block in BLOCKS if "cuda" not in block.values[1]]
ON_CUDA = [block for block in BLOCKS if "cuda" in block.values[1]]


@pytest.mark.parametrize(("kind", "code"), ON_CPU)
def test_block_runs_and_prints_what_it_shows(kind, code, capsys):
    _run(kind, code, capsys)


@pytest.mark.gpu
@pytest.mark.parametrize(("kind", "code"), ON_CUDA)
def test_block_for_cuda_runs_and_prints_what_it_shows(kind, code, capsys):
    _run(kind, code, capsys)


@pytest.mark.parametrize(("kind", "code"), ON_CUDA)
def test_block_for_cuda_runs_on_the_cpu_but_for_the_device(kind, code, capsys):
    _run(kind, code.replace("cuda:0", "cpu").replace("cuda", "cpu"), capsys)


def _run(kind, code, capsys):
    if kind == "pycon":
        test = doctest.DocTestParser().get_doctest(code, {}, "README.md", str(PATH), 0)
        report = []
        runner = doctest.DocTestRunner()
        runner.run(test, out=report.append)
        assert test.examples
        assert runner.summarize(verbose=False).failed == 0, "".join(report)
        return
    names = {"xg": xg, "np": np}
    exec(compile(code, str(PATH), "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    shown = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    for line, comment in zip(printed, shown, strict=True):
        if comment.startswith("close to "):
            expected = [float(n) for n in re.findall(r"-?\d+\.?\d*", comment)]
            found = [float(n) for n in re.findall(r"-?\d+\.?\d*", line)]
            np.testing.assert_allclose(found, expected, atol=0.05)
        else:
            assert line == comment


def test_there_are_examples_of_both_kinds():
    assert {block.values[0] for block in BLOCKS} == {"pycon", "python"}
    assert ON_CUDA


def test_files_that_are_named_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (PATH.parent / target).exists(), target
    for script in re.findall(r"^\./(\S+)", TEXT, re.MULTILINE):
        assert (PATH.parent / script).exists(), script


def test_names_of_xgrad_that_are_mentioned_exist():
    for dotted in set(re.findall(r"\bxg\.([A-Za-z_][\w.]*)", TEXT)):
        found = xg
        for name in dotted.rstrip(".").split("."):
            found = getattr(found, name)
