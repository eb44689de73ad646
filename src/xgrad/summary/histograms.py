"""Distributions over the steps: of weights, activations, gradients.

Values are counted where they are, and only the counts come to the host, in one copy. What is not
finite does not spoil the picture: it is counted in the description."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._typing import Array
from ..backends import backend_of, quiet
from ..errors import ArgumentError
from .current import should_record_summaries, step_of
from .values import as_array, write

__all__ = ["Counts", "count", "histogram"]


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

    See Also
    --------
    scalar, create_file_writer

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.histogram("weights", [0.1, 0.2], step=0)  # no writer: nothing happens
    False
    """
    number = 30 if buckets is None else buckets
    if number < 1:
        raise ArgumentError(f"histogram: buckets {buckets} must be positive. Use 30.")
    if not should_record_summaries():
        return False
    at = step_of(step, name)
    found = count(as_array(data, name), number)
    text = "\n\n".join(part for part in (description, found.note()) if part)
    return write(name, at, "histograms", found.rows(), (len(found.counts), 3), text)


def count(array: Array, buckets: int) -> Counts:
    """Count the values of an array in equal parts of their range."""
    size = math.prod(array.shape)
    if not size:
        return Counts(0.0, 0.0, [], 0, 0)
    backend = backend_of(array)
    with quiet():
        found = backend.to_numpy(_counted(backend, array, buckets)).tolist()
    low, high, nans, infinities, *counts = found
    if nans + infinities == size:
        return Counts(0.0, 0.0, [], int(nans), int(infinities))
    return Counts(low, high, [int(n) for n in counts], int(nans), int(infinities))


def _counted(backend: Any, array: Array, buckets: int) -> Array:
    """Lowest, highest, number of NaN, of infinities, and the counts, as one array."""
    xp = backend.xp
    x = xp.reshape(xp.astype(array, dtype=backend.dtype("float64")), (-1,))
    finite = xp.isfinite(x)
    low = xp.min(xp.where(finite, x, math.inf), axis=None, keepdims=False)
    high = xp.max(xp.where(finite, x, -math.inf), axis=None, keepdims=False)
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
    heads = [xp.reshape(v, (1,)) for v in (low, high, nans, left_out - nans)]
    return xp.concat([*heads, counts], axis=0)
