"""Every numbered case of tensorflow-reference.md, sections 2.1 to 2.6, has a test of its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SECTIONS = {"N": 23, "B": 8, "L": 16, "V": 17, "T": 6, "O": 7, "C": 14}

CASES = [f"{section}{i}" for section, count in SECTIONS.items() for i in range(1, count + 1)]


@pytest.fixture(scope="module")
def covered():
    """The case ids in the names of test functions: ``test_n1_...``, ``test_c2_c3_...``."""
    found = set()
    for file in Path(__file__).parent.glob("test_tape_*.py"):
        for name in re.findall(r"^def test_(\w+)\(", file.read_text(), re.MULTILINE):
            found.update(re.findall(r"(?:^|(?<=_))([nblvtoc]\d+)(?=_)", name))
    return found


@pytest.mark.parametrize("case", CASES)
def test_case_has_a_test(case, covered):
    assert case.lower() in covered
