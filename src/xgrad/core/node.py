"""A node says how a value came to be; the value's Tensor owns it.

It links to the nodes of the watched inputs, not to their arrays, and keeps only what the rules of
those inputs name: so a dead branch frees itself, there are no cycles, and one node serves every
tape that recorded it. What is not differentiable leaves a `Cut`, which only `explain` looks at."""

from __future__ import annotations

import itertools
import weakref
from types import CodeType
from typing import TYPE_CHECKING, Any

from .._typing import DType, Shape
from .primitive import Plan, Primitive

if TYPE_CHECKING:
    from .variable import Variable

__all__ = ["Cut", "Leaf", "Node", "Output", "next_serial"]

Where = tuple[CodeType, int] | None

next_serial = itertools.count(1).__next__


class Node:
    """How one value was computed.

    Attributes
    ----------
    primitive : Primitive or None
    parameters : dict or None
        The static parameters of the call.
    parents : tuple of Node or None
        One per operand; None where nobody follows it.
    saved : tuple
        The values that the rules named, as raw arrays, in the order of `plan`.
    shape, dtype
        Of the value.
    traces : tuple
        Of the tapes that recorded it.
    serial : int
        Larger than that of every parent.
    where : tuple or None
        Code object and instruction of the user's line.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "parameters",
        "parents",
        "plan",
        "primitive",
        "saved",
        "serial",
        "shape",
        "traces",
        "where",
    )

    def __init__(
        self,
        primitive: Primitive | None,
        parameters: dict[str, Any] | None,
        parents: tuple[Node | None, ...],
        saved: tuple[Any, ...],
        plan: Plan | None,
        shape: Shape,
        dtype: DType,
        traces: tuple[Any, ...],
        serial: int,
        where: Where,
    ) -> None:
        self.primitive = primitive
        self.parameters = parameters
        self.parents = parents
        self.saved = saved
        self.plan = plan
        self.shape = shape
        self.dtype = dtype
        self.traces = traces
        self.serial = serial
        self.where = where

    @property
    def ndim(self) -> int:
        """The number of axes of the value."""
        return len(self.shape)

    def forget(self) -> None:
        """Let go of the values that backward needs; `explain` still finds its way."""
        self.saved = ()
        self.plan = None


class Leaf(Node):
    """The beginning of a graph: a Variable, or a Tensor that somebody watches."""

    __slots__ = ("variable",)

    def __init__(self, shape: Shape, dtype: DType, variable: Variable | None = None) -> None:
        super().__init__(None, None, (), (), None, shape, dtype, (), next_serial(), None)
        self.variable = None if variable is None else weakref.ref(variable)


class Output(Node):
    """One output of a primitive that has several; its only parent is the primitive's node."""

    __slots__ = ("index",)

    def __init__(self, producer: Node, index: int, shape: Shape, dtype: DType) -> None:
        super().__init__(
            None, None, (producer,), (), None, shape, dtype, producer.traces, next_serial(), None
        )
        self.index = index


class Cut(Node):
    """Where a path ends: an operation without a derivative was applied to a followed value.

    It knows its operands weakly, so that what was cut off is freed: only leaves, which hold no
    arrays, are kept. `primitive` is None for a gradient that was computed while nobody recorded."""

    __slots__ = ("_operands",)

    def __init__(
        self,
        primitive: Primitive | None,
        operands: tuple[Node | None, ...],
        shape: Shape,
        dtype: DType,
        where: Where,
    ) -> None:
        super().__init__(primitive, None, (), (), None, shape, dtype, (), next_serial(), where)
        self._operands = tuple(
            [n if type(n) is Leaf else weakref.ref(n) for n in operands if n is not None]
        )

    def operands(self) -> list[Node | None]:
        """The nodes of the operands; None for those that are gone."""
        return [n if isinstance(n, Node) else n() for n in self._operands]
