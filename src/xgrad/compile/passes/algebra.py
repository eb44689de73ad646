"""Algebra that changes no finite result by more than rounding.

What is left out: products with one, sums with zero, conversions to the same dtype, shapes that are
there already, a guard against what cannot be, a choice whose outcome is known, rounding of integers. Constants whose elements are
all the same become numbers, so that nothing is broadcast for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import backend_of
from ...backends.base import dtype_name
from ...core.dispatch import LARGEST, SMALLEST
from ...core.instructions import primitive
from ..program import Instruction, Literal
from .sweep import Known

__all__ = ["doubled", "simplified", "with_numbers"]

_ADD, _MULTIPLY = primitive("add"), primitive("multiply")
_WIDE = ("float32", "float64", "complex64", "complex128")
_LIMITS = {
    **dict.fromkeys(("float32", "complex64"), (1e-30, 1e30)),
    **dict.fromkeys(("float64", "complex128"), (0, math.inf)),
}
_SCALARS = ("add", "divide", "multiply", "subtract", "zero_where_zero", "maximum", "minimum")


def with_numbers(known: Known, instruction: Instruction) -> Instruction | None:
    """Use a number in place of a constant, where the other operand has shape and dtype."""
    if instruction.primitive.name not in _SCALARS:
        return None
    x1, x2 = instruction.operands
    if x1 not in known.constants and x2 not in known.constants:
        return None
    specs = known.program.specs
    spec = specs[instruction.results[0]]
    # What is guarded may be the result itself, which is an array.
    first = instruction.primitive.name == "zero_where_zero"
    for here, other in ((x1, x2), (x2, x1))[first:]:
        if type(other) is int and specs[other] == spec:
            value = _number(known, here)
            if isinstance(value, float):
                literal = Literal(value)
                return instruction.of((literal, x2) if here is x1 else (x1, literal))
    return None


def simplified(known: Known, instruction: Instruction) -> tuple[int, ...] | None:
    """The value that the result is, by the rules below."""
    rule = _RULES.get(instruction.primitive.name)
    same = None if rule is None else rule(known, instruction)
    if same is None:
        return None
    specs = known.program.specs
    return (same,) if specs[same] == specs[instruction.results[0]] else None


def doubled(known: Known, instruction: Instruction) -> Instruction | None:
    """One product for twice a product, or for the product of twice a value, with the same digits.

    That is what the gradient of x * x is made of, times a number."""
    if instruction.primitive is _ADD:
        x1, x2 = instruction.operands
        scaled = _scaled(known, x1) if type(x1) is int and x1 == x2 else None
    elif instruction.primitive is _MULTIPLY:
        scaled = _of_twice(known, instruction)
    else:
        return None
    if scaled is None:
        return None
    number, x = scaled
    pair = (Literal(2 * number), x)
    return Instruction(_MULTIPLY, pair, {}, instruction.results, instruction.where)


def _scaled(known: Known, x: int) -> tuple[float, int] | None:
    """A finite number and the value that it is multiplied with, if a value is made so."""
    maker = known.makers.get(x)
    if maker is None or maker.primitive is not _MULTIPLY:
        return None
    return _number_times(known, maker)


def _of_twice(known: Known, product: Instruction) -> tuple[float, int] | None:
    """A number and x, for their product with x + x."""
    found = _number_times(known, product)
    maker = known.makers.get(found[1]) if found is not None else None
    if found is None or maker is None or maker.primitive is not _ADD:
        return None
    x1, x2 = maker.operands
    return (found[0], x1) if type(x1) is int and x1 == x2 else None


def _number_times(known: Known, product: Instruction) -> tuple[float, int] | None:
    for number, x in (product.operands, product.operands[::-1]):
        value = _value(number)
        if type(value) in (int, float) and type(x) is int:
            spec = known.program.specs[x]
            alike = spec == known.program.specs[product.results[0]]
            # Twice the number must be one of the dtype, too.
            fits = 1e-30 < abs(value) < 1e30 and dtype_name(spec.dtype) in _WIDE
            return (value, x) if alike and fits else None
    return None


def _number(known: Known, operand: Any) -> Any:
    """The float or truth value that every element of a constant is; None if there is none."""
    if operand not in known.constants:
        return None
    if operand not in known.numbers:
        known.numbers[operand] = _uniform(known.constants[operand])
    return known.numbers[operand]


def _uniform(array: Any) -> Any:
    """The float or truth value that every element of a broadcast constant is."""
    if getattr(array, "strides", (1,)) != (0,) * len(array.shape) or 0 in array.shape:
        return None
    with backend_of(array).on(array):
        value = (array[(0,) * len(array.shape)] if array.shape else array[()]).item()
    return value if isinstance(value, (bool, float)) else None


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, Literal) else None


def _multiply(_known: Known, i: Instruction) -> int | None:
    x1, x2 = i.operands
    if _value(x2) == 1:
        return x1 if type(x1) is int else None
    return x2 if _value(x1) == 1 and type(x2) is int else None


def _divide(_known: Known, i: Instruction) -> int | None:
    x1, x2 = i.operands
    return x1 if _value(x2) == 1 and type(x1) is int else None


def _same_form(known: Known, i: Instruction) -> int | None:
    (x,) = i.operands
    return (
        x
        if type(x) is int and known.program.specs[x] == known.program.specs[i.results[0]]
        else None
    )


def _guard(known: Known, i: Instruction) -> int | None:
    """Nothing to guard where the cotangent is a number that is not zero, or was guarded by it."""
    r, g = i.operands
    if type(r) is not int:
        return None
    if r == g:
        return r
    dtype = known.program.specs[r].dtype
    if isinstance(g, Literal) and _is_moderate(g.value, dtype):
        return r
    maker = known.makers.get(r)
    if maker is None:
        return None
    again = maker.primitive is i.primitive and maker.operands[1] == g
    return r if again or _is_multiple(maker, g, dtype) else None


def _is_multiple(maker: Instruction, g: Any, dtype: Any) -> bool:
    """Whether a result is g times a number, which is zero where g is."""
    name, operands = maker.primitive.name, maker.operands
    if name == "negative":
        return bool(operands[0] == g)
    if name == "multiply" and operands[1] == g:
        operands = operands[::-1]
    if name not in ("multiply", "divide") or operands[0] != g:
        return False
    factor = _value(operands[1])
    if not isinstance(factor, (int, float)):
        return False
    return _is_moderate(factor, dtype) or (factor == 0 and name == "multiply")


def _is_moderate(value: float, dtype: Any) -> bool:
    """Whether a number is surely neither zero nor infinite in a dtype."""
    smallest, largest = _LIMITS.get(dtype_name(dtype), (SMALLEST, LARGEST))
    return smallest < abs(value) < largest


def _twice(known: Known, i: Instruction) -> int | None:
    """The inverse of what was done to an operand: -(-x), a transpose of a transpose."""
    (x,) = i.operands
    maker = known.makers.get(x) if type(x) is int else None
    if maker is None or maker.primitive is not i.primitive:
        return None
    if i.primitive.name == "permute_dims":
        first, then = maker.parameters["axes"], i.parameters["axes"]
        if any(first[a] != place for place, a in enumerate(then)):
            return None
    (source,) = maker.operands
    return source if type(source) is int else None


def _choice(known: Known, i: Instruction) -> int | None:
    """One of two values, where the condition is known."""
    condition, *values = i.operands
    truth = _truth(known, condition)
    if truth is None:
        return None
    chosen = values[0] if truth else values[1]
    return chosen if type(chosen) is int else None


def _either(known: Known, i: Instruction) -> int | None:
    """Where one condition holds everywhere, that one; where it nowhere does, the other."""
    for here, other in (i.operands, i.operands[::-1]):
        truth = _truth(known, here)
        chosen = here if truth else other
        if truth is not None and type(chosen) is int:
            return chosen
    return None


def _truth(known: Known, operand: Any) -> bool | None:
    """What a condition is, where that is the same everywhere and in every call."""
    found = operand.value if isinstance(operand, Literal) else _number(known, operand)
    return found if isinstance(found, bool) else None


def _identity(_known: Known, i: Instruction) -> int | None:
    (x,) = i.operands
    return x if type(x) is int else None


def _whole(known: Known, i: Instruction) -> int | None:
    """Integers are round: libraries' functions would give floats, or take the way through them."""
    (x,) = i.reads() or (None,)
    if x is None or not dtype_name(known.program.specs[x].dtype).startswith(("int", "uint")):
        return None
    return x


_RULES: dict[str, Callable[[Known, Instruction], int | None]] = {
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
    **dict.fromkeys(("ceil", "floor", "round", "trunc"), _whole),
    **dict.fromkeys(("astype", "broadcast_to", "reshape"), _same_form),
}
