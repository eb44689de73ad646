"""docs/why-none.md: every program prints exactly what stands below it."""

import contextlib
import io
import linecache
import re
import warnings
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "why-none.md"
NAME = "train.py"  # what the programs of the page are called in their own output
BLOCKS = re.compile(
    r"^#{2,3} (?P<title>.+?)$|^```python\n(?P<python>.*?)^```$|^```text\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def programs():
    """Title, code and output of every program on the page."""
    title = code = ""
    for block in BLOCKS.finditer(PAGE.read_text(encoding="utf-8")):
        title = block["title"] or title
        if block["text"] is not None:
            yield title, code, block["text"]
        code = block["python"] or ""


PROGRAMS = list(programs())
CAUSES = [p for p in PROGRAMS if p[0][0].isdigit()]


def run(program):
    """What a program prints, as a file of its own would."""
    lines = program.splitlines(keepends=True)
    linecache.cache[NAME] = (len(program), None, lines, NAME)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            exec(compile(program, NAME, "exec"), {"__name__": "__main__"})
    finally:
        del linecache.cache[NAME]
    return printed.getvalue()


@pytest.mark.parametrize(
    ("program", "printed"), [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS]
)
def test_program_prints_what_the_page_shows(program, printed):
    assert run(program) == printed


def test_every_cause_and_every_program_is_run():
    text = PAGE.read_text(encoding="utf-8")
    assert len(PROGRAMS) == text.count("```python")
    assert [title.split(".")[0] for title, _, _ in CAUSES] == [str(n) for n in range(1, 13)]


@pytest.mark.parametrize("printed", [p[2] for p in CAUSES], ids=[p[0] for p in CAUSES])
def test_each_cause_names_a_line(printed):
    for line in printed.splitlines()[::2]:
        assert re.search(r" at train\.py:\d+ \(\S", line)
