"""What is made of constants alone is computed once: constant folding."""

from __future__ import annotations

from ...backends import backend_of
from ...core.dispatch import compute
from ..program import Instruction, Literal
from .constants import ELEMENTWISE, first_element, is_uniform
from .repetition import repeated
from .sweep import Known

__all__ = ["folded"]

_MOST_BYTES = 1 << 16  # of a folded constant; what is the same everywhere takes none


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
    elementwise = instruction.primitive.kind in ELEMENTWISE and not instruction.parameters
    uniform = elementwise and all(map(is_uniform, arrays))
    if not uniform and known.program.bytes_of(number) > _MOST_BYTES:
        return None
    former = repeated(known, instruction)
    if former is not None:
        return former
    backend = backend_of(arrays[0])
    with backend.on(arrays[0]):
        given = {n: first_element(constants[n]) if uniform else constants[n] for n in reads}
        operands = [x.value if isinstance(x, Literal) else given[x] for x in instruction.operands]
        y = compute(instruction.primitive, operands, instruction.parameters)
        if uniform:
            y = backend.xp.broadcast_to(backend.xp.reshape(y, ()), shape)
    constants[number] = y
    return instruction.results
