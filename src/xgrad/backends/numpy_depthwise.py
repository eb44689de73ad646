"""Depthwise convolutions on NumPy: every channel has a window of its own, so there is no product.

Compiled (_windows.c) it is one pass over the windows. Else for each element of the window everything is
multiplied and added, some examples at a time, so that what is added to stays in the cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._typing import Array, Shape
from .convolution import Steps, keys_of, padded
from .numpy_windows import compiled_windows, view
from .workers import run_shares, thread_count

__all__ = ["convolve", "convolve_input", "convolve_kernel"]

_BLOCK = 1 << 16  # elements that are added to at a time
_LARGE = 1 << 18  # of x, from which threads are worth their while


def convolve(xp: Any, x1: Array, x2: Array, steps: Steps) -> Array:
    """As in convolution.py, where each group has one channel."""
    *window, _, outputs = x2.shape
    places = steps.positions(x1.shape[1:-1], tuple(window))
    weights = x2.reshape(math.prod(window), steps.groups, outputs // steps.groups)
    x1 = padded(xp, x1, steps.padding)
    dtype = np.result_type(x1, x2)
    y = np.empty((x1.shape[0], *places, *weights.shape[1:]), dtype)
    if not _by_windows("combine", x1, x2, y, tuple(window), steps):
        y[...] = 0
        for part in _examples(y):
            target = y[part]
            for number, key in enumerate(keys_of(places, tuple(window), steps)):
                target += x1[part][key][..., None] * weights[number]
    return y.reshape(x1.shape[0], *places, outputs)


def convolve_input(xp: Any, x1: Array, x2: Array, steps: Steps, size: Shape) -> Array:
    """As in convolution.py, where each group has one channel."""
    *window, _, outputs = x2.shape
    weights = x2.reshape(math.prod(window), steps.groups, outputs // steps.groups)
    x1 = x1.reshape(*x1.shape[:-1], *weights.shape[1:])
    large = [n + sum(pair) for n, pair in zip(size, steps.padding, strict=True)]
    y = np.zeros((x1.shape[0], *large, steps.groups), np.result_type(x1, x2))
    if not _by_windows("spread", y, x2, x1, tuple(window), steps):
        for part in _examples(y):
            target = y[part]
            for number, key in enumerate(keys_of(x1.shape[1:-2], tuple(window), steps)):
                terms = x1[part] * weights[number]
                alone = terms.shape[-1] == 1
                target[key] += terms[..., 0] if alone else np.add.reduce(terms, axis=-1)
    return padded(xp, y, tuple([(-before, -after) for before, after in steps.padding]))


def convolve_kernel(xp: Any, x1: Array, x2: Array, steps: Steps, window: Shape) -> Array:
    """As in convolution.py, where each group has one channel."""
    outputs = x2.shape[-1]
    x1 = padded(xp, x1, steps.padding)
    x2 = x2.reshape(*x2.shape[:-1], steps.groups, outputs // steps.groups)
    y = np.zeros((math.prod(window), *x2.shape[-2:]), np.result_type(x1, x2))
    if not _by_windows("correlate", x1, y, x2, window, steps):
        axes = "abdefghijkl"[: x1.ndim - 1]
        subscripts = f"{axes}c,{axes}cm->cm"
        for part in _examples(x2):
            for number, key in enumerate(keys_of(x2.shape[1:-2], window, steps)):
                y[number] += np.einsum(subscripts, x1[part][key], x2[part])
    return y.reshape(*window, 1, outputs)


def _by_windows(name: str, x: Array, weights: Array, y: Array, window: Shape, steps: Steps) -> bool:
    """Let the compiled function of a name do it, if it does, with one output for each channel.

    Threads share examples. What is added up for weights is so for a few of these at a time, which
    loses fewer digits, and is the same whatever the threads."""
    if compiled_windows is None or y.shape[-1] != 1 or not y.size:
        return False
    run = getattr(compiled_windows, name)
    given = y if name == "combine" else np.ascontiguousarray(y)
    totals = name == "correlate"
    seen = view(x, window, steps._replace(padding=((0, 0),) * len(window)), writeable=True)
    count = max(1, _BLOCK * len(x) // x.size)
    blocks = [slice(i, i + count) for i in range(0, len(x), count)]
    shares = min(thread_count(), len(blocks)) if x.size >= _LARGE else 1
    parts = [np.ascontiguousarray(weights)] * len(blocks)
    if totals:
        parts = [np.zeros_like(weights) for _ in blocks]
    done = [True] * shares

    def share(number: int) -> None:
        for block, part in zip(blocks[number::shares], parts[number::shares], strict=True):
            done[number] = done[number] and run(seen[block], part, given[block])

    run_shares(share, shares)
    if totals and all(done):
        np.add.reduce(parts, axis=0, out=weights)
    return all(done)


def _examples(y: Array) -> Iterator[slice]:
    """Some examples at a time."""
    count = max(1, _BLOCK * y.shape[0] // max(1, y.size))
    return (slice(i, i + count) for i in range(0, y.shape[0], count))
