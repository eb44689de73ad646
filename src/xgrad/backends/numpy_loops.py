"""NumPy's inner loops one after the other, without NumPy's calls (_loops.c).

A `Step` is one call of a ufunc, or what amounts to one, with everything put down that a call finds
out: which loop, how many elements along which axes, where each operand lies. Where nothing was
compiled there are no batches, and programs call NumPy."""

from __future__ import annotations

import copy
import functools
import itertools
import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._speedups import compiled
from .._typing import Array, DType, Shape
from .numpy_buffers import Form

__all__ = [
    "CAST",
    "COPY",
    "SELECT",
    "Place",
    "Step",
    "batch",
    "can_batch",
    "compiled_loops",
    "loop_of",
    "place_of",
    "product_step",
    "step",
    "sum_step",
]

# The module, or None; numpy_sweeps.py works with it, too.
compiled_loops = compiled("xgrad.backends._loops")

# What stands for functions: x1 where a condition holds, x2 elsewhere; numbers of another dtype. And what
# copies numbers.
SELECT = "select"
CAST = "cast"
COPY = np.positive

_MOST_PRODUCTS = 1 << 18  # of numbers in a product of matrices: with more, a call does not count


class Place:
    """Where an operand lies: in an array that is there, or in one that a call knows by name.

    Parameters
    ----------
    like : array
        Of its shape, dtype and strides; the array itself where there is no name.
    name : str
        Of the array that a call knows.
    start : int
        From which byte of that array on.
    """

    __slots__ = (
        "array",
        "dtype",
        "high",
        "is_in_order",
        "low",
        "name",
        "shape",
        "start",
        "strides",
    )

    def __init__(self, like: Array, name: str = "", start: int = 0) -> None:
        assert type(like) is np.ndarray, like  # a scalar has no address that stays
        self.array = None if name else like
        self.name = name
        self.shape: Shape = like.shape
        self.strides: Shape = like.strides
        self.dtype: DType = like.dtype
        self.is_in_order = like.flags.c_contiguous
        self.start = start if name else _address(like)
        if self.is_in_order:
            self.low, self.high = self.start, self.start + like.nbytes
        else:
            ends = [(n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)]
            self.low = self.start + sum([e for e in ends if e < 0])
            self.high = self.start + sum([e for e in ends if e > 0]) + self.dtype.itemsize

    def reshaped(self, shape: Shape) -> Place:
        """The same elements, which are in order, in another shape."""
        found = copy.copy(self)
        found.shape = shape
        strides = itertools.accumulate(shape[:0:-1], operator.mul, initial=self.dtype.itemsize)
        found.strides = tuple(strides)[::-1] if shape else ()
        return found


class Step(NamedTuple):
    """What a batch does at once; `zeros` is the size of sums that are to be made, or 0."""

    function: Any
    loop: int
    zeros: int
    shape: Shape
    places: tuple[Place, ...]
    strides: tuple[Shape, ...]


def can_batch() -> bool:
    """Whether there are batches at all."""
    return compiled_loops is not None


def place_of(array: Array, name: str = "", root: Array | None = None) -> Place:
    """The place of an array; where `root` is given, of what has that array's place in `name`."""
    return Place(array, name, 0 if root is None else _address(array) - _address(root))


def step(function: Any, operands: Sequence[Place], result: Place) -> Step | None:
    """A function on elements as a step, or None where that cannot be."""
    places = (*operands, result)
    loop = loop_of(function, tuple([p.dtype for p in places]))
    if loop is None or len(places) > compiled_loops.MOST_OPERANDS:  # type: ignore[union-attr]
        return None
    if any([_is_in_the_way(result, p) for p in operands]):  # noqa: C419 - a hot path
        return None
    layout = _layout(result.shape, places)
    return None if layout is None else Step(function, loop, 0, layout[0], places, layout[1])


def sum_step(x: Place, result: Place, axes: Collection[int]) -> Step | None:
    """The sum over some axes, in NumPy's order, as a step; `result` has the others, and may keep all."""
    loop = loop_of(np.add, (x.dtype, x.dtype, result.dtype))
    if loop is None or x.dtype.kind not in "fiu" or _is_in_the_way(result, x):
        return None
    over_all = len(axes) == len(x.shape)
    if not axes and not over_all:
        return None
    if not (over_all or x.is_in_order) or not result.is_in_order:
        return None  # NumPy goes along short strides first
    shape = tuple([1 if axis in axes else n for axis, n in enumerate(x.shape)])
    layout = _layout(x.shape, (x, result.reshaped(shape)))
    if layout is None or (over_all and len(layout[0]) != 1):
        return None
    size = math.prod(shape) * x.dtype.itemsize
    return Step(np.add, loop, size, layout[0], (x, result), layout[1])


def product_step(x1: Place, x2: Place, result: Place) -> Step | None:
    """The product of two matrices as a step, by the loop with which `numpy.matmul` calls BLAS."""
    if len(x1.shape) != 2 or len(x2.shape) != 2 or not result.is_in_order:
        return None
    (m, k), n = x1.shape, x2.shape[1]
    places = (x1, x2, result)
    dtypes = {p.dtype for p in places}
    if min(m, k, n) < 2 or m * k * n > _MOST_PRODUCTS or len(dtypes) > 1:
        return None  # BLAS has other functions for vectors; a call is nothing for what is large
    loop = loop_of(np.matmul, (x1.dtype, x2.dtype, result.dtype))
    if loop is None or x1.dtype.char not in "fdFD" or not (_is_matrix(x1) and _is_matrix(x2)):
        return None
    if any([result.name == p.name and _overlap(result, p) for p in (x1, x2)]):  # noqa: C419
        return None
    strides = tuple([(*p.strides, 0) for p in places])
    return Step(np.matmul, loop, 0, (m, k, n), places, strides)


def batch(
    steps: Sequence[Step],
    given: Mapping[str, Form],
    made: Mapping[str, Form],
    slow: Callable[..., Any],
) -> Callable[..., Any]:
    """A function of the given arrays that runs all steps.

    Parameters
    ----------
    steps : sequence of Step
    given, made : mappings from names to forms
        Of what is passed, in that order, and of what is made: the result is one new array, or a
        tuple of them.
    slow : callable
        What to call instead where an array is not of the form that was expected, or not in order.
    """
    assert compiled_loops is not None
    numbers = {name: i for i, name in enumerate(("", *given, *made))}
    written = {s.places[-1].name for s in steps}
    kept: dict[int, Array] = {}
    texts = []
    for function, loop, zeros, shape, places, strides in steps:
        operands = []
        for place, along in zip(places, strides, strict=True):
            if place.array is not None:
                kept[place.start] = place.array
            operands.append((numbers[place.name], place.start, along))
        named = None if function in (SELECT, CAST) else function
        texts.append((named, loop, zeros, shape, tuple(operands)))
    given_forms = [(form.dtype, form.shape, name in written) for name, form in given.items()]
    made_forms = [(form.dtype, form.shape, True) for form in made.values()]
    found: Callable[..., Any] = compiled_loops.Batch(
        texts, given_forms, made_forms, tuple(kept.values()), slow
    )
    return found


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


@functools.cache
def loop_of(function: Any, dtypes: tuple[DType, ...]) -> int | None:
    """Which of a function's loops is for these dtypes, the result's last; None where none is."""
    if not all(dtype.isnative for dtype in dtypes):
        return None
    if function is SELECT:
        condition, x1, x2, result = dtypes
        fits = condition == np.bool_ and x1 == x2 == result and result.itemsize in (1, 2, 4, 8)
        return result.itemsize if fits else None
    if function is CAST:
        pair = "".join([dtype.str[1:] for dtype in dtypes])
        known = compiled_loops.CASTS.split()  # type: ignore[union-attr]
        return known.index(pair) if pair in known else None
    if function.nargs != len(dtypes) or function.signature not in (None, np.matmul.signature):
        return None
    text = f"{''.join([d.char for d in dtypes[:-1]])}->{dtypes[-1].char}"
    return function.types.index(text) if text in function.types else None


def _is_in_the_way(result: Place, operand: Place) -> bool:
    """Whether writing the result would change elements of an operand that are read later."""
    if result.name != operand.name or not _overlap(result, operand):
        return False
    same = result.start == operand.start and result.shape == operand.shape
    return not (same and result.strides == operand.strides)


def _overlap(x1: Place, x2: Place) -> bool:
    """Whether two places of one array, or of two that stay where they are, have elements in common."""
    return x1.low < x2.high and x2.low < x1.high


def _is_matrix(x: Place) -> bool:
    """Whether rows or columns lie side by side and one after the other, as BLAS wants them."""
    (rows, columns), (down, across), size = x.shape, x.strides, x.dtype.itemsize
    by_rows = across == size and down >= columns * size and down % size == 0
    by_columns = down == size and across >= rows * size and across % size == 0
    return bool(by_rows or by_columns)


def _layout(shape: Shape, places: Sequence[Place]) -> tuple[Shape, tuple[Shape, ...]] | None:
    """Axes and strides of all operands, broadcast to a shape, with axes joined that can be."""
    plain = [p.shape == shape and p.is_in_order for p in places]
    if all([w or not p.shape for w, p in zip(plain, places, strict=True)]):  # noqa: C419
        along = [
            (p.dtype.itemsize,) if w and shape else (0,) for w, p in zip(plain, places, strict=True)
        ]
        count = math.prod(shape)
        return ((count,), tuple(along)) if count else None
    rank = len(shape)
    rows = []
    for place in places:
        lacking = rank - len(place.shape)
        if lacking < 0:
            return None
        strides = [0] * lacking
        for size, stride, whole in zip(place.shape, place.strides, shape[lacking:], strict=True):
            # NumPy turns axes round that all go backwards, and loops may round otherwise then.
            if size not in (1, whole) or (stride < 0 and size != 1):
                return None
            strides.append(0 if size == 1 else stride)
        rows.append(strides)
    sizes: list[int] = []
    joined: list[tuple[int, ...]] = []
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        strides_here = tuple([row[axis] for row in rows])
        if joined and all([a == b * size for a, b in zip(joined[-1], strides_here, strict=True)]):  # noqa: C419
            sizes[-1] *= size
            joined[-1] = strides_here
        else:
            sizes.append(size)
            joined.append(strides_here)
    if not sizes:
        return (1,), ((0,),) * len(places)
    if len(sizes) > compiled_loops.MOST_AXES or 0 in sizes:  # type: ignore[union-attr]
        return None
    return tuple(sizes), tuple(zip(*joined, strict=True))
