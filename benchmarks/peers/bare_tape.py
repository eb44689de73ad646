"""The least that a tape in Python can cost: a yardstick for the chain, not a library.

Four operations on float32 arrays of one shape. Nothing is checked, located, freed early or guarded,
there is one tape and one order, and every rule is written where it runs. What a real tape costs
beyond this is the price of its promises."""

from __future__ import annotations

from typing import Any

import numpy as np


class Value:
    """An array, its cotangent, and how to pass that on."""

    __slots__ = ("array", "back", "g")

    def __init__(self, array: Any, back: Any) -> None:
        self.array = array
        self.back = back
        self.g: Any = None

    def __mul__(self, factor: float) -> Value:
        return _recorded(self.array * factor, (_scale, self, factor))

    def __add__(self, other: Value) -> Value:
        return _recorded(self.array + other.array, (_share, self, other))


_tape: list[Value] = []


def _recorded(array: Any, back: Any) -> Value:
    value = Value(array, back)
    _tape.append(value)
    return value


def tanh(x: Value) -> Value:
    """Compute tanh and record it."""
    y = np.tanh(x.array)
    return _recorded(y, (_tanh, x, y))


def total(x: Value) -> Value:
    """Sum all elements and record it."""
    return _recorded(np.add.reduce(x.array), (_spread, x, None))


def _give(x: Value, g: Any) -> None:
    x.g = g if x.g is None else x.g + g


def _scale(g: Any, x: Value, factor: float) -> None:
    _give(x, g * factor)


def _share(g: Any, x: Value, other: Value) -> None:
    _give(x, g)
    _give(other, g)


def _tanh(g: Any, x: Value, y: Any) -> None:
    _give(x, g - g * y * y)


def _spread(g: Any, x: Value, _: None) -> None:
    _give(x, np.full(x.array.shape, g))


def value_and_gradient(loss: Any, array: Any) -> tuple[Any, tuple[Any]]:
    """Run the loss on one leaf, then go back over the tape."""
    _tape.clear()
    leaf = Value(array, None)
    result = loss(leaf)
    result.g = np.float32(1.0)
    for value in reversed(_tape):
        rule, *operands = value.back
        rule(value.g, *operands)
    return result.array, (leaf.g,)
