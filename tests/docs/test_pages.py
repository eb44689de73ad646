"""Pages of docs/ whose programs are run: each prints exactly what stands below it."""

import contextlib
import io
import linecache
import re
import warnings
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("why-none.md", "seeing-and-checking.md")
NAME = "train.py"  # what the programs of the page are called in their own output
BLOCKS = re.compile(
    r"^#{2,3} (?P<title>.+?)$|^```python\n(?P<python>.*?)^```$|^```text\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def programs(page):
    """Title, code and output of every program on a page."""
    title = code = ""
    for block in BLOCKS.finditer((DOCS / page).read_text(encoding="utf-8")):
        title = block["title"] or title
        if block["text"] is not None:
            yield title, code, block["text"]
        code = block["python"] or ""


PROGRAMS = [(page, *program) for page in PAGES for program in programs(page)]
CAUSES = [p[1:] for p in PROGRAMS if p[0] == "why-none.md" and p[1][0].isdigit()]


def run(program):
    """What a program prints, as a file of its own would."""
    lines = program.splitlines(keepends=True)
    linecache.cache[NAME] = (len(program), None, lines, NAME)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(program, NAME, "exec"), {"__name__": "__main__"})
    finally:
        del linecache.cache[NAME]
    return printed.getvalue()


@pytest.mark.parametrize(
    ("program", "printed"),
    [pytest.param(code, text, id=f"{page}: {title}") for page, title, code, text in PROGRAMS],
)
def test_program_prints_what_the_page_shows(program, printed):
    assert run(program) == printed


@pytest.mark.parametrize("page", PAGES)
def test_every_program_is_run(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert sum(p[0] == page for p in PROGRAMS) == text.count("```python") > 5


def test_there_are_twelve_causes():
    assert [title.split(".")[0] for title, _, _ in CAUSES] == [str(n) for n in range(1, 13)]


def test_drawing_of_the_page_is_the_one_that_is_printed():
    text = (DOCS / "seeing-and-checking.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"^```mermaid\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert drawn in [p[3] for p in PROGRAMS]


@pytest.mark.parametrize("printed", [p[2] for p in CAUSES], ids=[p[0] for p in CAUSES])
def test_each_cause_names_a_line(printed):
    for line in printed.splitlines()[::2]:
        assert re.search(r" at train\.py:\d+ \(\S", line)
