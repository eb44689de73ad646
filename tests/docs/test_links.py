"""Files that pages link to exist, every page is in the index, and decisions have numbers of their own."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
INSTALL = re.compile(r"\"\.\[([\w,]+)\]")
DECISIONS = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    targets = [t for t in LINK.findall(text) if "://" not in t and not t.startswith("mailto:")]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_extras_are_those_of_a_checkout():
    """xgrad is on no index, so nothing says `pip install xgrad[...]`."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    files = [*PAGES, *(ROOT / "src").rglob("*.py")]
    named = {path: INSTALL.findall(path.read_text(encoding="utf-8")) for path in files}
    wrong = {
        path.name: found
        for path, found in named.items()
        if [x for x in found if not {*x.split(",")} <= {*extras["optional-dependencies"]}]
    }
    assert wrong == {}
    assert {extra for found in named.values() for x in found for extra in x.split(",")} >= {
        *("bfloat16", "cuda12", "cuda13", "demo", "jit", "special", "tensorboard", "viz")
    }
    assert [path.name for path in files if "xgrad[" in path.read_text(encoding="utf-8")] == []


def test_every_page_is_in_the_index():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.name for path in DOCS.glob("*.md")} - {"index.md"}
    assert {name for name in pages if f"({name})" not in index} == set()


def test_decisions_have_numbers_of_their_own():
    numbers = Counter(path.name[:4] for path in DECISIONS)
    assert [number for number, count in numbers.items() if count > 1] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_headed_by_its_number(path):
    assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. ")
