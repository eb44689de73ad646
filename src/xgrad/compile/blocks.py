"""Run a group of large elementwise instructions block by block, on all cores.

A block is small enough that what passes between instructions stays in the cache. NumPy lets go of the
interpreter while it computes, so each thread takes a stretch of the blocks, with scratch memory of
its own. Sums end as one partial result per stretch."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends.workers import run_shares, thread_count
from .fusion import Group
from .program import Instruction, Literal, Program
from .slots import Slots

__all__ = ["BlockRunner"]

# Elements: large enough that Python's part, about a microsecond per call, does not matter and threads
# seldom wait for the interpreter; small enough that a few arrays fit into the last cache.
_BLOCK = 1 << 17
_LEAST = 1 << 14
# Nanoseconds of work that another thread is worth: to wake it takes 70,000 on a virtual machine, and
# where two threads want the interpreter at the same time, one of them falls asleep again.
_WORTH = 500_000
# Nanoseconds per element of four bytes: of NumPy's loops in the cache, and of memory.
_CHEAP, _DEAR, _MEMORY = 0.1, 0.5, 0.3
_ARITHMETIC = {
    *("abs", "add", "astype", "ceil", "clip_lower", "clip_upper", "divide", "equal", "floor"),
    *("greater", "greater_equal", "isfinite", "isnan", "less", "less_equal", "maximum", "minimum"),
    *("multiply", "negative", "not_equal", "power", "relu", "square", "subtract", "sum", "trunc"),
    *("zero_where_zero",),
}


class BlockRunner:
    """One group, ready to run.

    Attributes
    ----------
    full_outputs : list of int
        The values that it writes to memory.
    sums : list of int
        The sums that it gives.
    source : str
        What was generated for a stretch of blocks.
    scratch : list of Form
        What it needs while it runs.
    """

    def __init__(
        self,
        program: Program,
        group: Group,
        leaving: set[int],
        is_in_order: Callable[[int], bool],
        may_be_written_over: Callable[[int], bool],
    ) -> None:
        self._program = program
        self._group = group
        numbers = [(i.results[0], i.primitive.name) for i in group.members]
        self.full_outputs = [n for n, name in numbers if name != "sum" and n in leaving]
        self.sums = [n for n, name in numbers if name == "sum"]
        self._flat = all(
            (self._is_full(n) and is_in_order(n)) or program.size_of(n) == 1 for n in group.reads()
        ) and all(self._sums_everything(i) for i in group.members if i.primitive.name == "sum")
        self._count = math.prod(group.domain) if self._flat else group.domain[0]
        width = 1 if self._flat else math.prod(group.domain[1:])
        self._threads = max(1, min(thread_count(), int(self._work() / _WORTH)))
        share = -(-math.prod(group.domain) // self._threads)
        self._step = max(1, min(_BLOCK, max(_LEAST, share)) // max(1, width))
        self._scope: dict[str, Any] = {}
        longest = min(self._step, self._count)
        block = (longest,) if self._flat else (longest, *group.domain[1:])
        self._slots = Slots(program, group, self.full_outputs, block, may_be_written_over)
        self.source = self._generate()
        exec(compile(self.source, "<xg.function group>", "exec"), self._scope)  # noqa: S102 - our own source
        self._stretch: Callable[..., Any] = self._scope["stretch"]
        self._bounds = self._shares()
        self.scratch = self._slots.forms * len(self._bounds)
        self._memories: list[list[Any]] = []

    def use(self, scratch: list[Any]) -> None:
        """Take memory of the forms in `scratch`."""
        each = len(self._slots.forms)
        self._memories = [scratch[each * i : each * (i + 1)] for i in range(len(self._bounds))]

    def __call__(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> list[Any]:
        """Run all blocks; the results of the sums."""
        if self._flat:
            inputs = tuple([self._flattened(x) for x in inputs])
            outputs = tuple([x.reshape(-1) for x in outputs])
        bounds = self._bounds
        parts: list[Any] = [None] * len(bounds)

        def share(number: int) -> None:
            parts[number] = self._stretch(*bounds[number], self._memories[number], inputs, outputs)

        run_shares(share, len(bounds))
        finish = self._program.backend.finish
        return [finish(functools.reduce(_add, column)) for column in zip(*parts, strict=True)]

    def _shares(self) -> list[tuple[int, int]]:
        blocks = -(-self._count // self._step)
        stretches = min(self._threads, blocks)
        each = -(-blocks // stretches) * self._step
        return [(lo, min(lo + each, self._count)) for lo in range(0, self._count, each)]

    def _work(self) -> float:
        """About how many nanoseconds one thread would take."""
        work = 0.0
        for member in self._group.members:
            cost = _CHEAP if member.primitive.name in _ARITHMETIC else _DEAR
            work += cost * self._program.specs[member.results[0]].dtype.itemsize / 4
        for number in (*self._group.reads(), *self.full_outputs):
            if self._is_full(number):
                work += _MEMORY * self._program.specs[number].dtype.itemsize / 4
        return work * math.prod(self._group.domain)

    def _flattened(self, x: Any) -> Any:
        return x.reshape(-1) if x.size == self._count else x.reshape(())

    # -- generation ------------------------------------------------------------------------------

    def _is_full(self, number: int) -> bool:
        return self._program.specs[number].shape == self._group.domain

    def _sums_everything(self, instruction: Instruction) -> bool:
        return not self._program.specs[instruction.results[0]].shape

    def _generate(self) -> str:
        """A function that runs the blocks from `lo` to `hi`."""
        names: dict[int, str] = {}
        head = ["for a in range(lo, hi, STEP):", "    b = min(a + STEP, hi)", "    n = b - a"]
        self._scope["STEP"] = self._step
        body: list[str] = []
        for i, number in enumerate(self._group.reads()):
            names[number] = f"x{number}"
            body.append(f"x{number} = inputs[{i}]{self._slice(number)}")
        for i, number in enumerate(self.full_outputs):
            names[number] = f"y{number}"
            body.append(f"y{number} = outputs[{i}][a:b]")
        begin = [f"s{number} = 0" for number in self.sums]
        for place in range(len(self._group.members)):
            body += self._member(place, names)
            self._slots.let_go(place)
        head += [f"    m{i} = scratch[{i}][:n]" for i in range(len(self._slots.forms))]
        lines = [*begin, *head, *[f"    {line}" for line in body]]
        lines.append(f"return [{', '.join(f's{n}' for n in self.sums)}]")
        return "def stretch(lo, hi, scratch, inputs, outputs):\n" + "".join(
            f"    {line}\n" for line in lines
        )

    def _slice(self, number: int) -> str:
        """How an input is cut to a block."""
        shape = self._program.specs[number].shape
        domain = self._group.domain
        if self._flat:
            return "[a:b]" if self._is_full(number) else ""
        return "[a:b]" if len(shape) == len(domain) and shape[0] == domain[0] else ""

    def _member(self, place: int, names: dict[int, str]) -> list[str]:
        """The lines of one instruction."""
        member = self._group.members[place]
        name, number = member.primitive.name, member.results[0]
        given = [self._operand(x, member, names) for x in member.operands]
        if name == "sum":
            axis: Any = None if not self._program.specs[number].shape else 0
            add = self._bind("add_reduce", kernels.sum_of)
            return [f"s{number} = s{number} + {add}({given[0]}, {axis})"]
        lines = []
        if number not in names:
            names[number] = self._slots.name_of(place)
        out = names[number]
        if name == "where":
            where = self._bind("where_into", kernels.where_into)
            lines.append(f"{where}({', '.join(given)}, {out})")
        elif name == "zero_where_zero":
            copy = self._bind("copy_into", kernels.copy_into)
            fix = self._bind("fix_zeros", kernels.fix_zeros)
            if given[0] != out:
                lines.append(f"{copy}({out}, {given[0]})")
            lines.append(f"{fix}({out}, {given[1]})")
        elif name == "astype":
            copy = self._bind("copy_into", kernels.copy_into)
            lines.append(f"{copy}({out}, {given[0]})")
        else:
            found = kernels.ufunc_of(name, member.parameters)
            assert found is not None
            ufunc, more = found
            f = self._bind(f"f_{ufunc.__name__}", ufunc)
            arguments = [*given, *map(repr, more), kernels.out_code(ufunc, out)]
            lines.append(f"{f}({', '.join(arguments)})")
        return lines

    def _operand(self, operand: Any, member: Instruction, names: dict[int, str]) -> str:
        if not isinstance(operand, Literal):
            return names[operand]
        value = operand.value
        dtype = self._program.specs[member.results[0]].dtype
        dtypes = {self._program.specs[n].dtype for n in member.reads()}
        if dtypes == {dtype} and dtype.kind == "f" and type(value) in (int, float):
            value = kernels.scalar(value, dtype)
        return self._bind(f"k{len(self._scope)}", value)

    def _bind(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name


def _add(x: Any, y: Any) -> Any:
    return x + y
