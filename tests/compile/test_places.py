"""Places in memory: nothing that is needed at the same time overlaps, and little is left between."""

import itertools

import numpy as np
import pytest

from xgrad.compile import places
from xgrad.compile.places import Room, Stay, arrange


def random_stays(rng, count=200, length=60):
    firsts = rng.integers(0, length, count)
    lasts = np.minimum(firsts + rng.integers(0, 12, count), length)
    sizes = 64 * rng.integers(1, 2000, count)
    return [Stay(*map(int, entry)) for entry in zip(sizes, firsts, lasts, strict=True)]


def most_needed(stays):
    places = range(max(s.last for s in stays) + 1)
    return max(sum(s.size for s in stays if s.first <= p <= s.last) for p in places)


def assert_apart(stays, found):
    ends = list(zip(stays, found, strict=True))
    for (s, a), (t, b) in itertools.combinations(ends, 2):
        meet = s.first <= t.last and t.first <= s.last and a.room == b.room
        assert not meet or a.start + s.size <= b.start or b.start + t.size <= a.start


@pytest.mark.parametrize("many", [0, 50, 512])
def test_what_is_needed_at_the_same_time_is_apart(many, rng, monkeypatch):
    monkeypatch.setattr(places, "_MANY", many)
    stays = random_stays(rng)
    found, total = arrange(stays)
    assert_apart(stays, found)
    assert all(
        p.start % 64 == 0 and p.start + s.size <= total for s, p in zip(stays, found, strict=True)
    )


def test_little_more_is_taken_than_is_needed_at_any_time(rng):
    for _ in range(5):
        stays = random_stays(rng)
        assert arrange(stays)[1] <= 1.15 * most_needed(stays)


def test_guests_leave_rooms_in_time(rng):
    stays = random_stays(rng)
    rooms = [Room(300_000, 20), Room(150_000, 45)]
    found, total = arrange(stays, rooms)
    assert_apart(stays, found)
    guests = [(s, p) for s, p in zip(stays, found, strict=True) if p.room is not None]
    assert guests
    assert all(s.last < rooms[p.room].until for s, p in guests)
    assert all(p.start + s.size <= rooms[p.room].size for s, p in guests)
    assert total < arrange(stays)[1]


def test_what_must_stay_in_the_arena_is_no_guest():
    (place,), total = arrange([Stay(1 << 20, 0, 3, False)], [Room(1 << 20, 9)])
    assert place == (None, 0)
    assert total == 1 << 20


def test_nothing_needs_nothing():
    assert arrange([]) == ([], 0)
