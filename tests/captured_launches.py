"""Streams, graphs and memory pools of the stand-in for cupy (cupy_stand_in.py).

What is started while a stream is captured is written down, with the memory that it reads and writes,
and run again by every launch of the graph. After a capture that memory holds nonsense, as on a GPU,
where nothing has run yet; what CUDA refuses meanwhile is refused. A graph whose memory pool is gone
cannot be launched."""

import ctypes
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
    "lost",
    "pinned",
    "read",
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
        self.ptr = 0 if null else 2 if ptds else 2 + Stream.made
        self.waited = []
        self.capture = None
        self._copies = []  # from the host, which are made no sooner than somebody waits for them
        self.made = self.queued = 0

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

    def later(self, array, target, source, size):
        """Queue a copy of host memory into an array, which is made some time later."""
        self._copies.append(Copy(array, target, source, size))
        self.queued += 1

    def order(self, count):
        """Let somebody's later work come after the copies that were queued first."""
        for copy in self._copies[: count - self.made]:
            copy.make()

    def finish(self, count):
        """Have the copies behind us that were queued first."""
        while self.made < count:
            self._copies.pop(0).finish()
            self.made += 1

    def wait_event(self, event):
        assert self.capture is None
        self.waited.append(event)
        event.stream.order(event.count)
        _waiting.append(event)

    def synchronize(self):
        self.finish(self.queued)
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


lost = []  # what went wrong with copies, which nobody would have noticed


class Copy:
    """A copy from host memory, which is read at any time until somebody on the host has waited."""

    def __init__(self, array, target, source, size):
        self._array = weakref.ref(array, self._dropped)
        self._target, self._source, self._size = target, source, size
        self._made = None

    def make(self):
        """Bring the values, for those whose work comes later."""
        if self._made is None:
            self._made = ctypes.string_at(self._source, self._size)
            ctypes.memmove(self._target.ctypes.data, self._made, self._size)

    def finish(self):
        """Have it made; what was read must be there still."""
        self.make()
        if ctypes.string_at(self._source, self._size) != self._made:
            lost.append("a buffer was written to before its copy was made")

    def _dropped(self, _):
        if self._made is None:
            lost.append("the memory of an array was given back before it was copied to")


_waiting = []  # events that streams wait for


def read():
    """The host waits for what is on the device, and so for all copies that come before."""
    while _waiting:
        _waiting.pop().synchronize()


class Event:
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.stream = None
        self.count = 0

    def record(self, stream=None):
        self.stream = current() if stream is None else stream
        self.count = self.stream.queued

    def synchronize(self):
        if self.stream is not None:
            self.stream.finish(self.count)

    @property
    def done(self):
        return self.stream is None or self.stream.made >= self.count


class PinnedMemory:
    """Page-locked memory, which is used again as soon as its array is gone, whoever still reads it."""

    def __init__(self):
        self._blocks = {}
        self._watched = []

    def empty(self, shape, dtype=float, order="C"):
        """As cupyx.empty_pinned."""
        self.check()
        size = max(512, 1 << (int(np.prod(shape)) * np.dtype(dtype).itemsize - 1).bit_length())
        free = self._blocks.setdefault(size, [])
        block = free.pop() if free else np.empty(size, np.uint8)
        found = np.ndarray(shape, dtype, buffer=block, order=order)
        weakref.finalize(found, free.append, block)
        return found

    def watch(self, event, held):
        """As cupy.cuda.pinned_memory._add_to_watch_list."""
        self.check()
        self._watched.append((event, held))

    def check(self):
        """Give back what nobody reads any more."""
        while self._watched and self._watched[0][0].done:
            del self._watched[0]


pinned = PinnedMemory()


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
