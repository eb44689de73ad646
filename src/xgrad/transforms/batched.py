"""Users' functions and rules on examples that stand for many (batching/).

Most run on Batched arrays as they are. What cannot, because it leaves xgrad, is run for one example
after the other: a rule here, a function by the vmap around it, which `NotBatchableError` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from .._typing import Array
from ..batching import Batched, Level, level_of
from ..core.node import Node
from ..core.tensor import Tensor
from ..errors import TracingError
from ..ops.rule_namespace import rule_namespace as xp

__all__ = ["NotBatchableError", "Rule", "attempt", "rows_at_once", "to_level", "to_outside"]


Rule = Callable[[list[Tensor | None]], list[Tensor | None]]


class NotBatchableError(TracingError):
    """A user's function or rule does not run on all examples of a level at once."""

    level: Level


@contextmanager
def attempt(operands: Sequence[Tensor | None]) -> Iterator[None]:
    """Run something of the user's that may not take Batched arrays.

    Raises
    ------
    NotBatchableError
        If it fails and an operand is Batched.
    """
    try:
        yield
    except NotBatchableError:
        raise
    except Exception as error:
        level = level_of([x.raw for x in operands if x is not None])
        if level is None:
            raise
        failure = NotBatchableError(
            "a function with a gradient of its own does not run on all examples at once "
            f"({type(error).__name__}: {error}). Use it inside xg.vmap, which then runs one "
            "example after the other."
        )
        failure.level = level
        raise failure from error


def rows_at_once(rule: Rule, gs: list[Tensor | None]) -> list[Tensor | None]:
    """Call a rule, for one example after the other where it does not take all at once."""
    try:
        with attempt(gs):
            return rule(gs)
    except NotBatchableError as failure:
        level = failure.level
        if level.recorder() is not None:
            raise  # somebody inside would follow the examples: the vmap around runs them
        rows = [_example(rule, gs, level, i) for i in range(level.size)]
        if not rows:
            raise
        return [_stacked(parts, level) for parts in zip(*rows, strict=True)]


def _example(
    rule: Rule,
    gs: list[Tensor | None],
    level: Level,
    i: int,
) -> list[Tensor | None]:
    """Call a rule with one example's cotangents; what it closed over may stand for all of them."""
    with level.outside or nullcontext():
        mine = [_row(g, level, i) for g in gs]
    found = rule(mine)
    with level.outside or nullcontext():
        return [_row(g, level, i) for g in found]


def to_level(
    level: Level,
    operands: Sequence[tuple[Array, Node | None]],
    results: Sequence[Tensor],
) -> tuple[list[tuple[Array, Node | None]], list[Tensor]]:
    """Operands and results as arrays of a level: results differ between examples.

    Where somebody watches outside, the values are Tensors."""
    given = [(_of_level(level, array, node), node) for array, node in operands]
    made = []
    for y in results:
        array = _of_level(level, y.raw, y.node)
        value = array.value
        if not array.mapped:
            with level.outside or nullcontext():
                tensor = value if isinstance(value, Tensor) else Tensor(value)
                tensor = xp.broadcast_to(tensor, (level.size, *tensor.shape))
            value = tensor if level.outside is not None else tensor.raw
        made.append(Tensor(Batched(value, level), y.node))
    return given, made


def to_outside(level: Level, g: Tensor, mapped: bool) -> Tensor:
    """The gradient of an operand from those of its examples, which add up where they share it."""
    array = g.raw
    mine = type(array) is Batched and array.level is level
    value: Any = array.value if mine else g
    if mine and array.mapped:
        return value if mapped else xp.sum(value, axis=0)  # type: ignore[no-any-return]
    return xp.broadcast_to(value, (level.size, *value.shape)) if mapped else value * level.size  # type: ignore[no-any-return]


def _of_level(level: Level, array: Array, node: Node | None) -> Batched:
    if type(array) is Batched and array.level is level:
        return array
    return Batched(array if level.outside is None else Tensor(array, node), level, False)


def _row(g: Tensor | None, level: Level, i: int) -> Tensor | None:
    """One example's cotangent, as those outside see it."""
    if g is None:
        return None
    array = g.raw
    if type(array) is not Batched or array.level is not level:
        return g
    value = array.value if isinstance(array.value, Tensor) else Tensor(array.value)
    return value[i, ...] if array.mapped else value


def _stacked(parts: tuple[Tensor | None, ...], level: Level) -> Tensor | None:
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    with level.outside or nullcontext():
        value = xp.stack(found, axis=0)
    return Tensor(Batched(value if level.outside is not None else value.raw, level))
