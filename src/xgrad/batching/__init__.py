"""Batching: the same function for many examples at once, as a namespace of arrays.

`spread` begins a level, `collect` ends it; in between, a Tensor that wraps a `Batched` array is one
example to whoever looks at it. What primitives do is decided per kind (axes.py, contractions.py,
indexing.py), and by a loop for the rest."""

from __future__ import annotations

from .array import Batched, Level, level_of
from .backend import BATCHED
from .boundary import collect, spread
from .rules import is_looped
from .running import running, running_levels

__all__ = [
    "BATCHED",
    "Batched",
    "Level",
    "collect",
    "is_looped",
    "level_of",
    "running",
    "running_levels",
    "spread",
]
