"""Pooling on NumPy: an element of the window at a time, for blocks of examples that stay in the cache.

All windows at once would be a copy as many times larger as the window has elements. What is not
finite is left to the portable functions, which are careful."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, Shape
from . import pooling
from .convolution import Steps, keys_of, padded
from .looks import square_sum
from .numpy_convolution import written
from .workers import run_shares, thread_count

__all__ = ["Pooling"]

_BYTES = 1 << 18  # of x in a block
_LARGE = 1 << 22  # bytes of x, from which threads are worth their while


class Pooling:
    """Where numpy has something faster than the portable functions; all can be given their result."""

    def max_pool(
        xp: Any, x: Array, *, window: Shape, steps: Steps, out: Array | None = None
    ) -> Array:
        places = steps.positions(x.shape[1:-1], window)
        framed = _framed(x, steps, -math.inf)
        y = np.empty((x.shape[0], *places, x.shape[-1]), x.dtype) if out is None else out
        first, *others = keys_of(places, window, steps)

        def work(part: slice) -> None:
            values, result = framed[part], y[part]
            np.copyto(result, values[first])
            for key in others:
                np.maximum(result, values[key], out=result)

        _run(work, framed)
        return y

    def max_pool_input(
        xp: Any,
        g: Array,
        x: Array,
        top: Array,
        *,
        window: Shape,
        steps: Steps,
        out: Array | None = None,
    ) -> Array:
        if not (_is_finite(top) and _is_finite(g)):
            r = pooling.max_pool_input(xp, g, x, top, window=window, steps=steps)
            return written(r, out)
        framed = _framed(x, steps, -math.inf)
        keys = list(keys_of(top.shape[1:-1], window, steps))
        alone = steps.strides == window and set(steps.dilation) == {1}  # each x is in one window
        into = out is not None and framed.shape == x.shape
        r = out if out is not None and into else np.empty(framed.shape, g.dtype)
        covered = alone and framed.size == top.size * len(keys)

        def work(part: slice) -> None:
            result = r[part]
            if not covered:
                result[...] = 0
            masks, share = _shares(framed[part], top[part], keys)
            share = np.multiply(share, g[part], out=share)
            for key, mask in zip(keys, masks, strict=True):
                if alone:
                    np.multiply(share, mask, out=result[key])
                else:
                    result[key] += share * mask

        _run(work, framed)
        if into:
            return r
        return written(padded(xp, r, tuple([(-b, -a) for b, a in steps.padding])), out)

    def max_pool_tangent(
        xp: Any,
        t: Array,
        x: Array,
        top: Array,
        *,
        window: Shape,
        steps: Steps,
        out: Array | None = None,
    ) -> Array:
        if not (_is_finite(top) and _is_finite(t)):
            r = pooling.max_pool_tangent(xp, t, x, top, window=window, steps=steps)
            return written(r, out)
        framed, tangents = _framed(x, steps, -math.inf), _framed(t, steps, 0)
        keys = list(keys_of(top.shape[1:-1], window, steps))
        r = np.empty(top.shape, t.dtype) if out is None else out

        def work(part: slice) -> None:
            masks, share = _shares(framed[part], top[part], keys)
            values, total = tangents[part], np.zeros_like(share)
            for key, mask in zip(keys, masks, strict=True):
                total += values[key] * mask
            np.multiply(total, share, out=r[part])

        _run(work, framed)
        return r


def _shares(x: Array, top: Array, keys: list[Any]) -> tuple[list[Array], Array]:
    """Which elements attain a finite top, for each element of the window, and one over their number."""
    masks = [x[key] == top for key in keys]
    count = masks[0].astype(np.int8 if len(keys) < 128 else np.int64)
    for mask in masks[1:]:
        count += mask
    if count.size and count.max() == 1 == count.min():
        return masks, np.ones(top.shape, top.dtype)
    share = np.maximum(count, 1).astype(top.dtype)
    return masks, np.divide(1, share, out=share)


def _run(work: Callable[[slice], None], x: Array) -> None:
    """Call ``work(part)`` for blocks of examples."""
    each = max(1, x.nbytes // max(1, len(x)))
    count = max(1, _BYTES // each)
    starts = range(0, len(x), count)
    shares = min(thread_count(), len(starts)) if x.nbytes >= _LARGE else 1

    def share(number: int) -> None:
        for start in starts[number::shares]:
            work(slice(start, start + count))

    run_shares(share, shares)


def _framed(x: Array, steps: Steps, value: float) -> Array:
    """x with a value around its positions, or less of it."""
    if all(before <= 0 and after <= 0 for before, after in steps.padding):
        return padded(np, x, steps.padding)
    axes = list(zip(x.shape[1:-1], steps.padding, strict=True))
    shape = (x.shape[0], *[n + sum(pair) for n, pair in axes], x.shape[-1])
    framed = np.full(shape, value, x.dtype)
    read = [slice(max(0, -before), n - max(0, -after)) for n, (before, after) in axes]
    write = [
        slice(max(0, b), size - max(0, a))
        for size, (_, (b, a)) in zip(shape[1:-1], axes, strict=True)
    ]
    framed[(slice(None), *write)] = x[(slice(None), *read)]
    return framed


def _is_finite(x: Array) -> bool:
    return math.isfinite(square_sum(x.ravel("K")))
