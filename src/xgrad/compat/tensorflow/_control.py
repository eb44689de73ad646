"""Functions of functions: ``tf.function``, conditions, loops, maps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import xgrad as xg

from ...batching import Batched
from ...compile.function import Function
from ...compile.signature import Signature, Taken
from ...core.observers import state
from ...core.replay import Journal
from ...errors import TracingError
from ._convert import as_tensor, as_tensors
from ._default_graph import recording
from ._replay import are_written, may_change, must_hold
from ._tables import followed

__all__ = [
    "cond",
    "function",
    "map_fn",
    "print_tensors",
    "py_function",
    "vectorized_map",
    "while_loop",
]


class _ByValueError(TracingError):
    """A recording would have to look at a value, which each call has its own of."""


class _Function(Function):
    """A recorded function; one that decides by values, with `cond` or `while_loop`, runs as it stands."""

    _decides = False

    def _call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if state.observers:
            return super()._call(args, options)
        if not self._decides:
            try:
                return super()._call(args, options)
            except _ByValueError:
                self._decides = True
        return self._f(*args, **options)

    def _record(self, taken: Taken) -> Any:
        journal = Journal()
        try:
            with journal:
                return super()._record(taken)
        except _ByValueError:
            journal.put_back()  # what was drawn, say: it is done once more
            raise


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    **experimental: Any,
) -> Any:
    """Record what a function does once, and replay it; see `xgrad.function`.

    Python's own ``if`` and ``while`` are decided when it is recorded; `cond` and `while_loop` for
    each call: where they depend on the arguments' values nothing is recorded, and the function runs
    as it stands. Inside, `gradients` works.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> @tf.function
    ... def slope(x):
    ...     return tf.gradients(x**3, x)[0]
    >>> slope(tf.constant(2.0))
    xg.Tensor(12., shape=(), dtype=float32, device=cpu)
    """
    if func is None:
        return function

    @functools.wraps(func)
    def inside(*args: Any, **kwargs: Any) -> Any:
        watched = any(observer.alone for observer in state.observers)
        with nullcontext() if watched else xg.Graph():
            return func(*args, **kwargs)

    return _Function(inside, Signature(inside, (), (), None), None, None)


@followed
def cond(
    pred: Any,
    true_fn: Callable[[], Any],
    false_fn: Callable[[], Any],
    name: str | None = None,
) -> Any:
    """Call one of two functions without arguments; see `xgrad.cond`."""
    decision = _seen(as_tensor(pred))
    found = xg.tree.map(as_tensor, xg.cond(decision, true_fn, false_fn))
    return _held_to([decision], found, "tf.cond")


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeat `body` for as long as `cond` holds; see `xgrad.while_loop`.

    Both take the parts of `loop_vars`, which may be nests, as arguments; `body` returns them anew.
    `maximum_iterations` bounds how often; with `shape_invariants` shapes may change; without
    `back_prop` no gradient passes. The others have no meaning here.
    """
    carry = [xg.asarray(0), *xg.tree.map(as_tensor, list(loop_vars))]
    last = None if maximum_iterations is None else as_tensor(maximum_iterations)
    decisions = []

    def goes_on(carry: Any) -> Any:
        count, *values = carry
        found = as_tensor(cond(*values))
        found = found if last is None else xg.logical_and(found, count < last)
        decisions.append(_seen(found))
        return found

    def advance(carry: Any) -> Any:
        count, *values = carry
        found = body(*values)
        found = list(found) if type(found) in (list, tuple) else [found]
        return [count + 1, *xg.tree.map(lambda x, y: as_tensor(x, like=y), found, values)]

    if shape_invariants is None:
        carry = xg.while_loop(goes_on, advance, carry)
    else:
        while goes_on(carry):
            carry = advance(carry)
    found = _held_to(decisions, carry[1:], "tf.while_loop")
    return found if back_prop else xg.tree.map(xg.stop_gradient, found)


def _seen(pred: Any) -> Any:
    """Give a predicate back, unless it is a value of a recording."""
    if type(pred.raw) is not Batched:
        try:
            bool(pred)
        except TracingError as error:
            raise _ByValueError(str(error)) from error
    return pred


def _held_to(decisions: list[Any], results: Any, function: str) -> Any:
    """Results that `Session.run` gives only where all decisions are what they are now."""
    known = [p for p in decisions if may_change(p)]
    if not known or not are_written():
        return results
    with recording():
        holds = xg.all(xg.stack([p or xg.logical_not(p) for p in known]))
        must_hold(holds, function)
        return xg.tree.map(lambda x: xg.where(holds, x, xg.zeros_like(x)), results)


@followed
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Call a function for each slice along the first axis, and join the results."""
    leaves, treedef = xg.tree.flatten(elems)
    tensors = [as_tensor(x) for x in leaves]
    if not len(tensors[0]):  # of which scan finds out what the results would be
        parts = xg.tree.unflatten(treedef, tensors)
        return xg.scan(lambda _, x: ((), xg.tree.map(as_tensor, fn(x))), (), parts)[1]
    results = [
        fn(xg.tree.unflatten(treedef, [x[i] for x in tensors])) for i in range(len(tensors[0]))
    ]
    return xg.tree.map(lambda *parts: xg.stack(as_tensors(parts)), *results)


@followed
def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """Do the same as `map_fn` at once; see `xgrad.vmap`."""
    leaves, treedef = xg.tree.flatten(elems)
    with recording():
        return xg.vmap(fn)(xg.tree.unflatten(treedef, [as_tensor(x) for x in leaves]))


def print_tensors(*inputs: Any, **options: Any) -> None:
    """Print values, of Tensors the numbers alone."""
    shown = [x.numpy() if isinstance(x, (xg.Tensor, xg.Variable)) else x for x in inputs]
    print(*shown)  # noqa: T201 - that is what it is for


def py_function(
    func: Callable[..., Any], inp: Any, Tout: Any = None, name: str | None = None
) -> Any:
    """Call a function of Tensors: here that is nothing special."""
    return func(*[as_tensor(x) for x in inp])
