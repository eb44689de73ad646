"""Python numbers in a program, as arrays for loops that take nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Array
from ..backends import numpy_kernels as kernels
from .program import Literal, Program

__all__ = ["number_among"]

_LARGEST = 60000.0  # that every floating dtype holds


def number_among(
    program: Program, value: Any, operands: Sequence[Any], number: int
) -> Array | None:
    """A number as an array without axes, of the dtype of the operands beside it.

    Of the result's, whose `number` is given, where those are truth values. None where NumPy might
    convert it otherwise: only floating dtypes are the same for all numbers."""
    dtypes = {program.specs[x].dtype for x in operands if not isinstance(x, Literal)}
    dtypes = {dtype for dtype in dtypes if dtype.kind != "b"} or {program.specs[number].dtype}
    (dtype, *others) = dtypes
    plain = type(value) in (int, float) and abs(value) <= _LARGEST
    return kernels.scalar(value, dtype) if plain and not others and dtype.kind == "f" else None
