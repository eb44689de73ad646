"""Pages of docs/ that are sessions: their examples run and print what they show."""

import doctest
import re
from pathlib import Path

import pytest

import xgrad as xg

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    "coming-from-tensorflow.md",
    "function.md",
    "nn.md",
    "pictures.md",
    "saving.md",
    "transforms.md",
]


@pytest.mark.parametrize("name", PAGES)
def test_session_prints_what_it_shows(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    report = []
    runner = doctest.DocTestRunner()
    names = {}
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, names, name, name, 0)
        test.globs = names  # blocks go on where the last one ended
        runner.run(test, out=report.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


@pytest.mark.parametrize("name", PAGES)
def test_names_of_xgrad_that_are_mentioned_exist(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    for dotted in set(re.findall(r"\bxg\.([A-Za-z_][\w.]*)", text)):
        found = xg
        for part in dotted.rstrip(".").split("."):
            found = getattr(found, part)


@pytest.mark.parametrize("name", PAGES)
def test_files_that_are_named_exist(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DOCS / target).exists(), target
