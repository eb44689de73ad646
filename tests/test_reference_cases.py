"""Every case of TensorFlow's behaviour that is decided about has a test, and a line on its page."""

import pytest
from reference_cases import LABELS, PAGE, TESTS, names_in, page, sections

SECTIONS = sections()
COMPLETE = [
    pytest.param(case, id=f"{section.name} {section.title}: {case.number}")
    for section in SECTIONS
    if section.complete
    for case in section.cases
]
NAMED = sorted({test for section in SECTIONS for case in section.cases for test in case.named})


@pytest.mark.parametrize("case", COMPLETE)
def test_case_of_a_complete_section_has_a_test(case):
    assert case.named or case.numbered


@pytest.mark.parametrize("test", NAMED)
def test_test_that_is_named_exists(test):
    file, _, name = test.partition("::")
    assert name in names_in(TESTS / file)


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/reference_cases.py"


def test_labels_are_those_that_the_page_explains():
    assert {case.label for section in SECTIONS for case in section.cases} == set(LABELS)


def test_numbers_are_used_once_in_a_section_and_run_on():
    for section in SECTIONS:
        for letter in {case.number[0] for case in section.cases}:
            numbers = [int(c.number[1:]) for c in section.cases if c.number[0] == letter]
            assert numbers == list(range(1, len(numbers) + 1)), section.title
