"""Graphs, and gradients of what is in them, with TensorFlow's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import xgrad as xg

from ...core.handle import Handle
from ...core.inspection import seat
from ...core.observers import state
from ...interpreters.graph_scope import current_graph
from ...interpreters.stack import pop, push
from ._default_graph import default_graph, follow, recording, set_eager
from ._integers import are_integers, in_floats, rounded
from ._replay import Recipes, rely_alike

__all__ = [
    "Graph",
    "control_dependencies",
    "disable_eager_execution",
    "enable_eager_execution",
    "executing_eagerly",
    "get_default_graph",
    "global_variables",
    "gradients",
    "hessians",
    "reset_default_graph",
    "trainable_variables",
]


class Graph(xg.Graph):
    """A graph of its own: what is computed in its ``with`` block is recorded, and can be run again.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.constant(3.0)
    ...     print(tf.gradients(x**2, x))
    [xg.Tensor(6., shape=(), dtype=float32, device=cpu)]
    """

    def __init__(self) -> None:
        super().__init__()
        self._recipes = Recipes()

    def __enter__(self) -> Self:
        super().__enter__()
        push(self._recipes)
        return self

    def __exit__(self, *error: object) -> None:
        pop(self._recipes)
        self._recipes.outlive()
        super().__exit__(*error)

    def as_default(self) -> Self:
        """Record here, in a ``with`` block."""
        return self


def get_default_graph() -> xg.Graph:
    """Give the graph that records now; a new one if none does."""
    return current_graph() or default_graph() or Graph()


def reset_default_graph() -> None:
    """Forget what the default graph has recorded."""
    graph = default_graph()
    if graph is not None:
        graph.forget()


def executing_eagerly() -> bool:
    """Tell whether no graph was opened; values are computed at once in either case."""
    return current_graph() is None


def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Do without a default graph: nothing is recorded but by tapes and graphs that are opened."""
    set_eager(True)


def disable_eager_execution() -> None:
    """Have a default graph, as at first."""
    set_eager(False)


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Do nothing: things happen in the order of the program."""
    yield


def global_variables(scope: str | None = None) -> list[Any]:
    """List the Variables of the graph that records now, in order of creation."""
    graph = current_graph() or default_graph()
    found = xg.global_variables() if graph is None else graph.variables()
    return [v for v in found if scope is None or v.name.startswith(scope)]


def trainable_variables(scope: str | None = None) -> list[Any]:
    """List the trainable Variables of the graph that records now, in order of creation."""
    return [v for v in global_variables(scope) if v.trainable]


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = xg.UnconnectedGradients.NONE,
    colocate_gradients_with_ops: bool = False,
) -> list[Any]:
    """Differentiate the sum of ys with respect to each of xs; see `xgrad.gradients`.

    Works for whatever was computed by functions of `tf`, or from what they made, in the default
    graph or one that was opened. Integers have gradients of integers here, as in TensorFlow 1.
    """
    with _recorded(ys):
        targets, sources = xg.tree.leaves(ys), xg.tree.leaves(xs)
        if are_integers(targets):
            targets, floats = in_floats(targets, sources)
            found = xg.gradients(targets, floats, grad_ys, stop_gradients, unconnected_gradients)
            found = list(map(rounded, found, sources))
        else:
            found = xg.gradients(ys, xs, grad_ys, stop_gradients, unconnected_gradients)
        rely_alike(found, [y for y in xg.tree.leaves(ys) if isinstance(y, Handle)])
        return found


def hessians(
    ys: Any,
    xs: Any,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
) -> list[Any]:
    """Differentiate the sum of ys twice with respect to each of xs; see `xgrad.hessians`."""
    with _recorded(ys):
        return [follow(h) for h in xg.hessians(ys, xs)]


@contextmanager
def _recorded(ys: Any) -> Iterator[None]:
    """Let every step be recorded, also those that are not needed for the present values."""
    graph = default_graph()
    if graph is not None and not state.observers:
        graph.check([y for y in xg.tree.leaves(ys) if isinstance(y, Handle)], "gradients")
    place = seat()
    place.usher("compat.tensorflow", lambda operands: None)
    try:
        with recording():
            yield
    finally:
        place.usher("compat.tensorflow", None)
