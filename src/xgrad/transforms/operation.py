"""A user's function as one operation, to everybody who watches.

It is recorded as a primitive of its own whose first operand is no array but a `Call`, which knows
the user's rule; the others are the arrays that the function depends on. Tapes, `explain` and
forward mode treat it as they treat any other. Users' rules are in the convention of steepest
ascent, for complex numbers, and conjugated here on both sides (decision 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Array
from ..backends import backend_of
from ..batching import Batched, Level, level_of
from ..core.inspection import tell
from ..core.node import Cut, Leaf, Node
from ..core.observers import Recorder, cut_off, settings, state
from ..core.primitive import Kind, Primitive
from ..core.tensor import Tensor
from ..errors import NotDifferentiableError
from ..interpreters.stack import Context
from ..interpreters.trace import Trace, active_traces
from ..interpreters.transpose import Private, transposed_tangent
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from . import batched
from .call import Call, place_of

__all__ = ["primitive_of", "record"]


def primitive_of(name: str) -> Primitive:
    """Make the primitive of a user's function."""
    primitive = Primitive(name, Kind.GENERAL, ("call", "*arrays"), (), None)
    primitive.give_rules(arrays=lambda xp, g, call: _pull_back(call, g))
    primitive.push = _push
    return primitive


def _pull_back(call: Call, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Carry the cotangents of the results back, in the walk's convention."""
    recorded = any(isinstance(part, Tensor) for part in parts)
    gs = call.seeds(parts)
    with call.linked():
        found = batched.rows_at_once(_rule_of(call), gs)
    return tuple([None if g is None else _as_cotangent(g, recorded) for g in found])


def _rule_of(call: Call) -> batched.Rule:
    return lambda gs: _run_rule(call, gs)


def _run_rule(call: Call, gs: list[Tensor | None]) -> list[Tensor | None]:
    """Apply the user's rule; a gradient that it computed outside xgrad has no derivative.

    Rules are linear, so one whose result does not depend on the cotangents has left xgrad, and
    how the result depends on anything else is not known either."""
    if not state.observers:
        return call.gradients(gs)
    traces = active_traces()
    if call.own:
        return [None if g is None else _as_followed_by(g, traces) for g in call.gradients(gs)]
    private = Private()
    watched = [None if g is None else _watched(g, private.trace) for g in gs]
    with Context.of((*state.observers, private)):
        found = call.gradients(watched)
    lost = [
        i
        for i, g in enumerate(found)
        if g is not None and (g.node is None or not private.trace.follows(g.node))
    ]
    private.trace.close()
    if lost:
        refusing = _without_derivative(call, gs, [found[i] for i in lost])
        for i, r in zip(lost, refusing, strict=True):
            found[i] = r
    return [None if g is None else _as_followed_by(g, traces) for g in found]


def _without_derivative(
    call: Call, gs: Sequence[Tensor | None], results: list[Any]
) -> list[Tensor]:
    """The same gradients, which refuse to be differentiated where somebody follows."""
    nodes = [g.node for g in gs if g is not None]
    if call.saw(active_traces()):
        nodes += call.parents
    operands = [(_value_of(node, results[0].raw), node) for node in nodes if node is not None]
    return record(_OPAQUE, _Opaque(call.title, len(operands), results), operands, results)


def _value_of(node: Node, other: Array) -> Array:
    """A Variable's value, by which a session knows that it has not changed; else another array."""
    variable = node.variable() if type(node) is Leaf and node.variable is not None else None
    return other if variable is None else variable.raw


def _watched(g: Tensor, trace: Trace) -> Tensor:
    """A cotangent that a trace follows, besides whoever did before."""
    node = Leaf(g.shape, g.dtype) if g.node is None or type(g.node) is Cut else g.node
    trace.watch(node, None)
    return Tensor(g.raw, node)


def _as_followed_by(g: Tensor, traces: tuple[Any, ...]) -> Tensor:
    followed = g.node is not None and any(trace.follows(g.node) for trace in traces)
    return g if followed else Tensor(g.raw)


def _as_cotangent(g: Tensor, recorded: bool) -> Any:
    if recorded:
        return steepest(rule_namespace, g)
    return steepest(backend_of(g.raw).xp, g.raw)


class _Opaque(Call):
    """A rule that computes outside xgrad: the gradient that it gives has no derivative."""

    def __init__(self, title: str, count: int, results: Sequence[Tensor]) -> None:
        places = [place_of(r, "dx") for r in results]
        super().__init__(places[:1] * count, places)
        self.title = title

    def gradients(self, _gs: list[Tensor | None]) -> list[Tensor | None]:
        """Refuse."""
        raise NotDifferentiableError(
            f"{self.title}: its gradient function computes outside xgrad and was not followed, so "
            "it cannot be differentiated: second derivatives are not known, nor is forward mode, "
            "which transposes it. Use xgrad's functions there, None for a gradient that is zero, or "
            "custom_gradient for what it calls; for forward mode alone, defjvp."
        )


def _push(
    primitive: Primitive,
    values: tuple[Any, ...],
    tangents: tuple[Tensor | None, ...],
    results: tuple[Tensor, ...],
    outside: Context,
) -> tuple[Tensor | None, ...]:
    """Carry tangents forward: by the call's own rule, or by transposing how it pulls back."""
    call: Call = values[0]
    call.came_out_as([y.node for y in results])
    level = level_of([y.raw for y in results])
    if level is not None:  # who is outside must see what the rule does with what examples share
        others = [o for o in level.observers if o not in outside.observers]
        outside = Context.of((*others, *outside.observers))
    if not call.has_push:
        return transposed_tangent(primitive, values, tangents, results, {}, outside)  # type: ignore[no-any-return]
    with outside, call.linked():
        moved = list(tangents[1:])
        return tuple(batched.rows_at_once(lambda ts: list(call.push(values[1:], ts)), moved))


_OPAQUE = primitive_of("grad_fn")


def record(
    primitive: Primitive,
    call: Call,
    operands: Sequence[tuple[Array, Node | None]],
    results: Sequence[Tensor],
    *,
    outside: bool = True,
) -> list[Tensor]:
    """Tell everybody who watches that the operation took place.

    Parameters
    ----------
    primitive : Primitive
    call : Call
    operands : sequence of (array, node)
        As `call.operands`.
    results : sequence of Tensor
        What the function computed.
    outside : bool
        Whether those outside a level of examples are told of one operation on all of them; else
        they have seen what the function did.

    Returns
    -------
    list of Tensor
        The same values, as results of the operation.
    """
    level = level_of([*[array for array, _ in operands], *[y.raw for y in results]])
    if level is None:
        return _told(state.recorder, primitive, call, operands, results)
    operands, results = batched.to_level(level, operands, results)
    if outside and level.outside is not None:
        results = _told_outside(level, primitive, call, operands, results)
    return _told(level.recorder(), primitive, call, operands, results)


def _told(
    recorder: Recorder | None,
    primitive: Primitive,
    call: Call,
    operands: Sequence[tuple[Array, Node | None]],
    results: Sequence[Tensor],
) -> list[Tensor]:
    """Tell one recorder."""
    arrays = tuple([y.raw for y in results])
    nodes: Any = None
    if recorder is not None:
        values = (call, *[array for array, _ in operands])
        parents = (None, *[node for _, node in operands])
        call.parents = [node for node in parents if node is not None]
        nodes = recorder.record(primitive, values, parents, None, arrays)
    if settings.inspected:
        values = tuple([array for array, _ in operands])
        tell(primitive, values, None, arrays, nodes)
    if nodes is None:
        cut = cut_off(primitive, tuple([node for _, node in operands]), 3)
        return [Tensor(array, cut) for array in arrays]
    call.came_out_as(nodes)
    return [Tensor(array, node) for array, node in zip(arrays, nodes, strict=True)]


class _ForAll(Call):
    """The same call for all examples of a level, to those who watch outside."""

    def __init__(
        self, call: Call, level: Level, operands: Sequence[Batched], results: Sequence[Tensor]
    ) -> None:
        places = [
            place._replace(shape=tuple(x.value.shape))
            for place, x in zip(call.operands, operands, strict=True)
        ]
        made = [
            place._replace(shape=y.shape) for place, y in zip(call.results, results, strict=True)
        ]
        super().__init__(places, made)
        self._call = call
        self._level = level
        self._mapped = [x.mapped for x in operands]
        self.has_push = call.has_push
        self.own = call.own

    def push(
        self, values: Sequence[Tensor], tangents: Sequence[Tensor | None]
    ) -> list[Tensor | None]:
        """Run the rule of forward mode for all examples."""
        level = self._level
        with level.reopened():
            xs = [Tensor(Batched(x, level, m)) for x, m in zip(values, self._mapped, strict=True)]
            ts = [
                None if t is None else Tensor(Batched(t, level, m))
                for t, m in zip(tangents, self._mapped, strict=True)
            ]
            with self._call.linked():
                found = batched.rows_at_once(lambda ts: list(self._call.push(xs, ts)), ts)
        return [None if t is None else batched.to_outside(level, t, True) for t in found]

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Run the rule for all examples; what they share gets the sum."""
        level = self._level
        with level.reopened():
            inside = [None if g is None else Tensor(Batched(g, level)) for g in gs]
            with self._call.linked():
                found = batched.rows_at_once(_rule_of(self._call), inside)
        return [
            None if g is None else batched.to_outside(level, g, mapped)
            for g, mapped in zip(found, self._mapped, strict=True)
        ]


def _told_outside(
    level: Level,
    primitive: Primitive,
    call: Call,
    operands: Sequence[tuple[Array, Node | None]],
    results: Sequence[Tensor],
) -> list[Tensor]:
    """Tell those outside a level what happened to all of its examples."""
    assert level.outside is not None
    given = [array for array, _ in operands]
    values = [y.raw.value for y in results]
    with level.outside:
        made = record(
            primitive,
            _ForAll(call, level, given, values),
            [(x.value.raw, x.value.node) for x in given],
            values,
        )
    return [Tensor(Batched(value, level), y.node) for value, y in zip(made, results, strict=True)]
