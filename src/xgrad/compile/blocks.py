"""Run groups of large elementwise instructions block by block, on all cores.

NumPy lets go of the interpreter while it computes, so each thread takes a stretch of the blocks, with
scratch memory of its own, or stretches of several groups that do not need each other (teams.py). Which
thread takes what is settled when the program is built, so that sums always add up in the same order."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..backends.blocks import BLOCK
from ..backends.numpy_buffers import Form, Space, bytes_for, bytes_form
from ..backends.workers import run_shares, thread_count, threads_for
from .fusion import Group
from .program import Instruction, Program
from .stretch import Stretch, nanoseconds

__all__ = ["BlockRunner", "may_share_threads", "wakes_blas"]

# Elements: of a block, and of the smallest part of a group that is worth a call of its own.
_BLOCK = BLOCK // 4
_LEAST = 1 << 14
_LONG = 2_000_000  # nanoseconds, among which the time to wake threads hardly counts
# Nanoseconds. Threads of a BLAS wait in circles for 100 ms after their last product, on the cores that others
# would take: what is shorter than this stays on one thread where there are products or solvers that wake them.
_WAITING = 25_000_000
_ALONE = 1 << 18  # multiplications, up to which OpenBLAS wakes nobody
_SOLVERS = {
    *("cholesky", "cholesky_cotangent", "cofactor", "det", "eigh", "eigvalsh", "inv", "lu", "qr"),
    *("slogdet", "solve", "solve_triangular", "svd", "svdvals"),
}


class _Share(NamedTuple):
    """Some rows of a group."""

    group: int
    start: int
    stop: int


class BlockRunner:
    """Groups that do not need each other, ready to run.

    Attributes
    ----------
    stretches : list of Stretch
        One for each.
    scratch : list of Form
        What it needs while it runs: for each thread, memory for one group after the other; and the
        tables of all threads but the first.
    """

    def __init__(
        self,
        program: Program,
        stretches: Sequence[Stretch],
        may_be_written_over: Callable[[int], bool],
    ) -> None:
        self._finish = program.backend.finish
        self.stretches = stretches
        groups = [stretch.group for stretch in stretches]
        work = [nanoseconds(program, group) for group in groups]
        calls = max(1 if s.sweep is not None else len(s.group.members) for s in stretches)
        threads = threads_for(sum(work), calls)
        if sum(work) < _WAITING and wakes_blas(program):
            threads = 1
        self._shares = _shared_out(stretches, work, threads)
        self._functions = []
        for number, stretch in enumerate(stretches):
            longest = max(
                s.stop - s.start for share in self._shares for s in share if s.group == number
            )
            most = max(1, _BLOCK // max(1, stretch.width))
            if stretch.sweep is not None:
                most = min(most, stretch.sweep.block)
            step = -(-longest // -(-longest // most))
            self._functions.append(stretch.compiled(step, may_be_written_over))
        needed = [[stretch.scratch for stretch in self._used(share)] for share in self._shares]
        self.scratch = [bytes_form(max(map(bytes_for, each))) for each in needed]
        self._with_tables = [s for share in self._shares for s in share if self._has_tables(s)]
        for share in self._with_tables:
            self.scratch += stretches[share.group].table_forms
        self._memories: list[list[list[Any]]] = []
        self._tables: dict[_Share, list[Any]] = {}

    @property
    def threads(self) -> int:
        """How many threads take part."""
        return len(self._shares)

    def use(self, scratch: Sequence[Any]) -> None:
        """Take memory of the forms in `scratch`."""
        count = len(self._shares)
        self._memories = [
            [_cut(raw, stretch.scratch) for stretch in self._used(share)]
            for raw, share in zip(scratch[:count], self._shares, strict=True)
        ]
        left = iter(scratch[count:])
        for share in self._with_tables:
            self._tables[share] = [next(left) for _ in self.stretches[share.group].tables]

    def __call__(self, *arrays: tuple[Any, ...]) -> list[Any]:
        """Run all blocks, given the inputs and the outputs of each group in turn; gives the sums."""
        inputs = [s.inputs(x) for s, x in zip(self.stretches, arrays[::2], strict=True)]
        outputs = [s.outputs(x) for s, x in zip(self.stretches, arrays[1::2], strict=True)]
        parts: list[list[Any]] = [[None] * len(share) for share in self._shares]

        def run(number: int) -> None:
            memory, found = self._memories[number], parts[number]
            for i, share in enumerate(self._shares[number]):
                group, written = share.group, outputs[share.group]
                if share in self._tables:
                    full = len(self.stretches[group].full_outputs)
                    written = [*written[:full], *self._tables[share]]
                function = self._functions[group]
                found[i] = function(share.start, share.stop, memory[i], inputs[group], written)

        run_shares(run, len(self._shares))
        for share, tables in self._tables.items():
            wholes = outputs[share.group][len(self.stretches[share.group].full_outputs) :]
            for whole, table in zip(wholes, tables, strict=True):
                whole[...] += table
        return [
            self._finish(functools.reduce(_add, column))
            for group, stretch in enumerate(self.stretches)
            if stretch.sums
            for column in zip(*self._parts_of(group, parts), strict=True)
        ]

    def _parts_of(self, group: int, parts: list[list[Any]]) -> list[Any]:
        return [
            part
            for share, found in zip(self._shares, parts, strict=True)
            for s, part in zip(share, found, strict=True)
            if s.group == group
        ]

    def _has_tables(self, share: _Share) -> bool:
        """Whether it adds rows to tables of its own: all but the first do, who has the results."""
        return share.start > 0 and bool(self.stretches[share.group].tables)

    def _used(self, share: Sequence[_Share]) -> list[Stretch]:
        return [self.stretches[group] for group, _, _ in share]


def _cut(raw: Any, forms: Sequence[Form]) -> list[Any]:
    """Arrays of these forms in some memory."""
    space = Space([raw])
    return [space.empty(*form) for form in forms]


def may_share_threads(program: Program, group: Group) -> bool:
    """Whether a group has so little work that it counts when threads are woken once instead of twice."""
    return thread_count() > 1 and nanoseconds(program, group) < _LONG


def wakes_blas(program: Program) -> bool:
    """Whether threads of a BLAS work for a program."""
    return any(_multiplications(program, i) > _ALONE for i in program.instructions)


def _multiplications(program: Program, i: Instruction) -> int:
    """About how many an instruction takes at once, if it is a product of matrices or a solver."""
    name, shapes = i.primitive.name, [program.specs[n].shape for n in i.reads()]
    if name in _SOLVERS:
        return math.prod(shapes[0][-2:]) * shapes[-1][-1]
    if name in ("matmul", "absorbing_matmul") and all(len(shape) > 1 for shape in shapes):
        return math.prod(shapes[0][-2:]) * shapes[1][-1] if len(shapes) == 2 else 0
    return 0


def _shared_out(
    stretches: Sequence[Stretch], work: Sequence[float], threads: int
) -> list[list[_Share]]:
    """Which rows of which groups each thread takes: about the same work, in the same order."""
    shares: list[list[_Share]] = [[]]
    total = sum(work)
    left = total / threads
    for number, (stretch, whole) in enumerate(zip(stretches, work, strict=True)):
        row = whole / max(1, stretch.count)
        least = -(-_LEAST // max(1, stretch.width))
        start = 0
        while start < stretch.count:
            stop = stretch.count
            if len(shares) < threads:
                fitting = start + max(1, math.ceil(left / row))
                # Not so few rows that a call is not worth it, neither now nor for whoever comes next.
                if stop - fitting > least:
                    stop = fitting
            shares[-1].append(_Share(number, start, stop))
            left -= (stop - start) * row
            start = stop
            if left <= 0 and len(shares) < threads:
                shares.append([])
                left += total / threads
    return [share for share in shares if share]


def _add(x: Any, y: Any) -> Any:
    return x + y
