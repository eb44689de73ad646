"""Where in memory values stay, whose first and last use are known before anything runs.

Those that are needed at the same time must not overlap; all others may. Large ones choose first, each
the lowest place that is free while it stays, which comes close to the most bytes needed at any time
(Y. Pisarchyk and J. Lee, Efficient memory management for deep neural net inference, 2020)."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ALIGNED", "Place", "Room", "Stay", "arrange"]

ALIGNED = 64  # bytes: a line of the cache
_LEAST = 1 << 10  # bytes of what may choose
_MANY = 256  # stays that may choose; the others queue up by size, which is quicker
# If so few leave more than so much of so many bytes unused, others may choose before larger ones, by chance.
_FEW, _SPARE, _FEW_BYTES = 128, 1.02, 1 << 18
_TRIES, _SPREAD = 12, 0.6
_LEAST_GUEST = 1 << 14  # bytes of what is worth a place in other memory than the arena's


class Stay(NamedTuple):
    """Bytes that are needed from one instruction to another, both included."""

    size: int
    first: int
    last: int
    may_be_guest: bool = True


class Room(NamedTuple):
    """Memory that is there anyway, and free until an instruction."""

    size: int
    until: int


class Place(NamedTuple):
    """In which room, or in the arena, and at what byte."""

    room: int | None
    start: int


Taken = list[tuple[int, int, int, int]]  # first and last use, first byte and the one behind


def arrange(stays: Sequence[Stay], rooms: Sequence[Room] = ()) -> tuple[list[Place], int]:
    """The places of stays, and the bytes of the arena."""
    best = _arranged(stays, rooms, [stay.size for stay in stays])
    if len(stays) > _FEW or best[1] < _FEW_BYTES:
        return best
    enough = _SPARE * _most_needed(stays, best)
    chance = random.Random(0)  # the same in every run
    for _ in range(_TRIES):
        if best[1] <= enough:
            break
        weights = [stay.size * (1 + _SPREAD * chance.random()) for stay in stays]
        best = min(best, _arranged(stays, rooms, weights), key=lambda found: found[1])
    return best


def _arranged(
    stays: Sequence[Stay], rooms: Sequence[Room], weights: Sequence[float]
) -> tuple[list[Place], int]:
    """The same, if those choose first that weigh most."""
    order = [i for i, stay in enumerate(stays) if stay.size >= _LEAST]
    order.sort(key=lambda i: -weights[i])
    order += [i for i, stay in enumerate(stays) if stay.size < _LEAST]
    choosing = min(_MANY, sum(stay.size >= _LEAST for stay in stays))
    places: dict[int, Place] = {}
    arena: Taken = []
    taken: list[Taken] = [[] for _ in rooms]
    total = 0
    for i in order[:choosing]:
        stay = stays[i]
        size = _aligned(stay.size)
        start = _lowest(arena, stay, size)
        if start + size > total:
            room = _guest_of(rooms, taken, stay)
            if room is not None:
                places[i] = room
                continue
        total = max(total, start + size)
        arena.append((stay.first, stay.last, start, start + size))
        places[i] = Place(None, start)
    total = _queue({i: stays[i] for i in sorted(order[choosing:])}, places, total)
    return [places[i] for i in range(len(stays))], total


def _most_needed(stays: Sequence[Stay], found: tuple[list[Place], int]) -> int:
    """The most bytes that are needed at any time, of those that are no guests."""
    here = [stay for stay, place in zip(stays, found[0], strict=True) if place.room is None]
    return max(
        sum(_aligned(s.size) for s in here if s.first <= stay.first <= s.last) for stay in here
    )


def _aligned(size: int) -> int:
    return max(-(-size // ALIGNED), 1) * ALIGNED


def _lowest(taken: Taken, stay: Stay, size: int) -> int:
    """The lowest byte behind which so many are free while something stays."""
    first, last = stay.first, stay.last
    others = [(start, stop) for f, n, start, stop in taken if f <= last and n >= first]
    others.sort()
    found = 0
    for start, stop in others:
        if start - found >= size:
            break
        found = max(found, stop)
    return found


def _guest_of(rooms: Sequence[Room], taken: list[Taken], stay: Stay) -> Place | None:
    """A place in the smallest room that has one."""
    if not stay.may_be_guest or stay.size < _LEAST_GUEST:
        return None
    size = _aligned(stay.size)
    for number in sorted(range(len(rooms)), key=lambda i: rooms[i].size):
        room = rooms[number]
        if stay.last >= room.until or stay.size > room.size:
            continue
        start = _lowest(taken[number], stay, size)
        if start + stay.size <= room.size:
            taken[number].append((stay.first, stay.last, start, start + size))
            return Place(number, start)
    return None


def _queue(stays: dict[int, Stay], places: dict[int, Place], total: int) -> int:
    """Give each the memory of a former one of its size that is over, or new one; the bytes."""
    leaving: dict[int, list[tuple[int, int]]] = {}  # last uses and first bytes, by size
    for i in sorted(stays, key=lambda i: stays[i].first):
        stay = stays[i]
        size = _aligned(stay.size)
        queue = leaving.setdefault(size, [])
        if queue and queue[0][0] < stay.first:
            start = heapq.heappop(queue)[1]
        else:
            start, total = total, total + size
        heapq.heappush(queue, (stay.last, start))
        places[i] = Place(None, start)
    return total
