"""Narrow indices of many rows made wide once, so that rows are taken and added in blocks (fusion.py)."""

from __future__ import annotations

from dataclasses import replace

from ...backends import host
from ...backends.base import dtype_name
from ...core.instructions import primitive
from ..program import Instruction, Program

__all__ = ["with_wide_indices"]

_ASTYPE = primitive("astype")
_MANY = 1 << 16  # elements of the rows, and how many of them for an index
_ROW = 4
_NARROW = {"int8", "int16", "int32", "uint8", "uint16", "uint32"}


def with_wide_indices(program: Program) -> Program:
    """Convert indices of many rows to int64 in a program of NumPy arrays."""
    if program.backend is not host():
        return program
    specs = dict(program.specs)
    numbers = program.new_numbers()
    wide: dict[int, int] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        if not _is_about_many_rows(program, instruction):
            kept.append(instruction)
            continue
        x, indices = instruction.reads()
        if indices not in wide:
            dtype = program.backend.dtype("int64")
            wide[indices] = number = next(numbers)
            specs[number] = specs[indices]._replace(dtype=dtype)
            parameters = {"dtype": dtype}
            kept.append(Instruction(_ASTYPE, (indices,), parameters, (number,), instruction.where))
        kept.append(instruction.of((x, wide[indices])))
    return replace(program, specs=specs, instructions=tuple(kept)) if wide else program


def _is_about_many_rows(program: Program, instruction: Instruction) -> bool:
    if instruction.primitive.name not in ("take", "index_add"):
        return False
    if instruction.parameters.get("axis") != 0 or len(instruction.reads()) != 2:
        return False
    x, indices = instruction.reads()
    y = instruction.results[0]
    size = program.size_of(y if instruction.primitive.name == "take" else x)
    few = program.size_of(indices) * _ROW <= size
    return size >= _MANY and few and dtype_name(program.specs[indices].dtype) in _NARROW
