"""Sessions and operations, as TensorFlow 1's programs run them.

Values are computed when the program is built. `Session.run` gives them to NumPy; where a Variable has
changed since, it computes what depends on it again (_replay.py). What changes Variables is an
`Operation`, and happens when it is run. Variables belong to the process, not to a session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import xgrad as xg

from ...backends import backend_of
from ...core.handle import Handle, Sparse
from ...core.spec import describe
from ._convert import as_tensor
from ._default_graph import default_graph
from ._graphs import global_variables
from ._replay import belongs_to_graph, is_settled, values_of
from ._variables import Variable

__all__ = [
    "InteractiveSession",
    "Operation",
    "Session",
    "are_of_graph",
    "assign",
    "assign_add",
    "assign_sub",
    "current_value",
    "get_default_session",
    "global_variables_initializer",
    "group",
    "no_op",
    "variables_initializer",
]


class Operation:
    """Something that happens when it is run.

    Parameters
    ----------
    function : callable
        Takes the fed values (a dict) if it has a parameter, and returns nothing.
    name : str

    Attributes
    ----------
    name : str
    """

    def __init__(self, function: Callable[[], Any], name: str) -> None:
        self._function = function
        self.name = name

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r}>"

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Let it happen."""
        (session or Session()).run(self, feed_dict)

    def happen(self) -> None:
        """Let it happen with the values that are fed now."""
        self._function()


class _Thread(threading.local):
    sessions: tuple[Session, ...] = ()
    fed: Mapping[Any, Any] = {}


_thread = _Thread()


class Session:
    """Runs operations, and gives values to NumPy.

    Parameters
    ----------
    target, graph, config : optional
        Have no meaning here.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> w = tf.Variable(1.0)
    >>> loss = (w - 3.0) ** 2
    >>> step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
    >>> with tf.Session() as session:
    ...     session.run(tf.global_variables_initializer())
    ...     for _ in range(20):
    ...         session.run(step)
    ...     print(round(float(session.run(w)), 3))
    3.0
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.graph = graph
        self._former: list[tuple[Session, ...]] = []

    def __enter__(self) -> Self:
        self._former.append(_thread.sessions)
        _thread.sessions = (*_thread.sessions, self)
        return self

    def __exit__(self, *error: object) -> None:
        _thread.sessions = self._former.pop()

    def as_default(self) -> Self:
        """Use it as the default session, in a ``with`` block."""
        return self

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, **options: Any) -> Any:
        """Run operations, and give values to NumPy.

        Parameters
        ----------
        fetches : Tensor, Variable, Operation or nest of them
            Values are computed before operations happen.
        feed_dict : dict, optional
            From Tensors and Variables to what they are in this run.

        Returns
        -------
        nest
            In the structure of `fetches`: NumPy's arrays and scalars, and None for operations.

        Raises
        ------
        ArgumentTypeError
            If something is None, or no Tensor, Variable or Operation.
        TapeError
            If the default graph has forgotten what a value was computed from.
        TracingError
            If something depends on a changed Variable by a function that cannot be run again.
        """
        leaves, treedef = xg.tree.flatten(fetches, none_is_leaf=True)
        for leaf in leaves:
            _check_fetch(leaf)
        fed = dict(map(_as_fed, (feed_dict or {}).items()))
        values = [_dense(x) for x in leaves if not isinstance(x, Operation)]
        results = iter(list(map(_to_numpy, _values_of(values, fed))))
        former, _thread.fed = _thread.fed, fed
        try:
            for leaf in leaves:
                if isinstance(leaf, Operation):
                    leaf.happen()
        finally:
            _thread.fed = former
        found = [None if isinstance(leaf, Operation) else next(results) for leaf in leaves]
        return xg.tree.unflatten(treedef, found)


class InteractiveSession(Session):
    """A session that is the default one until it is closed."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self.__enter__()

    def close(self) -> None:
        """Be the default session no longer."""
        self.__exit__()


def get_default_session() -> Session | None:
    """Give the innermost session that is open."""
    return _thread.sessions[-1] if _thread.sessions else None


def current_value(x: Any) -> xg.Tensor:
    """The value of a Tensor or Variable in this run: with what is fed, and Variables as they are."""
    (array,) = _values_of([_dense(x)], _thread.fed)
    return xg.Tensor(array)


# -- operations ------------------------------------------------------------------------------------


def variables_initializer(var_list: Any, name: str = "init") -> Operation:
    """Give Variables their first values again, when it is run."""
    variables = [v for v in var_list if isinstance(v, Variable)]

    def happen() -> None:
        for variable in variables:
            variable.reset()

    return Operation(happen, name)


def global_variables_initializer() -> Operation:
    """Give all Variables of the graph their first values again, when it is run."""
    return variables_initializer(global_variables(), "init")


def local_variables_initializer() -> Operation:
    """Do nothing when it is run: there are no local Variables."""
    return no_op("init_local")


def group(*inputs: Any, name: str = "group") -> Operation:
    """Let several operations happen when it is run, in this order."""

    def happen() -> None:
        for part in xg.tree.leaves(list(inputs)):
            if isinstance(part, Operation):
                part.happen()

    return Operation(happen, name)


def no_op(name: str = "no_op") -> Operation:
    """Do nothing when it is run."""
    return Operation(lambda: None, name)


def assign(
    ref: Variable,
    value: Any,
    validate_shape: Any = None,
    use_locking: Any = None,
    name: str = "Assign",
) -> Operation:
    """Replace the value of a Variable, when it is run; `ref.assign` does it at once."""
    new = as_tensor(value, like=ref)
    return Operation(lambda: _put(ref, current_value(new)), name)


def assign_add(
    ref: Variable, value: Any, use_locking: Any = None, name: str = "AssignAdd"
) -> Operation:
    """Add to the value of a Variable, when it is run; `ref.assign_add` does it at once."""
    new = as_tensor(value, like=ref)
    return Operation(lambda: _put(ref, xg.Tensor(ref.raw) + current_value(new)), name)


def assign_sub(
    ref: Variable, value: Any, use_locking: Any = None, name: str = "AssignSub"
) -> Operation:
    """Subtract from the value of a Variable, when it is run; `ref.assign_sub` does it at once."""
    new = as_tensor(value, like=ref)
    return Operation(lambda: _put(ref, xg.Tensor(ref.raw) - current_value(new)), name)


def _put(variable: Variable, value: xg.Tensor) -> None:
    variable.assign(value)


# -- inside ----------------------------------------------------------------------------------------


def _values_of(xs: list[Any], fed: Mapping[Any, Any]) -> list[Any]:
    graph = default_graph()
    if graph is not None:
        graph.check(xs, "Session.run")
    return values_of(xs, fed)


def _check_fetch(x: Any) -> None:
    if isinstance(x, (Handle, Sparse, Operation)):
        return
    hint = "Use what tf's functions returned."
    if x is None:
        hint = (
            "If it is a gradient, it does not exist: leave it out, or use "
            'unconnected_gradients="zero".'
        )
    raise xg.errors.ArgumentTypeError(
        f"Fetch argument {x!r} has invalid type {type(x)}, must be a Tensor, a Variable or an "
        f"Operation. {hint}"
    )


def _as_fed(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    x, value = pair
    if not isinstance(x, Handle):
        raise xg.errors.ArgumentTypeError(
            f"feed_dict: a key is a {type(x).__name__}, but must be a Tensor or Variable."
        )
    if x.node is None:
        raise xg.errors.ArgumentError(
            f"feed_dict: {describe(x)} is no value of a graph: nothing was computed from it. Use a "
            "value that tf made."
        )
    if is_settled(x):
        raise xg.errors.ArgumentError(
            f"feed_dict: {describe(x)} was a shape, an axis or a count when the program was built, "
            "which is a program for that one. Build it anew with another."
        )
    array = xg.asarray(as_tensor(value, like=x), dtype=x.raw.dtype).raw
    if array.shape != x.raw.shape:
        raise xg.errors.ShapeError(
            f"feed_dict: {describe(x)} is fed a value {describe(xg.Tensor(array))}. The shape is a part "
            "of the program, of its means and gradients. Build it anew with another."
        )
    return (x if isinstance(x, xg.Variable) else x.node), array


def _dense(x: Any) -> Any:
    return x.to_dense() if isinstance(x, Sparse) else x


def _to_numpy(array: Any) -> Any:
    return backend_of(array).to_numpy(array)[()]


def are_of_graph(values: Iterable[Any]) -> bool:
    """Whether any of these was computed in a graph, so that a program means to run it later."""
    return any(isinstance(x, Handle) and belongs_to_graph(x) for x in map(_dense, values))
