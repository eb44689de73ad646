"""The tangent of any primitive, by transposing its gradient rules.

A gradient rule is linear in the cotangent, so its transpose is the derivative itself: run the rule
on a cotangent that is recorded, and carry the tangent back to it. What rules are written in is
differentiable, so this holds for every primitive, at the price of a small tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._typing import Array
from ..backends import backend_of
from ..core.casting import is_inexact
from ..core.node import Leaf, Node
from ..core.observers import state
from ..core.primitive import Primitive, Refusal, no_rule, rule_names
from ..core.spec import spec_of
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import arrive
from .backward import walk
from .stack import Context
from .trace import Trace

__all__ = ["Private", "transposed_tangent"]


class _QuietTrace(Trace):
    """Of assignments the tapes that are the user's own warn."""

    __slots__ = ()
    warns = False


class _GraphsTrace(_QuietTrace):
    """One for a Graph, which follows constants whose gradient nobody misses."""

    __slots__ = ()
    follows_constants = True


class Private:
    """An observer of its own, for what is differentiated inside xgrad."""

    def __init__(self, follows_constants: bool = False) -> None:
        kind = _GraphsTrace if follows_constants else _QuietTrace
        self.trace = kind(False, {}, [], None)
        self.alone = (self.trace,)


def transposed_tangent(
    primitive: Primitive,
    values: tuple[Any, ...],
    tangents: tuple[Any, ...],
    y: Any,
    parameters: Mapping[str, Any],
    outside: Context,
) -> Any:
    """The tangent of the result, or of each result, as Tensors.

    Parameters
    ----------
    values : tuple
        The operands, as Tensors or Python scalars.
    tangents : tuple
        The Tensor of each operand's tangent, or None.
    y : Tensor or tuple of Tensor
    outside : Context
        In which the tangent is computed.
    """
    private = Private()
    several = isinstance(y, tuple)
    cotangents = [_cotangent(part, private.trace) for part in (y if several else (y,))]
    with Context.of((*outside.observers, private)):
        seeds = _run_rules(
            primitive,
            values,
            tangents,
            y,
            tuple(cotangents) if several else cotangents[0],
            parameters,
        )
    with outside:
        recorded = bool(state.observers)
        found = walk(
            private.trace,
            [
                (node, t if recorded else backend_of(other).joined(t, other))
                for node, t, other in seeds
                if private.trace.follows(node)
            ],
            {g.node: g for g in cotangents if g is not None and g.node is not None},
            recorded=recorded,
            consume=True,
            stops={},
        )
        results = tuple([_tangent_of(g, found, recorded) for g in cotangents])
    private.trace.close()
    return results if several else results[0]


def _cotangent(y: Tensor, trace: Trace) -> Tensor | None:
    """Something to transpose with respect to: ones, so that no rule takes it for a zero."""
    if not is_inexact(y.dtype):
        return None
    g = rule_namespace.ones_like(Tensor(y.raw))
    g.node = Leaf(g.shape, g.dtype)
    trace.watch(g.node, None)
    return g  # type: ignore[no-any-return]


def _run_rules(
    primitive: Primitive,
    values: tuple[Any, ...],
    tangents: tuple[Any, ...],
    y: Any,
    g: Any,
    parameters: Mapping[str, Any],
) -> list[tuple[Node, Tensor, Array]]:
    """Run the rule of each operand that has a tangent: node, tangent and array of what it gives."""
    guarded, broadcasts = primitive.guarded, primitive.kind.broadcasts
    first = len(primitive.operands) - 1 if primitive.starred else len(values)
    named = {**dict(zip(primitive.operands, values, strict=False)), "y": y}
    if primitive.starred:
        named[primitive.operands[-1]] = values[first:]
    seeds = []
    for place, operand in enumerate(primitive.operands):
        starred = place == first
        ts = tangents[first:] if starred else (tangents[place],)
        if all(t is None for t in ts):
            continue
        rule = primitive.rules.get(operand)
        if rule is None or isinstance(rule, Refusal):
            raise no_rule(primitive, operand)
        wanted, static = rule_names(rule)
        given = [_given(named, name) for name in wanted]
        r = rule(rule_namespace, g, *given, **{name: parameters[name] for name in static})
        operands = values[first:] if starred else (values[place],)
        for part, value, t in zip(r if starred else (r,), operands, ts, strict=True):
            if t is not None and part is not None:
                spec = spec_of(value)
                arrived = arrive(rule_namespace, part, g, spec, guarded, broadcasts)
                if arrived.node is not None:
                    seeds.append((arrived.node, t, arrived.raw))
    return seeds


def _given(named: Mapping[str, Any], name: str) -> Any:
    """Give what a rule asks for by name; specs of several arrays as a tuple."""
    if not name.endswith("_spec"):
        return named[name]
    value = named[name.removesuffix("_spec")]
    return tuple([spec_of(v) for v in value]) if isinstance(value, tuple) else spec_of(value)


def _tangent_of(g: Tensor | None, found: Mapping[Node, Any], recorded: bool) -> Tensor | None:
    if g is None:
        return None
    t = found.get(g.node) if g.node is not None else None
    if t is None:
        return rule_namespace.zeros_like(Tensor(g.raw))  # type: ignore[no-any-return]
    return t if recorded else Tensor(t)
