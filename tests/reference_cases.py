"""Which case of TensorFlow's behaviour is tested where: reads reference_cases.toml, and the tests.

    python tests/reference_cases.py        # writes docs/reference-cases.md

A case is covered by tests that have its number in their names, or that the list names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
LIST = TESTS / "reference_cases.toml"
PAGE = TESTS.parent / "docs" / "reference-cases.md"
LABELS = ("same", "better", "decided")

HEAD = """\
# TensorFlow's behaviour, case by case

What TensorFlow's gradient API does at its edges, what xgrad does there, and the tests that say so. *Same* is what TensorFlow does,
*better* what it should do, *decided* a convention of ours. Numbers are those of the test names.

This page is written by `python tests/reference_cases.py` from `tests/reference_cases.toml` and the tests; a test fails where it is not
up to date, or where a section that is declared complete has a case without a test.
"""


class Case(NamedTuple):
    """One line of the list.

    Attributes
    ----------
    number, label, text : str
    named : list of str
        Tests that the list names, as ``file::name``, relative to the folder of tests.
    numbered : list of str
        Files with tests that have the number in their names.
    """

    number: str
    label: str
    text: str
    named: list[str]
    numbered: list[str]


class Section(NamedTuple):
    """One section of the reference."""

    name: str
    title: str
    complete: bool
    cases: list[Case]


def names_in(path):
    """The test functions of a file."""
    return re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)


def sections():
    """The list, with the tests of every case."""
    found = []
    for section in tomllib.loads(LIST.read_text(encoding="utf-8"))["sections"]:
        files = {}
        for pattern in section.get("files", ()):
            for path in sorted(TESTS.glob(pattern)):
                for name in names_in(path):
                    for number in re.findall(r"_([a-z]\d+)(?=_)", name):
                        files.setdefault(number.upper(), {})[path.relative_to(TESTS).as_posix()] = 1
        named = section.get("tests", {})
        cases = []
        for number, line in section["cases"].items():
            label, _, text = line.partition(": ")
            numbered = list(files.get(number, ()))
            cases.append(Case(number, label, text, named.get(number, []), numbered))
        found.append(Section(section["name"], section["title"], section["complete"], cases))
    return found


def page():
    """The page, as text."""
    found = sections()
    cases = [case for section in found for case in section.cases]
    covered = sum(bool(case.named or case.numbered) for case in cases)
    lines = [HEAD, f"{covered} of {len(cases)} cases are tested.", ""]
    for section in found:
        state = "" if section.complete else " (not complete)"
        lines += [f"## {section.name.split()[0]} {section.title}{state}", ""]
        lines += ["| | | what | tests |", "| --- | --- | --- | --- |"]
        for case in section.cases:
            lines.append(f"| {case.number} | {case.label} | {case.text} | {shown(case)} |")
        lines.append("")
    return "\n".join(lines)


def shown(case):
    """The tests of a case as links to their files; those with its number as a pattern."""
    links = [
        f"`{case.number.lower()}` in [{Path(file).stem}](../tests/{file})" for file in case.numbered
    ]
    for test in case.named:
        file, _, name = test.partition("::")
        links.append(f"[{name}](../tests/{file})")
    return "<br>".join(links) or "none yet"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
