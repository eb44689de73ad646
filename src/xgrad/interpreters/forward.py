"""Forward mode: tangents are computed with the values, one operation after the other.

An accumulator keeps the tangent of every value it follows for as long as the value lives, and is
told of each operation after it ran (stack.py). Rules are those of reverse mode (rules/forward.py);
they run outside the accumulator: on raw arrays when nobody else watches, on Tensors otherwise."""

from __future__ import annotations

import threading
from typing import Any, Self
from weakref import WeakKeyDictionary

from .._typing import Array, Nest
from ..backends import backend_of, quiet
from ..batching import Batched, level_of
from ..core.casting import is_inexact
from ..core.dispatch import apply, compute
from ..core.indexed_slices import IndexedSlices
from ..core.inspection import Event, inspectors
from ..core.node import Cut, Leaf, Node, Output, next_serial
from ..core.observers import settings, state, taken_here, user_line
from ..core.primitive import Primitive
from ..core.tensor import Tensor
from ..errors import TapeError, UnconnectedGradientError
from ..ops.rule_namespace import rule_namespace
from ..rules import is_transposed, tangent
from ..tree import flatten, unflatten
from .arguments import UnconnectedGradients, as_option, take_apart, tangents_of
from .follower import Follower
from .stack import Context, pop, push
from .trace import make_followable
from .transpose import transposed_tangent

__all__ = ["ForwardAccumulator"]


class Tangents(Follower):
    """What an accumulator knows, in the place of a trace among the followers of a node.

    Attributes
    ----------
    of : mapping
        From the nodes of living values to their tangents, as Tensors.
    of_outputs : mapping
        From the nodes of primitives with several outputs to the tangents of these, by number: a
        rule may name an output that is gone.
    """

    def __init__(self) -> None:
        self.of: WeakKeyDictionary[Node, Tensor] = WeakKeyDictionary()
        self.of_outputs: WeakKeyDictionary[Node, dict[int, Tensor]] = WeakKeyDictionary()
        self.start()

    def find(self, node: Node | None) -> Tensor | None:
        """The tangent of the value of a node, if there is one."""
        if node is None:
            return None
        t = self.of.get(node)
        if t is None and type(node) is Output and node.parents:
            producer: Any = node.parents[0]
            return self.of_outputs.get(producer, {}).get(node.index)
        return t

    def keep(self, node: Node, t: Tensor) -> None:
        """Remember the tangent of the value of a node for as long as it may be asked for."""
        self.of[node] = t
        if type(node) is Output:
            producer: Any = node.parents[0]
            self.of_outputs.setdefault(producer, {})[node.index] = t

    def follows(self, node: Node) -> bool:
        """Whether the value of a node has a tangent."""
        return self.find(node) is not None

    reads = remembers = follows


class ForwardAccumulator:
    """Compute directional derivatives together with the values.

    Parameters
    ----------
    primals : Tensor, Variable or nest of them
        Where to differentiate: values of floating or complex dtype, each of them once.
    tangents : nest
        In the structure of `primals`: the direction, with an array of the same shape for each.

    Raises
    ------
    ArgumentError
        If the structures differ, or a primal is given twice.
    ArgumentTypeError
        If a primal is no Tensor or Variable.
    DTypeError, ShapeError, DeviceMismatchError
        If a primal is an integer, or a tangent does not fit its primal.

    See Also
    --------
    GradientTape

    Notes
    -----
    The derivative along one direction costs about as much as the function, whatever the number of
    results; nothing is kept but the tangents of living values. Accumulators and tapes nest in any
    order: a tape inside an accumulator gives Hessian-vector products (forward over reverse).

    References
    ----------
    Griewank and Walther, "Evaluating Derivatives" (SIAM, 2008), section 3.1.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([1.0, 2.0])
    >>> with xg.ForwardAccumulator(x, [1.0, 0.0]) as accumulator:
    ...     y = xg.sum(x**3)
    >>> accumulator.jvp(y)
    xg.Tensor(3., shape=(), dtype=float64, device=cpu)
    """

    alone: tuple[Any, ...] = ()
    sees_constants = False

    def __init__(self, primals: Nest, tangents: Nest) -> None:
        given, directions = tangents_of(primals, tangents)
        self.tangents = Tangents()
        self._thread = threading.get_ident()
        for x, t in zip(given, directions, strict=True):
            node = make_followable(x)
            if type(node) is not Leaf:
                node.traces = (*node.traces, self.tangents)  # who remembers it, whatever tapes do
            self.tangents.of[node] = t
            self.tangents.watched[node] = None

    def __enter__(self) -> Self:
        self._check_thread()
        if self in state.observers:
            raise TapeError(
                "Accumulator is already recording. Use another ForwardAccumulator inside this one, "
                "or leave its `with` block first."
            )
        push(self)
        return self

    def __exit__(self, *error: object) -> None:
        self._check_thread()
        pop(self)

    def __del__(self) -> None:
        tangents = getattr(self, "tangents", None)
        if tangents is not None:
            tangents.of.clear()
            tangents.of_outputs.clear()
            tangents.watched.clear()

    def jvp(
        self,
        target: Nest,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Nest:
        """Look up the tangent of values that were computed inside the context.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
        unconnected_gradients : str or UnconnectedGradients
            For a value that does not depend on the primals: ``"none"`` gives None, ``"zero"``
            zeros, ``"raise"`` an error.

        Returns
        -------
        nest
            In the structure of `target`: Tensors of the same shapes, dtypes and devices.

        Raises
        ------
        ArgumentTypeError
            If a target is no Tensor or Variable.
        UnconnectedGradientError
            On request.
        """
        self._check_thread()
        option = as_option(unconnected_gradients)
        targets, treedef = take_apart(target, "target", "jvp")
        end = taken_here(any(o is not self for o in state.observers))
        found: list[Any] = [self._tangent_of(x, option, end) for x in targets]
        for i, x in enumerate(flatten(target, none_is_leaf=True)[0]):
            if isinstance(x, IndexedSlices) and found[i] is not None:
                found[i] = IndexedSlices(found[i], x.indices, x.dense_shape)
        return unflatten(treedef, found)

    # -- inside --------------------------------------------------------------------------------

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
        """Compute the tangent of a result, if an operand has one."""
        tangents = tuple(map(self.tangents.find, nodes))
        if all(t is None for t in tangents):
            return new
        several = primitive.outputs != 1
        parts = y if several else (y,)
        own = self._own_nodes(parts, new if several else (new,), nodes, primitive)
        with quiet():
            t = _tangent(primitive, arrays, nodes, tangents, y, own, parameters or {}, outside)
        if settings.inspected:
            event = Event(primitive, arrays, parameters, parts, new)
            for inspector in inspectors():
                inspector.tangent(event, tangents, t if several else (t,))
        for node, part in zip(own, t if several else (t,), strict=True):
            if node is not None and part is not None:
                self.tangents.keep(node, part)
        return own if several else own[0]

    def _own_nodes(
        self,
        parts: tuple[Array, ...],
        new: Any,
        operands: tuple[Node | None, ...],
        primitive: Primitive,
    ) -> tuple[Node | None, ...]:
        """The node of each result; what tapes did not record gets one that only has a place."""
        found: list[Node | None] = []
        for i, part in enumerate(parts):
            node = None if new is None else new[i]
            if not is_inexact(part.dtype):
                found.append(node)
                continue
            if node is None or type(node) is Cut:
                where = user_line(4) if settings.locations else None
                shape = tuple(part.shape)
                serial = next_serial()
                traces = (self.tangents,)
                node = Node(primitive, None, (), (), None, shape, part.dtype, traces, serial, where)
            else:
                self.tangents.join(node, operands)
            found.append(node)
        return tuple(found)

    def _tangent_of(self, x: Any, option: UnconnectedGradients, end: Cut) -> Tensor | None:
        t = self.tangents.find(x.node)
        if t is not None:
            return Tensor(t.raw, end if t.node is None else t.node)
        if option is UnconnectedGradients.NONE:
            return None
        if option is UnconnectedGradients.ZERO:
            return rule_namespace.zeros_like(x)  # type: ignore[no-any-return]
        raise UnconnectedGradientError(
            f"the tangent of {x!r} does not exist: it was not computed from the primals inside "
            'the `with` block of this ForwardAccumulator. Use unconnected_gradients="zero" if zero '
            "is what you mean."
        )

    def _check_thread(self) -> None:
        if self._thread != threading.get_ident():
            raise TapeError(
                "this ForwardAccumulator belongs to another thread. Use one in each thread: it "
                "sees only what happens in its own."
            )


def _tangent(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    nodes: tuple[Node | None, ...],
    tangents: tuple[Tensor | None, ...],
    y: Any,
    own: tuple[Node | None, ...],
    parameters: dict[str, Any],
    outside: Context,
) -> Any:
    """The tangent of a result as a Tensor, or of each of several, computed outside."""
    recorded = bool(outside.observers)
    if recorded or is_transposed(primitive):
        values = tuple(
            [_as_tensor(a, n if recorded else None) for a, n in zip(arrays, nodes, strict=True)]
        )
        results = tuple(
            [
                Tensor(part, n if recorded else None)
                for part, n in zip(y if primitive.outputs != 1 else (y,), own, strict=True)
            ]
        )
        y = results if primitive.outputs != 1 else results[0]
        if primitive.push is not None:
            return primitive.push(primitive, values, tangents, results, outside)
        if is_transposed(primitive):
            return transposed_tangent(primitive, values, tangents, y, parameters, outside)
        with outside:
            return tangent(rule_namespace, apply, primitive, values, tangents, y, parameters)
    first = _leading([t.raw for t in tangents if t is not None], y)
    backend = backend_of(first)
    raw = tuple([None if t is None else backend.joined(t, first) for t in tangents])
    with outside, backend.on(first):
        t = tangent(backend.xp, compute, primitive, arrays, raw, y, parameters)
    return tuple(map(Tensor, t)) if primitive.outputs != 1 else Tensor(t)


def _leading(tangents: list[Array], y: Any) -> Array:
    """The array whose library computes: one that stands for examples, of the innermost level."""
    leading = tangents[0]
    for array in (*tangents, *(y if isinstance(y, tuple) else (y,))):
        if type(array) is Batched and level_of((leading, array)) is array.level:
            leading = array
    return leading


def _as_tensor(array: Any, node: Node | None) -> Any:
    return Tensor(array, node) if hasattr(array, "shape") else array
