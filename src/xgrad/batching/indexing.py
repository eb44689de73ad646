"""Batch rules of reading and writing parts: one more index for the examples where they differ.

In NumPy's rules the axes of index arrays come in the place of the first of them, or first of all if
something stands between them. So what comes out has its axes in an order that depends on the key;
`_Plan` knows it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._typing import Shape
from ..backends import Slot, full_key
from ..core.instructions import primitive
from .axes import unsupported
from .loop import loop
from .operation import Operation

__all__ = ["getitem", "index_add", "put", "scatter", "setitem", "take"]

_GETITEM = primitive("getitem")
_PUT = primitive("put")
_ALL = slice(None)


class _Plan(NamedTuple):
    """A key for all examples.

    Attributes
    ----------
    key : tuple
    indices : tuple of arrays
    order : tuple of int or None
        Where the axes of ``(examples, *one result)`` are in the result of the key; None for that
        order itself.
    rank : int
        The number of axes of one result.
    """

    key: tuple[Any, ...]
    indices: tuple[Any, ...]
    order: tuple[int, ...] | None
    rank: int


def getitem(op: Operation) -> Any:
    """Read from each example."""
    plan = _plan(op, op.parameters["key"], op.shape(0), 1, op.mapped[0])
    y = op.run(_GETITEM, (op.values[0], *plan.indices), {"key": plan.key})
    return y if plan.order is None else op.xp.permute_dims(y, _inverse(plan.order))


def setitem(op: Operation) -> Any:
    """Write into each example."""
    plan = _plan(op, op.parameters["key"], op.shape(0), 2, True)
    (x,) = op.all_mapped(0)
    value = op.values[1]
    if op.mapped[1] or (plan.order is not None and hasattr(value, "shape")):
        value = _as_part(op, plan)
    return op.run(op.primitive, (x, value, *plan.indices), {"key": plan.key})


def put(op: Operation) -> Any:
    """Write into zeros for each example."""
    shape = op.parameters["shape"]
    return _put(op, op.parameters["key"], shape)


def take(op: Operation) -> Any:
    """Read slices along an axis, by indices that all examples share or by their own."""
    axis = (op.parameters.get("axis") or 0) % op.rank(0)
    if not op.mapped[1]:
        return op.run(op.primitive, op.values, {"axis": axis + 1})
    key = (*(_ALL,) * axis, Slot(0))
    return getitem(op._replace(parameters={"key": key}))


def index_add(op: Operation) -> Any:
    """Add slices at indices that all examples share or at their own."""
    axis = op.parameters["axis"] % op.rank(0)
    size = op.parameters["size"]
    if not op.mapped[1]:
        return op.run(op.primitive, op.values, {"axis": axis + 1, "size": size})
    shape = list(op.shape(0))
    shape[axis] = size
    return _put(op, (*(_ALL,) * axis, Slot(0)), tuple(shape))


def scatter(op: Operation) -> Any:
    """Update slices at indices that all examples share; their own go one by one."""
    if op.mapped[1]:
        return loop(op)
    x, updates = op.all_mapped(0, 2)
    axis = op.parameters["axis"] % op.rank(0) + 1
    return op.run(op.primitive, (x, op.values[1], updates), {**op.parameters, "axis": axis})


def _put(op: Operation, key: Any, shape: tuple[int, ...]) -> Any:
    plan = _plan(op, key, shape, 1, True)
    (x,) = op.all_mapped(0)
    if plan.order is not None:
        x = op.xp.permute_dims(x, plan.order)
    parameters = {"key": plan.key, "shape": (op.size, *shape)}
    return op.run(_PUT, (x, *plan.indices), parameters)


def _as_part(op: Operation, plan: _Plan) -> Any:
    """A value to be written, with the axes of what it is written to."""
    (value,) = op.all_mapped(1)
    rank = op.rank(1)
    if rank > plan.rank:  # axes of size 1, which NumPy allows
        value = op.xp.reshape(value, (op.size, *value.shape[1 + rank - plan.rank :]))
    elif rank < plan.rank:
        value = op.xp.reshape(value, (op.size, *(1,) * (plan.rank - rank), *value.shape[1:]))
    return value if plan.order is None else op.xp.permute_dims(value, plan.order)


def _plan(op: Operation, key: Any, shape: Shape, first: int, x_mapped: bool) -> _Plan:
    """How to apply a key to all examples; operands from `first` on are its index arrays."""
    xp = op.xp
    key, indices, mapped = _without_masks(op, key, shape, op.values[first:], op.mapped[first:])
    parts = full_key(key, len(shape))
    axis_of_bool = any(isinstance(part, bool) for part in parts)  # which count as index arrays
    advanced = bool(indices) or axis_of_bool
    chosen = [i for i, part in enumerate(parts) if advanced and isinstance(part, (int, Slot))]
    kept = sum(isinstance(part, slice) or part is None for part in parts)
    if not chosen:
        return _Plan((_ALL, *parts), (), None, kept)
    ranks = [len(i.shape) - m for i, m in zip(indices, mapped, strict=True)]
    width = max([*ranks, int(axis_of_bool)])
    together = chosen == list(range(chosen[0], chosen[-1] + 1))
    # An Ellipsis that is left stands for no axis, and ints among these are chosen themselves.
    before = sum(part is not Ellipsis for part in parts[: chosen[0]]) if together else 0
    total = kept + width
    if not any(mapped):
        order = None if together else (*range(1, width + 1), 0, *range(width + 1, total + 1))
        return _Plan((_ALL, *parts), indices, order, total)
    all_indices = op._replace(values=indices, mapped=mapped)
    wide = tuple([all_indices.aligned(i, width) for i in range(len(indices))])
    if not x_mapped:
        order = None if not before else (*range(1, before + 1), 0, *range(before + 1, total + 1))
        return _Plan(tuple(parts), wide, order, total)
    numbers = xp.reshape(op.counting(), (op.size,) + (1,) * width)
    order = (0, *range(before + 1, before + width + 1), *range(1, before + 1))
    order += tuple(range(before + width + 1, total + 1))
    return _Plan(
        (Slot(len(indices)), *parts), (*wide, numbers), None if not before else order, total
    )


def _without_masks(
    op: Operation, key: Any, shape: Shape, indices: tuple[Any, ...], mapped: tuple[bool, ...]
) -> tuple[Any, tuple[Any, ...], tuple[bool, ...]]:
    """The key with the positions that a mask chooses in its place: one index for each of its axes."""
    is_mask = [op.xp.isdtype(index.dtype, "bool") for index in indices]
    if not any(is_mask):
        return key, indices, mapped
    given = key if type(key) is tuple else (key,)
    taken = [_axes_taken(part, indices, is_mask) for part in given]
    parts: list[Any] = []
    found: list[Any] = []
    flags: list[bool] = []
    axis = 0
    for part, count in zip(given, taken, strict=True):
        axis += len(shape) - sum(taken) if part is Ellipsis else count
        if not isinstance(part, Slot):
            parts.append(part)
            continue
        index, differs = indices[part.number], mapped[part.number]
        if is_mask[part.number]:
            if differs:
                unsupported(op)
            _check_mask(tuple(index.shape), shape[axis - count : axis])
            if not index.shape:  # an axis of one row, or of none; recordings refuse nonzero
                parts.append(bool(op.xp.nonzero(op.xp.reshape(index, (1,)))[0].shape[0]))
                continue
        positions = op.xp.nonzero(index) if is_mask[part.number] else (index,)
        for position in positions:
            parts.append(Slot(len(found)))
            found.append(position)
            flags.append(differs)
    return tuple(parts), tuple(found), tuple(flags)


def _axes_taken(part: Any, indices: tuple[Any, ...], is_mask: list[bool]) -> int:
    """How many axes of one example a part of a key speaks of."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    masks = isinstance(part, Slot) and is_mask[part.number]
    return len(indices[part.number].shape) if masks else 1


def _check_mask(mask: Shape, chosen: Shape) -> None:
    """Refuse a mask of another shape than that of its axes, which its positions would not tell."""
    if mask != chosen:
        raise IndexError(f"a mask of shape {mask} chooses from axes of sizes {chosen}")


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(order)), key=order.__getitem__))
