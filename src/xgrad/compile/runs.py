"""Which instructions on small arrays run as one function of machine code.

A run is a stretch of the program: instructions on elements, sums, and the views between them. On small
arrays a call of NumPy costs more than its arithmetic, and a run is one call. Functions such as
tanh are slower there than NumPy's vectorised loops, so those of more than a few dozen elements are left
to NumPy and end a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..backends import small
from ..backends.fused import Step
from ..backends.numpy_loops import can_batch
from .fusion import Group, schedule
from .program import Instruction, Literal, Program

__all__ = ["Run", "describe", "with_runs"]

_LARGEST = 1 << 13  # elements of a value
_LONGEST = 400  # instructions; compiling takes a few milliseconds for each

_RUN_ARRAY = 50.0  # nanoseconds that a run costs for each array
_BREAK = 500.0  # what an instruction may cost more in a run, because it would break it in two
# Compiling takes about a second: what runs of one kind have to save in a replay, and all of them of it.
_WORTH, _SHARE = 2500.0, 0.02
_ELEMENT, _PRODUCT = 0.3, 0.1  # and what an element costs, and a product of two in a sum


class _Costs(NamedTuple):
    """Nanoseconds, measured.

    Of a call, by kind of instruction, and for each element that it has to pass on through the cache;
    and of a run, more than the line would cost that stands there else."""

    call: float
    sum_call: float
    move_call: float
    element: float
    run: float


_OF_CALLS = _Costs(300.0, 900.0, 400.0, 0.0, 250.0)
_OF_BATCHES = _Costs(25.0, 40.0, 25.0, 0.08, 1500.0)


class Run(Group):
    """Instructions that run as one function; its sums have buffers, as all its results do."""

    makes_sums = False


def with_runs(
    program: Program, order: list[Instruction | Group], is_watched: bool
) -> list[Instruction | Group]:
    """The same order with runs in it, where they save time.

    `is_watched` says whether guards cost nothing where no run has them."""
    found: list[Any] = []
    saved: dict[Any, float] = {}  # by all runs that are compiled as one
    readers = _readers(program)
    for stretch, item in _stretches(program, order):
        before, members, after = _trimmed(program, stretch, readers)
        gain = _gain(program, members, readers, is_watched)
        if gain > 0.0:
            kind = tuple([_kind(program, i) for i in members])
            saved[kind] = saved.get(kind, 0.0) + gain
            found.append((kind, before, members, after, stretch))
        else:
            found += stretch
        found += [] if item is None else [item]
    saved = {kind: gain for kind, gain in saved.items() if gain >= _WORTH}
    if sum(saved.values()) < _SHARE * _nanoseconds(program):
        return order
    chosen: list[Instruction | Group] = []
    for entry in found:
        if isinstance(entry, (Instruction, Group)):
            chosen.append(entry)
            continue
        kind, before, members, after, stretch = entry
        chosen += [*before, Run((), members), *after] if kind in saved else stretch
    return chosen


def _stretches(
    program: Program, order: list[Instruction | Group]
) -> Iterator[tuple[list[Instruction], Instruction | Group | None]]:
    """Instructions that could be one run, and what comes after them."""
    stretch: list[Instruction] = []
    for item in order:
        fits = isinstance(item, Instruction) and _fits(program, item)
        if fits and len(stretch) == _LONGEST:
            yield stretch, None
            stretch = []
        if fits:
            stretch.append(item)  # type: ignore[arg-type]
        else:
            yield stretch, item
            stretch = []
    yield stretch, None


def _kind(program: Program, instruction: Instruction) -> tuple[Any, ...]:
    """What two instructions share that may be the same machine code."""
    numbers = (*instruction.reads(), *instruction.results)
    return instruction.primitive.name, *[program.specs[n] for n in numbers]


def describe(
    program: Program, run: Run, outputs: list[int], is_flat: Callable[[int], bool]
) -> small.Small:
    """A run for the compiler, with numbers of its own: equal runs are compiled once."""
    names: dict[int, int] = {}
    for number in (*run.reads(), *[n for i in run.members for n in i.results]):
        names.setdefault(number, len(names))
    order = schedule(program.with_instructions(run.members), _is_elementwise, smallest=1)
    loops = [item.members if isinstance(item, Group) else [item] for item in order]
    return small.Small(
        tuple([tuple([_step(i, names) for i in loop]) for loop in loops]),
        {new: tuple(program.specs[old]) for old, new in names.items()},
        tuple([names[n] for n in run.reads()]),
        frozenset(names[n] for n in run.reads() if is_flat(n)),
        tuple([names[n] for n in outputs]),
    )


def _step(instruction: Instruction, names: dict[int, int]) -> Step:
    operands = tuple(
        [(x.value,) if isinstance(x, Literal) else names[x] for x in instruction.operands]
    )
    name = instruction.primitive.name
    return Step(name, operands, instruction.parameters, names[instruction.results[0]])


def _is_elementwise(instruction: Instruction) -> bool:
    name = instruction.primitive.name
    return name != "sum" and name not in small.MOVES


def _fits(program: Program, instruction: Instruction) -> bool:
    """Whether an instruction can be part of a run, and should."""
    if len(instruction.results) != 1:
        return False
    specs = program.specs
    numbers = (*instruction.reads(), *instruction.results)
    if any(not 0 < program.size_of(n) <= _LARGEST for n in numbers):
        return False
    name, parameters = instruction.primitive.name, instruction.parameters
    given: list[Any] = [
        (x.value,) if isinstance(x, Literal) else specs[x].dtype for x in instruction.operands
    ]
    result = specs[instruction.results[0]]
    if not small.can_compile(name, parameters, given, result.dtype):
        return False
    extra = small.extra_nanoseconds(name, parameters, result.dtype)
    return extra * program.size_of(instruction.results[0]) <= _BREAK


def _readers(program: Program) -> dict[int, list[Instruction | None]]:
    """Who reads each value; None for those outside."""
    found: dict[int, list[Instruction | None]] = {n: [None] for n in program.outputs()}
    for instruction in program.instructions:
        for number in instruction.reads():
            found.setdefault(number, []).append(instruction)
    return found


def _trimmed(
    program: Program, stretch: list[Instruction], readers: dict[int, list[Instruction | None]]
) -> tuple[list[Instruction], list[Instruction], list[Instruction]]:
    """Views that come before a run, its members, and views that come after it.

    A view costs nothing where its memory is known before the call; in a run it may need a copy."""
    given = set(program.inputs())
    own: set[Any] = set()
    members, before = [], []
    for instruction in stretch:
        name, number, x = (
            instruction.primitive.name,
            instruction.results[0],
            instruction.operands[0],
        )
        here = x in own or (x in given and _all_in(readers.get(number, []), stretch))
        if name in small.MOVES and not here:
            before.append(instruction)
            given |= {number} if x in given else set()
        else:
            members.append(instruction)
            own.add(number)
    after: list[Instruction] = []
    for instruction in reversed(members):
        name, number = instruction.primitive.name, instruction.results[0]
        if name in small.MOVES and not any(_among(i, members) for i in readers.get(number, [])):
            after.append(instruction)
            members = [i for i in members if i is not instruction]
    return before, members, after[::-1]


def _all_in(instructions: list[Instruction | None], stretch: list[Instruction]) -> bool:
    return all(_among(i, stretch) for i in instructions)


def _among(instruction: Instruction | None, others: list[Instruction]) -> bool:
    return any(instruction is other for other in others)


def _gain(
    program: Program,
    members: list[Instruction],
    readers: dict[int, list[Instruction | None]],
    is_watched: bool,
) -> float:
    """The nanoseconds that a run saves in each call, by what calls were measured to cost."""
    if len(members) < 2:
        return 0.0
    costs = _costs()
    gain = -costs.run
    for instruction in members:
        name, number = instruction.primitive.name, instruction.results[0]
        if name == "zero_where_zero" and is_watched:
            continue
        gain += costs.move_call if name in small.MOVES else costs.call
        gain += costs.sum_call - costs.call if name == "sum" else 0.0
        gain += costs.element * program.size_of(number)
        dtype = program.specs[number].dtype
        extra = small.extra_nanoseconds(name, instruction.parameters, dtype)
        gain -= extra * program.size_of(number)
    own = {n for i in members for n in i.results}
    given = {n for i in members for n in i.reads()} - own
    leaving = [n for n in own if not _all_in(readers.get(n, []), members)]
    return gain - _RUN_ARRAY * (len(given) + len(leaving))


def _costs() -> _Costs:
    """What instructions cost outside of runs: batches of loops (batches.py) have the cheaper ones."""
    return _OF_BATCHES if can_batch() else _OF_CALLS


def _nanoseconds(program: Program) -> float:
    """About how long a replay takes."""
    total, call = 0.0, _costs().call
    for instruction in program.instructions:
        sizes = [program.size_of(n) for n in (*instruction.reads(), *instruction.results)]
        total += call + _ELEMENT * max(sizes)
        if instruction.primitive.name in ("matmul", "absorbing_matmul"):
            total += _PRODUCT * math.sqrt(math.prod(sizes))  # of (n, m), (m, k) and (n, k)
    return total
