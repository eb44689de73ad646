"""Index keys with their arrays taken out, and where in the flat array they point.

A key such as ``x[0, i, :]`` is split into a static template, ``(0, Slot(0), slice(None))``, and the
operands ``(i,)``: a recorded program must never bake in the values of an index array. Where a
library refuses a key that NumPy takes, `flat_positions` turns it into one array of integers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._typing import Array, Shape

__all__ = ["Slot", "fill_key", "flat_positions", "full_key", "has_negative_step"]


class Slot(NamedTuple):
    """The place of the `number`-th index array in a key."""

    number: int


def fill_key(key: Any, indices: tuple[Any, ...]) -> Any:
    """Put the index arrays back into a key."""
    if not indices:
        return key
    if isinstance(key, Slot):
        return indices[key.number]
    return tuple(indices[part.number] if isinstance(part, Slot) else part for part in key)


def full_key(key: Any, ndim: int) -> tuple[Any, ...]:
    """A key without masks as a tuple that says something of every axis, without an Ellipsis."""
    parts = key if isinstance(key, tuple) and not isinstance(key, Slot) else (key,)
    missing = ndim - sum(part is not None and part is not Ellipsis for part in parts)
    if not any(part is Ellipsis for part in parts):
        parts = (*parts, Ellipsis)
    full: list[Any] = []
    for part in parts:
        full += [slice(None)] * missing if part is Ellipsis else [part]
    return tuple(full)


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
