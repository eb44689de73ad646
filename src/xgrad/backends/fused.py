"""What a group of elementwise instructions is to a backend that can run it as one kernel.

A group has one shape. Reductions of its values may end it, where what they take away lies together in
memory: an array is then `outer x reduced x inner`, and a result `outer x inner`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._typing import DType, Shape

__all__ = ["REDUCTIONS", "Fused", "Layout", "Reduction", "Step", "layout_of", "renumbered"]

REDUCTIONS = ("max", "min", "prod", "sum")


class Layout(NamedTuple):
    """An array as three axes, of which a reduction takes the second away.

    Attributes
    ----------
    outer, reduced, inner : int
    """

    outer: int
    reduced: int
    inner: int

    @property
    def is_full(self) -> bool:
        """Whether one element is left."""
        return self.outer == self.inner == 1


class Step(NamedTuple):
    """One elementwise instruction.

    Attributes
    ----------
    name : str
        Of the instruction.
    operands : tuple
        The number of a value, or a tuple of one Python number.
    parameters : dict
    result : int
    """

    name: str
    operands: tuple[Any, ...]
    parameters: dict[str, Any]
    result: int


class Reduction(NamedTuple):
    """One reduction of a value of the group's shape.

    Attributes
    ----------
    name : str
        One of `REDUCTIONS`.
    operand : int
        The number of a value, which is converted to the result's dtype first.
    result : int
    layout : Layout
    shape : tuple of int
        Of the result.
    """

    name: str
    operand: int
    result: int
    layout: Layout
    shape: Shape


class Fused(NamedTuple):
    """Steps in order, over one shape, and reductions of what they give.

    Attributes
    ----------
    steps : tuple of Step
    dtypes : dict
        Of every value, by number.
    inputs, outputs : tuple of int
        What is given, and what is wanted of what the steps and reductions define.
    domain : tuple of int
        The shape.
    reductions : tuple of Reduction
        All over the same axes, or over everything.
    """

    steps: tuple[Step, ...]
    dtypes: dict[int, DType]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    domain: Shape = ()
    reductions: tuple[Reduction, ...] = ()


def layout_of(shape: Shape, axis: int | Sequence[int] | None) -> Layout | None:
    """The layout in which a reduction over axes takes the middle; None if they are no neighbours.

    Axes of one element are neighbours of all others."""
    rank = len(shape)
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    taken = sorted({a % rank for a in axes if shape[a] != 1})
    if not taken:
        return Layout(1, 1, 1) if math.prod(shape) == 1 else None
    first, last = taken[0], taken[-1]
    if any(shape[a] != 1 for a in range(first, last) if a not in taken):
        return None
    return Layout(
        math.prod(shape[:first]), math.prod(shape[first : last + 1]), math.prod(shape[last + 1 :])
    )


def renumbered(group: Fused) -> Fused:
    """The same with its own numbers for values, so that groups that do the same are equal."""
    defined = [s.result for s in group.steps] + [r.result for r in group.reductions]
    names = {n: i for i, n in enumerate(dict.fromkeys((*group.inputs, *defined)))}

    def own(operands: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([x if isinstance(x, tuple) else names[x] for x in operands])

    return group._replace(
        steps=tuple(
            [s._replace(operands=own(s.operands), result=names[s.result]) for s in group.steps]
        ),
        dtypes={i: group.dtypes[n] for n, i in names.items()},
        inputs=own(group.inputs),
        outputs=own(group.outputs),
        reductions=tuple(
            [r._replace(operand=names[r.operand], result=names[r.result]) for r in group.reductions]
        ),
    )
