"""Graph: a place whose computations can be differentiated afterwards, constants included.

TensorFlow's graphs without the graph: everything is computed at once, and recorded. The trace
(graph_trace.py) decides what is followed; graph_gradients.py differentiates. A Graph owns the
Variables that are made in it, as TensorFlow's do; what was computed is held by its own results."""

from __future__ import annotations

import threading
from typing import Self

from ..core.inspection import seat
from ..core.node import next_serial
from ..core.observers import state, user_line
from ..core.protocols import protocols
from ..core.variable import Variable, all_variables
from ..errors import TapeError
from .graph_trace import GraphTrace, give_nodes
from .seeing import Seeing
from .stack import pop, push

__all__ = ["Graph", "current_graph", "global_variables", "trainable_variables"]


class Graph(Seeing):
    """Record everything that is computed inside, to differentiate it in TensorFlow 1's way.

    Inside, `xgrad.gradients` and `xgrad.hessians` work for any result with respect to anything that
    went into it, constants too, as often as wanted and to any order: gradients are recorded like
    everything else. A Graph can be entered again and goes on. It holds only what its living results
    need, and the Variables made inside; dropping it lets go of all that.

    See Also
    --------
    gradients, hessians, GradientTape

    Notes
    -----
    Following everything has its price: each operation costs several microseconds more than under a
    tape, which is told what to watch.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.Graph():
    ...     x = xg.constant(2.0)
    ...     y = x**3
    ...     (slope,) = xg.gradients(y, x)
    ...     (curvature,) = xg.gradients(slope, x)
    >>> curvature
    xg.Tensor(12., shape=(), dtype=float64, device=cpu)
    """

    persistent = True

    def __init__(self) -> None:
        self._turns: list[int] = []
        self._trace: GraphTrace = GraphTrace(self._turns, user_line(2))
        self.alone: tuple[GraphTrace, ...] = (self._trace,)
        self._made: dict[int, Variable] = {}
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        if self._thread != threading.get_ident():
            raise TapeError(
                "this Graph belongs to another thread. Use one Graph per thread: each sees only "
                "what happens in its own."
            )
        if self in state.observers:
            raise TapeError(
                "this Graph is open already. Use another Graph inside this one, or leave its "
                "`with` block first."
            )
        self._turns.append(next_serial())
        push(self)
        seat().usher(self._trace, give_nodes)
        return self

    def __exit__(self, *error: object) -> None:
        seat().usher(self._trace, None)
        pop(self)
        self._turns.append(next_serial())

    def __del__(self) -> None:
        trace = getattr(self, "_trace", None)
        if trace is not None:
            trace.close()

    def variables(self) -> list[Variable]:
        """List the living Variables that were made inside or read by an operation, oldest first."""
        found = {**self._made, **self._trace.variables}
        return [found[number] for number in sorted(found)]

    def own(self, variable: Variable) -> None:
        """Keep a Variable that was made inside."""
        self._made[variable.number] = variable


def current_graph() -> Graph | None:
    """The innermost Graph that is open in this thread."""
    return next((o for o in reversed(state.observers) if isinstance(o, Graph)), None)


def global_variables() -> list[Variable]:
    """List the Variables of the Graph that is open.

    Returns
    -------
    list of Variable
        In order of creation: those that were made in the innermost open Graph or read there.
        Outside of Graphs, all that are alive.

    See Also
    --------
    trainable_variables, Graph

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.Graph():
    ...     step = xg.Variable(0, trainable=False, name="step")
    ...     w = xg.Variable([1.0, 2.0], name="w")
    ...     [v.name for v in xg.global_variables()]
    ['step', 'w']
    """
    graph = current_graph()
    return all_variables() if graph is None else graph.variables()


def trainable_variables() -> list[Variable]:
    """List the trainable Variables of the Graph that is open.

    Returns
    -------
    list of Variable
        Those of `global_variables` that are trainable.

    See Also
    --------
    global_variables, Graph

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.Graph():
    ...     step = xg.Variable(0, trainable=False, name="step")
    ...     w = xg.Variable([1.0, 2.0], name="w")
    ...     [v.name for v in xg.trainable_variables()]
    ['w']
    """
    return [variable for variable in global_variables() if variable.trainable]


def _created(variable: Variable) -> None:
    graph = current_graph()
    if graph is not None:
        graph.own(variable)


protocols.created = _created
