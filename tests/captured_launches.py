"""Streams, graphs and memory pools of the stand-in for cupy (cupy_stand_in.py).

What is started while a stream is captured is written down, with the memory that it reads and writes,
and run again by every launch of the graph. After a capture that memory holds nonsense, as on a GPU,
where nothing has run yet; what CUDA refuses meanwhile is refused. A graph whose memory pool is gone
cannot be launched."""

import threading
import weakref

import numpy as np

__all__ = [
    "Event",
    "Graph",
    "MemoryPool",
    "Stream",
    "current",
    "launched",
    "refuse",
    "using_allocator",
]


class _Now(threading.local):
    def __init__(self):
        self.streams = [Stream(null=True)]
        self.pool = None


class Capture:
    """What was started since a capture began."""

    def __init__(self):
        self.launches = []
        self.written = []
        self.pools = []
        self.is_valid = True


class Stream:
    """A stream whose work is done at once; notes what waits for what."""

    made = 0

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        Stream.made += not null
        self.ptr = 0 if null else Stream.made
        self.waited = []
        self.capture = None

    def __eq__(self, other):
        return self.ptr == other.ptr

    __hash__ = None

    def __enter__(self):
        now.streams.append(self)
        return self

    def __exit__(self, *error):
        assert now.streams.pop() is self

    def record(self, event=None):
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event):
        assert self.capture is None
        self.waited.append(event)

    def synchronize(self):
        if self.capture is not None:
            self.capture.is_valid = False
            raise RuntimeError("cudaErrorStreamCaptureUnsupported")

    def is_capturing(self):
        return self.capture is not None

    def begin_capture(self, mode=None):
        assert self.ptr, "cannot capture on the default (legacy) stream"
        assert self.capture is None
        self.capture = Capture()

    def end_capture(self):
        capture, self.capture = self.capture, None
        if not capture.is_valid:
            raise RuntimeError("cudaErrorStreamCaptureInvalidated")
        for array in capture.written:
            array[...] = np.nan if array.dtype.kind in "fc" else array.dtype.type(1)
        return Graph(capture)


class Event:
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.stream = None

    def record(self, stream=None):
        self.stream = current() if stream is None else stream

    def synchronize(self):
        pass

    done = True


class Graph:
    """What was captured; `launches` counts over all graphs."""

    launches = 0

    def __init__(self, capture):
        self._launches = capture.launches
        self._pools = capture.pools

    def launch(self, stream=None):
        assert all(pool() is not None for pool in self._pools), "the memory of the graph is gone"
        assert (stream or current()).capture is None
        Graph.launches += 1
        for again in self._launches:
            again()


class MemoryPool:
    """Counts bytes; whoever allocates from it while capturing needs it for good."""

    def __init__(self, allocator=None):
        self._bytes = 0

    def malloc(self, size):
        self._bytes += size
        capture = current().capture
        if capture is not None:
            capture.pools.append(weakref.ref(self))

    def total_bytes(self):
        return self._bytes


class using_allocator:
    def __init__(self, allocator=None):
        self._allocator = allocator

    def __enter__(self):
        self._former, now.pool = now.pool, self._allocator

    def __exit__(self, *error):
        now.pool = self._former


now = _Now()


def current(device_id=-1):
    """The current stream."""
    return now.streams[-1]


def allocated(array):
    """Tell the current allocator of an array that has memory of its own."""
    if now.pool is not None and array.base is None:
        now.pool(array.nbytes)


def refuse(what, kind=RuntimeError):
    """Refuse what cupy does not let into a capture."""
    if current().capture is not None:
        raise kind(what)


def launched(again, written):
    """Write a launch down, if there is a capture: how to do it again, and the new arrays it fills."""
    capture = current().capture
    if capture is not None:
        capture.launches.append(again)
        capture.written += written
