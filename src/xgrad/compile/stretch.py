"""A group of large elementwise instructions as a function that runs some of its blocks.

A block is small enough that what passes between instructions stays in the cache; every instruction is
one call of NumPy's, into scratch memory or into a result. Sums end as one partial result, those of products
without the products. Where all arrays are flat and NumPy's loops were compiled, a sweep (sweeping.py)
runs the same instructions in smaller blocks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ..backends import numpy_kernels as kernels
from ..backends.caches import last_cache_bytes
from ..backends.numpy_buffers import Form
from .fusion import Group, tables_of
from .numbers import number_for
from .program import Instruction, Literal, Program
from .slots import Slots
from .sweeping import sweeping
from .texts import function_of

__all__ = ["Stretch", "nanoseconds"]

# Nanoseconds per element of four bytes: of NumPy's loops in the cache, of a cache for all cores, and of memory.
_CHEAP, _DEAR, _CACHE, _MEMORY = 0.12, 0.4, 0.1, 0.3
_ARITHMETIC = {
    *("abs", "add", "astype", "ceil", "clip_lower", "clip_upper", "divide", "equal", "floor"),
    *("greater", "greater_equal", "index_add", "isfinite", "isnan", "less", "less_equal"),
    *("maximum", "minimum", "multiply", "negative", "not_equal", "power", "relu", "square"),
    *("subtract", "sum", "take", "trunc", "zero_where_zero"),
}


class Stretch:
    """One group as source.

    Attributes
    ----------
    full_outputs : list of int
        The values that it writes to memory.
    tables : list of int
        Those that it adds rows to: each thread to its own.
    sums : list of int
        The sums that it gives.
    count : int
        How many rows it has: elements, where nothing has to be broadcast.
    width : int
        How many elements a row has.
    scratch : list of Form
        The memory that a thread needs for it.
    table_forms : list of Form
        Of `tables`.
    source : str
        What was generated.
    sweep : Sweeping or None
        What stands before that source where it can.
    """

    def __init__(
        self,
        program: Program,
        group: Group,
        leaving: set[int],
        is_in_order: Callable[[int], bool],
    ) -> None:
        self._program = program
        self.group = group
        self._members = _with_product_sums(program, group, leaving)
        numbers = [(i.results[0], i.primitive.name) for i in self._members]
        ends = ("sum", "index_add")
        self.full_outputs = [n for n, name in numbers if name not in ends and n in leaving]
        self.tables = [n for n, name in numbers if name == "index_add"]
        self.table_forms = [Form(*program.specs[n]) for n in self.tables]
        self.sums = [n for n, name in numbers if name == "sum"]  # in the order of a sweep's, too
        self._aside = {n for i in group.members for n in tables_of(i)}
        read = {n for i in self._members for n in i.reads() if n not in tables_of(i)}
        self._flat = all(
            (self._is_full(n) and is_in_order(n)) or program.size_of(n) == 1
            for n in read - group.results()
        ) and all(self._sums_everything(i) for i in group.members if i.primitive.name == "sum")
        self.sweep = sweeping(program, group.domain, self._members) if self._flat else None
        if self._aside and self.sweep is None:
            self._flat = False  # calls are good at whole rows only
        self.count = math.prod(group.domain) if self._flat else group.domain[0]
        self.width = 1 if self._flat else math.prod(group.domain[1:])
        self.scratch: list[Form] = []
        self._scope: dict[str, Any] = {}
        self.source = ""
        self._function: Callable[..., Any] | None = None

    def compiled(self, step: int, may_be_written_over: Callable[[int], bool]) -> Callable[..., Any]:
        """``stretch(lo, hi, scratch, inputs, outputs)``, which takes so many rows at once.

        `may_be_written_over` says whether a result may be in the memory of an input."""
        block = (step,) if self._flat else (step, *self.group.domain[1:])
        members = Group(self.group.domain, self._members)
        slots = Slots(self._program, members, self.full_outputs, block, may_be_written_over)
        self._scope["STEP"] = step
        self._homes: list[str] = []  # of the members' results
        self.source = self._generate(slots)
        self.scratch = slots.forms
        found = None
        if self.sweep is not None:
            outputs = [*self.full_outputs, *self.tables]
            found = self.sweep.function(self._homes, outputs, self.scratch, step, self._in_python)
        return self._in_python if found is None else found

    def _in_python(self, *arguments: Any) -> Any:
        """Run the source, which is compiled when it is needed."""
        if self._function is None:
            self._function = function_of(self.source, "stretch", self._scope, "xg.function group")
        return self._function(*arguments)

    def inputs(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """What the group reads, as the function wants it."""
        if not self._aside:
            return self._laid_out(arrays)
        pairs = zip(self.group.reads(), arrays, strict=True)
        return [x if n in self._aside else self._laid_out([x])[0] for n, x in pairs]

    def outputs(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """What the function writes, as it wants it."""
        full = len(self.full_outputs)
        return [*self._laid_out(arrays[:full]), *arrays[full:]]

    def _laid_out(self, arrays: Sequence[Any]) -> Sequence[Any]:
        if not self._flat:
            return arrays
        return [x.reshape(-1 if x.size == self.count else ()) for x in arrays]

    # -- generation ------------------------------------------------------------------------------

    def _is_full(self, number: int) -> bool:
        return self._program.specs[number].shape == self.group.domain

    def _sums_everything(self, instruction: Instruction) -> bool:
        return not self._program.specs[instruction.results[0]].shape

    def _generate(self, slots: Slots) -> str:
        """A function that runs the blocks from `lo` to `hi`."""
        names: dict[int, str] = {}
        head = ["for a in range(lo, hi, STEP):", "    b = min(a + STEP, hi)", "    n = b - a"]
        body: list[str] = []
        for i, number in enumerate(self.group.reads()):
            names[number] = f"x{number}"
            body.append(f"x{number} = inputs[{i}]{self._slice(number)}")
        for i, number in enumerate(self.full_outputs):
            names[number] = f"y{number}"
            body.append(f"y{number} = outputs[{i}][a:b]")
        begin = [f"s{number} = 0" for number in self.sums]
        for i, number in enumerate(self.tables):
            names[number] = f"y{number}"
            begin += [f"y{number} = outputs[{i + len(self.full_outputs)}]", f"y{number}.fill(0)"]
        for place in range(len(self._members)):
            body += self._member(place, names, slots)
            slots.let_go(place)
        head += [f"    m{i} = scratch[{i}][:n]" for i in range(len(slots.forms))]
        lines = [*begin, *head, *[f"    {line}" for line in body]]
        lines.append(f"return [{', '.join(f's{n}' for n in self.sums)}]")
        return "def stretch(lo, hi, scratch, inputs, outputs):\n" + "".join(
            f"    {line}\n" for line in lines
        )

    def _slice(self, number: int) -> str:
        """How an input is cut to a block; tables and indices are left to who gathers."""
        shape = self._program.specs[number].shape
        domain = self.group.domain
        if self._flat:
            return "[a:b]" if self._is_full(number) else ""
        return "[a:b]" if len(shape) == len(domain) and shape[0] == domain[0] else ""

    def _member(self, place: int, names: dict[int, str], slots: Slots) -> list[str]:
        """The lines of one instruction."""
        member = self._members[place]
        name, number = member.primitive.name, member.results[0]
        given = [self._operand(x, member, names) for x in member.operands]
        if name == "sum":
            axis: Any = None if not self._program.specs[number].shape else 0
            if len(given) == 2:
                dot = self._bind("product_sum", kernels.product_sum_of)
                self._homes.append("")
                return [f"s{number} = s{number} + {dot}({', '.join(given)})"]
            self._homes.append("")
            add = self._bind("add_reduce", kernels.sum_of)
            return [f"s{number} = s{number} + {add}({given[0]}, {axis})"]
        lines = []
        if name == "index_add":
            self._homes.append(names[number])
            scatter, width = self._bind("scatter", kernels.scatter), self._width_of(member)
            return [f"{scatter}({names[number]}, {', '.join(given)}, a, b, {width})"]
        if number not in names:
            names[number] = slots.name_of(place)
        out = names[number]
        self._homes.append(out)
        if name == "where":
            where = self._bind("where_into", kernels.where_into)
            lines.append(f"{where}({', '.join(given)}, {out})")
        elif name == "zero_where_zero":
            copy = self._bind("copy_into", kernels.copy_into)
            fix = self._bind("fix_zeros", kernels.fix_zeros)
            if given[0] != out:
                lines.append(f"{copy}({out}, {given[0]})")
            lines.append(f"{fix}({out}, {given[1]})")
        elif name == "take":
            gather = self._bind("gather", kernels.gather)
            lines.append(f"{gather}({', '.join(given)}, a, b, {self._width_of(member)}, {out})")
        elif name == "astype":
            copy = self._bind("copy_into", kernels.copy_into)
            lines.append(f"{copy}({out}, {given[0]})")
        else:
            dtype = self._program.specs[member.results[0]].dtype
            found = kernels.ufunc_of(name, member.parameters, dtype)
            assert found is not None
            ufunc, more = found
            f = self._bind(f"f_{ufunc.__name__}", ufunc)
            arguments = [*given, *map(repr, more), kernels.out_code(ufunc, out)]
            lines.append(f"{f}({', '.join(arguments)})")
        return lines

    def _width_of(self, member: Instruction) -> int:
        """Of how many elements rows of a table are; 0 where a block is made of whole ones."""
        table = member.reads()[0] if member.primitive.name == "take" else member.results[0]
        return math.prod(self._program.specs[table].shape[1:]) if self._flat else 0

    def _operand(self, operand: Any, member: Instruction, names: dict[int, str]) -> str:
        if not isinstance(operand, Literal):
            return names[operand]
        value = number_for(self._program, operand.value, member)
        return self._bind(f"k{len(self._scope)}", value)

    def _bind(self, name: str, value: Any) -> str:
        self._scope[name] = value
        return name


def nanoseconds(program: Program, group: Group) -> float:
    """About how long one thread takes for a group."""
    reads = group.reads()
    inside = {n for i in group.members for n in i.reads()}
    outside = [
        n for n in (*reads, *sorted(group.results() - inside)) if _is_over(program, n, group)
    ]
    far = sum(map(program.bytes_of, outside)) > last_cache_bytes()
    loops = [
        (i.results[0], _CHEAP if i.primitive.name in _ARITHMETIC else _DEAR) for i in group.members
    ]
    loops += [(n, _MEMORY if far else _CACHE) for n in outside]
    row = sum([cost * int(program.specs[n].dtype.itemsize) / 4 for n, cost in loops])
    return row * math.prod(group.domain)


def _with_product_sums(program: Program, group: Group, leaving: set[int]) -> list[Instruction]:
    """The members, with sums of products that nobody else reads as sums with two operands.

    BLAS takes those in one pass, without memory for the products."""
    readers = Counter(n for i in group.members for n in i.reads())
    factors: dict[Any, tuple[Any, ...]] = {}  # of a product
    for i in group.members:
        pair = _factors(i)
        if pair and i.results[0] not in leaving and _are_alike(program, (*pair, i.results[0])):
            factors[i.results[0]] = pair
    sums = {
        i.operands[0]: i
        for i in group.members
        if i.primitive.name == "sum" and not program.specs[i.results[0]].shape
    }
    joined = {n for n in factors if n in sums and readers[n] == 1}
    members = []
    for i in group.members:
        product = i.results[0]
        if product in joined:  # here, because its factors may be written over later
            members.append(sums[product]._replace(operands=factors[product]))
        elif i.primitive.name != "sum" or i.operands[0] not in joined:
            members.append(i)
    return members


def _factors(i: Instruction) -> tuple[Any, ...]:
    """The two factors of a product or a square."""
    name = i.primitive.name
    if name == "square" or (name == "power" and i.parameters["exponent"] == 2):
        return i.operands * 2
    return i.operands if name == "multiply" else ()


def _are_alike(program: Program, numbers: tuple[Any, ...]) -> bool:
    """Whether values have one shape and one floating dtype that BLAS knows."""
    if any(isinstance(n, Literal) for n in numbers):
        return False
    specs = {program.specs[n] for n in numbers}
    return len(specs) == 1 and specs.pop().dtype.char in "fd"


def _is_over(program: Program, number: int, group: Group) -> bool:
    return program.specs[number].shape == group.domain
