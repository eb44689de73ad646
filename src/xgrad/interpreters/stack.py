"""Who watches, in what order, and what an operation tells them.

Observers stack, outermost first: tapes, which record, and accumulators of forward mode, which
compute. All tapes share one recorder (trace.py). An accumulator is told after them, and computes in
the context outside itself, where only those before it in the stack see what it does: the other way
round second derivatives would be silently wrong."""

from __future__ import annotations

from typing import Any, Protocol

from .._typing import Array
from ..backends.numpy_memory import close_pool, open_pool
from ..core.node import Node
from ..core.observers import Recorder, state
from ..core.primitive import Kind, Primitive
from ..core.protocols import protocols
from . import values  # noqa: F401 - tells protocols what happens to values
from .trace import Trace, make_recorder

__all__ = [
    "Context",
    "Observer",
    "install",
    "pop",
    "push",
    "set_ambient",
    "transcribers",
    "watching",
]


class Observer(Protocol):
    """What stands in the stack.

    Attributes
    ----------
    alone : tuple of Trace
        What to record into, as the same tuple at every time; empty for accumulators.
    """

    alone: tuple[Trace, ...]


class Accumulator(Observer, Protocol):
    """An observer that computes tangents itself, or takes note of something else.

    Attributes
    ----------
    sees_constants : bool
        Whether it is told of operations without a derivative, too.
    """

    sees_constants: bool

    def told(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,
        y: Any,
        new: Any,
        outside: Context,
    ) -> Any:
        """Take note of an operation; returns the nodes of its results."""


class Context:
    """A state of the stack, to be entered for a while."""

    __slots__ = ("_former", "observers", "recorder")

    def __init__(self, observers: tuple[Any, ...], recorder: Recorder | None) -> None:
        self.observers = observers
        self.recorder = recorder
        self._former: list[tuple[tuple[Any, ...], Recorder | None]] = []

    @classmethod
    def of(cls, observers: tuple[Any, ...]) -> Context:
        """The context in which these watch."""
        return cls(observers, _recorder_for(observers))

    def __enter__(self) -> None:
        self._former.append((state.observers, state.recorder))
        state.observers = self.observers
        state.recorder = self.recorder

    def __exit__(self, *error: object) -> None:
        state.observers, state.recorder = self._former.pop()


def install(observers: tuple[Any, ...]) -> None:
    """Make these the observers of this thread, outermost first.

    What is computed while somebody watches is often large and soon gone; its memory comes from a pool."""
    recorder = _recorder_for(observers)
    former = state.observers
    state.observers, state.recorder = observers, recorder  # first: a call may be interrupted
    if observers and not former:
        state.memory = open_pool(), state.memory
    elif former and not observers and state.memory:
        handler, state.memory = state.memory
        close_pool(handler)


def push(observer: Any, place: int | None = None) -> None:
    """Put an observer on top of the stack, or back in a former place."""
    observers = list(state.observers)
    observers.insert(len(observers) if place is None else place, observer)
    install(tuple(observers))


def pop(observer: Any) -> None:
    """Take an observer out of the stack, wherever it is."""
    if observer in state.observers:
        install(tuple([other for other in state.observers if other is not observer]))


def transcribers() -> tuple[Any, ...]:
    """The observers that write down whatever runs, also what runs out of all others' sight."""
    return tuple([o for o in state.observers if getattr(o, "transcribes", False)])


class _Nobody(tuple[Any, ...]):
    """No followers, as a tuple that no node carries."""

    __slots__ = ()


def set_ambient(observers: tuple[Any, ...]) -> None:
    """Let these be told, in this thread, of what happens while nobody watches.

    They do not count as observers: gradients of tapes and functions that were recorded do not know
    of them, and only operations on values that they follow are any different."""
    recorder = None
    if observers:
        traces = tuple([trace for observer in observers for trace in observer.alone])
        told = _mixed_recorder(observers, traces, _outside(observers)).record
        recorder = Recorder(told, _Nobody(), {}, _keep_nothing, [], _sweep_nothing)
    state.ambient = observers, recorder
    if not state.observers:
        state.recorder = recorder


def watching() -> tuple[Any, ...]:
    """Who watches, or is told where nobody does."""
    return state.observers or state.ambient[0]


def _recorder_for(
    observers: tuple[Any, ...], outside: dict[int, Context] | None = None
) -> Recorder | None:
    if not observers:
        return state.ambient[1]
    if len(observers) == 1 and observers[0].alone:
        return make_recorder(observers[0].alone)
    traces = tuple([trace for observer in observers for trace in observer.alone])
    if len(traces) == len(observers):
        return make_recorder(traces)
    return _mixed_recorder(observers, traces, _outside(observers) if outside is None else outside)


def _outside(observers: tuple[Any, ...]) -> dict[int, Context]:
    """The contexts outside of accumulators, by their places.

    They lie outside of one another, too: made anew there, their number would double with each."""
    contexts: dict[int, Context] = {}
    for place, observer in enumerate(observers):
        if not observer.alone:
            further = observers[:place]
            contexts[place] = Context(further, _recorder_for(further, contexts))
    return contexts


def _mixed_recorder(
    observers: tuple[Any, ...], traces: tuple[Trace, ...], outside: dict[int, Context]
) -> Recorder:
    """A recorder for a stack that has accumulators in it."""
    tapes = make_recorder(traces) if traces else None
    accumulators = [
        (observer, outside[place]) for place, observer in enumerate(observers) if not observer.alone
    ]
    constants = [pair for pair in accumulators if pair[0].sees_constants]

    def record(
        primitive: Primitive,
        arrays: tuple[Array, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,
        y: Any,
    ) -> Any:
        new = None if tapes is None else tapes.record(primitive, arrays, nodes, parameters, y)
        constant = primitive.kind is Kind.CONSTANT
        for accumulator, further in constants if constant else accumulators:
            new = accumulator.told(primitive, arrays, nodes, parameters, y, new, further)
        return new

    # A tuple that no node carries, so that every operation takes the way through `record`.
    followers = (*traces, *[accumulator.tangents for accumulator, _ in accumulators])
    tells = any(getattr(observer, "transcribes", False) for observer in observers)
    return Recorder(record, followers, {}, _keep_nothing, [], _sweep_nothing, tells=tells)


protocols.context = Context.of
# Until compile/ and graph_scope.py are imported.
protocols.store = lambda variable, how, *given: False
protocols.created = lambda variable: None


def _keep_nothing(_reference: Any) -> None:
    """Take a reference that nobody needs."""


def _sweep_nothing() -> None:
    """Have nothing to forget."""
