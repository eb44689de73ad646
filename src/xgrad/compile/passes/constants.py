"""Constants that are one element, seen many times, are read as that element: nothing is spread out for them."""

from __future__ import annotations

from typing import Any

from ...core.primitive import Kind
from ..program import Instruction
from .sweep import Known

__all__ = ["ELEMENTWISE", "first_element", "is_uniform", "with_single_elements"]

ELEMENTWISE = (Kind.ELEMENTWISE, Kind.SELECTION, Kind.CONSTANT)


def with_single_elements(known: Known, instruction: Instruction) -> Instruction | None:
    """Read one element of what is the same everywhere, where another operand has the result's shape."""
    kind = instruction.primitive.kind
    if kind not in ELEMENTWISE or (kind is Kind.CONSTANT and instruction.parameters):
        return None
    specs = known.program.specs
    reads = instruction.reads()
    spread = [x for x in reads if specs[x].shape and is_uniform(known.constants.get(x))]
    if not spread:
        return None
    shape = specs[instruction.results[0]].shape
    if not any(specs[x].shape == shape for x in reads if x not in spread):
        return None
    return instruction.renamed({x: known.single(x, first_element) for x in spread})


def is_uniform(array: Any) -> bool:
    """Whether an array is one element, seen many times."""
    strides = getattr(array, "strides", None)
    if strides is None:
        return False
    return strides == (0,) * len(array.shape) and 0 not in array.shape


def first_element(array: Any) -> Any:
    """The first element, without axes."""
    return array[(slice(0, 1),) * len(array.shape)].reshape(())
