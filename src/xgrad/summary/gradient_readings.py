"""What is measured of a gradient: where it is, as a few numbers that come to the host later.

Everything is of magnitudes, so that complex gradients have readings too."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._typing import Array
from ..backends import backend_of
from ..backends.base import Backend, dtype_name
from .histograms import Counts, blocks, counted, counts_of

__all__ = ["Reading", "Update", "measured", "measured_update", "reading_of", "update_of"]

_HEAD = 4  # numbers before the histogram's


@dataclass(frozen=True, slots=True)
class Update:
    """What a step changed.

    Attributes
    ----------
    ratio : float
        The norm of the change over the norm of the values before; NaN where those were all 0.
    lost : float
        The share of the values that stayed as they were, of those whose gradient is not 0.
    """

    ratio: float
    lost: float


class Reading(NamedTuple):
    """What was measured of one variable's gradient at one step.

    Attributes
    ----------
    step : int
    size : int
        How many values it has.
    norm : float
        NaN or infinite if one of the values is.
    zeros, tiny : int
        How many values are 0, and how many of the others are below the smallest normal number of
        the dtype.
    units, dead : int
        How many units there are: along the last axis of a matrix or a convolution's kernel, each
        value of a vector; and for how many all values have been 0 for some time.
    counts : Counts
        The histogram.
    relative : float
        The root mean square, compared with the largest one among the variables.
    update : Update or None

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, 2.0], name="w")
    >>> watcher = xg.summary.GradientWatcher()
    >>> _ = watcher.record([xg.asarray([3.0, 0.0])], [w], step=5)
    >>> reading = watcher.readings["w"]
    >>> reading.step, reading.norm, reading.zeros, reading.nonfinite, reading.rms
    (5, 3.0, 1, 0, 3.0)
    """

    step: int
    size: int
    norm: float
    zeros: int
    tiny: int
    units: int
    dead: int
    counts: Counts
    relative: float = math.nan
    update: Update | None = None

    @property
    def nonfinite(self) -> int:
        """How many values are NaN or infinite."""
        return self.counts.nans + self.counts.infinities

    @property
    def rms(self) -> float:
        """The root mean square of the values that are not 0: of an embedding most are."""
        return self.norm / math.sqrt(self.size - self.zeros) if self.size > self.zeros else 0.0


def measured(
    gradient: Array, silent: Array | None, patience: int, buckets: int
) -> tuple[Array, Array]:
    """Measure a gradient.

    Parameters
    ----------
    gradient : array
        Of any dtype.
    silent : array or None
        For each unit, in how many measurements in a row its gradient was 0; None at first.
    patience : int
        From how many on it is dead.
    buckets : int

    Returns
    -------
    numbers : array
        What `reading_of` reads.
    silent : array
    """
    backend = backend_of(gradient)
    xp = backend.xp
    units = gradient.shape[-1] if len(gradient.shape) else 1
    values = xp.reshape(gradient, (math.prod(gradient.shape[:-1]), units))
    if backend.xp.isdtype(values.dtype, "complex floating"):
        values = xp.abs(values)
    smallest = _smallest_normal(backend, gradient)
    parts = [_measured_part(backend, part, smallest) for part in blocks(values)]
    heads, moves = (functools.reduce(xp.add, found) for found in zip(*parts, strict=True))
    silent = _double(backend, moves == 0.0) * (1.0 if silent is None else silent + 1.0)
    dead = _total(backend, _double(backend, silent >= patience))
    norm, rest = xp.sqrt(heads[:1]), heads[1:]
    return xp.concat([norm, rest, dead, counted(values, buckets)], axis=0), silent


def _measured_part(backend: Backend, x: Array, smallest: float) -> tuple[Array, Array]:
    """Sum squares, zeros, and tiny values; and, for each column, what is not 0."""
    xp = backend.xp
    size = xp.abs(_double(backend, x))
    zero = _double(backend, size == 0.0)
    tiny = _double(backend, size < smallest) - zero
    heads = [_total(backend, part) for part in (size * size, zero, tiny)]
    # A sum, because of nothing at all there is a sum but no maximum.
    return xp.concat(heads, axis=0), xp.sum(1.0 - zero, axis=0, dtype=None, keepdims=False)


def reading_of(numbers: list[float], step: int, shape: tuple[int, ...]) -> Reading:
    """Read what `measured` has measured of a gradient of a shape."""
    norm, zeros, tiny, dead = numbers[:_HEAD]
    units = shape[-1] if shape else 1
    counts = counts_of(numbers[_HEAD:])
    return Reading(step, math.prod(shape), norm, int(zeros), int(tiny), units, int(dead), counts)


def measured_update(before: Array, after: Array, gradient: Array) -> Array:
    """Measure what a step changed, for `update_of`."""
    backend = backend_of(after)
    xp = backend.xp
    old = _double(backend, before)
    change = xp.abs(_double(backend, after) - old)
    weight = xp.abs(old)
    wanted = _double(backend, gradient != 0)
    lost = wanted * _double(backend, change == 0.0)
    norms = [xp.sqrt(_total(backend, x * x)) for x in (change, weight)]
    return xp.concat([*norms, _total(backend, lost), _total(backend, wanted)], axis=0)


def update_of(numbers: list[float]) -> Update:
    """Read what `measured_update` has measured."""
    change, weight, lost, wanted = numbers
    return Update(change / weight if weight else math.nan, lost / wanted if wanted else 0.0)


def _double(backend: Backend, x: Array) -> Array:
    """Bring values to double precision; of complex ones the magnitudes."""
    if backend.xp.isdtype(x.dtype, "complex floating"):
        x = backend.xp.abs(x)
    return backend.xp.astype(x, backend.dtype("float64"))


def _total(backend: Backend, x: Array) -> Array:
    """Sum all values, into a vector of one."""
    return backend.xp.reshape(backend.xp.sum(x, axis=None, dtype=None, keepdims=False), (1,))


def _smallest_normal(backend: Backend, x: Array) -> float:
    if "float" not in dtype_name(x.dtype) and "complex" not in dtype_name(x.dtype):
        return 0.0
    limits: Any = backend.xp.finfo(x.dtype)
    return float(limits.smallest_normal)
