"""Distributions over the steps: of weights, activations, gradients.

Values are counted where they are, and only the counts come to the host, in one copy. What is not
finite does not spoil the picture: it is counted in the description."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from .._arguments import as_int
from .._typing import Array
from ..backends import Backend, backend_of, quiet
from ..errors import ArgumentError
from .current import chosen_writer, scoped, step_of
from .values import as_real_array, check_description, is_on_host, numbers_value, summary

__all__ = ["Counts", "blocks", "counted", "counts_of", "histogram", "histogram_value"]

_BLOCK = 2**15  # values whose temporaries stay in a cache


class Counts(NamedTuple):
    """How many values are in each part of a range.

    Attributes
    ----------
    low, high : float
        The smallest and largest finite value.
    counts : list of int
        In equal parts of the range; a value at the border of two is in the upper one.
    nans, infinities : int
        How many values are left out.
    """

    low: float
    high: float
    counts: list[int]
    nans: int
    infinities: int

    def rows(self) -> list[float]:
        """Left end, right end and count of each part, one after the other."""
        number = len(self.counts)
        found: list[float] = []
        for i, n in enumerate(self.counts):
            found += [self._edge(i, number), self._edge(i + 1, number), float(n)]
        return found

    def note(self) -> str:
        """Say in words what was left out."""
        parts = [f"{self.nans} NaN"] if self.nans else []
        parts += [f"{self.infinities} infinite"] if self.infinities else []
        return f"Not shown: {' and '.join(parts)} values." if parts else ""

    def _edge(self, i: int, number: int) -> float:
        return self.high if i == number else self.low * (1 - i / number) + self.high * (i / number)


def histogram(
    name: str,
    data: Any,
    step: Any = None,
    buckets: int | None = None,
    description: str | None = None,
) -> bool:
    """Write the distribution of values.

    Parameters
    ----------
    name : str
        Parts between slashes group the pictures.
    data : Tensor, Variable, array or IndexedSlices
        Of any shape and a real dtype. What is not finite is left out, and counted in the
        description.
    step : int, Tensor or Variable, optional
        That of ``as_default(step=...)`` or `set_step` by default.
    buckets : int, optional
        Into how many parts the range is divided; 30 by default.
    description : str, optional
        What TensorBoard tells about it; Markdown.

    Returns
    -------
    bool
        Whether it was written: there is a default writer, and `record_if` does not prevent it.

    Raises
    ------
    ArgumentError
        If there is no step, `data` is None, or `buckets` is not positive.
    DTypeError
        If the values are complex.

    See Also
    --------
    scalar, create_file_writer

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.histogram("weights", [0.1, 0.2], step=0)  # no writer: nothing happens
    False
    """
    number = 30 if buckets is None else as_int(buckets, "histogram", "buckets")
    if number < 1:
        raise ArgumentError(f"histogram: buckets {buckets} must be positive. Use 30.")
    writer = chosen_writer()
    if writer is None:
        return False
    name = scoped(name)
    at = step_of(step, name)
    with quiet():
        array = counted(as_real_array(data, name), number)
    writer.add_arrays(
        [array], lambda found: summary(histogram_value(name, counts_of(found[0]), description)), at
    )
    return True


def histogram_value(name: str, counts: Counts, description: str | None = None) -> Any:
    """Make what a summary says about a distribution."""
    check_description(description, name)
    text = "\n\n".join(part for part in (description, counts.note()) if part)
    return numbers_value(name, "histograms", counts.rows(), (len(counts.counts), 3), text)


def counts_of(numbers: list[float]) -> Counts:
    """Read what `counted` has counted."""
    low, high, nans, infinities, *counts = numbers
    if not any(counts):
        return Counts(0.0, 0.0, [], int(nans), int(infinities))
    return Counts(low, high, [int(n) for n in counts], int(nans), int(infinities))


def counted(array: Array, buckets: int) -> Array:
    """Count the values of an array, in equal parts of the range of the finite ones.

    Returns
    -------
    array
        Of double precision, where the values are: lowest, highest, the numbers of NaN and of
        infinities, and the counts."""
    backend = backend_of(array)
    xp = backend.xp
    if not math.prod(array.shape):
        double = backend.dtype("float64")
        return xp.zeros((4 + buckets,), dtype=double, device=backend.device_of(array))
    parts = blocks(xp.reshape(array, (-1,)))
    ends = [_range(backend, part) for part in parts]
    low = functools.reduce(xp.minimum, [low for low, _ in ends])
    high = functools.reduce(xp.maximum, [high for _, high in ends])
    counts = functools.reduce(
        xp.add, [_counts(backend, part, low, high, buckets) for part in parts]
    )
    return xp.concat([xp.reshape(low, (1,)), xp.reshape(high, (1,)), counts], axis=0)


def blocks(x: Array) -> list[Array]:
    """Cut what is on the host into parts that fit its caches; a device does everything at once."""
    rows, row = int(x.shape[0]), max(1, math.prod(x.shape[1:]))
    step = max(1, _BLOCK // row)
    if rows <= step or not is_on_host(x):
        return [x]
    return [x[start : min(start + step, rows), ...] for start in range(0, rows, step)]


def _range(backend: Backend, x: Array) -> tuple[Array, Array]:
    """Find the lowest and the highest finite value."""
    xp = backend.xp
    x = xp.astype(x, backend.dtype("float64"))
    finite = xp.isfinite(x)
    low = xp.min(xp.where(finite, x, math.inf), axis=None, keepdims=False)
    return low, xp.max(xp.where(finite, x, -math.inf), axis=None, keepdims=False)


def _counts(backend: Backend, x: Array, low: Array, high: Array, buckets: int) -> Array:
    """Count NaN, infinities, and the other values in each part of a range."""
    xp = backend.xp
    x = xp.astype(x, backend.dtype("float64"))
    finite = xp.isfinite(x)
    # Half of each, so that the width of a large range does not overflow.
    width = 0.5 * high - 0.5 * low
    part = (0.5 * xp.where(finite, x, low) - 0.5 * low) / xp.where(width > 0, width, 1.0)
    # Like TensorFlow's, a range without width has all of its values in the last part.
    place = xp.where(width > 0, xp.floor(part * buckets), float(buckets - 1))
    place = xp.where(place < buckets, place, float(buckets - 1))
    index = xp.astype(place, dtype=backend.dtype("int64"))
    ones = xp.astype(finite, dtype=x.dtype)
    counts = xp.index_add(ones, index, axis=0, size=buckets)
    nans = xp.sum(xp.astype(xp.isnan(x), dtype=x.dtype), axis=None, dtype=None, keepdims=False)
    left_out = xp.sum(1.0 - ones, axis=None, dtype=None, keepdims=False)
    return xp.concat([xp.reshape(nans, (1,)), xp.reshape(left_out - nans, (1,)), counts], axis=0)
