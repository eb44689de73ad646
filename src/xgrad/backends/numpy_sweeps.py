"""Elementwise steps over large flat arrays, in blocks that fit into the innermost cache (_loops.c).

NumPy's calls cost as much as a thousand elements, so blocks that NumPy is called for have to be larger
than that cache. Here the loops are called without, and other threads run all the while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, DType
from .numpy_loops import compiled_loops, loop_of

__all__ = [
    "Gathering",
    "Scattering",
    "SweepStep",
    "Vector",
    "block_of",
    "can_gather",
    "can_scatter",
    "can_sweep",
    "sweep",
]

_BYTES = 1 << 13  # of a block of one array
_SUMMED = ("f", "d")  # dtypes of sums, and of what is guarded
# As in _loops.c; 0 is a function.
_KINDS = {"sum": 1, "product_sum": 2, "guard": 3, "guard_later": 7}
_GATHER, _SCATTER, _ADD_ROWS = 4, 5, 6


class Gathering(NamedTuple):
    """The function of a step that takes rows out of a table, given that and the rows' indices."""

    width: int


class Scattering(NamedTuple):
    """The function of a step that adds rows to those of a table, given their indices.

    The table begins as zeros, unless it is `kept`."""

    width: int
    kept: bool = False


class SweepStep(NamedTuple):
    """One step: a function of NumPy's, `SELECT`, `Gathering`, `Scattering`, or the name of another kind.

    Those are ``"sum"``, ``"product_sum"``, ``"guard"``, and ``"guard_later"``: a guard is for later where
    what is not finite in its operand shows in an output that `shows`.

    Operands, the result last if it is an array, are names of vectors, or numbers as arrays without
    axes."""

    function: Any
    operands: tuple[str | Array, ...]


class Vector(NamedTuple):
    """A flat array by name; `whole` where it has all elements, and not one for all of them.

    One that is `aside` is a table or indices into one, of any size; an output may be one that `shows`
    what guards for later would mend."""

    name: str
    dtype: DType
    whole: bool = True
    aside: bool = False
    shows: bool = False


def block_of(dtypes: Sequence[DType]) -> int:
    """How many elements a block has, of values of these dtypes."""
    return int(_BYTES // max(4, *[dtype.itemsize for dtype in dtypes]))


def can_sweep(function: Any, dtypes: tuple[DType, ...]) -> bool:
    """Whether a step for operands (and a result) of these dtypes can be part of a sweep."""
    if compiled_loops is None:
        return False
    if function in _KINDS:
        return dtypes[0].char in _SUMMED and len(set(dtypes)) == 1 and dtypes[0].isnative
    return loop_of(function, dtypes) is not None and len(dtypes) <= compiled_loops.MOST_OPERANDS


def can_gather(table: DType, indices: DType) -> bool:
    """Whether a step can take rows out of a table."""
    return (
        compiled_loops is not None
        and table.isnative
        and table.kind in "biufc"
        and indices == np.intp
    )


def can_scatter(table: DType, indices: DType) -> bool:
    """Whether a step can add rows to those of a table."""
    return can_gather(table, indices) and table.char in _SUMMED


def sweep(
    steps: Sequence[SweepStep],
    inputs: Sequence[Vector],
    outputs: Sequence[Vector],
    scratch: Sequence[Vector],
    block: int,
    slow: Callable[..., Any],
) -> Callable[..., Any] | None:
    """A function ``(low, high, scratch, inputs, outputs)`` that gives the sums of some elements.

    None where there are more arrays than it takes. `slow` is called instead of it for arrays of
    other dtypes, or whose elements do not lie side by side, and for indices that are outside."""
    assert compiled_loops is not None
    numbers: dict[int, Array] = {}
    for s in steps:
        numbers |= {id(x): x for x in s.operands if not isinstance(x, str)}
    vectors = (*inputs, *outputs, *scratch)
    places: dict[Any, int] = {v.name: i for i, v in enumerate(vectors)}
    places |= {key: len(vectors) + i for i, key in enumerate(numbers)}
    if len(places) > compiled_loops.MOST_MEMORIES:
        return None
    dtypes = [*[v.dtype for v in vectors], *[x.dtype for x in numbers.values()]]
    rows = []
    for i, vector in enumerate(vectors):
        size = vector.dtype.itemsize if vector.whole and not vector.aside else 0
        moves = size if i < len(inputs) + len(outputs) else 0
        rows.append((vector.dtype.num, moves, size, 0, vector.aside, vector.shows))
    for x in numbers.values():
        rows.append((x.dtype.num, 0, 0, x.__array_interface__["data"][0], False, False))
    texts: list[tuple[Any, ...]] = []
    for function, operands in steps:
        which = tuple([places[x if isinstance(x, str) else id(x)] for x in operands])
        if isinstance(function, Gathering):
            texts.append((_GATHER, None, function.width, which))
        elif isinstance(function, Scattering):
            kind = _ADD_ROWS if function.kept else _SCATTER
            texts.append((kind, None, function.width, which))
        elif function in _KINDS:
            texts.append((_KINDS[function], None, 0, which))
        else:
            loop = loop_of(function, tuple([dtypes[i] for i in which]))
            texts.append((0, function if isinstance(function, np.ufunc) else None, loop, which))
    found: Callable[..., Any] = compiled_loops.Sweep(
        texts,
        rows,
        len(inputs),
        len(outputs),
        len(scratch),
        block,
        _of_floats(np.add),
        _of_floats(np.multiply),
        tuple(numbers.values()),
        slow,
    )
    return found


def _of_floats(ufunc: np.ufunc) -> tuple[Any, ...]:
    """A function of two numbers, and its loops for single and double precision."""
    return ufunc, *[loop_of(ufunc, (np.dtype(d),) * 3) for d in _SUMMED]
