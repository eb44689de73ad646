"""Elementwise work on transposes is done before the transposition, on arrays as they lie in memory.

NumPy goes through the elements of x.T * y.T in the order in which both lie, and the result lies so, too. The buffers of a
program do not: one of the two sides would be read or written across the other's rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from ...backends import host
from ...core.instructions import primitive
from ...core.primitive import Kind
from ..program import Instruction, Program
from .joining import PRODUCTS

__all__ = ["with_late_transposes"]

_PERMUTE, _TRANSPOSE, _SUM = map(primitive, ("permute_dims", "matrix_transpose", "sum"))
_KINDS = (Kind.ELEMENTWISE, Kind.SELECTION)


def with_late_transposes(program: Program) -> Program:
    """Transpose results in the place of operands, where all operands are transposed alike; of NumPy arrays.

    Only if those who read the result do not mind: they are of this kind too, transpose it themselves, sum up
    everything, or are products of two matrices, whose library takes transposes."""
    if program.backend is not host():
        return program
    sources = {
        i.results[0]: (i.reads()[0], _axes_of(program, i))
        for i in program.instructions
        if _moves(i) and i.reads()
    }
    if not sources:
        return program
    late = _late(program, sources)
    if not late:
        return program
    specs, constants = dict(program.specs), dict(program.constants)
    numbers = program.new_numbers()
    before: dict[
        int, int
    ] = {}  # of what is transposed late, and of constants, the value before that
    kept: list[Instruction] = []
    for i in program.instructions:
        axes = late.get(i.results[0]) if len(i.results) == 1 else None
        if axes is None:
            kept.append(_read_before(program, i, before))
            continue
        names: dict[int, int] = {}
        for x in i.reads():
            if program.specs[x].shape == ():
                continue
            if x in sources:
                names[x] = sources[x][0]
            elif x in before:
                names[x] = before[x]
            else:  # a constant
                names[x] = next(numbers)
                constants[names[x]] = constants[x].transpose(_inverse(axes))
                specs[names[x]] = specs[x]._replace(shape=constants[names[x]].shape)
        (result,) = i.results
        new = before[result] = next(numbers)
        shape = specs[result].shape
        specs[new] = specs[result]._replace(shape=tuple([shape[a] for a in _inverse(axes)]))
        kept.append(i.renamed(names)._replace(results=(new,)))
        kept.append(_transposing(new, axes, i))
    return replace(program, specs=specs, constants=constants, instructions=tuple(kept))


def _transposing(x: int, axes: tuple[int, ...], i: Instruction) -> Instruction:
    """What gives the result of an instruction from a value that is to be transposed."""
    if axes == _of_matrices(len(axes)):
        return Instruction(_TRANSPOSE, (x,), {}, i.results, i.where)
    return Instruction(_PERMUTE, (x,), {"axes": axes}, i.results, i.where)


def _of_matrices(rank: int) -> tuple[int, ...]:
    return (*range(rank - 2), rank - 1, rank - 2)


def _moves(i: Instruction) -> bool:
    return i.primitive in (_PERMUTE, _TRANSPOSE)


def _axes_of(program: Program, i: Instruction) -> tuple[int, ...]:
    rank = len(program.specs[i.results[0]].shape)
    if i.primitive is _PERMUTE:
        return tuple([axis % rank for axis in i.parameters["axes"]])
    return _of_matrices(rank)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _late(program: Program, sources: dict[int, Any]) -> dict[int, tuple[int, ...]]:
    """The results that are transposed late, and by which axes."""
    found: dict[int, tuple[int, ...]] = {}
    makers: dict[int, Instruction] = {}
    readers: dict[int, list[Instruction]] = defaultdict(list)
    for i in program.instructions:
        for x in i.reads():
            readers[x].append(i)
        axes = _common_axes(program, i, sources, found)
        if axes is not None:
            found[i.results[0]] = axes
            makers[i.results[0]] = i
    # Whoever minds takes those with them that read its result, or whose result it reads.
    minding = True
    while minding:
        minding = False
        for n, axes in list(found.items()):
            fits = _common_axes(program, makers[n], sources, found) == axes
            if not fits or not all(_takes_it(program, i, found) for i in readers[n]):
                del found[n]
                minding = True
    return found


def _common_axes(
    program: Program, i: Instruction, sources: dict[int, Any], late: dict[int, tuple[int, ...]]
) -> tuple[int, ...] | None:
    """How all operands are transposed that are not constants, if they are alike."""
    if i.primitive.kind not in _KINDS or len(i.results) != 1:
        return None
    shape = program.specs[i.results[0]].shape
    found = set()
    for x in i.reads():
        if program.specs[x].shape == ():
            continue
        if program.specs[x].shape != shape:
            return None
        if x in sources:
            found.add(sources[x][1])
        elif x in late:
            found.add(late[x])
        elif x not in program.constants:
            return None
    return found.pop() if len(found) == 1 else None


def _takes_it(program: Program, i: Instruction, late: dict[int, tuple[int, ...]]) -> bool:
    """Whether an instruction does not mind that what it reads is transposed."""
    if _moves(i) or i.results[0] in late or _sums_everything(program, i):
        return True
    return i.primitive in PRODUCTS and all(len(program.specs[x].shape) == 2 for x in i.reads())


def _sums_everything(program: Program, i: Instruction) -> bool:
    return i.primitive is _SUM and program.specs[i.results[0]].shape == ()


def _read_before(program: Program, i: Instruction, before: dict[int, int]) -> Instruction:
    """A sum of everything reads what was not transposed yet."""
    return i.renamed(before) if _sums_everything(program, i) else i
