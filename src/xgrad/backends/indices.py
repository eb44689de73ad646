"""Index keys with their arrays taken out.

A key such as ``x[0, i, :]`` is split into a static template, ``(0, Slot(0), slice(None))``, and the
operands ``(i,)``: a recorded program must never bake in the values of an index array."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Slot", "fill_key"]


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
