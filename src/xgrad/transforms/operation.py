"""A user's function as one operation, to everybody who watches.

It is recorded as a primitive of its own whose first operand is no array but a `Call`, which knows
the user's rule; the others are the arrays that the function depends on. Tapes, `explain` and
forward mode treat it as they treat any other. Users' rules are in the convention of steepest
ascent, for complex numbers, and conjugated here on both sides (decision 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import ref

from .._typing import Array, DType, Shape
from ..backends import Device, backend_of
from ..batching import Batched, Level, level_of
from ..core.casting import is_inexact
from ..core.inspection import tell
from ..core.node import Cut, Node
from ..core.observers import Recorder, settings, state
from ..core.primitive import Kind, Primitive
from ..core.tensor import Tensor
from ..interpreters.stack import Context
from ..interpreters.trace import active_traces
from ..interpreters.transpose import transposed_tangent
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from . import batched

__all__ = ["Call", "Place", "place_of", "primitive_of", "record"]


class Place(NamedTuple):
    """What an array must be like to belong to an operand or a result.

    Attributes
    ----------
    name : str
        For error messages.
    """

    name: str
    shape: Shape
    dtype: DType
    device: Device


def place_of(x: Any, name: str) -> Place:
    """Where a Tensor or Variable is, and of what shape and dtype."""
    return Place(name, x.shape, x.dtype, x.device)


class Call:
    """One application of a user's function.

    A subclass gives `gradients`, and `push` where tangents are not to be had by transposing it.

    Attributes
    ----------
    operands : list of Place
        What the function depends on: one per array operand, in order.
    results : list of Place
        What it returned, one per leaf.
    kept_bytes, saved_bytes : int
        How many bytes of arrays it keeps for the way back, as far as it knows, and how many more a
        tape would have kept.
    has_push : bool
        Whether there is a rule of forward mode.
    """

    has_push = False
    kept_bytes = 0
    saved_bytes = 0

    def __init__(self, operands: Sequence[Place], results: Sequence[Place]) -> None:
        self.operands = list(operands)
        self.results = list(results)
        self._traces = active_traces()
        self._given: list[tuple[ref[Tensor], Node]] = []
        self._opaque: list[tuple[int, ref[Tensor]]] = []
        self._nodes: list[ref[Node] | None] = [None for _ in results]

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Apply the user's rule.

        Parameters
        ----------
        gs : list of Tensor or None
            The cotangent of each result, None for those that are not floating.

        Returns
        -------
        list of Tensor or None
            For each operand, of its shape and dtype.
        """
        raise NotImplementedError

    def push(
        self, values: Sequence[Tensor], tangents: Sequence[Tensor | None]
    ) -> Sequence[Tensor | None]:
        """Carry tangents forward.

        Parameters
        ----------
        values : sequence of Tensor
            The operands.
        tangents : sequence of Tensor or None
            Of each operand; not all of them None.

        Returns
        -------
        sequence of Tensor or None
            Of each result.
        """
        raise NotImplementedError

    # -- what the rule's closure sees ----------------------------------------------------------

    def remember(self, given: Sequence[Tensor], returned: Sequence[Tensor]) -> None:
        """Know the Tensors that the function was given and those it returned, without holding them.

        Its rule may have closed over them, and runs in other contexts than the function did."""
        self._given = [(ref(x), x.node) for x in given if x.node is not None]
        self._opaque = [
            (i, ref(y))
            for i, y in enumerate(returned)
            if y.node is None and all(y is not x for x in given)
        ]

    def came_out_as(self, nodes: Sequence[Node | None]) -> None:
        """Know the nodes of the results."""
        self._nodes = [None if node is None or type(node) is Cut else ref(node) for node in nodes]

    @contextmanager
    def linked(self) -> Iterator[None]:
        """Let the closure's Tensors be followed as the operation was.

        Observers that did not see the operation must not follow some of its operands only. Results
        that were computed outside xgrad are followed through the operation itself."""
        active = active_traces()
        former: list[tuple[Tensor, Node | None]] = []
        if any(trace in self._traces for trace in active):
            for i, reference in self._opaque:
                y, made = reference(), self._nodes[i]
                if y is not None and made is not None and y.node is None:
                    former.append((y, None))
                    y.node = made()
        elif active:
            for given, node in self._given:
                x = given()
                if x is not None and x.node is node:
                    former.append((x, node))
                    x.node = None
        try:
            yield
        finally:
            for tensor, node_before in former:
                tensor.node = node_before

    # -- the rule of the primitive -------------------------------------------------------------

    def pull_back(self, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        """Carry the cotangents of the results back, in the walk's convention."""
        recorded = any(isinstance(part, Tensor) for part in parts)
        gs = [self._seed(part, place) for part, place in zip(parts, self.results, strict=True)]
        with self.linked():
            found = batched.rows_at_once(self.gradients, gs)
        return tuple([None if g is None else _as_cotangent(g, recorded) for g in found])

    def _seed(self, part: Any, place: Place) -> Tensor | None:
        if part is None:
            if not is_inexact(place.dtype):
                return None
            xp, native = place.device.backend.xp, place.device.native
            return Tensor(xp.zeros(place.shape, dtype=place.dtype, device=native))
        g = part if isinstance(part, Tensor) else Tensor(part)
        return steepest(rule_namespace, g)  # type: ignore[no-any-return]


def _as_cotangent(g: Tensor, recorded: bool) -> Any:
    if recorded:
        return steepest(rule_namespace, g)
    return steepest(backend_of(g.array).xp, g.array)


def primitive_of(name: str) -> Primitive:
    """Make the primitive of a user's function."""
    primitive = Primitive(name, Kind.GENERAL, ("call", "*arrays"), (), None)
    primitive.give_rules(arrays=lambda xp, g, call: call.pull_back(g))
    primitive.push = _push
    return primitive


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
    if not call.has_push:
        return transposed_tangent(primitive, values, tangents, results, {}, outside)  # type: ignore[no-any-return]
    with outside, call.linked():
        moved = list(tangents[1:])
        return tuple(batched.rows_at_once(lambda ts: list(call.push(values[1:], ts)), moved))


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
    level = level_of([array for array, _ in operands])
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
    arrays = tuple([y.array for y in results])
    nodes: Any = None
    if recorder is not None:
        values = (call, *[array for array, _ in operands])
        parents = (None, *[node for _, node in operands])
        nodes = recorder.record(primitive, values, parents, None, arrays)
    if settings.inspected:
        values = tuple([array for array, _ in operands])
        tell(primitive, values, None, arrays, nodes)
    if nodes is None:
        return [Tensor(array) for array in arrays]
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

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Run the rule for all examples; what they share gets the sum."""
        level = self._level
        with level.reopened():
            inside = [None if g is None else Tensor(Batched(g, level)) for g in gs]
            with self._call.linked():
                found = batched.rows_at_once(self._call.gradients, inside)
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
    values = [y.array.value for y in results]
    with level.outside:
        made = record(
            primitive,
            _ForAll(call, level, given, values),
            [(x.value.array, x.value.node) for x in given],
            values,
        )
    return [Tensor(Batched(value, level), y.node) for value, y in zip(made, results, strict=True)]
