"""Every numbered case of tensorflow-reference.md, section 2, has a test of its name.

Sections whose cases have no numbers there are numbered here, in their order, by the file that tests
them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

# Section of the page, the files with its tests, the letter and the number of its cases.
SECTIONS = [
    ("2.1 None versus zero", "interpreters/test_tape_*.py", "N", 23),
    ("2.2 bad arguments", "interpreters/test_tape_*.py", "B", 8),
    ("2.3 tape life cycle", "interpreters/test_tape_*.py", "L", 16),
    ("2.4 watching and variables", "interpreters/test_tape_*.py", "V", 17),
    ("2.5 targets and sources", "interpreters/test_tape_*.py", "T", 6),
    ("2.5 output_gradients", "interpreters/test_tape_*.py", "O", 7),
    ("2.6 complex", "interpreters/test_tape_complex.py", "C", 14),
    ("2.8 sparse gradients", "**/*.py", "S", 10),
    ("2.10 custom_gradient", "transforms/test_custom_gradient.py", "C", 9),
    ("2.10 recompute_grad", "transforms/test_recompute.py", "R", 3),
    ("2.10 grad_pass_through", "transforms/test_pass_through.py", "P", 1),
    ("2.12 clipping", "transforms/test_clipping.py", "K", 17),
]

CASES = [
    pytest.param(files, f"{letter}{i}", id=f"{title}: {letter}{i}")
    for title, files, letter, count in SECTIONS
    for i in range(1, count + 1)
]


def covered(files):
    """The case ids in the names of test functions: ``test_n1_...``, ``test_c2_c3_...``."""
    found = set()
    for file in TESTS.glob(files):
        for name in re.findall(r"^def test_(\w+)\(", file.read_text(), re.MULTILINE):
            found.update(re.findall(r"(?:^|(?<=_))([a-z]\d+)(?=_)", name))
    return found


@pytest.mark.parametrize(("files", "case"), CASES)
def test_case_has_a_test(files, case):
    assert case.lower() in covered(files)
