"""Who takes part in a workload: every library that gives the right numbers, in reasonable time.

A library without the functions, or with one call that takes too long, is left out, and it is said
why. One that gives other numbers is an error: times of different computations do not compare."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import _timing
import numpy as np
from _names import BY_HAND
from peers import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _timing import Timing
    from peers import Peer
    from workloads import Bound, Workload

LONGEST = 2.0
"""Seconds that one call may take."""


@dataclass
class Contest:
    """The contenders of one workload, what their first calls took, and who is left out."""

    workload: Workload
    contenders: dict[str, Bound] = field(default_factory=dict)
    first_calls: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def race(self, rounds: int, block: float, collect_garbage: bool = True) -> dict[str, Timing]:
        """Time them against each other."""
        calls = {name: bound.call for name, bound in self.contenders.items()}
        return _timing.race(calls, rounds, block, collect_garbage)


def enter(workload: Workload, peers: Mapping[str, Peer], longest: float = LONGEST) -> Contest:
    """Bind a workload to every library and check what comes out.

    Raises
    ------
    SystemExit
        When a library disagrees with the reference.
    """
    contest = Contest(workload)
    right = workload.reference()
    wrong = []
    for name in (BY_HAND, *peers):
        try:
            start = time.perf_counter()  # some compile when they are bound
            bound = workload.by_hand() if name == BY_HAND else workload.bind(peers[name])
            result = bound.call()
            first = time.perf_counter() - start
            for _ in range(workload.repeats - 1):
                result = bound.call()
            found = bound.read(result)
        except Missing as reason:
            contest.left_out[name] = str(reason)
            continue
        except Exception as error:  # noqa: BLE001 (whatever the reason, it is left out)
            message = (str(error).strip() or "no message").splitlines()[0][:120]
            contest.left_out[name] = f"{type(error).__name__}: {message}"
            continue
        if name != BY_HAND and peers[name].widens:
            found = [array.astype(workload.leaves[0].dtype) for array in found]
        if complaint := complain(workload, found, right):
            wrong.append(f"{name}: {complaint}")
        elif (seconds := seconds_of(bound)) > longest:
            contest.left_out[name] = f"one call takes {_timing.format_seconds(seconds)}"
        else:
            contest.contenders[name] = bound
            contest.first_calls[name] = first
    if wrong:
        sys.exit(f"{workload.name} is not timed, the libraries disagree. " + "; ".join(wrong))
    for name, reason in contest.left_out.items():
        print(f"  left out: {name} ({reason})")
    return contest


def seconds_of(bound: Bound) -> float:
    """Time a call; again when it takes long, because something else may have run."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        bound.call()
        found.append(time.perf_counter() - start)
        if found[-1] < LONGEST:
            break
    return min(found)


def complain(workload: Workload, found: list[np.ndarray], right: list[np.ndarray]) -> str:
    """Say why results cannot be compared with the reference; nothing when they can."""
    dtype = workload.leaves[0].dtype
    for number, (mine, reference) in enumerate(zip(found, right, strict=True)):
        shape = np.shape(reference)
        if mine.shape != shape or mine.dtype != dtype:
            return f"result {number} is {mine.dtype} {mine.shape}, expected {dtype} {shape}"
    deviation = workload.deviation(found, right)
    if not deviation <= workload.limit:
        return f"off by {deviation:.1e} (limit {workload.limit:.0e})"
    return ""
