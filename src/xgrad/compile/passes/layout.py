"""Transposes that many small products read are laid out in memory once.

Libraries of matrix products take a transposed second factor as it is, but for a few rows of single
precision that takes up to twice as long; to copy the factor takes half as long as one such product."""

from __future__ import annotations

from dataclasses import replace

from ...backends import host
from ...backends.base import dtype_name
from ...core.instructions import primitive
from ..program import Instruction, Program
from .joining import PRODUCTS

__all__ = ["with_copied_transposes"]

_FEWEST = 4
# Measured with OpenBLAS.
_MOST_ROWS = 64  # of the first factor
_MOST = 128  # of either axis of the second

_COPY, _TRANSPOSE = primitive("copy"), primitive("matrix_transpose")


def with_copied_transposes(program: Program) -> Program:
    """Let small products read a copy, where there are enough of them; in programs of NumPy arrays."""
    transposes = {i.results[0] for i in program.instructions if i.primitive is _TRANSPOSE}
    if program.backend is not host() or not transposes:
        return program
    places: dict[int, list[int]] = {}
    for place, i in enumerate(program.instructions):
        if i.primitive in PRODUCTS and i.operands[1] in transposes and _is_slow(program, i):
            places.setdefault(i.operands[1], []).append(place)
    places = {n: found for n, found in places.items() if len(found) >= _FEWEST}
    if not places:
        return program
    specs = dict(program.specs)
    numbers = program.new_numbers()
    copies = {n: next(numbers) for n in places}
    specs |= {copy: specs[n] for n, copy in copies.items()}
    readers = {place for found in places.values() for place in found}
    kept: list[Instruction] = []
    for place, i in enumerate(program.instructions):
        if place in readers:
            x1, x2 = i.operands
            i = i._replace(operands=(x1, copies[x2]))  # type: ignore[index]  # noqa: PLW2901
        kept.append(i)
        for n in i.results:
            if n in copies:
                kept.append(Instruction(_COPY, (n,), {}, (copies[n],), i.where))
    return replace(program, specs=specs, instructions=tuple(kept))


def _is_slow(program: Program, product: Instruction) -> bool:
    if any(type(x) is not int for x in product.operands):
        return False
    one, two = (program.specs[x] for x in product.operands)  # type: ignore[index]
    small = len(one.shape) == len(two.shape) == 2 and max(two.shape) <= _MOST
    return small and one.shape[0] <= _MOST_ROWS and dtype_name(two.dtype) == "float32"
