"""Where examples become one Tensor that stands for each of them, and come back.

With observers outside, both ways are operations that they record; without, views of raw arrays."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from ..backends import backend_of
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.node import Node
from ..core.observers import cut_off
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..errors import TracingError
from ..ops.rule_namespace import rule_namespace
from .array import Batched, Level, left_behind

__all__ = ["collect", "spread"]


def spread(x: Any, axis: int, level: Level) -> Tensor:
    """A Tensor or Variable as one example: `axis` is that of the examples, counted from 0."""
    if level.outside is not None:
        with level.outside:
            return Tensor(Batched(rule_namespace.moveaxis(x, axis, 0), level))
    protocols.read(x)
    value = x.raw
    if axis:
        order = (axis, *[i for i in range(len(value.shape)) if i != axis])
        value = backend_of(value).xp.permute_dims(value, order)
    return Tensor(Batched(value, level), _cut_off(x))


def collect(y: Any, axis: int | None, level: Level) -> Tensor:
    """A result of one example as that of all; None for one that must be the same for each.

    Raises
    ------
    TracingError
        If it belongs to a level that has ended, or differs between examples where it must not.
    """
    array = y.raw
    if type(array) is Batched and array.level.number > level.number:
        raise left_behind(array)
    mine = type(array) is Batched and array.level is level
    mapped = mine and array.mapped
    value = array.value if mine else y
    value = value if isinstance(value, Tensor) or not mine else Tensor(value, _cut_off(y))
    if axis is None:
        if mapped:
            raise TracingError(
                "vmap: out_axes is None for a result that differs between examples. Use a number, "
                "the place of the axis of examples."
            )
        return _as_tensor(value)
    if not mapped:
        with _outside(level):
            value = apply(
                primitive("broadcast_to"), (value,), {"shape": (level.size, *value.shape)}
            )
    place = axis + value.ndim if axis < 0 else axis
    if not place:
        return _as_tensor(value)
    with _outside(level):
        return rule_namespace.moveaxis(value, 0, place)  # type: ignore[no-any-return]


def _cut_off(x: Any) -> Node | None:
    """The node of a value that crosses with nobody outside to record it, for `explain`."""
    return None if x.node is None else cut_off(primitive("permute_dims"), (x.node,), 3)


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else x.value()


def _outside(level: Level) -> Any:
    return level.outside or nullcontext()
