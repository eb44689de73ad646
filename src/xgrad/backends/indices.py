"""Index keys with their arrays taken out, and where in the flat array they point.

A key such as ``x[0, i, :]`` is split into a static template, ``(0, Slot(0), slice(None))``, and the
operands ``(i,)``: a recorded program must never bake in the values of an index array. Where a
library refuses a key that NumPy takes, `flat_positions` turns it into one array of integers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .._typing import Array, Shape

__all__ = [
    "Slot",
    "fill_key",
    "flat_positions",
    "full_key",
    "has_negative_step",
    "instead_of_masks",
    "without_masks",
]


class Slot(NamedTuple):
    """The place of the `number`-th index array in a key."""

    number: int

    def __repr__(self) -> str:
        return f"indices[{self.number}]"


def fill_key(key: Any, indices: tuple[Any, ...]) -> Any:
    """Put the index arrays back into a key."""
    if not indices:
        return key
    if isinstance(key, Slot):
        return indices[key.number]
    return tuple(indices[part.number] if isinstance(part, Slot) else part for part in key)


def full_key(key: Any, ndim: int) -> tuple[Any, ...]:
    """A key without arrays that are masks, as a tuple that says something of every axis.

    An Ellipsis is only left where it stands for no axis: two index arrays are not side by side then."""
    parts = key if isinstance(key, tuple) and not isinstance(key, Slot) else (key,)
    if sum(part is Ellipsis for part in parts) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    said = sum(not (part is None or part is Ellipsis or isinstance(part, bool)) for part in parts)
    others = [slice(None)] * (ndim - said)
    if not others:
        return tuple(parts)
    if not any(part is Ellipsis for part in parts):
        return (*parts, *others)
    full: list[Any] = []
    for part in parts:
        full += others if part is Ellipsis else [part]
    return tuple(full)


def without_masks(xp: Any, key: Any, indices: tuple[Array, ...]) -> tuple[Any, tuple[Array, ...]]:
    """The same with the positions that a mask chooses in its place, unless it is all of the key.

    NumPy's rule, by which libraries and the standard differ where there is something beside it."""
    if not isinstance(key, tuple) or isinstance(key, Slot) or len(key) == 1:
        return key, indices
    is_mask = [index.ndim and xp.isdtype(index.dtype, "bool") for index in indices]
    if not any(is_mask):
        return key, indices
    return instead_of_masks(key, indices, lambda i: xp.nonzero(indices[i]) if is_mask[i] else None)


def instead_of_masks(
    key: Any, indices: tuple[Any, ...], positions: Callable[[int], Any]
) -> tuple[Any, tuple[Any, ...]]:
    """A key with what `positions` gives for the number of an index in its place; None leaves it."""
    parts: list[Any] = []
    found: list[Any] = []
    for part in key if isinstance(key, tuple) and not isinstance(key, Slot) else (key,):
        if not isinstance(part, Slot):
            parts.append(part)
            continue
        others = positions(part.number)
        for index in (indices[part.number],) if others is None else others:
            parts.append(Slot(len(found)))
            found.append(index)
    return tuple(parts), tuple(found)


def has_negative_step(key: Any) -> bool:
    """Whether a slice of the key goes backwards, which some libraries refuse."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts)


def flat_positions(
    xp: Any, shape: Shape, key: Any, indices: tuple[Array, ...], device: Any
) -> Array:
    """Where the elements of ``x[key]`` are in the flat x, in the shape of ``x[key]``.

    NumPy's rules for keys without masks: index arrays broadcast against each other, and their axes
    come first if something stands between them, else in the place of the first of them."""
    parts = full_key(key, len(shape))
    chosen = [i for i, part in enumerate(parts) if isinstance(part, (int, Slot))]
    together = chosen == list(range(chosen[0], chosen[-1] + 1)) if chosen else True
    sizes = iter(shape)
    strides = iter([math.prod(shape[i + 1 :]) for i in range(len(shape))])
    block: Any = 0  # the positions that ints and index arrays choose
    before: list[Any] = []  # the positions along each other axis of the result, and their stride
    after: list[Any] = []
    for place, part in enumerate(parts):
        if part is Ellipsis:
            continue
        if part is None:
            steps = (range(1), 0)
        else:
            size, stride = next(sizes), next(strides)
            if place in chosen:
                block = block + stride * _non_negative(xp, part, indices, size)
                continue
            steps = (range(*part.indices(size)), stride)
        (before if together and chosen and place < chosen[0] else after).append(steps)
    if isinstance(block, int):
        block = xp.asarray(block, dtype=xp.int64, device=device)
    block_shape = tuple(block.shape)
    flat = xp.reshape(block, (1,) * len(before) + block_shape + (1,) * len(after))
    axes = [*range(len(before)), *range(len(before) + len(block_shape), flat.ndim)]
    for axis, (steps, stride) in zip(axes, [*before, *after], strict=True):
        numbers = xp.arange(len(steps), dtype=xp.int64, device=device)
        numbers = (numbers * steps.step + steps.start) * stride
        flat = flat + xp.reshape(numbers, (-1,) + (1,) * (flat.ndim - 1 - axis))
    return flat


def _non_negative(xp: Any, part: Any, indices: tuple[Array, ...], size: int) -> Any:
    if isinstance(part, int):
        if not -size <= part < size:
            raise IndexError(f"index {part} is out of bounds for an axis of size {size}")
        return part % size
    if xp.isdtype(indices[part.number].dtype, "bool"):
        raise IndexError("a mask next to a slice that goes backwards; use xg.flip on the result")
    index = xp.astype(indices[part.number], xp.int64)
    return xp.where(index < 0, index + size, index)
