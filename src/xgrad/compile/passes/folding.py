"""What is made of constants alone is computed once: constant folding."""

from __future__ import annotations

from typing import Any

from ...backends import backend_of
from ...core.dispatch import compute
from ...core.primitive import Kind
from ..program import Instruction, Literal
from .repetition import repeated
from .sweep import Known

__all__ = ["folded"]

_MOST_BYTES = 1 << 16  # of a folded constant; what is the same everywhere takes none
_ELEMENTWISE = (Kind.ELEMENTWISE, Kind.SELECTION, Kind.CONSTANT)


def folded(known: Known, instruction: Instruction) -> tuple[int, ...] | None:
    """Make a constant of what an instruction gives, if it reads nothing else and that is small."""
    constants = known.constants
    for x in instruction.operands:
        if type(x) is int and x not in constants:
            return None
    if len(instruction.results) != 1 or instruction.looks:
        return None
    (number,) = instruction.results
    reads = instruction.reads()
    if not reads or number in known.outputs:
        return None
    arrays = [constants[n] for n in reads]
    shape = known.program.specs[number].shape
    # Of constants that are the same everywhere one element is enough, and the result is so too.
    elementwise = instruction.primitive.kind in _ELEMENTWISE and not instruction.parameters
    uniform = elementwise and all(map(_is_uniform, arrays))
    if not uniform and known.program.bytes_of(number) > _MOST_BYTES:
        return None
    former = repeated(known, instruction)
    if former is not None:
        return former
    backend = backend_of(arrays[0])
    with backend.on(arrays[0]):
        given = {n: _first(constants[n]) if uniform else constants[n] for n in reads}
        operands = [x.value if isinstance(x, Literal) else given[x] for x in instruction.operands]
        y = compute(instruction.primitive, operands, instruction.parameters)
        if uniform:
            y = backend.xp.broadcast_to(backend.xp.reshape(y, ()), shape)
    constants[number] = y
    return instruction.results


def _is_uniform(array: Any) -> bool:
    """Whether an array is one element, seen many times."""
    return 0 not in array.shape and getattr(array, "strides", None) == (0,) * len(array.shape)


def _first(array: Any) -> Any:
    """The first element, with all axes."""
    return array[(slice(0, 1),) * len(array.shape)]
