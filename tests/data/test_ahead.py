"""Values made ahead of time are those that would be made in time, and errors and ends arrive."""

from __future__ import annotations

import threading

import pytest

from xgrad.data.ahead import Ahead


def following(place):
    return place + 1 if place < 5 else None


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("xgrad-data")]


@pytest.mark.parametrize("depth", [0, 1, 3, 9])
def test_values_come_in_order(depth):
    with Ahead(lambda place: place * 10, following, depth) as ahead:
        assert [ahead.value(place) for place in range(6)] == [0, 10, 20, 30, 40, 50]


def test_the_next_ones_are_made_before_they_are_asked_for():
    made, third = [], threading.Event()

    def make(place):
        made.append(place)
        if place == 2:
            third.set()
        return place

    with Ahead(make, following, 2) as ahead:
        ahead.value(0)
        assert third.wait(10)
    assert made == [0, 1, 2]


def test_another_place_than_the_next_one_is_found():
    with Ahead(lambda place: place, following, 2) as ahead:
        assert [ahead.value(place) for place in (0, 4, 5, 1, 1)] == [0, 4, 5, 1, 1]


@pytest.mark.parametrize("depth", [0, 2])
def test_errors_arrive_where_the_value_is_asked_for(depth):
    def make(place):
        if place == 2:
            raise ValueError("place 2")
        return place

    with Ahead(make, following, depth) as ahead:
        assert [ahead.value(0), ahead.value(1)] == [0, 1]
        with pytest.raises(ValueError, match="place 2"):
            ahead.value(2)


def test_the_thread_ends_with_the_block():
    with Ahead(lambda place: place, following, 2) as ahead:
        ahead.value(0)
        assert len(threads()) == 1
    assert threads() == []
