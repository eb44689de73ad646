"""Functions of ``tf`` itself that pick, place and order elements."""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import xgrad as xg

from ...core.spec import describe
from ...ops._arguments import as_axis
from ._convert import as_tensor, as_tensors, static
from ._default_graph import recording
from ._tables import followed

# -- picking ---------------------------------------------------------------------------------------


@followed
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
    name: str | None = None,
) -> Any:
    """Pick slices along an axis; the first `batch_dims` axes of both belong together.

    A negative `batch_dims` counts from the rank of `indices`.
    """
    x, indices = as_tensor(params), as_tensor(indices)
    count = _batch_rank(static(batch_dims) or 0, indices)
    axis = as_axis(count if axis is None else static(axis), x.ndim, "gather")
    if axis < count:
        raise xg.errors.AxisError(
            f"gather: axis {axis} is one of the {count} axes of batch_dims. Use an axis behind them."
        )
    function = _gather_slices
    for _ in builtins.range(count):
        function = xg.vmap(function, in_axes=(0, 0, None))
    with recording():
        return function(x, indices, axis - count)


def _batch_rank(batch_dims: int, indices: Any) -> int:
    """How many axes `batch_dims` means."""
    if not -indices.ndim <= batch_dims <= indices.ndim:
        raise xg.errors.AxisError(
            f"gather: batch_dims {batch_dims} is out of range for indices {describe(indices)}. Use a "
            f"number from {-indices.ndim} to {indices.ndim}."
        )
    return batch_dims + indices.ndim if batch_dims < 0 else batch_dims


def _gather_slices(x: Any, indices: Any, axis: int) -> Any:
    found = xg.take(x, xg.reshape(indices, (-1,)), axis=axis)
    return xg.reshape(found, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


@followed
def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Any:
    """Pick elements or slices by their coordinates, which are along the last axis of `indices`."""
    function = _gather_points
    for _ in builtins.range(batch_dims):
        function = xg.vmap(function)
    with recording():
        return function(as_tensor(params), as_tensor(indices))


def _gather_points(x: Any, indices: Any) -> Any:
    return x[_coordinates(indices)]


@followed
def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Any:
    """Pick the elements or slices where a mask is true."""
    x, mask = as_tensor(tensor), as_tensor(mask)
    return x[(*(builtins.slice(None),) * (static(axis) or 0), mask)]


@followed
def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Cut a block out; -1 as a size takes what is left."""
    x, starts, sizes = as_tensor(input_), static(begin), static(size)
    if len(starts) != x.ndim or len(sizes) != x.ndim:
        raise xg.errors.ShapeError(
            f"slice: begin {starts} and size {sizes} must have a number for each axis of "
            f"{describe(x)}."
        )
    ends = [n if k == -1 else b + k for b, k, n in zip(starts, sizes, x.shape, strict=True)]
    if not all(0 <= b <= e <= n for b, e, n in zip(starts, ends, x.shape, strict=True)):
        raise xg.errors.ShapeError(
            f"slice: a block of size {sizes} at {starts} is not inside of {describe(x)}."
        )
    return x[tuple(map(builtins.slice, starts, ends))]


@followed
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Choose between x and y; without them, list the coordinates of what is true."""
    mask = as_tensor(condition)
    if x is None and y is None:
        return xg.stack(xg.nonzero(mask), axis=1)
    x, y = as_tensors([x, y])
    return xg.where(mask, x, y)


@followed
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Mark each index in a new axis of `depth` places: 1 there and 0 elsewhere, or other values."""
    index, count = as_tensor(indices), static(depth)
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    if dtype is None:
        given = [v for v in (on_value, off_value) if v is not None]
        dtype = as_tensor(given[0]).dtype if given else xg.float32
    places = xg.arange(count, dtype=index.dtype, device=index.device)
    mask = xg.expand_dims(index, axis=-1) == places
    on, off = (as_tensor(v, like=xg.zeros((), dtype=dtype)) for v in (on, off))
    marked = xg.where(mask, xg.astype(on, dtype), xg.astype(off, dtype))
    return marked if axis in (None, -1) else xg.moveaxis(marked, -1, static(axis))


@followed
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = xg.bool, name: str | None = None
) -> Any:
    """Mark the first places of each row, as many as its length."""
    n = as_tensor(lengths)
    count = int(xg.max(n)) if maxlen is None else static(maxlen)
    mask = xg.arange(count, dtype=n.dtype, device=n.device) < xg.expand_dims(n, axis=-1)
    return mask if dtype == xg.bool else xg.astype(mask, dtype)


# -- placing ---------------------------------------------------------------------------------------


@followed
def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Add updates to zeros at coordinates."""
    updates = as_tensor(updates)
    zeros = xg.zeros(static(shape), dtype=updates.dtype, device=updates.device)
    return zeros.at[_places(zeros, indices, updates)].add(updates)


@followed
def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Any:
    """Put updates at coordinates, as a new tensor."""
    x, updates = as_tensors([tensor, updates])
    return x.at[_places(x, indices, updates)].set(updates)


@followed
def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """Add updates at coordinates, as a new tensor."""
    x, updates = as_tensors([tensor, updates])
    return x.at[_places(x, indices, updates)].add(updates)


@followed
def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """Subtract updates at coordinates, as a new tensor."""
    x, updates = as_tensors([tensor, updates])
    return x.at[_places(x, indices, updates)].add(-updates)


def scattered(x: Any, indices: Any, updates: Any, mode: str) -> Any:
    """Combine updates with what is at coordinates; repeated ones all count."""
    if mode == "subtract":
        return scattered(x, indices, -updates, "add")
    coordinates = _places(x, indices, updates)
    count = len(coordinates)
    rows, rest = math.prod(x.shape[:count]), x.shape[count:]
    numbers = xg.reshape(xg.arange(rows, device=x.device), x.shape[:count])
    places = xg.reshape(numbers[coordinates], (-1,))
    flat, updates = xg.reshape(x, (rows, *rest)), xg.reshape(updates, (-1, *rest))
    return xg.reshape(xg.scatter(flat, places, updates, mode=mode), x.shape)


def _places(x: Any, indices: Any, updates: Any) -> tuple[Any, ...]:
    """The coordinates of updates, of which there must be one for each: nothing is broadcast."""
    places = as_tensor(indices)
    if not places.ndim:
        raise xg.errors.ShapeError(
            f"indices {describe(places)} have no axis of coordinates. Use a list of them."
        )
    wanted = (*places.shape[:-1], *x.shape[places.shape[-1] :])
    if updates.shape != wanted:
        raise xg.errors.ShapeError(
            f"updates {describe(updates)} at indices {describe(places)} of {describe(x)} must have "
            f"the shape {wanted}. Use broadcast_to."
        )
    return _coordinates(places)


def _coordinates(indices: Any) -> tuple[Any, ...]:
    """One index array for each of the coordinates along the last axis."""
    return tuple([indices[..., i] for i in builtins.range(indices.shape[-1])])


# -- ordering --------------------------------------------------------------------------------------


@followed
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Sort along an axis."""
    return xg.sort(as_tensor(values), axis=static(axis), descending=_descends(direction))


@followed
def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Any:
    """Give the order along an axis."""
    found = xg.argsort(as_tensor(values), axis=static(axis), descending=_descends(direction))
    return xg.astype(found, xg.int32)


@followed
def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = xg.int32,
    name: str | None = None,
) -> Any:
    """Find where values belong in a sorted sequence; both may be stacks of them."""
    sequence, values = as_tensors([sorted_sequence, values])

    def place(row: Any, wanted: Any) -> Any:
        return xg.searchsorted(row, wanted, side=side)

    for _ in builtins.range(sequence.ndim - 1):
        place = xg.vmap(place)
    return xg.astype(place(sequence, values), out_type)


class Unique(NamedTuple):
    """What `unique` returns."""

    y: Any
    idx: Any


@followed
def unique(x: Any, out_idx: Any = xg.int32, name: str | None = None) -> Unique:
    """Give the distinct values, in the order in which they appear, and where each element's is."""
    found = xg.unique_all(as_tensor(x))
    order = xg.argsort(found.indices)
    places = xg.take(xg.argsort(order), found.inverse_indices, axis=0)
    return Unique(xg.take(found.values, order, axis=0), xg.astype(places, out_idx))


def _descends(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise xg.errors.ArgumentError(
            f"direction must be 'ASCENDING' or 'DESCENDING', but is {direction!r}."
        )
    return direction == "DESCENDING"
