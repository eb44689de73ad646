"""Algebra that changes no finite result by more than rounding.

What is left out: products with one, sums with zero, conversions to the same dtype, shapes that are
there already, a guard against what cannot be, a choice whose outcome is known. Constants whose elements are all the same become
numbers, so that nothing is broadcast for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import backend_of
from ..program import Instruction, Literal, Program

__all__ = ["simplify"]

_COMMUTE = ("add", "multiply")
_SCALARS = ("add", "divide", "multiply", "subtract", "zero_where_zero", "maximum", "minimum")


def simplify(program: Program) -> Program:
    """Apply the rules below until every instruction has been seen once."""
    numbers = {
        n: value for n, a in program.constants.items() if isinstance(value := _uniform(a), float)
    }
    names: dict[int, int] = {}
    kept: list[Instruction] = []
    makers: dict[int, Instruction] = {}
    for instruction in program.instructions:
        operands = tuple([names.get(x, x) if type(x) is int else x for x in instruction.operands])
        current = instruction._replace(operands=operands)
        current = _with_numbers(program, current, numbers)
        rule = _RULES.get(current.primitive.name)
        same = None if rule is None else rule(program, current, makers)
        if same is not None and program.specs[same] == program.specs[current.results[0]]:
            names[current.results[0]] = same
            continue
        kept.append(current)
        for number in current.results:
            makers[number] = current
    return program.renamed(names, kept)


def _uniform(array: Any) -> Any:
    """The float or truth value that every element of a broadcast constant is."""
    if getattr(array, "strides", (1,)) != (0,) * len(array.shape) or 0 in array.shape:
        return None
    with backend_of(array).on(array):
        value = (array[(0,) * len(array.shape)] if array.shape else array[()]).item()
    return value if isinstance(value, (bool, float)) else None


def _with_numbers(
    program: Program, instruction: Instruction, numbers: dict[int, Any]
) -> Instruction:
    """Use a number in place of a constant, where the other operand has shape and dtype."""
    if instruction.primitive.name not in _SCALARS:
        return instruction
    x1, x2 = instruction.operands
    spec = program.specs[instruction.results[0]]
    for here, other in ((x1, x2), (x2, x1)):
        fits = type(other) is int and program.specs[other] == spec
        if type(here) is int and here in numbers and fits:
            literal = Literal(numbers[here])
            pair = (literal, x2) if here is x1 else (x1, literal)
            return instruction._replace(operands=pair)
    return instruction


Makers = dict[int, Instruction]


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, Literal) else None


def _multiply(_program: Program, i: Instruction, _makers: Makers) -> int | None:
    x1, x2 = i.operands
    if _value(x2) == 1:
        return x1 if type(x1) is int else None
    return x2 if _value(x1) == 1 and type(x2) is int else None


def _divide(_program: Program, i: Instruction, _makers: Makers) -> int | None:
    x1, x2 = i.operands
    return x1 if _value(x2) == 1 and type(x1) is int else None


def _same_form(program: Program, i: Instruction, _makers: Makers) -> int | None:
    (x,) = i.operands
    return x if type(x) is int and program.specs[x] == program.specs[i.results[0]] else None


def _guard(_program: Program, i: Instruction, makers: Makers) -> int | None:
    """Nothing to guard where the cotangent is a number that is not zero, or was guarded by it."""
    r, g = i.operands
    if type(r) is not int:
        return None
    if r == g:
        return r
    if isinstance(g, Literal) and g.value != 0:
        return r
    maker = makers.get(r)
    if maker is None:
        return None
    again = maker.primitive is i.primitive and maker.operands[1] == g
    return r if again or _is_multiple(maker, g) else None


def _is_multiple(maker: Instruction, g: Any) -> bool:
    """Whether a result is g times a number, which is zero where g is."""
    name, operands = maker.primitive.name, maker.operands
    if name == "negative":
        return bool(operands[0] == g)
    if name == "multiply" and operands[1] == g:
        operands = operands[::-1]
    if name not in ("multiply", "divide") or operands[0] != g:
        return False
    factor = _value(operands[1])
    usable = isinstance(factor, (int, float)) and math.isfinite(factor)
    return usable and (factor != 0 or name == "multiply")


def _twice(_program: Program, i: Instruction, makers: Makers) -> int | None:
    """The inverse of what was done to an operand: -(-x), a transpose of a transpose."""
    (x,) = i.operands
    maker = makers.get(x) if type(x) is int else None
    if maker is None or maker.primitive is not i.primitive:
        return None
    if i.primitive.name == "permute_dims":
        first, then = maker.parameters["axes"], i.parameters["axes"]
        if any(first[a] != place for place, a in enumerate(then)):
            return None
    (source,) = maker.operands
    return source if type(source) is int else None


def _choice(program: Program, i: Instruction, _makers: Makers) -> int | None:
    """One of two values, where the condition is known."""
    condition, *values = i.operands
    known = _known(program, condition)
    if known is None:
        return None
    chosen = values[0] if known else values[1]
    return chosen if type(chosen) is int else None


def _either(program: Program, i: Instruction, _makers: Makers) -> int | None:
    """Where one condition holds everywhere, that one; where it nowhere does, the other."""
    for here, other in (i.operands, i.operands[::-1]):
        known = _known(program, here)
        chosen = here if known else other
        if known is not None and type(chosen) is int:
            return chosen
    return None


def _known(program: Program, operand: Any) -> bool | None:
    """What a condition is, where that is the same everywhere and in every call."""
    if isinstance(operand, Literal):
        return operand.value if isinstance(operand.value, bool) else None
    array = program.constants.get(operand)
    found = None if array is None else _uniform(array)
    return found if isinstance(found, bool) else None


def _identity(_program: Program, i: Instruction, _makers: Makers) -> int | None:
    (x,) = i.operands
    return x if type(x) is int else None


_RULES: dict[str, Callable[[Program, Instruction, Makers], int | None]] = {
    "multiply": _multiply,
    "divide": _divide,
    "zero_where_zero": _guard,
    "negative": _twice,
    "matrix_transpose": _twice,
    "permute_dims": _twice,
    "where": _choice,
    **dict.fromkeys(("bitwise_or", "logical_or"), _either),
    "copy": _identity,
    "stop_gradient": _identity,
    "positive": _identity,
    **dict.fromkeys(("astype", "broadcast_to", "reshape"), _same_form),
}
