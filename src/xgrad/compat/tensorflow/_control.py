"""Functions of functions: ``tf.function``, conditions, loops, maps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import xgrad as xg

from ...core.observers import state
from ._convert import as_tensor, as_tensors
from ._default_graph import recording
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
    each call. Inside, `gradients` works.

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

    return xg.function(inside)


@followed
def cond(
    pred: Any,
    true_fn: Callable[[], Any],
    false_fn: Callable[[], Any],
    name: str | None = None,
) -> Any:
    """Call one of two functions without arguments; see `xgrad.cond`."""
    return xg.cond(as_tensor(pred), true_fn, false_fn)


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

    Both take the parts of `loop_vars` as arguments; `body` returns them anew. `maximum_iterations`
    bounds how often; without `back_prop` no gradient passes. The others have no meaning here.
    """
    first = [as_tensor(x) for x in loop_vars]
    last = None if maximum_iterations is None else as_tensor(maximum_iterations)

    def goes_on(carry: Any) -> Any:
        count, *values = carry
        found = as_tensor(cond(*values))
        return found if last is None else xg.logical_and(found, count < last)

    def advance(carry: Any) -> Any:
        count, *values = carry
        found = body(*values)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        return [count + 1, *[as_tensor(x, like=y) for x, y in zip(found, values, strict=True)]]

    _, *found = xg.while_loop(goes_on, advance, [xg.asarray(0), *first])
    return found if back_prop else [xg.stop_gradient(x) for x in found]


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
