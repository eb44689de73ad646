"""What recording and replaying cost beside time: the first call, and bytes.

numpy reports its buffers to tracemalloc, so bytes are exact counts. Libraries with allocators of
their own keep memory between steps and tell nobody how much of it is in use: they are left out."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
from _timing import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peers import Peer
    from workloads import Bound, Workload

RECORDINGS = 5
VIEWS = ("broadcast_to", "expand_dims", "flip", "matrix_transpose", "permute_dims", "reshape")


def recording_cost(workload: Workload, function: Peer, eager: Peer) -> dict[str, Any]:
    """Time fresh recordings in turns with eager steps, which are warm; some of each.

    `seconds` is what the first call takes, `second_call` the one after it, which prepares the program."""
    step = workload.bind(eager).call
    step()
    recordings, preparations, steps = [], [], []
    for _ in range(RECORDINGS):
        call = workload.bind(function).call
        start = time.perf_counter()
        call()
        recorded = time.perf_counter()
        call()
        prepared = time.perf_counter()
        step()
        steps.append(time.perf_counter() - prepared)
        preparations.append(prepared - recorded)
        recordings.append(recorded - start)
    seconds, eager_step = Spread.of(recordings).median, Spread.of(steps).median
    return {
        "seconds": seconds,
        "over_eager": seconds / eager_step,
        "second_call": Spread.of(preparations).median,
    }


def peak_bytes(bound: Bound) -> int:
    """Bytes that a warm step holds at its peak beyond what it began with, its results included."""
    bound.call()
    gc.collect()
    tracemalloc.start()
    try:
        result = bound.call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del result
    return peak


def replay_bytes(workload: Workload, function: Peer) -> dict[str, int]:
    """Count what a recorded step holds at its peak, and what a replay allocates.

    `peak` are numpy's arrays made since before the recording: the arena, memory of blocks, results
    and what variables were given; and whatever a replay adds for a while. `program` is everything
    else, such as the program's own objects. `replay` is what a call allocates beyond its results,
    while all former ones are held, so that their memory cannot be taken again.
    """
    from peers.of_xgrad import latest_function

    bound = workload.bind(function)
    recorded = latest_function()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):
            bound.call()
        held, others = held_by_arrays()
        adds = added_by(bound)
        kept = [bound.call() for _ in range(3)]
        allocates = added_by(bound)
    finally:
        tracemalloc.stop()
    del kept
    statistics, program = recorded.stats(), recorded._last().program
    results = sum(program.bytes_of(n) for n in set(program.results))
    return {
        "peak": held + adds,
        "program": others,
        "results": results,
        "replay": max(allocates - results, 0),
        "arena": statistics.arena_bytes,
        "values": statistics.value_bytes,
        "bound": liveness_bound(program) + made_of_others(recorded._last()),
    }


def held_by_arrays() -> tuple[int, int]:
    """Count the bytes of numpy's arrays that are traced now, and those of everything else."""
    gc.collect()
    total = tracemalloc.get_traced_memory()[0]
    only = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    traces = tracemalloc.take_snapshot().filter_traces([only]).traces
    arrays = sum(trace.size for trace in traces)
    return arrays, total - arrays


def added_by(bound: Bound) -> int:
    """Count the bytes at the peak of a call beyond what was held before."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    bound.call()
    return tracemalloc.get_traced_memory()[1] - before


def liveness_bound(program: Any) -> int:
    """Count the most bytes of values that somebody still needs, at any instruction.

    Views have no bytes. An elementwise result may take the place of an operand that is needed for
    the last time. Arguments, variables and constants are not the program's; but what variables held
    before a step gave them something new is needed until the step has ended, because one that fails
    leaves them as they were, and `peak` counts it.
    """
    roots: dict[int, int] = {}
    last: dict[int, int] = {}
    instructions = program.instructions
    for place, instruction in enumerate(instructions):
        for number in instruction.results:
            view = instruction.primitive.name in VIEWS and instruction.reads()
            root = instruction.reads()[0] if view else number
            roots[number] = roots.get(root, root)
        for number in (*instruction.results, *instruction.reads()):
            last[roots.get(number, number)] = place
    for number in program.outputs():
        last[roots.get(number, number)] = len(instructions)
    given = {*program.inputs(), *program.constants}
    former = sum(program.bytes_of(n) for _, n in program.writes if n not in given)
    live: set[int] = set()
    most = 0
    for place, instruction in enumerate(instructions):
        made = {roots[n] for n in instruction.results}
        dying = {n for n in live if last[n] <= place}
        in_place = is_elementwise(instruction)
        held = (live - dying if in_place else live) | made
        most = max(most, sum(program.bytes_of(n) for n in held - given))
        live = {n for n in live | made if last[n] > place} - given
    return most + former


def made_of_others(compiled: Any) -> int:
    """Count the bytes of constants that were computed while recording: the program's as long as it lives."""
    found = compiled.program.constants.items()
    made = [a for n, a in found if n not in compiled.recorded.constants]
    return sum(array.nbytes for array in made if array.flags.owndata)


def is_elementwise(instruction: Any) -> bool:
    """Whether every element of a result is made of those at its place."""
    from xgrad.backends.numpy_kernels import ufunc_of

    name = instruction.primitive.name
    return name in ("where", "zero_where_zero") or bool(ufunc_of(name, instruction.parameters))


def all_bytes(
    workload: Workload, contenders: Mapping[str, Bound], peers: Mapping[str, Peer]
) -> dict[str, int]:
    """Count the peak of a step of every contender whose arrays are numpy's."""
    return {
        name: peak_bytes(bound)
        for name, bound in contenders.items()
        if name not in peers or peers[name].traces_memory
    }
