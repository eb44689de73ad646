"""Powers with whole exponents as products, which share their squares; as eager NumPy has them.

Powers of another dtype than the base, of bools and of integers with a float as exponent, are those of
what it is converted to: NumPy's functions for single exponents stay in the base's dtype. Other powers of
floats of 16 bits are those of float32, since the exponent would be rounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...backends import host
from ...backends import numpy_kernels as kernels
from ...backends.dtypes import is_half_dtype
from ...backends.whole_powers import by_products, whole_exponent
from ...core.instructions import primitive
from ..program import Instruction, Program

__all__ = ["with_products"]

_ASTYPE = primitive("astype")
_MULTIPLY = primitive("multiply")
_RECIPROCAL = primitive("reciprocal")


def with_products(program: Program) -> Program:
    """Put products for powers into a program of NumPy arrays."""
    if program.backend is not host():
        return program
    if "power" not in {i.primitive.name for i in program.instructions}:
        return program
    specs = dict(program.specs)
    numbers = program.new_numbers()
    kept: list[Instruction] = []

    def note(primitive: Any, *operands: int, **parameters: Any) -> int:
        number = next(numbers)
        dtype = parameters.get("dtype", specs[operands[0]].dtype)
        specs[number] = specs[operands[0]]._replace(dtype=dtype)
        kept.append(
            instruction._replace(
                primitive=primitive, operands=operands, parameters=parameters, results=(number,)
            )
        )
        return number

    for instruction in program.instructions:
        if instruction.primitive.name == "power":
            (x,) = instruction.reads()
            dtype = specs[instruction.results[0]].dtype
            if specs[x].dtype != dtype:
                instruction = instruction.of((note(_ASTYPE, x, dtype=dtype),))  # noqa: PLW2901
        if _needs_float32(program, instruction):
            (x,) = instruction.reads()
            wide = note(_ASTYPE, x, dtype=host().dtype("float32"))
            y = note(instruction.primitive, wide, **instruction.parameters)
            note(_ASTYPE, y, dtype=specs[x].dtype)
            kept[-1] = kept[-1]._replace(results=instruction.results)
            continue
        exponent = _whole(program, instruction)
        if exponent is None:
            kept.append(instruction)
            continue
        (x,) = instruction.reads()
        y = by_products(x, abs(exponent), lambda a, b: note(_MULTIPLY, a, b))
        if exponent < 0:
            note(_RECIPROCAL, y)
        kept[-1] = kept[-1]._replace(results=instruction.results)
    return replace(program, specs=specs, instructions=tuple(kept))


def _whole(program: Program, instruction: Instruction) -> int | None:
    if instruction.primitive.name != "power":
        return None
    dtype = program.specs[instruction.results[0]].dtype
    return whole_exponent(instruction.parameters["exponent"], dtype)


def _needs_float32(program: Program, instruction: Instruction) -> bool:
    """Whether an instruction is a power of floats of 16 bits for which NumPy has no own function."""
    if not is_half_dtype(program.specs[instruction.results[0]].dtype):
        return False
    name, parameters = instruction.primitive.name, instruction.parameters
    return name == "power" and not kernels.has_own_power(parameters["exponent"])
