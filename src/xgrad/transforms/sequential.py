"""checkpoint_sequential: a long chain of functions in the memory of a short one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import as_sequence
from .._typing import Nest
from ..errors import ArgumentError, ArgumentTypeError
from .recompute import recompute_grad

__all__ = ["checkpoint_sequential"]


def checkpoint_sequential(
    functions: Sequence[Callable[[Any], Any]],
    x: Nest,
    segments: int | None = None,
    *,
    generators: Sequence[Any] = (),
) -> Nest:
    """Apply functions one after the other, keeping only what lies between segments of them.

    A tape keeps what enters each segment, and on the way back what one segment computes. By
    default the segments become shorter towards the end, where most of the others are still to come
    back to: for n alike functions, memory for about sqrt(2 n) of them instead of n. It costs one
    more evaluation of all but the last segment, which is recorded as it runs.

    Parameters
    ----------
    functions : sequence of callable
        Each takes what the one before returned: a Tensor or a nest. May read Variables.
    x : nest
        What the first one takes.
    segments : int, optional
        How many segments, of lengths as equal as can be, instead.
    generators : sequence, optional
        As for `recompute_grad`.

    Returns
    -------
    nest
        What the last one returns; x itself if there are no functions.

    Raises
    ------
    ArgumentError
        If `segments` is not positive.
    ArgumentTypeError
        If something in `functions` is no function.

    See Also
    --------
    recompute_grad

    References
    ----------
    T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear memory cost",
    arXiv:1604.06174, 2016.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable(0.5)
    >>> with xg.GradientTape() as tape:
    ...     y = xg.checkpoint_sequential([xg.sin, xg.exp, xg.tanh, xg.square], x)
    >>> tape.gradient(y, x)
    xg.Tensor(0.38338679, shape=(), dtype=float64, device=cpu)
    """
    layers = as_sequence(functions, "checkpoint_sequential", "functions", "functions")
    for i, f in enumerate(layers):
        if not callable(f):
            raise ArgumentTypeError(
                f"checkpoint_sequential: functions[{i}] must be a function, but is a "
                f"{type(f).__name__}."
            )
    if segments is None:
        lengths = _falling_lengths(len(layers))
    else:
        lengths = _equal_lengths(len(layers), segments)
    start = 0
    for length in lengths[:-1]:
        segment = _chain(layers[start : start + length])
        x = recompute_grad(segment, generators=generators)(x)
        start += length
    return _chain(layers[start:])(x)


def _falling_lengths(count: int) -> list[int]:
    """Lengths m, m - 1, m - 2, ... for the smallest m that reaches the count.

    On the way back through segment j, j inputs of segments are alive and what segment j computes,
    which is the same sum for all of them."""
    longest = next(m for m in range(count + 1) if m * (m + 1) // 2 >= count)
    lengths = []
    while count > 0:
        lengths.append(min(longest, count))
        count -= lengths[-1]
        longest -= 1
    return lengths


def _equal_lengths(count: int, segments: int) -> list[int]:
    if type(segments) is not int or segments < 1:
        raise ArgumentError(
            f"checkpoint_sequential: segments must be a positive integer, but is {segments!r}. Use "
            "None for the default."
        )
    bounds = [count * k // segments for k in range(segments + 1)]
    return [b - a for a, b in itertools.pairwise(bounds)]


def _chain(functions: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def chain(x: Any) -> Any:
        for f in functions:
            x = f(x)
        return x

    return chain
