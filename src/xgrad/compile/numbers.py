"""Python numbers in a program, as arrays for loops that take nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Array
from ..backends import numpy_kernels as kernels
from ..backends.numpy_numbers import BFLOAT16
from .program import Instruction, Literal, Program

__all__ = ["number_among", "number_for"]

_LARGEST = 60000.0  # that every floating dtype holds
_KINDS = {int: "fiu", float: "f"}


def number_among(
    program: Program, value: Any, operands: Sequence[Any], number: int
) -> Array | None:
    """A number as an array without axes, of the dtype of the operands beside it.

    Of the result's, whose `number` is given, where those are truth values. None where NumPy might
    convert it otherwise: floating dtypes are the same for all numbers, others for those of their kind."""
    dtypes = {program.specs[x].dtype for x in operands if not isinstance(x, Literal)}
    dtypes = {dtype for dtype in dtypes if dtype.kind != "b"} or {program.specs[number].dtype}
    (dtype, *others) = dtypes
    kinds = _KINDS.get(type(value), "")
    if others or dtype.kind not in kinds or abs(value) > _LARGEST:
        return None
    if dtype.kind != "f" and not kernels.fits(value, dtype):
        return None
    return kernels.scalar(value, dtype)


def number_for(program: Program, value: Any, instruction: Instruction) -> Any:
    """A number as an array of the result's dtype where that is safe.

    Next to bfloat16, which is not NumPy's, always: NumPy would make float32 of the two."""
    if type(value) not in (int, float):
        return value
    dtype = program.specs[instruction.results[0]].dtype
    dtypes = {program.specs[n].dtype for n in instruction.reads()}
    if dtypes != {dtype} or dtype.kind != "f":
        (dtype, *others) = {dtype for dtype in dtypes if dtype.kind != "b"} or {dtype}
        if others or dtype.char != BFLOAT16:
            return value
        value = float(value)  # ml_dtypes takes no int of more than 64 bits
    return kernels.scalar(value, dtype)
