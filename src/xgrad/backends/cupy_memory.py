"""The memory of GPUs: how full it is, and pinned buffers through which batches arrive early.

cupy keeps what it has freed in a pool per device, so a GPU looks fuller than its arrays make it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .._typing import Array, NativeDevice
from .base import Memory

__all__ = ["PER_THREAD", "Uploader", "alongside", "memory", "release"]

PER_THREAD = 2  # cudaStreamPerThread, another stream in each thread


def memory(native: NativeDevice) -> Memory:
    """The figures of a device."""
    with native:
        pool = importlib.import_module("cupy").get_default_memory_pool()
        free, total = native.mem_info
        return Memory(pool.used_bytes(), pool.total_bytes(), int(free), int(total))


def release(native: NativeDevice) -> None:
    """Give what the pool keeps for later back to the device."""
    with native:
        importlib.import_module("cupy").get_default_memory_pool().free_all_blocks()


def alongside(native: NativeDevice) -> Callable[[], AbstractContextManager[Any]] | None:
    """What puts another thread's work into this one's stream: its arrays are read and freed there."""
    with native:
        stream = importlib.import_module("cupy").cuda.get_current_stream()

    @contextmanager
    def same_stream() -> Iterator[None]:
        with native, stream:
            yield

    return None if stream.ptr == PER_THREAD else same_stream


class Uploader:
    """Copies host arrays to a device on a stream of its own, through pinned memory.

    The arrays are made on the current stream, which is the one that will free them, and the copies
    wait for what that stream had to do before. Whoever asks for copies must wait for them: memory is
    written until they have arrived. Pinned buffers go back to cupy's pool when theirs has, whether
    the uploader is still there or not."""

    def __init__(self, native: NativeDevice) -> None:
        self._cupy = importlib.import_module("cupy")
        self._pinned = importlib.import_module("cupyx").empty_pinned
        self._keep_until = importlib.import_module("cupy.cuda.pinned_memory")._add_to_watch_list
        self._native = native
        with native:
            self._stream = self._cupy.cuda.Stream(non_blocking=True)

    def send(self, arrays: Sequence[Array]) -> Callable[[], list[Array]]:
        """Start the copies; the function returned makes the current stream wait for them."""
        with self._native:
            made = [self._cupy.empty(x.shape, dtype=x.dtype) for x in arrays]
            self._stream.wait_event(self._cupy.cuda.get_current_stream().record())
            for x, target in zip(arrays, made, strict=True):
                buffer = self._pinned(x.shape, dtype=x.dtype)
                buffer[...] = x
                target.set(buffer, stream=self._stream)
                self._keep_until(self._stream.record(), buffer)
            arrived = self._stream.record()

        def receive() -> list[Array]:
            with self._native:
                self._cupy.cuda.get_current_stream().wait_event(arrived)
            return made

        return receive
