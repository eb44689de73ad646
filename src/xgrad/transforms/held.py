"""Variables with the values that they had at another time.

The value at the time of reading counts; whoever runs code later that reads a Variable again gives it
that value back for as long as the code runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .._typing import Array
from ..core.variable import Variable

__all__ = ["held"]


@contextmanager
def held(values: Mapping[Variable, Array]) -> Iterator[None]:
    """Let Variables hold these arrays inside a ``with`` block, and what they held before after it.

    Assignments inside are undone, too."""
    former = [(variable, variable.raw) for variable in values]
    for variable, array in values.items():
        variable.raw = array
    try:
        yield
    finally:
        for variable, array in former:
            variable.raw = array
