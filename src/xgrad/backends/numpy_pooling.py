"""Pooling on NumPy: an element of the window at a time, for blocks of examples that stay in the cache.

All windows at once would be a copy as many times larger as the window has elements. Compiled
(_windows.c) it is one pass over the windows instead. What is not finite is left to the portable
functions, which are careful."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, DType, Shape
from . import pooling
from .convolution import Steps, keys_of, padded
from .looks import square_sum
from .numpy_buffers import Form, Space, space_for, written
from .numpy_padding import framed, frames
from .numpy_windows import compiled_windows, view
from .workers import run_shares, thread_count

__all__ = ["Pooling", "needs_of_input"]

_BYTES = 1 << 18  # of x in a block
_LARGE = 1 << 22  # bytes of x, from which threads are worth their while


class Pooling:
    """Where numpy has something faster than the portable functions; all can be given their result."""

    def max_pool(
        xp: Any,
        x: Array,
        *,
        window: Shape,
        steps: Steps,
        out: Array | None = None,
        scratch: Sequence[Array] = (),
    ) -> Array:
        places = steps.positions(x.shape[1:-1], window)
        x = framed(x, steps.padding, -math.inf, Space(scratch))
        y = np.empty((x.shape[0], *places, x.shape[-1]), x.dtype) if out is None else out
        first, *others = keys_of(places, window, steps)
        seen = _seen(x, window, steps)

        def work(part: slice, _: int) -> None:
            values, result = x[part], y[part]
            if seen is not None and compiled_windows.largest(seen[part], result):
                return
            np.copyto(result, values[first])
            for key in others:
                np.maximum(result, values[key], out=result)

        _run(work, x)
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
        scratch: Sequence[Array] = (),
    ) -> Array:
        if not (_is_finite(top) and _is_finite(g)):
            r = pooling.max_pool_input(xp, g, x, top, window=window, steps=steps)
            return written(r, out)
        space, shape = Space(scratch), x.shape
        x = framed(x, steps.padding, -math.inf, space)
        keys = keys_of(top.shape[1:-1], window, steps)
        alone = steps.strides == window and set(steps.dilation) == {1}  # each x is in one window
        into = out is not None and x.shape == shape
        r = out if out is not None and into else space.empty(x.shape, g.dtype)
        covered = alone and x.size == top.size * len(keys)
        seen, back = _seen(x, window, steps), _seen(r, window, steps, writeable=True)
        rooms = _rooms(space, x, top, len(keys)) if seen is None else []

        def work(part: slice, number: int) -> None:
            result = r[part]
            if not covered:
                result[...] = 0
            if seen is not None and compiled_windows.shared(
                seen[part], top[part], g[part], back[part], not alone
            ):
                return
            room = rooms[number] if rooms else _room(Space(), x, top, len(keys))
            masks, share = _shares(x[part], top[part], keys, room)
            share = np.multiply(share, g[part], out=share)
            term = room[3][: len(share)]
            for key, mask in zip(keys, masks, strict=True):
                np.copyto(term, mask)  # a product of two dtypes would convert piece by piece
                np.multiply(share, term, out=term)
                if alone:
                    np.copyto(result[key], term)
                else:
                    result[key] += term

        _run(work, x)
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
        space = Space()
        x, t = framed(x, steps.padding, -math.inf, space), framed(t, steps.padding, 0, space)
        keys = keys_of(top.shape[1:-1], window, steps)
        r = np.empty(top.shape, t.dtype) if out is None else out
        rooms = _rooms(space, x, top, len(keys))

        def work(part: slice, number: int) -> None:
            masks, share = _shares(x[part], top[part], keys, rooms[number])
            values, total = t[part], np.zeros_like(share)
            for key, mask in zip(keys, masks, strict=True):
                total += values[key] * mask
            np.multiply(total, share, out=r[part])

        _run(work, x)
        return r


def needs_of_input(x: Any, top: Any, window: Shape, steps: Steps) -> list[Form]:
    """What `max_pool_input` needs in between, for something with shapes and dtypes."""
    around = frames(x, steps.padding)
    if compiled_windows is not None:
        return space_for([*around, *around])
    shape = around[0].shape if around else x.shape
    each, shares = _divided(shape, np.dtype(x.dtype).itemsize)
    rooms = _forms((min(each, top.shape[0]), *top.shape[1:]), top.dtype, math.prod(window))
    return space_for([*around, *around, *rooms * shares])


def _seen(x: Array, window: Shape, steps: Steps, *, writeable: bool = False) -> Any:
    """What the window shows of an array with its frame; None where nothing was compiled."""
    if compiled_windows is None:
        return None
    inside = steps._replace(padding=((0, 0),) * len(window))
    return view(x, window, inside, writeable=writeable)


def _rooms(space: Space, x: Array, top: Array, count: int) -> list[list[Array]]:
    """Memory for each thread."""
    _, shares = _divided(x.shape, x.itemsize)
    return [_room(space, x, top, count) for _ in range(shares)]


def _room(space: Space, x: Array, top: Array, count: int) -> list[Array]:
    """Memory for masks, the number of them that hold, shares, and terms, of a block of examples."""
    each, _ = _divided(x.shape, x.itemsize)
    forms = _forms((min(each, len(top)), *top.shape[1:]), top.dtype, count)
    return [space.empty(*form) for form in forms]


@functools.lru_cache
def _forms(block: Shape, dtype: DType, count: int) -> tuple[Form, ...]:
    whole = np.dtype(np.int8 if count < 128 else np.int64)
    floats = Form(block, dtype)
    return Form((count, *block), np.dtype(np.bool)), Form(block, whole), floats, floats


def _shares(
    x: Array, top: Array, keys: Sequence[Any], rooms: list[Array]
) -> tuple[list[Array], Array]:
    """Which elements attain a finite top, for each element of the window, and one over their number."""
    masks, count, share = rooms[0][:, : len(top)], rooms[1][: len(top)], rooms[2][: len(top)]
    for key, mask in zip(keys, masks, strict=True):
        np.equal(x[key], top, out=mask)
    np.copyto(count, masks[0])
    for mask in masks[1:]:
        count += mask
    if count.size and count.max() == 1 == count.min():
        share.fill(1)
        return list(masks), share
    np.maximum(count, 1, out=count)
    np.copyto(share, count)
    return list(masks), np.divide(1, share, out=share)


def _divided(shape: Shape, itemsize: int) -> tuple[int, int]:
    """How many examples are a block, and among how many threads to divide them."""
    size = math.prod(shape) * itemsize
    count = max(1, _BYTES // max(1, size // max(1, shape[0])))
    blocks = -(-shape[0] // count)
    return count, max(1, min(thread_count(), blocks)) if size >= _LARGE else 1


def _run(work: Callable[[slice, int], None], x: Array) -> None:
    """Call ``work(part, thread)`` for blocks of examples."""
    count, shares = _divided(x.shape, x.itemsize)
    starts = range(0, len(x), count)

    def share(number: int) -> None:
        for start in starts[number::shares]:
            work(slice(start, start + count), number)

    run_shares(share, shares)


def _is_finite(x: Array) -> bool:
    return math.isfinite(square_sum(x.ravel("K")))
