"""vmap: run a function written for one example on many at once.

The function runs once, on Tensors that stand for every example (batching/). Tapes and accumulators
outside see operations on all examples, those inside see one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._arguments import check_function
from .._typing import SCALAR_TYPES, Nest
from ..backends import is_array
from ..batching import Batched, Level, collect, running, running_levels, spread
from ..core.handle import Handle
from ..core.indexed_slices import IndexedSlices
from ..core.node import next_serial
from ..core.replay import Journal
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, ShapeError, TracingError
from ..interpreters.arguments import check_chunk_size
from ..ops.rule_namespace import rule_namespace
from ..tree import TreeDef, flatten, show, unflatten
from .batched import NotBatchableError

__all__ = ["vmap"]


def vmap(
    f: Callable[..., Nest],
    in_axes: Nest = 0,
    out_axes: Nest = 0,
    chunk_size: int | None = None,
) -> Callable[..., Nest]:
    """Make a function of many examples from a function of one.

    Parameters
    ----------
    f : callable
        Takes and returns nests of Tensors, without the axis of examples.
    in_axes : int, None or nest
        The axis of examples of each positional argument, or None for what all examples share:
        one for all, or a tuple with one per argument, each of which may be a nest in the structure
        of its argument. Keyword arguments are mapped over axis 0.
    out_axes : int, None or nest
        Where the axis of examples goes in each result; None for one that all share.
    chunk_size : int, optional
        How many examples to run at once, to bound memory. All of them by default.

    Returns
    -------
    callable
        With the arguments of f, each mapped one with one more axis.

    Raises
    ------
    ArgumentError
        If in_axes or out_axes does not fit, nothing is mapped, or chunk_size is not positive.
    ShapeError
        If the numbers of examples differ, or an argument has no such axis.
    TracingError
        If f asks for a single value: ``bool(x)``, ``float(x)``, ``.numpy()``; or if it leaves a
        value per example in a Variable.

    See Also
    --------
    per_example_gradient, jacobian

    Notes
    -----
    Nests in itself and in every other transform, in any order. Operations that have no rule for
    all examples at once run one after the other; the support table names them.

    A draw from a generator of `xgrad.random` gives every example numbers of its own, as a loop
    would. What is drawn outside is the same for all.

    Examples
    --------
    >>> import xgrad as xg
    >>> a, b = xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([10.0, 1.0])
    >>> xg.vmap(xg.vecdot, in_axes=(0, None))(a, b)
    xg.Tensor([12., 34.], shape=(2,), dtype=float64, device=cpu)
    """
    check_function(f, "vmap")
    check_chunk_size(chunk_size, "vmap")

    @functools.wraps(f)
    def mapped(*args: Any, **options: Any) -> Nest:
        axes = _argument_axes(in_axes, args)
        leaves, treedef = flatten((args, options))
        axes += [0] * (len(leaves) - len(axes))
        xs = [_operand(x, a) for x, a in zip(leaves, axes, strict=True)]
        size = _size(xs, axes)
        if chunk_size is None or size <= chunk_size:
            return _run(f, xs, axes, treedef, out_axes, size)
        parts = [
            _run(f, _part(xs, axes, start, chunk_size), axes, treedef, out_axes, None)
            for start in range(0, size, chunk_size)
        ]
        return _joined(parts, out_axes)

    return mapped


def _run(
    f: Callable[..., Nest],
    xs: list[Any],
    axes: list[int | None],
    treedef: TreeDef,
    out_axes: Nest,
    size: int | None,
) -> Nest:
    """Run the function on one level of examples."""
    level = Level(_size(xs, axes) if size is None else size)
    inputs = [
        _shared(x) if a is None else spread(x, a % x.ndim, level)
        for x, a in zip(xs, axes, strict=True)
    ]
    args, options = unflatten(treedef, inputs)
    journal, start = Journal(), next_serial()
    try:
        with journal, running((*running_levels(), level)):
            y = f(*args, **options)
        _refuse_what_stays(journal, level, start)
        results, structure = flatten(y)
        places = _axes_of(out_axes, structure, "out_axes", "the result")
        return unflatten(
            structure,
            [collect(_result(y), a, level) for y, a in zip(results, places, strict=True)],
        )
    except NotBatchableError as failure:
        if failure.level is not level or not level.size:
            raise
        journal.put_back()  # what it did before it failed is done once more
        return _one_after_another(f, xs, axes, treedef, out_axes, level.size)
    finally:
        level.ended = True


def _refuse_what_stays(journal: Journal, level: Level, start: int) -> None:
    """Refuse that a Variable from outside has a value per example when the examples are over."""
    for x, _, former in journal.entries.values():
        if not isinstance(x, Variable) or x.node.serial > start:
            continue
        if _is_of(x.raw, level) and not _is_of(former, level):
            journal.put_back()
            raise TracingError(
                f"vmap: the function assigns to {x.name} {describe(x)}, which would have another "
                "value for each example. Use a result of the function, and assign outside of vmap."
            )


def _is_of(array: Any, level: Level) -> bool:
    return type(array) is Batched and array.level is level


def _one_after_another(
    f: Callable[..., Nest],
    xs: list[Any],
    axes: list[int | None],
    treedef: TreeDef,
    out_axes: Nest,
    size: int,
) -> Nest:
    """Run the function on one example at a time, because something in it does not take all."""
    rows = []
    structure: TreeDef | None = None
    for i in range(size):
        inputs = [
            _shared(x) if a is None else x[(*(slice(None),) * (a % x.ndim), i, ...)]
            for x, a in zip(xs, axes, strict=True)
        ]
        args, options = unflatten(treedef, inputs)
        results, structure = flatten(f(*args, **options), like=structure)
        rows.append([_result(y) for y in results])
    assert structure is not None
    places = _axes_of(out_axes, structure, "out_axes", "the result")
    return unflatten(
        structure,
        [
            parts[0] if a is None else rule_namespace.stack(parts, axis=a)
            for parts, a in zip(zip(*rows, strict=True), places, strict=True)
        ],
    )


def _argument_axes(in_axes: Nest, args: tuple[Any, ...]) -> list[int | None]:
    """The axis of each leaf of the positional arguments."""
    axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
    _, treedef = flatten(args)
    return _axes_of(axes, treedef, "in_axes", "the arguments")


def _axes_of(axes: Nest, treedef: TreeDef, name: str, what: str) -> list[int | None]:
    """Numbers for all leaves from a nest that may stop short of them."""
    leaves, given = flatten(axes, none_is_leaf=True, like=treedef)
    for a in leaves:
        if a is not None and type(a) is not int:
            raise ArgumentTypeError(
                f"vmap: {name} holds a {type(a).__name__}, but must hold integers and None."
            )
    found = _spread_axes(given, iter(leaves), treedef)
    if found is None:
        raise ArgumentError(
            f"vmap: {name} {axes!r} does not fit the structure of {what}, {show(treedef)}. Use one "
            "number for all, or a nest with one number (or None) for each part."
        )
    return found


def _spread_axes(given: TreeDef, values: Any, treedef: TreeDef) -> list[int | None] | None:
    if given.kind is None:
        return [next(values)] * treedef.num_leaves
    if given.keys != treedef.keys or given.kind is not treedef.kind:
        return None
    found: list[int | None] = []
    for one, other in zip(given.children, treedef.children, strict=True):
        part = _spread_axes(one, values, other)
        if part is None:
            return None
        found += part
    return found


def _operand(x: Any, axis: int | None) -> Any:
    """An argument that is mapped as a Tensor; anything else as it is."""
    if isinstance(x, Handle):
        return x
    if is_array(x):
        return rule_namespace.asarray(x)
    if axis is None:
        return x
    if type(x) in SCALAR_TYPES:
        return rule_namespace.asarray(x)
    raise ArgumentTypeError(
        f"vmap: an argument of type {type(x).__name__} cannot be mapped. Use in_axes=None for it, "
        "or xg.asarray to make a Tensor of it."
    )


def _shared(x: Any) -> Any:
    """An argument that all examples share, in a handle that may be rebound to what differs."""
    return alias(x) if isinstance(x, Tensor) else x


def _size(xs: list[Any], axes: list[int | None]) -> int:
    """The number of examples, the same for every argument."""
    sizes: dict[int, str] = {}
    for x, axis in zip(xs, axes, strict=True):
        if axis is None:
            continue
        if not -x.ndim <= axis < x.ndim:
            raise ShapeError(
                f"vmap: an argument {describe(x)} has no axis {axis} of examples. Use in_axes=None "
                "for what all examples share."
            )
        sizes.setdefault(x.shape[axis], f"{describe(x)} along axis {axis}")
    if not sizes:
        raise ArgumentError(
            "vmap: nothing is mapped. Use in_axes with a number for at least one argument that is "
            "an array."
        )
    if len(sizes) > 1:
        raise ShapeError(
            f"vmap: the numbers of examples differ: {' and '.join(sizes.values())}. Use in_axes to "
            "say which axis is that of the examples, or None."
        )
    return next(iter(sizes))


def _result(y: Any) -> Any:
    if isinstance(y, Handle):
        return y
    if isinstance(y, IndexedSlices):
        return y.to_dense()
    if is_array(y) or type(y) in SCALAR_TYPES:
        return rule_namespace.asarray(y)
    raise ArgumentTypeError(
        f"vmap: the function returned a {type(y).__name__}, but must return Tensors or nests of "
        "them. Did the function forget to return a value?"
        if y is None
        else f"vmap: the function returned a {type(y).__name__}, but must return Tensors or nests "
        "of them. Use xg.asarray to make a Tensor of it."
    )


def _part(xs: list[Any], axes: list[int | None], start: int, count: int) -> list[Any]:
    """The arguments of some of the examples."""
    return [
        x if a is None else x[(*(slice(None),) * (a % x.ndim), slice(start, start + count))]
        for x, a in zip(xs, axes, strict=True)
    ]


def _joined(parts: list[Nest], out_axes: Nest) -> Nest:
    """The results of all parts, one after the other along the axis of examples."""
    treedef = flatten(parts[0])[1]
    columns = [flatten(part, like=treedef)[0] for part in parts]
    places = _axes_of(out_axes, treedef, "out_axes", "the result")
    joined: list[Tensor] = [
        ys[0] if a is None else rule_namespace.concat(list(ys), axis=a)
        for ys, a in zip(zip(*columns, strict=True), places, strict=True)
    ]
    return unflatten(treedef, joined)
