"""What is left out of the official suite has a reason and a link, and nothing is listed twice."""

import tomllib
from pathlib import Path

import pytest

GROUPS = tomllib.loads((Path(__file__).parent / "skips.toml").read_text())["group"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["link"])
def test_every_group_has_a_reason_and_a_link(group):
    assert len(group["reason"]) > 20
    assert group["link"].startswith("https://github.com/")
    assert set(group) <= {"namespace", "since", "reason", "link", "tests"}


def test_no_test_is_left_out_twice():
    tests = [test for group in GROUPS for test in group["tests"]]
    assert len(tests) == len(set(tests))


def test_what_is_left_out_is_named_one_by_one():
    tests = [test for group in GROUPS for test in group["tests"]]
    assert all(test.startswith("array_api_tests/test_") and "::test_" in test for test in tests)
