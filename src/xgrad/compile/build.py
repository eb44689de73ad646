"""Straight-line Python for a program of NumPy arrays, over buffers that are made once.

Every value that does not leave the program has its place in an arena, where values whose lifetimes
do not meet share memory; views are made when the program is. What runs is generated source: one call
of a NumPy function per instruction, with `out`. Large elementwise instructions run in blocks, on
all cores (blocks.py)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from ..backends import Backend
from ..backends import numpy_kernels as kernels
from ..backends import numpy_writers as writers
from ..backends.numba import compiled
from ..backends.recycled import WORTH_BYTES, Recycled
from ..backends.small_text import text_of
from ..core.dispatch import compute
from .blocks import BlockRunner
from .donation import heirs
from .fusion import Group, schedule
from .memory import Memory
from .program import Instruction, Literal, Program
from .runs import Run, describe, with_runs

__all__ = ["Build", "order_with_runs"]

_GUARDED = ("zero_where_zero", "absorbing_matmul")
_SMALL_BYTES = 1 << 18  # of results to be looked at together


class Build:
    """Source and memory for a program."""

    def __init__(
        self,
        program: Program,
        donated: tuple[int, ...],
        order: list[Instruction | Group] | None = None,
        *,
        careful: bool = False,
        assumed: Collection[int] = (),
    ) -> None:
        self._program = program
        self._scope: dict[str, Any] = {}
        self._lines: list[str] = []
        self._order = schedule(program, _is_fusable) if order is None else order
        self._watching = watching = not careful and _can_be_watched(program, self._order, assumed)
        self.runs = [item for item in self._order if isinstance(item, Run)]
        self.groups = [i for i in self._order if isinstance(i, Group) and not isinstance(i, Run)]
        self._texts: dict[str, None] = {}
        self.memory = Memory(program, self._order, watching, assumed)
        # What is looked at in the end may have to run again, with the inputs as they were.
        self.heirs = {} if watching else heirs(program, self._order, self.memory, donated)
        self._names: dict[int, str] = {}
        self._new_in_order: set[int] = set()
        self._bind_inputs()
        for item in self._order:
            if isinstance(item, Run):
                self._emit_run(item)
            elif isinstance(item, Group):
                self._emit_group(item)
            else:
                self._emit(item)
        source = self._finish()
        exec(compile(source, "<xg.function>", "exec"), self._scope)  # noqa: S102 - our own source
        self.function = self._scope["run"]
        self.source = "\n".join([source, *self._texts])

    def blind_for(self, numbers: Iterable[int]) -> set[int]:
        """Those of some values at which nobody looks in the end."""
        return {n for n in numbers if not (self._watching and self.memory.is_watched(n))}

    # -- names -----------------------------------------------------------------------------------

    def _bind_inputs(self) -> None:
        for number in self._program.inputs():
            self._names[number] = f"a{number}"
        for number, array in self._program.constants.items():
            self._names[number] = self._bind(f"c{number}", array)

    def _bind(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name

    def _operand(self, operand: Any, instruction: Instruction) -> str:
        """An operand in an expression; numbers as arrays of the result's dtype where that is safe."""
        if not isinstance(operand, Literal):
            return self._names[operand]
        value = operand.value
        dtype = self._program.specs[instruction.results[0]].dtype
        dtypes = {self._program.specs[n].dtype for n in instruction.reads()}
        if dtypes == {dtype} and dtype.kind == "f" and type(value) in (int, float):
            name = f"k{len(self._scope)}"
            return self._bind(name, kernels.scalar(value, dtype))
        return self._bind(f"k{len(self._scope)}", value)

    # -- instructions ----------------------------------------------------------------------------

    def _emit(self, instruction: Instruction) -> None:
        name = instruction.primitive.name
        if name == "zero_where_zero" and self._emit_guard(instruction):
            return
        if self._emit_view(instruction):
            return
        number = instruction.results[0]
        given = [self._operand(x, instruction) for x in instruction.operands]
        out = self.memory.place_of(number)
        if name == "absorbing_matmul" and out is not None:
            self._emit_product(instruction, given, out)
            return
        found = kernels.ufunc_of(name, instruction.parameters)
        if found is not None and len(instruction.results) == 1:
            ufunc, more = found
            f = self._bind(f"f_{ufunc.__name__}", ufunc)
            arguments = ", ".join([*given, *map(repr, more)])
            if out is None and self._take_memory(number):
                self._lines.append(f"{f}({arguments}, {kernels.out_code(ufunc, f'v{number}')})")
            elif out is None:
                self._names[number] = f"v{number}"
                finish = self._bind("finish", self._program.backend.finish)
                call = f"{f}({arguments})"
                scalar = not self._program.specs[number].shape
                self._lines.append(
                    f"v{number} = {finish}({call})" if scalar else f"v{number} = {call}"
                )
            else:
                self._names[number] = self._bind(f"b{number}", out)
                out_name = kernels.out_code(ufunc, f"b{number}")
                self._lines.append(f"{f}({arguments}, {out_name})")
            return
        write = None
        if out is None and self._can_write(instruction) and self._take_memory(number):
            make = self._bind(
                f"w{number}", lambda out: writers.writer_of(name, instruction.parameters, out)
            )
            self._lines.append(f"{make}(v{number})({', '.join(given)})")
            return
        if out is not None and not _has_indices(instruction):
            write = writers.writer_of(name, instruction.parameters, out)
        if write is not None:
            self._names[number] = self._bind(f"b{number}", out)
            self._bind(f"w{number}", write)
            self._lines.append(f"w{number}({', '.join(given)})")
            return
        self._emit_any(instruction, given)

    def _can_write(self, instruction: Instruction) -> bool:
        """Whether a result that leaves has a kernel, which writes into memory that it is given."""
        owned = instruction.results[0] in self.memory.owned_results(instruction)
        return owned and writers.has_writer(instruction.primitive.name)

    def _take_memory(self, number: int) -> bool:
        """Emit the memory of a large result: of an argument, of a former result, or new."""
        spec = self._program.specs[number]
        if self._program.bytes_of(number) < WORTH_BYTES:
            return False
        self._names[number] = f"v{number}"
        heir = self.heirs.get(number)
        if heir is None:
            take = self._bind(f"t{number}", Recycled(spec.shape, spec.dtype))
            self._lines.append(f"v{number} = {take}()")
        else:
            make = self._bind(f"n{number}", lambda: kernels.buffer(spec.shape, spec.dtype))
            self._lines.append(f"v{number} = a{heir} if {heir} in free else {make}()")
        return True

    def _emit_view(self, instruction: Instruction) -> bool:
        """A view: made now where its base is ours, in the call where the base is given then."""
        base = self.memory.views.get(instruction.results[0])
        if base is None:
            return False
        number, name = instruction.results[0], instruction.primitive.name
        parameters = instruction.parameters
        base_name = self._names[base]
        if base_name in self._scope:
            view = kernels.as_view(name, self._scope[base_name], parameters)
            if view is not None:
                self._names[number] = self._bind(f"b{number}", view)
                return True
        self._names[number] = f"v{number}"
        apply = self._program.backend.xp.__getattr__(name)
        if name == "getitem":  # an array, even of one element
            self._bind(f"g{number}", lambda x: kernels.as_view(name, x, parameters))
        else:
            self._bind(f"g{number}", lambda x: apply(x, **parameters))
        self._lines.append(f"v{number} = g{number}({base_name})")
        return True

    def _emit_guard(self, instruction: Instruction) -> bool:
        """A guard in place, or none where the memory is looked at in the end."""
        r, g = instruction.operands
        number = instruction.results[0]
        if not self.memory.is_guarded_in_place(instruction):
            return False
        assert not isinstance(r, Literal)
        self._names[number] = self._names[r]
        if not self._watching:
            fix = self._bind("fix_zeros", kernels.fix_zeros)
            self._lines.append(f"{fix}({self._names[r]}, {self._operand(g, instruction)})")
        return True

    def _emit_product(self, instruction: Instruction, given: list[str], out: Any) -> None:
        """A product whose zeros absorb: the plain one, and the careful one if it is not finite."""
        number = instruction.results[0]
        self._names[number] = self._bind(f"b{number}", out)
        write = writers.writer_of("matmul", {}, out)
        self._bind(f"w{number}", write)
        self._lines.append(f"w{number}({', '.join(given)})")
        if self._watching:
            return
        primitive, parameters = instruction.primitive, instruction.parameters

        def repair(x1: Any, x2: Any) -> None:
            if not kernels.all_finite(out.reshape(-1)):
                out[...] = compute(primitive, (x1, x2), parameters)

        self._bind(f"r{number}", repair)
        self._lines.append(f"r{number}({', '.join(given)})")

    def _emit_any(self, instruction: Instruction, given: list[str]) -> None:
        """Anything else: the backend's own function; a copy where its result may be a view."""
        primitive = instruction.primitive
        numbers = instruction.results
        apply = self._bind(f"f{numbers[0]}", _function_of(self._program.backend, instruction))
        targets = ", ".join(f"v{n}" for n in numbers)
        comma = "," if primitive.outputs != 1 else ""
        self._lines.append(f"{targets}{comma} = {apply}({', '.join(given)})")
        for n in numbers:
            self._names[n] = f"v{n}"
            if self.memory.must_be_copied(n):
                copy = self._bind("copy", self._program.backend.xp.copy)
                self._lines.append(f"v{n} = {copy}(v{n})")

    def _emit_group(self, group: Group) -> None:
        runner = BlockRunner(self._program, group, self.memory.leaves(group))
        name = self._bind(f"group{len(self._scope)}", runner)
        given = [self._names[n] for n in group.reads()]
        outs = []
        for number in runner.full_outputs:
            out = self.memory.place_of(number)
            if out is None and self._take_memory(number):
                pass
            elif out is None:
                spec = self._program.specs[number]
                make = self._bind(f"n{number}", lambda s=spec: _fresh(s))
                self._names[number] = f"v{number}"
                self._lines.append(f"v{number} = {make}()")
            else:
                self._names[number] = self._bind(f"b{number}", out)
            outs.append(self._names[number])
        call = f"{name}(({_tuple(given)}), ({_tuple(outs)}))"
        if runner.sums:
            targets = ", ".join(f"v{n}" for n in runner.sums)
            self._lines.append(f"{targets}, = {call}")
            for n in runner.sums:
                self._names[n] = f"v{n}"
        else:
            self._lines.append(call)

    def _emit_run(self, run: Run) -> None:
        """One call of machine code, which is given inputs, outputs and scratch memory."""
        leaving = self.memory.leaves(run)
        outputs = [n for i in run.members for n in i.results if n in leaving]
        text = text_of(describe(self._program, run, outputs, self._is_in_order))
        self._texts[text.source] = None
        name = self._bind(f"run{len(self._scope)}", compiled(text))
        given = [self._names[n] for n in run.reads()]
        for number in outputs:
            out = self.memory.place_of(number)
            if out is None:
                spec = self._program.specs[number]
                make = self._bind(f"n{number}", kernels.maker(spec.shape, spec.dtype))
                self._lines.append(f"v{number} = {make}()")
                self._names[number] = f"v{number}"
                self._new_in_order.add(number)
            else:
                self._names[number] = self._bind(f"b{number}", out)
            given.append(self._names[number])
        for dtype, size in text.scratch:
            scratch = kernels.buffer(size, dtype)
            self.memory.bytes += scratch.nbytes
            given.append(self._bind(f"s{len(self._scope)}", scratch))
        self._lines.append(f"{name}({', '.join(given)})")

    def _is_in_order(self, number: int) -> bool:
        """Whether the elements of a value are known to lie side by side."""
        array = self._scope.get(self._names[number])
        if array is None:
            return number in self._new_in_order
        return kernels.is_in_order(array)

    def _finish(self) -> str:
        """The whole function."""
        arguments = ", ".join(self._names[n] for n in self._program.inputs())
        body = list(self._lines)
        for i, region in enumerate(self.memory.watched_regions):
            self._bind(f"watched{i}", region)
            look = self._bind("all_finite", kernels.all_finite)
            body += [f"if not {look}(watched{i}):", "    return None"]
        for number in self.memory.watched_outputs:
            look = self._bind("all_finite", kernels.all_finite)
            body += [f"if not {look}({self._names[number]}.reshape(-1)):", "    return None"]
        outputs = ", ".join(self._names[n] for n in self._program.outputs())
        body.append(f"return [{outputs}]")
        return f"def run(free, {arguments}):\n" + "".join(f"    {line}\n" for line in body)


def order_with_runs(program: Program) -> list[Instruction | Group]:
    """In what order to run a program, with what becomes machine code put together."""
    order = schedule(program, _is_fusable)
    return with_runs(program, order, _can_be_watched(program, order))


def _can_be_watched(
    program: Program, order: list[Instruction | Group], assumed: Collection[int] = ()
) -> bool:
    """Whether one look at the end serves all guards: there are some, and they are small."""
    guarded = [i for i in order if isinstance(i, Instruction) and i.primitive.name in _GUARDED]
    numbers = {*[i.results[0] for i in guarded], *assumed}
    return 0 < sum(map(program.bytes_of, numbers)) <= _SMALL_BYTES


def _function_of(backend: Backend, instruction: Instruction) -> Callable[..., Any]:
    """The backend's own function, with its parameters, that gives arrays."""
    primitive, parameters = instruction.primitive, instruction.parameters
    if primitive.outputs != 1 or primitive.starred:
        return lambda *operands: compute(primitive, operands, parameters)
    function, finish = getattr(backend.xp, primitive.name), backend.finish
    if not parameters:
        return lambda *operands: finish(function(*operands))
    return lambda *operands: finish(function(*operands, **parameters))


def _tuple(names: list[str]) -> str:
    return ", ".join(names) + ("," if names else "")


def _fresh(spec: Any) -> Any:
    array = kernels.buffer(1, spec.dtype) if not spec.shape else None
    return array.reshape(()) if array is not None else kernels.buffer(spec.shape, spec.dtype)


def _has_indices(instruction: Instruction) -> bool:
    """Whether an instruction reads or writes at index arrays."""
    plain = {"getitem": 1, "put": 1, "setitem": 2}.get(instruction.primitive.name)
    if plain is None:
        return False
    key = instruction.parameters["key"]
    parts = key if isinstance(key, tuple) else (key,)
    return len(instruction.operands) > plain or any(isinstance(part, bool) for part in parts)


def _is_fusable(instruction: Instruction) -> bool:
    name = instruction.primitive.name
    return (
        name in ("sum", "where", "zero_where_zero", "astype")
        or kernels.ufunc_of(name, instruction.parameters) is not None
    )
