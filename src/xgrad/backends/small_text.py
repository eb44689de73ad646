"""The Python text of a run of instructions on small arrays, for numba to compile.

Steps over one shape are one loop over numbers. What later loops read lies in scratch memory, one
array per dtype, at places that are known now; a view is another way to count in it. Sums add in
NumPy's order, eight numbers at a time, and round as NumPy's do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .fused import Step
from .numpy_kernels import as_view
from .small import MOVES, Small, line_of, operand_dtypes

__all__ = ["Text", "text_of"]

_COPIED = 32  # elements from which on what may lie in any way is copied, so that loops use vectors
_PAIRWISE = 128  # numbers that NumPy adds without halving


class Text(NamedTuple):
    """A function as text; hashable.

    Attributes
    ----------
    source : str
        Defines `run`, of inputs, outputs and scratch memory, in this order.
    numbers : tuple of (str, str, str)
        Name, dtype and spelling of its constants.
    arguments : tuple of (str, int, str)
        Of each argument the dtype, the number of axes, and "in order", "any" or "written".
    scratch : tuple of (str, int)
        Dtypes and sizes of the scratch memory.
    """

    source: str
    numbers: tuple[tuple[str, str, str], ...]
    arguments: tuple[tuple[str, int, str], ...]
    scratch: tuple[tuple[str, int], ...]


def text_of(small: Small) -> Text:
    """The function of some instructions."""
    return _Writer(small).text()


class _Place(NamedTuple):
    """Where a value's elements are: in the array `name` as those of `view` are in bytes from `base`."""

    name: str
    base: Any
    view: Any

    def access(self, shape: tuple[int, ...]) -> _Access:
        """How the value is read over a shape that it is broadcast to."""
        start = int(self.view.ctypes.data - self.base.ctypes.data)
        return _Access(self.name, start, np.broadcast_to(self.view, shape).strides)


class _Access(NamedTuple):
    """Elements of an array: where the first one is, and what an index is multiplied by."""

    name: str
    start: int
    strides: tuple[int, ...]


class _Writer:
    def __init__(self, small: Small) -> None:
        self._small = small
        self._specs = dict(small.specs)
        self._lines: list[str] = []
        self._numbers: dict[tuple[str, str], str] = {}
        self._places: dict[int, _Place] = {}
        self._whole: dict[int, str] = {}  # inputs of several axes that lie in any way
        self._scratch: dict[str, int] = {}
        self._targets = {number: f"z{i}" for i, number in enumerate(small.outputs)}
        self._later = self._read_later()
        self._arguments: list[tuple[str, int, str]] = []

    def text(self) -> Text:
        """Write everything."""
        names = [self._take_input(i, n) for i, n in enumerate(self._small.inputs)]
        names += [self._take_output(i, n) for i, n in enumerate(self._small.outputs)]
        for number in list(self._whole):
            if math.prod(self._shape(number)) > _COPIED:
                self._placed(number)
                del self._whole[number]
        for loop in self._small.loops:
            if loop[0].name in MOVES:
                self._move(loop[0])
            elif loop[0].name == "sum":
                self._sum(loop[0])
            else:
                self._elements(loop)
        names += [f"s_{name}" for name in self._scratch]
        self._arguments += [(name, 1, "written") for name in self._scratch]
        head = f"def run({', '.join(names)}):\n"
        source = head + "".join(f"    {line}\n" for line in self._lines)
        numbers = tuple([(name, *key) for key, name in self._numbers.items()])
        return Text(source, numbers, tuple(self._arguments), tuple(self._scratch.items()))

    # -- values --------------------------------------------------------------------------------

    def _read_later(self) -> set[int]:
        """The values that other loops read than those that make them."""
        found = set()
        for loop in self._small.loops:
            own = {step.result for step in loop}
            found |= {x for s in loop for x in s.operands if isinstance(x, int) and x not in own}
        return found

    def _dtype(self, number: int) -> Any:
        return np.dtype(self._specs[number][1])

    def _shape(self, number: int) -> tuple[int, ...]:
        return tuple(self._specs[number][0])

    def _take_input(self, i: int, number: int) -> str:
        shape, name = self._shape(number), f"x{i}"
        in_order = number in self._small.flat or not shape
        self._arguments.append(
            (self._dtype(number).name, len(shape), "in order" if in_order else "any")
        )
        if not in_order and (len(shape) > 1 or math.prod(shape) > _COPIED):
            self._whole[number] = name
            return name
        if len(shape) > 1:
            self._lines.append(f"f{i} = x{i}.reshape({math.prod(shape)})")
            name = f"f{i}"
        self._places[number] = _place(name if shape else f"{name}[()]", shape)
        return f"x{i}"

    def _take_output(self, i: int, number: int) -> str:
        shape = self._shape(number)
        self._arguments.append((self._dtype(number).name, len(shape), "written"))
        if len(shape) < 2:
            self._targets[number] = f"z{i}" if shape else f"z{i}[()]"
            return f"z{i}"
        self._lines.append(f"z{i} = y{i}.reshape({math.prod(shape)})")
        return f"y{i}"

    def _keep(self, number: int) -> _Access:
        """Give a value a place in scratch memory."""
        shape, name = self._shape(number), self._dtype(number).name
        start = self._scratch.get(name, 0)
        self._scratch[name] = start + math.prod(shape)
        base = np.empty(self._scratch[name], np.uint8)
        self._places[number] = _Place(f"s_{name}", base, base[start:].reshape(shape))
        return self._places[number].access(shape)

    def _placed(self, number: int, in_order: bool = False) -> _Place:
        """Where a value is; in a copy if it is nowhere yet, or not in order where that is asked."""
        place = self._places.get(number)
        if place is not None and not (in_order and not place.view.flags.c_contiguous):
            return place
        copy = self._copy_of(number)
        self._later.add(copy)
        self._elements([Step("copy", (number,), {}, copy)])
        if place is None:
            self._places[number] = self._places[copy]
        return self._places[copy]

    def _copy_of(self, number: int) -> int:
        """A new value like another one."""
        copy = max(self._specs) + 1
        self._specs[copy] = self._specs[number]
        return copy

    def _write_copy(self, number: int) -> None:
        """Give a value that is wanted and lies somewhere else."""
        copy = self._copy_of(number)
        self._targets[copy] = self._targets[number]
        self._elements([Step("copy", (number,), {}, copy)])

    def _number(self, value: Any, dtype: Any) -> str:
        key = (dtype.name, repr(value))
        return self._numbers.setdefault(key, f"k{len(self._numbers)}")

    # -- loops ---------------------------------------------------------------------------------

    def _elements(self, steps: Sequence[Step]) -> None:
        """One loop over the elements of a shape."""
        shape = self._shape(steps[0].result)
        own = {step.result for step in steps}
        reads = dict.fromkeys(
            x for s in steps for x in s.operands if isinstance(x, int) and x not in own
        )
        reading = {n: self._places[n].access(shape) for n in reads if n not in self._whole}
        writing: list[tuple[int, _Access]] = []
        natural = _strides(shape)
        for step in steps:
            if step.result in self._targets:
                writing.append((step.result, _Access(self._targets[step.result], 0, natural)))
            if step.result in self._later:
                writing.append((step.result, self._keep(step.result)))
        whole = [n for n in reads if n in self._whole]
        accesses = [*reading.values(), *[access for _, access in writing]]
        axes = _axes(shape, [a.strides for a in accesses], keep=bool(whole))
        fixed = {n for n, access in reading.items() if not any(access.strides)}
        self._lines += [f"v{n} = {_at(reading[n], axes)}" for n in reads if n in fixed]
        body = [f"v{n} = {_at(reading[n], axes)}" for n in reading if n not in fixed]
        body += [f"v{n} = {self._at_whole(n, shape)}" for n in whole]
        body += [f"v{step.result} = {self._line(step)}" for step in steps]
        body += [f"{_at(access, axes)} = v{n}" for n, access in writing]
        self._nest(axes, body)

    def _nest(self, axes: Sequence[_Axis], body: Iterable[str]) -> None:
        """Lines inside of loops."""
        for depth, axis in enumerate(axes):
            self._lines.append("    " * depth + f"for i{axis.number} in range({axis.size}):")
        self._lines += ["    " * len(axes) + line for line in body]

    def _at_whole(self, number: int, shape: tuple[int, ...]) -> str:
        """An element of an input of several axes."""
        own = self._shape(number)
        skipped = len(shape) - len(own)
        parts = ["0" if n == 1 else f"i{skipped + i}" for i, n in enumerate(own)]
        return f"{self._whole[number]}[{', '.join(parts)}]"

    def _line(self, step: Step) -> str:
        dtypes = {n: np.dtype(dtype) for n, (_, dtype) in self._specs.items()}
        wanted = operand_dtypes(step, dtypes)
        operands = [self._operand(x, dtype) for x, dtype in zip(step.operands, wanted, strict=True)]
        return line_of(step, operands, dtypes[step.result])

    def _operand(self, x: Any, dtype: Any) -> str:
        if isinstance(x, tuple):
            return self._number(x[0], np.dtype(np.float64) if dtype is None else dtype)
        own = self._dtype(x)
        if dtype is None or own == dtype:
            return f"v{x}"
        return f"(v{x} != 0)" if dtype.name == "bool" else f"{dtype.name}(v{x})"

    # -- moves and sums --------------------------------------------------------------------------

    def _move(self, step: Step) -> None:
        """A view, and a copy of it where it is wanted."""
        x: Any = step.operands[0]
        number = step.result
        place = self._placed(x)
        view = as_view(step.name, place.view, step.parameters)
        if view is None:
            place = self._placed(x, in_order=True)
            view = as_view(step.name, place.view, step.parameters)
        self._places[number] = _Place(place.name, place.base, view)
        if number in self._targets:
            self._write_copy(number)

    def _sum(self, step: Step) -> None:
        x: Any = step.operands[0]
        shape = self._shape(x)
        axis = step.parameters.get("axis")
        given = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        summed = sorted({a % len(shape) for a in given}) if shape else []
        kept = [a for a in range(len(shape)) if a not in summed]
        if summed == list(range(len(kept), len(shape))):
            self._sum_runs(step, shape, len(kept))
        else:
            self._sum_rows(step, shape, kept)

    def _sum_runs(self, step: Step, shape: tuple[int, ...], kept: int) -> None:
        """Over the last axes: every sum is over elements that lie side by side."""
        x: Any = step.operands[0]
        place = self._placed(x, in_order=True)
        count = math.prod(shape[kept:])
        access = place.access(shape)
        start = _Access(access.name, access.start, access.strides[:kept])
        natural = _strides(shape[:kept])
        writing = []
        if step.result in self._later:
            target = self._keep(step.result)
            writing.append(_Access(target.name, target.start, natural))
        if step.result in self._targets:
            writing.append(_Access(self._targets[step.result], 0, natural))
        axes = _axes(shape[:kept], [start.strides, natural], keep=False)
        value = _sum_text(start.name, _index(start, axes), count)
        body = [f"v{step.result} = {value}"]
        self._nest(axes, [*body, *[f"{_at(a, axes)} = v{step.result}" for a in writing]])

    def _sum_rows(self, step: Step, shape: tuple[int, ...], kept: list[int]) -> None:
        """Over other axes: rows are added to rows, the first to -0.0, which changes nothing."""
        x: Any = step.operands[0]
        number = step.result
        access = self._placed(x).access(shape)
        target = self._keep(number)
        sizes = tuple([shape[a] for a in kept])
        zero = self._number(-0.0, self._dtype(number))
        axes = _axes(sizes, [_strides(sizes)], keep=False)
        self._nest(
            axes, [f"{_at(_Access(target.name, target.start, _strides(sizes)), axes)} = {zero}"]
        )
        by_axis = dict(zip(kept, _strides(sizes), strict=True))
        strides = tuple([by_axis.get(a, 0) for a in range(len(shape))])
        total = _Access(target.name, target.start, strides)
        axes = _axes(shape, [access.strides, strides], keep=False)
        self._nest(axes, [f"{_at(total, axes)} += {_at(access, axes)}"])
        if number in self._targets:
            self._write_copy(number)


class _Axis(NamedTuple):
    """A loop: its number, its size, and the strides of each access that it stands for."""

    number: int
    size: int
    members: tuple[int, ...]  # axes of the shape; the last one's strides count


def _axes(shape: Sequence[int], strides: Sequence[Sequence[int]], keep: bool) -> list[_Axis]:
    """The loops over a shape; neighbours that everybody counts through in one go are one."""
    if keep:
        return [_Axis(i, n, (i,)) for i, n in enumerate(shape)]
    found: list[_Axis] = []
    for i, n in enumerate(shape):
        if n == 1:
            continue
        last = found[-1] if found else None
        if last is not None and all(s[last.members[-1]] == s[i] * n for s in strides):
            found[-1] = _Axis(last.number, last.size * n, (*last.members, i))
        else:
            found.append(_Axis(i, n, (i,)))
    return found


def _index(access: _Access, axes: Sequence[_Axis]) -> str:
    terms = [str(access.start)] if access.start else []
    for axis in axes:
        stride = access.strides[axis.members[-1]]
        if stride:
            terms.append(f"i{axis.number}" if stride == 1 else f"i{axis.number} * {stride}")
    return " + ".join(terms) or "0"


def _at(access: _Access, axes: Sequence[_Axis]) -> str:
    """An element; arrays without axes have one."""
    return access.name if access.name.endswith("[()]") else f"{access.name}[{_index(access, axes)}]"


def _sum_text(name: str, start: str, count: int) -> str:
    if name.endswith("[()]"):
        return name
    return f"{'sum_run' if count <= _PAIRWISE else 'sum_halves'}({name}, {start}, {count})"


def _strides(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple([math.prod(shape[i + 1 :]) for i in range(len(shape))])


def _place(name: str, shape: tuple[int, ...]) -> _Place:
    base = np.empty(math.prod(shape), np.uint8)
    return _Place(name, base, base.reshape(shape))
