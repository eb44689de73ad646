"""Depthwise convolutions on NumPy that are not compiled: every channel has a window of its own.

There is no product. For each element of the window everything is multiplied and added, some examples at a
time, so that what is added to stays in the cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._typing import Array, Shape
from .convolution import Steps, keys_of, padded

__all__ = ["convolve", "convolve_input", "convolve_kernel"]

_BLOCK = 1 << 16  # elements that are added to at a time


def convolve(xp: Any, x1: Array, x2: Array, steps: Steps) -> Array:
    """As in convolution.py, where each group has one channel."""
    *window, _, outputs = x2.shape
    places = steps.positions(x1.shape[1:-1], tuple(window))
    weights = x2.reshape(math.prod(window), steps.groups, outputs // steps.groups)
    x1 = padded(xp, x1, steps.padding)
    dtype = np.result_type(x1, x2)
    y = np.zeros((x1.shape[0], *places, *weights.shape[1:]), dtype)
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
    axes = "abdefghijkl"[: x1.ndim - 1]
    subscripts = f"{axes}c,{axes}cm->cm"
    for part in _examples(x2):
        for number, key in enumerate(keys_of(x2.shape[1:-2], window, steps)):
            y[number] += np.einsum(subscripts, x1[part][key], x2[part])
    return y.reshape(*window, 1, outputs)


def _examples(y: Array) -> Iterator[slice]:
    """Some examples at a time."""
    count = max(1, _BLOCK * y.shape[0] // max(1, y.size))
    return (slice(i, i + count) for i in range(0, y.shape[0], count))
