"""docs/support.md is what the registry says today, and the examples of docs/special-points.md run."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_support_table_is_up_to_date():
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    command = [sys.executable, str(ROOT / "scripts" / "support_table.py"), "--check"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr or "run scripts/support_table.py"


def test_examples_of_special_points_run():
    page = ROOT / "docs" / "special-points.md"
    failed, count = doctest.testfile(str(page), module_relative=False)
    assert count > 20
    assert failed == 0
