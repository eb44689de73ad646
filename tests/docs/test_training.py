"""docs/training.md is a program: it runs, and prints what it shows."""

from __future__ import annotations

import doctest
from pathlib import Path

import xgrad as xg

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def test_page_prints_what_it_shows() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert tried > 40


def test_every_optimizer_and_schedule_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    helpers = {"Optimizer", "schedules", "serialize", "deserialize", "LearningRateSchedule"}
    names = {*xg.optimizers.__all__, *xg.optimizers.schedules.__all__} - helpers
    assert {name for name in names if name not in text} == set()
