"""Batches that are on the device by the time they are needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .._typing import Nest
from ..backends import Device, as_device
from ..errors import ArgumentError
from ..ops.conversion import asarray
from ..tree import flatten, unflatten

__all__ = ["prefetch"]


def prefetch(
    batches: Iterable[Nest], device: Device | str | None = None, size: int = 2
) -> Iterator[Nest]:
    """Copy batches to a device ahead of their use.

    To a GPU they go through pinned memory and on a stream of their own, so that the copies take
    place while the steps before are computed; nothing waits on the host. Elsewhere this is
    `asarray`, a few batches ahead.

    Parameters
    ----------
    batches : iterable of nests
        Of host arrays, or of anything that `asarray` takes. An array may be used again by its
        owner as soon as it was handed over.
    device : Device or str, optional
        The default device by default.
    size : int
        How many batches are on their way at most, from 1 on.

    Returns
    -------
    iterator of nests
        The same with Tensors.

    Raises
    ------
    ArgumentError
        If `size` is below 1.
    BackendUnavailableError
        If there is no such device.

    Examples
    --------
    >>> import numpy as np, xgrad as xg
    >>> batches = ({"x": np.full(2, i)} for i in range(3))
    >>> [float(xg.sum(b["x"])) for b in xg.cuda.prefetch(batches, "cpu")]
    [0.0, 2.0, 4.0]
    """
    if size < 1:
        raise ArgumentError(f"prefetch: size must be at least 1, not {size}.")
    place = as_device(device)
    return _ahead(iter(batches), _sender(place), size)


def _ahead(
    batches: Iterator[Nest], send: Callable[[Nest], Callable[[], Nest]], size: int
) -> Iterator[Nest]:
    waiting: deque[Callable[[], Nest]] = deque()
    try:
        for batch in batches:
            waiting.append(send(batch))
            if len(waiting) >= size:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()
    finally:  # a loop that was left: later work waits for what still arrives in memory now free
        for receive in waiting:
            receive()


def _sender(place: Device) -> Callable[[Nest], Callable[[], Nest]]:
    upload = place.backend.uploader(place.native)

    def send(batch: Nest) -> Callable[[], Nest]:
        parts, structure = flatten(batch)
        receive = upload([asarray(part, device="cpu").raw for part in parts])
        return lambda: unflatten(structure, [asarray(x) for x in receive()])

    return send
