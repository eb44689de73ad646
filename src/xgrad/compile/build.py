"""Straight-line Python for a program of NumPy arrays, over buffers that are made once.

Every value that does not leave the program has its place in memory that is planned before (arena.py);
views are made when the program is. What runs is generated source: one call of a NumPy function per
instruction, with `out`. Large elementwise instructions run in blocks, on all cores (blocks.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

from ..backends import Backend
from ..backends import numpy_kernels as kernels
from ..backends import numpy_writers as writers
from ..backends.dtypes import is_half_dtype
from ..backends.numba import compiled
from ..backends.numpy_buffers import Form
from ..backends.small_text import text_of
from ..core.dispatch import compute
from .arena import Arena
from .batches import Line, joined
from .blocks import BlockRunner
from .calls import Calls
from .donation import heirs
from .fusion import Group
from .homes import Home, Homes
from .memory import Memory
from .numbers import number_for
from .order import groups_of, in_blocks
from .program import Instruction, Literal, Program
from .runs import Run, describe
from .showing import waiting
from .stretch import Stretch
from .teams import parts_of
from .texts import function_of

__all__ = ["Build"]

_LARGE_BYTES = 1 << 12  # of what is let go of as soon as it can be
_SMALL_BYTES = 1 << 18  # of results for which the memory of arguments is not needed


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
        self._lines: list[Line] = []
        self._calls = Calls(program, self._scope)
        self._order = in_blocks(program) if order is None else order
        self.runs = [item for item in self._order if isinstance(item, Run)]
        self.groups = groups_of(self._order)
        self._texts: dict[str, None] = {}
        self.memory = Memory(program, self._order)
        self.heirs = heirs(program, self._order, self.memory, donated)
        self._waiting: Collection[int] = ()
        self._looked_at: list[int] = []
        # What is looked at in the end may have to run again, with the inputs as they were.
        if not careful and sum(map(program.bytes_of, self.heirs)) <= _SMALL_BYTES:
            self._waiting, looked_at = waiting(program, self._order, self.memory, assumed)
            self._looked_at = self.memory.keep(looked_at)
            self.heirs = {} if looked_at else self.heirs
        self._runners = {
            place: self._runner(item, place)
            for place, item in enumerate(self._order)
            if isinstance(item, Group) and not isinstance(item, Run)
        }
        self.arena = Arena(program, self._order, self.memory, self._scratch_forms(), self.heirs)
        self._homes = Homes(program, self.arena, self.heirs, self._lines, self._scope)
        self._names: dict[int, str] = {}
        self._new_in_order: set[int] = set()
        self._bind_inputs()
        begins, ends = self.arena.begins(), self._ends()
        for place, item in enumerate(self._order):
            for number in begins.get(place, ()):
                self._homes.take(number)
            if isinstance(item, Run):
                self._emit_run(item)
            elif isinstance(item, Group):
                self._emit_group(item, place)
            else:
                self._emit(item, place)
            self._let_go(ends.get(place, ()))
        source = self._finish()
        self.function = function_of(source, "run", self._scope, "xg.function")
        self.source = "\n".join([source, *self._texts])

    def blind_for(self, numbers: Iterable[int]) -> set[int]:
        """Those of some values at which nobody looks in the end."""
        return set(numbers).difference(self._waiting)

    # -- names -----------------------------------------------------------------------------------

    def _bind_inputs(self) -> None:
        for number in self._program.inputs():
            self._names[number] = f"a{number}"
            self._calls.know(f"a{number}", number)
        for number, array in self._program.constants.items():
            self._names[number] = self._bind(f"c{number}", array)

    def _bind(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name

    def _operand(self, operand: Any, instruction: Instruction) -> str:
        """An operand in an expression."""
        if not isinstance(operand, Literal):
            return self._names[operand]
        value = number_for(self._program, operand.value, instruction)
        return self._bind(f"k{len(self._scope)}", value)

    # -- instructions ----------------------------------------------------------------------------

    def _emit(self, instruction: Instruction, place: int) -> None:
        name = instruction.primitive.name
        if name == "zero_where_zero" and self._emit_guard(instruction):
            return
        if self._emit_view(instruction):
            return
        number = instruction.results[0]
        given = [self._operand(x, instruction) for x in instruction.operands]
        dtype = self._program.specs[number].dtype
        found = kernels.ufunc_of(name, instruction.parameters, dtype)
        reduce = self._small_reduction(instruction)
        if found is not None and len(instruction.results) == 1:
            self._emit_ufunc(instruction, *found, given)
        elif reduce is not None:
            self._emit_reduction(instruction, reduce, given[0])
        elif number not in self.memory.owned_results(instruction):
            self._emit_any(instruction, given)
        elif name == "absorbing_matmul":
            self._emit_product(instruction, given)
        elif self._homes.has(number) or writers.saves_memory(name):
            parameters, scratch = instruction.parameters, self.arena.scratch.get(place, [])
            self._emit_writer(
                instruction, lambda out: writers.writer_of(name, parameters, out, scratch), given
            )
        else:
            self._emit_any(instruction, given)

    def _emit_ufunc(
        self, instruction: Instruction, ufunc: Any, more: tuple[Any, ...], given: list[str]
    ) -> None:
        number = instruction.results[0]
        f = self._bind(f"f_{ufunc.__name__}", ufunc)
        arguments = ", ".join([*given, *map(repr, more)])
        makes = not self._homes.has(number)
        if not makes:
            out = kernels.out_code(ufunc, self._home(number).name)
            text = f"{f}({arguments}, {out})"
        else:
            self._names[number] = f"v{number}"
            finish = self._bind("finish", self._program.backend.finish)
            call = f"{f}({arguments})"
            scalar = not self._program.specs[number].shape
            text = f"v{number} = {finish}({call})" if scalar else f"v{number} = {call}"
        operands = [*instruction.operands, *map(Literal, more)]
        names = [*given, *[""] * len(more)]
        name = self._names[number]
        self._lines.append(self._calls.of(text, ufunc, operands, names, number, name, makes=makes))

    def _small_reduction(self, instruction: Instruction) -> Any:
        """The ufunc whose plain `reduce` an instruction is, because its operand is small."""
        ufunc = kernels.reduction_of(instruction.primitive.name)
        if ufunc is None or instruction.parameters.get("dtype") is not None:
            return None
        reads = instruction.reads()
        if any(is_half_dtype(self._program.specs[n].dtype) for n in reads):
            return None  # which the backend's function adds up in float32
        small = all(self._program.size_of(n) < kernels.MANY for n in reads)
        return ufunc if small else None

    def _emit_reduction(self, instruction: Instruction, ufunc: Any, x: str) -> None:
        """A call of a ufunc's `reduce`: functions around it would cost as much as it does."""
        number, parameters = instruction.results[0], instruction.parameters
        reduce = self._bind(f"{ufunc.__name__}_reduce", ufunc.reduce)
        axis, keepdims = parameters.get("axis"), bool(parameters.get("keepdims"))
        makes = not self._homes.has(number)
        if not makes:
            text = f"{reduce}({x}, {axis!r}, None, {self._home(number).name}, {keepdims})"
        else:
            self._names[number] = f"v{number}"
            finish = self._bind("finish", self._program.backend.finish)
            text = f"v{number} = {finish}({reduce}({x}, {axis!r}, None, None, {keepdims}))"
        line: Line = text
        if kernels.is_sum(ufunc):
            rank = len(self._program.specs[next(iter(instruction.reads()))].shape)
            axes = kernels.axes_of(axis, rank)
            line = self._calls.of_sum(text, x, axes, number, self._names[number], makes=makes)
        self._lines.append(line)

    def _emit_writer(
        self,
        instruction: Instruction,
        make: Callable[[Any], Callable[..., Any] | None],
        given: list[str],
    ) -> None:
        """A function that is made for the memory of its result: now, with that memory, or in a call."""
        number = instruction.results[0]
        home = self._home(number)
        name = f"w{number}"
        if home.array is not None:
            self._bind(name, make(home.array))
        elif home.taking is not None:
            home.taking.add(name, lambda found: make(found[home.name]))
        else:
            name = f"{self._bind(name, make)}({home.name})"
        text = f"{name}({', '.join(given)})"
        self._lines.append(self._calls.of_writer(text, instruction, given, number, home.name))

    # -- memory ----------------------------------------------------------------------------------

    def _runner(self, group: Group, place: int) -> BlockRunner:
        given_away = set(self.heirs.values())
        memory = self.memory

        def may_be_written_over(number: int) -> bool:
            return memory.ends_at(number, place) or bool(memory.roots_of(number) & given_away)

        stretches = [
            Stretch(self._program, part, memory.leaves(part), memory.is_in_order)
            for part in parts_of(group)
        ]
        return BlockRunner(self._program, stretches, may_be_written_over)

    def _scratch_forms(self) -> dict[int, list[Form]]:
        """What functions and groups need in between, by their place in the order."""
        found = {place: runner.scratch for place, runner in self._runners.items()}
        for place, item in enumerate(self._order):
            if isinstance(item, Instruction) and self.memory.owned_results(item):
                specs = [
                    None if isinstance(x, Literal) else self._program.specs[x]
                    for x in item.operands
                ]
                found[place] = writers.scratch_of(item.primitive.name, item.parameters, specs)
        return found

    def _home(self, number: int) -> Home:
        """The memory of a value, by whose name it is known from now on."""
        home = self._homes.of(number)
        self._names[number] = home.name
        if home.array is None and home.name == f"v{number}" and number not in self.heirs:
            self._calls.know(home.name, number)
        return home

    def _ends(self) -> dict[int, list[int]]:
        """Large values that are new in every call, by the place of who needs them last."""
        last, leaving = self.memory.last_uses(), self.memory.leaving_roots()
        found: dict[int, list[int]] = {}
        for number in [n for i in self._program.instructions for n in i.results]:
            roots = self.memory.roots_of(number)
            large = self._program.bytes_of(number) >= _LARGE_BYTES
            if large and any(map(self.memory.is_new, roots)) and not roots & leaving:
                found.setdefault(max(last[n] for n in roots), []).append(number)
        return found

    def _let_go(self, numbers: Iterable[int]) -> None:
        """Forget arrays that nobody needs any more, or they would stay until the end."""
        names = [f"v{n}" for n in numbers if self._names.get(n) == f"v{n}"]
        if names:
            self._lines.append(f"del {', '.join(names)}")

    # -- views, guards and others ----------------------------------------------------------------

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
        taking = self._homes.taking_of(base_name)
        if taking is not None:  # what lies beside a result does not leave
            make = lambda found: kernels.as_view(name, found[base_name], parameters)
            self._names[number] = taking.add(f"b{number}", make)
            return True
        self._names[number] = f"v{number}"
        text = f"v{number} = {self._view_code(instruction, base_name)}"
        self._lines.append(self._calls.of_view(text, f"v{number}", instruction, base_name))
        return True

    def _view_code(self, instruction: Instruction, base: str) -> str:
        """A view of what is given in a call, without a function where Python has a word for it."""
        number, name = instruction.results[0], instruction.primitive.name
        parameters = instruction.parameters
        if name == "matrix_transpose":
            return f"{base}.mT"
        if name == "getitem" and self._program.specs[number].shape:
            return f"{base}[{self._bind(f'key{number}', parameters['key'])}]"
        if name == "getitem":  # an array, even of one element
            view = self._bind(f"g{number}", lambda x: kernels.as_view(name, x, parameters))
        else:
            apply = self._program.backend.xp.__getattr__(name)
            view = self._bind(f"g{number}", lambda x: apply(x, **parameters))
        return f"{view}({base})"

    def _emit_guard(self, instruction: Instruction) -> bool:
        """A guard in place, or none where it can wait for a look in the end."""
        r, g = instruction.operands
        number = instruction.results[0]
        if not self.memory.is_guarded_in_place(instruction):
            return False
        assert not isinstance(r, Literal)
        self._names[number] = self._names[r]
        if r not in self._waiting:
            fix = self._bind("fix_zeros", kernels.fix_zeros)
            self._lines.append(f"{fix}({self._names[r]}, {self._operand(g, instruction)})")
        return True

    def _emit_product(self, instruction: Instruction, given: list[str]) -> None:
        """A product whose zeros absorb: the plain one, and the careful one if it is not finite."""
        number = instruction.results[0]
        self._emit_writer(instruction, lambda out: writers.writer_of("matmul", {}, out), given)
        if number in self._waiting:
            return
        primitive, parameters = instruction.primitive, instruction.parameters
        other = 1 - parameters["zeros"]  # which may have what zeros absorb
        looks_there = self._program.size_of(instruction.reads()[other]) < self._program.size_of(
            number
        )

        def repair(out: Any, x1: Any, x2: Any) -> None:
            if looks_there and kernels.all_finite((x1, x2)[other].ravel("K")):
                return
            if not kernels.all_finite(out.reshape(-1)):
                out[...] = compute(primitive, (x1, x2), parameters)

        self._bind(f"r{number}", repair)
        self._lines.append(f"r{number}({', '.join([self._names[number], *given])})")

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
            if self.arena.must_be_copied(n):
                copy = self._bind("copy", self._program.backend.xp.copy)
                self._lines.append(f"v{n} = {copy}(v{n})")

    def _emit_group(self, group: Group, place: int) -> None:
        runner = self._runners[place]
        runner.use(self.arena.scratch.get(place, []))
        name = self._bind(f"group{len(self._scope)}", runner)
        arguments = []
        for part, stretch in zip(parts_of(group), runner.stretches, strict=True):
            given = [self._names[n] for n in part.reads()]
            outs = [self._home(n).name for n in (*stretch.full_outputs, *stretch.tables)]
            arguments += [f"({_tuple(given)})", f"({_tuple(outs)})"]
        sums = [n for stretch in runner.stretches for n in stretch.sums]
        self._names |= {n: f"v{n}" for n in sums}
        targets = "".join(f"v{n}, " for n in sums)
        self._lines.append(f"{targets}{'= ' if sums else ''}{name}({', '.join(arguments)})")

    def _emit_run(self, run: Run) -> None:
        """One call of machine code, which is given inputs, outputs and scratch memory."""
        leaving = self.memory.leaves(run)
        outputs = [n for i in run.members for n in i.results if n in leaving]
        text = text_of(describe(self._program, run, outputs, self._is_in_order))
        self._texts[text.source] = None
        name = self._bind(f"run{len(self._scope)}", compiled(text))
        given = [self._names[n] for n in run.reads()]
        for number in outputs:
            given.append(self._home(number).name)
            if self.arena.place_of(number) is None:
                self._new_in_order.add(number)
        for dtype, size in text.scratch:
            scratch = kernels.buffer(size, dtype)
            self.arena.bytes += scratch.nbytes
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
        for i, region in enumerate(self.arena.watched_regions):
            watched, dot = f"watched{i}", kernels.quick_look(region)
            self._bind(watched, region)
            if dot is not None:
                look = self._bind("finite", math.isfinite)
                call = f"{look}({self._bind(f'dot{i}', dot)}({watched}))"
            else:
                call = f"{self._bind('all_finite', kernels.all_finite)}({watched})"
            body += [f"if not {call}:", "    return None"]
        for number in self._looked_at:
            look = self._bind("all_finite", kernels.all_finite)
            body += [f"if not {look}({self._names[number]}.reshape(-1)):", "    return None"]
        outputs = ", ".join(self._names[n] for n in self._program.outputs())
        body.append(f"return [{outputs}]")
        lines = joined(body, self._scope, self._calls.forms)
        return f"def run(free, {arguments}):\n" + "".join(f"    {line}\n" for line in lines)


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
