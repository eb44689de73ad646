"""A node says how a value came to be; the value's Tensor owns it.

It links to the nodes of the watched inputs, not to their arrays, and keeps only what the rules of
those inputs name: so a dead branch frees itself, there are no cycles, and one node serves every
tape that recorded it. What is not differentiable leaves a `Cut`, which only `explain` looks at."""

from __future__ import annotations

import enum
import itertools
import weakref
from threading import get_ident
from types import CodeType
from typing import TYPE_CHECKING, Any

from .._typing import DType, Shape
from .primitive import Plan, Primitive

if TYPE_CHECKING:
    from .variable import Variable

__all__ = [
    "Break",
    "Cut",
    "Leaf",
    "Node",
    "Output",
    "Producer",
    "Where",
    "next_serial",
    "serials",
    "weakly",
]

Where = tuple[CodeType, int] | None

serials = itertools.count(1)
next_serial = serials.__next__


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
        self.plan = None  # first, because letting go of values may run anybody's code
        self.saved = ()


class Leaf(Node):
    """The beginning of a graph: a Variable, or a Tensor that somebody watches.

    Its `where` is the line that made the Variable or watched the Tensor. Its only parent, if it has
    one, is the `Cut` where the path to the same value had ended before."""

    __slots__ = ("variable",)

    def __init__(
        self, shape: Shape, dtype: DType, variable: Variable | None = None, where: Where = None
    ) -> None:
        super().__init__(None, None, (), (), None, shape, dtype, (), next_serial(), where)
        self.variable = None if variable is None else weakref.ref(variable)


class Producer(Node):
    """How the values of a primitive with several outputs were computed; its shape is their number.

    It knows its outputs weakly: they own it. A rule may name them when one is gone already."""

    __slots__ = ("_outputs",)

    def of_outputs(self, values: tuple[Any, ...]) -> list[Output]:
        """The node of each output, made again where it is gone."""
        found = [None if reference is None else reference() for reference in self._outputs]
        return [
            Output(self, i, tuple(value.shape), value.dtype) if node is None else node
            for i, (node, value) in enumerate(zip(found, values, strict=True))
        ]

    def owned_by(self, outputs: tuple[Output | None, ...]) -> None:
        """Say which nodes the outputs have; None for those that are not floating."""
        self._outputs = [None if node is None else weakref.ref(node) for node in outputs]


class Output(Node):
    """One output of a primitive that has several; its only parent is the primitive's node."""

    __slots__ = ("index",)

    def __init__(self, producer: Node, index: int, shape: Shape, dtype: DType) -> None:
        super().__init__(
            None, None, (producer,), (), None, shape, dtype, producer.traces, next_serial(), None
        )
        self.index = index


class Break(enum.Enum):
    """Why a path ends at a `Cut`."""

    NO_DERIVATIVE = "the operation has no derivative"
    NOT_RECORDED = "no tape that follows an operand was recording"
    GRADIENT_NOT_RECORDED = "a gradient, computed while no tape was recording"
    GRADIENT_OF_CONSTANTS = "a recorded gradient that depends on nothing that is followed"


class Cut(Node):
    """Where a path ends, for `explain` to look at.

    It knows its operands weakly, so that what was cut off is freed: only leaves, which hold no
    arrays, are kept; and not those that grew where another path had ended, or there would be no end.

    Attributes
    ----------
    why : Break
    thread : int
        In which it happened.
    """

    __slots__ = ("_operands", "thread", "why")

    # What all cuts share, instead of a slot in each: making one is part of an operation's price.
    parameters = None
    parents = ()
    saved = ()
    plan = None
    shape = ()
    dtype = None
    traces = ()

    def __init__(
        self,
        why: Break,
        primitive: Primitive | None,
        operands: list[Leaf | weakref.ref[Node]],
        where: Where,
    ) -> None:
        self.why = why
        self.primitive = primitive
        self._operands = operands
        self.where = where
        self.thread = get_ident()
        self.serial = next_serial()

    def operands(self) -> list[Node | None]:
        """The nodes of the operands; None for those that are gone."""
        return [n if isinstance(n, Node) else n() for n in self._operands]


def weakly(nodes: tuple[Node | None, ...]) -> list[Leaf | weakref.ref[Node]]:
    """What a `Cut` keeps of its operands."""
    return [
        n if isinstance(n, Leaf) and not n.parents else weakref.ref(n)
        for n in nodes
        if n is not None
    ]
