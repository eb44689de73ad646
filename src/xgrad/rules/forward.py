"""Forward mode: the tangent of a result, from the same rules that carry cotangents back.

The kind says how. Where a derivative is one factor per element, its rule serves both modes; what is
linear is applied to the tangents themselves; products take the tangent of one operand at a time.
The few others have forward rules, or are transposed by the interpreter (interpreters/transpose.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._typing import Array
from ..core.primitive import Kind, Primitive, Refusal, no_rule, rule_names
from .edges import to_dtype

__all__ = ["is_transposed", "tangent"]

Run = Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any]

_FACTORS = (Kind.ELEMENTWISE, Kind.SELECTION)
_OF_ITSELF = (Kind.REDUCTION, Kind.MOVEMENT, Kind.LINEAR, Kind.INDEXING)


def is_transposed(primitive: Primitive) -> bool:
    """Whether a tangent can only be had by transposing the gradient rules."""
    kinds = (*_FACTORS, *_OF_ITSELF, Kind.CONTRACTION)
    return primitive.kind not in kinds and not primitive.forward_rules


def tangent(
    xp: Any,
    run: Run,
    primitive: Primitive,
    values: tuple[Any, ...],
    tangents: tuple[Any, ...],
    y: Any,
    parameters: dict[str, Any],
) -> Any:
    """The tangent of the result of a primitive that is not transposed.

    Parameters
    ----------
    xp : namespace
    run : callable
        ``run(primitive, operands, parameters)`` applies a primitive.
    primitive : Primitive
    values, tangents : tuples
        The operands, and the tangent of each: an array of its shape, or None for zero; not all
        of them None.
    y : array or tuple of arrays
        The result.
    parameters : dict

    Returns
    -------
    array or tuple of arrays
        Of the shape and dtype of the result.
    """
    for operand, t in zip(_names(primitive, len(values)), tangents, strict=True):
        rule = primitive.rules.get(operand)
        if t is not None and (rule is None or isinstance(rule, Refusal)):
            raise no_rule(primitive, operand)
    if primitive.kind in _OF_ITSELF:
        return run(primitive, _direction(xp, primitive, values, tangents), parameters)
    total: Any = None
    for place, t in enumerate(tangents):
        if t is None:
            continue
        if primitive.kind is Kind.CONTRACTION and not primitive.forward_rules:
            part = run(primitive, (*values[:place], t, *values[place + 1 :]), parameters)
        else:
            part = _by_rule(xp, primitive, place, t, values, y, parameters)
        total = part if total is None else total + part
    if total.shape != y.shape:
        total = xp.broadcast_to(total, tuple(y.shape))
    return to_dtype(xp, total, y.dtype)


def _by_rule(
    xp: Any,
    primitive: Primitive,
    place: int,
    t: Array,
    values: tuple[Any, ...],
    y: Array,
    parameters: dict[str, Any],
) -> Array:
    """One operand's part, by its forward rule or by the gradient rule, which is its own transpose."""
    operand = _names(primitive, len(values))[place]
    rule = (primitive.forward_rules or primitive.rules)[operand]
    wanted, static = rule_names(rule)
    named = dict(zip(primitive.operands, values, strict=False), y=y)
    first = len(primitive.operands) - 1 if primitive.starred else len(values)
    if primitive.starred:
        named[primitive.operands[-1]] = values[first:]
    given = [named[name.removesuffix("_spec")] for name in wanted]
    r = rule(xp, t, *given, **{name: parameters[name] for name in static})
    r = r[place - first] if place >= first else r
    return xp.zero_where_zero(r, t) if primitive.guarded else r


def _direction(
    xp: Any, primitive: Primitive, values: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The tangents as operands: zeros where there is none, indices as they are."""
    found: list[Any] = []
    names = _names(primitive, len(values))
    for operand, value, t in zip(names, values, tangents, strict=True):
        if t is not None or operand not in primitive.rules:
            found.append(value if t is None else t)
        else:
            found.append(xp.zeros_like(value) if hasattr(value, "shape") else 0)
    return tuple(found)


def _names(primitive: Primitive, count: int) -> list[str]:
    """The name of each operand, a starred one's as often as there are arrays."""
    names = list(primitive.operands)
    if primitive.starred:
        star = names.pop()
        names += [star] * (count - len(names))
    return names
