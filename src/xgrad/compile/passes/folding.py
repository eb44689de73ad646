"""What is made of constants alone is computed once: constant folding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...backends import backend_of
from ...core.dispatch import compute
from ...core.primitive import Kind
from ..program import Instruction, Literal, Program

__all__ = ["with_folded_constants"]

_MOST_BYTES = 1 << 16  # of a folded constant; what is the same everywhere takes none
_ELEMENTWISE = (Kind.ELEMENTWISE, Kind.SELECTION, Kind.CONSTANT)


def with_folded_constants(program: Program) -> Program:
    """Make constants of instructions that read nothing else."""
    constants = dict(program.constants)
    kept = []
    for instruction in program.instructions:
        folded = _folded(program, instruction, constants)
        if folded is None:
            kept.append(instruction)
        else:
            constants[instruction.results[0]] = folded
    if len(kept) == len(program.instructions):
        return program
    return replace(program, constants=constants, instructions=tuple(kept))


def _folded(program: Program, instruction: Instruction, constants: Mapping[int, Any]) -> Any:
    """The result of an instruction, if it always has the same and that is small; else None."""
    reads = instruction.reads()
    if not reads or not all(n in constants for n in reads) or len(instruction.results) != 1:
        return None
    (number,) = instruction.results
    if instruction.looks or number in program.outputs():
        return None
    arrays = [constants[n] for n in reads]
    shape = program.specs[number].shape
    # Of constants that are the same everywhere one element is enough, and the result is so too.
    elementwise = instruction.primitive.kind in _ELEMENTWISE and not instruction.parameters
    uniform = elementwise and all(map(_is_uniform, arrays))
    if not uniform and program.bytes_of(number) > _MOST_BYTES:
        return None
    backend = backend_of(arrays[0])
    with backend.on(arrays[0]):
        given = {n: _first(constants[n]) if uniform else constants[n] for n in reads}
        operands = [x.value if isinstance(x, Literal) else given[x] for x in instruction.operands]
        y = compute(instruction.primitive, operands, instruction.parameters)
        return backend.xp.broadcast_to(backend.xp.reshape(y, ()), shape) if uniform else y


def _is_uniform(array: Any) -> bool:
    """Whether an array is one element, seen many times."""
    return 0 not in array.shape and getattr(array, "strides", None) == (0,) * len(array.shape)


def _first(array: Any) -> Any:
    """The first element, with all axes."""
    return array[(slice(0, 1),) * len(array.shape)]
