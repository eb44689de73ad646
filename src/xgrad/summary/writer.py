"""Writers: event files in a directory, one writer the default of its thread.

tensorboardX has the messages, and the files where a directory is an address; it is imported when the
first writer is made. Files of this machine are written here: its own writers wait for the disk each
time, or write in a thread that `flush` does not wait for, and work out checksums byte by byte.

Values on a device wait there until the next step begins, so that each step costs one copy."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from .._arguments import as_int, as_number
from .._event_records import record
from .._typing import Array
from ..errors import ArgumentError, ArgumentTypeError, BackendUnavailableError, ClosedWriterError
from .current import check_step, current
from .values import is_on_host, to_host

__all__ = ["Writer", "close", "create_file_writer", "flush"]

_numbers = itertools.count()
_MANY = 1000  # of what waits on a device, where a step never ends


class _Waiting(NamedTuple):
    """An event that is not in the file yet: what `make` makes of the numbers of arrays."""

    time: float
    step: int
    arrays: Sequence[Array]
    make: Callable[[list[list[float]]], dict[str, Any]]


class _File:
    """A file of records on this machine; others see what was flushed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("ab")

    def write(self, data: bytes) -> None:
        self._stream.write(record(data))

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class _Events:
    """An event file, and what will be written into it."""

    def __init__(self, logdir: str, max_queue: int, flush_seconds: float, suffix: str) -> None:
        try:
            from tensorboardX.proto.event_pb2 import Event
            from tensorboardX.record_writer import RecordWriter
        except ImportError as error:
            raise BackendUnavailableError(
                "summaries need tensorboardX, which is not installed. Use pip install "
                '".[tensorboard]" in a checkout of xgrad, or pip install tensorboardX tensorboard.'
            ) from error
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        name += f".{next(_numbers):06d}{suffix}"  # readers take files in alphabetical order
        remote = "://" in logdir
        self._file: Any = RecordWriter(f"{logdir}/{name}") if remote else _File(Path(logdir, name))
        first = Event(wall_time=time.time(), file_version="brain.Event:2")
        self._file.write(first.SerializeToString())
        self._file.flush()
        self._event = Event
        self._max_queue = max_queue
        self._flush_seconds = flush_seconds
        self._waiting: list[_Waiting] = []
        self._flushed = time.monotonic()
        self._lock = threading.RLock()

    def wait(self, event: _Waiting) -> None:
        """Take an event; write it when there are many, or it is time, or a step is over."""
        with self._lock:
            if self.waits_on_device() and self._waiting[-1].step != event.step:
                self.write()
            self._waiting.append(event)
            limit = _MANY if self.waits_on_device() else self._max_queue
            late = time.monotonic() - self._flushed > self._flush_seconds
            if late or len(self._waiting) > limit:
                self.write()

    def waits_on_device(self) -> bool:
        """Whether some values are not on the host yet."""
        return any(event.arrays for event in self._waiting)

    def write(self) -> None:
        """Bring everything into the file, after one copy from each device."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            numbers = iter(to_host([array for event in waiting for array in event.arrays]))
            for event in waiting:
                content = event.make([next(numbers) for _ in event.arrays])
                made = self._event(wall_time=event.time, step=event.step, **content)
                self._file.write(made.SerializeToString())
            self._file.flush()
            self._flushed = time.monotonic()

    def close(self) -> None:
        """Bring everything into the file, and close it."""
        with self._lock:
            self.write()
            self._file.close()


class Writer:
    """Writes one event file; make one with `create_file_writer`.

    The file is closed when the writer is dropped, and when the program ends.

    Attributes
    ----------
    logdir : str

    Examples
    --------
    >>> import tempfile, xgrad as xg
    >>> with tempfile.TemporaryDirectory() as logdir:
    ...     writer = xg.summary.create_file_writer(logdir)
    ...     with writer.as_default(step=0):
    ...         xg.summary.scalar("loss", 0.5)
    ...     writer.close()
    True
    """

    def __init__(self, logdir: str, max_queue: int, flush_seconds: float, suffix: str) -> None:
        self.logdir = logdir
        self._events = _Events(logdir, max_queue, flush_seconds, suffix)
        self._close = weakref.finalize(self, self._events.close)

    def __repr__(self) -> str:
        return f"<summary writer to {self.logdir!r}{'' if self._close.alive else ', closed'}>"

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[Self]:
        """Write summaries here, inside a ``with`` block; at its end they are in the file.

        Parameters
        ----------
        step : int, Tensor or Variable, optional
            The step where a summary gives none.

        Returns
        -------
        context manager
        """
        self._check("as_default")
        check_step(step, "as_default")
        former = current.writer, current.step
        current.writer = self
        current.step = former[1] if step is None else step
        try:
            yield self
        finally:
            current.writer, current.step = former
            if self._close.alive:
                self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """Write the summaries of this thread here from now on."""
        self._check("set_as_default")
        check_step(step, "set_as_default")
        current.writer = self
        if step is not None:
            current.step = step

    def init(self) -> None:
        """Do nothing: the file exists since the writer was made. For TensorFlow's programs."""

    def flush(self) -> None:
        """Bring everything that was written into the file, where TensorBoard sees it."""
        self._check("flush")
        self._events.write()

    def close(self) -> None:
        """Bring everything into the file and write no more; closing again does nothing."""
        self._close()

    def add(self, content: dict[str, Any], step: int) -> None:
        """Write an event, given by what it contains in tensorboardX's form."""
        self._check("write")
        self._events.wait(_Waiting(time.time(), step, (), lambda _: content))

    def add_arrays(
        self,
        arrays: Sequence[Array],
        make: Callable[[list[list[float]]], dict[str, Any]],
        step: int,
    ) -> None:
        """Write an event that is made of vectors of double precision, when its step is over.

        Parameters
        ----------
        arrays : sequence of array
            On any devices.
        make : callable
            Given the numbers of each array, returns what the event contains.
        step : int
        """
        if all(map(is_on_host, arrays)):
            self.add(make(to_host(arrays)), step)
        else:
            self._check("write")
            self._events.wait(_Waiting(time.time(), step, arrays, make))

    def settle(self) -> None:
        """Read everything that waits on a device."""
        if self._close.alive and self._events.waits_on_device():
            self._events.write()

    def _check(self, what: str) -> None:
        if not self._close.alive:
            raise ClosedWriterError(
                f"{what}: the summary writer to {self.logdir!r} is closed. Use another writer."
            )


def create_file_writer(
    logdir: str | os.PathLike[str],
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
) -> Writer:
    """Make a writer of summaries into a directory that TensorBoard is pointed to.

    Parameters
    ----------
    logdir : str or path
        Made if it is not there.
    max_queue : int, optional
        How many summaries wait before they are written; 10 by default.
    flush_millis : int, optional
        After how many milliseconds they are written at the latest; two minutes by default.
    filename_suffix : str, optional
        At the end of the file's name.

    Returns
    -------
    Writer
        With the methods ``as_default``, ``set_as_default``, ``flush`` and ``close``.

    Raises
    ------
    BackendUnavailableError
        If tensorboardX is not installed.

    See Also
    --------
    scalar, histogram

    Examples
    --------
    >>> import tempfile, xgrad as xg
    >>> with tempfile.TemporaryDirectory() as logdir:
    ...     writer = xg.summary.create_file_writer(logdir)
    ...     with writer.as_default(step=0):
    ...         written = xg.summary.scalar("loss", xg.asarray(0.25))
    ...     writer.close()
    >>> written
    True
    """
    if not isinstance(logdir, (str, os.PathLike)):
        raise ArgumentTypeError(
            f"create_file_writer: logdir must be a path, but is a {type(logdir).__name__}."
        )
    if not isinstance(filename_suffix, (str, type(None))):
        raise ArgumentTypeError(
            "create_file_writer: filename_suffix must be a str, but is a "
            f"{type(filename_suffix).__name__}."
        )
    queue = 10 if max_queue is None else as_int(max_queue, "create_file_writer", "max_queue")
    seconds = 120.0
    if flush_millis is not None:
        seconds = as_number(flush_millis, "create_file_writer", "flush_millis") / 1000
    if queue < 0 or seconds < 0:
        raise ArgumentError(
            f"create_file_writer: max_queue {max_queue} and flush_millis {flush_millis} must not "
            "be negative. Use None for the defaults."
        )
    return Writer(os.fspath(logdir), queue, seconds, filename_suffix or "")


def flush(writer: Writer | None = None) -> None:
    """Bring what a writer, or the default one, has written into its file.

    Parameters
    ----------
    writer : Writer, optional

    Returns
    -------
    None

    Raises
    ------
    ClosedWriterError
        If the writer is closed.

    See Also
    --------
    close

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.flush()  # there is none: nothing happens
    """
    writer = _chosen(writer, "flush")
    if writer is not None:
        writer.flush()


def close(writer: Writer | None = None) -> None:
    """Close a writer, or the default one: what it has written is in its file then.

    Closing again does nothing. The default writer stays the default one, so that summaries which
    come too late raise instead of being lost.

    Parameters
    ----------
    writer : Writer, optional

    Returns
    -------
    None

    See Also
    --------
    flush

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.close()  # there is none: nothing happens
    """
    writer = _chosen(writer, "close")
    if writer is not None:
        writer.close()


def _chosen(writer: Writer | None, function: str) -> Writer | None:
    """Give a writer, or the default one."""
    if not isinstance(writer, (Writer, type(None))):
        raise ArgumentTypeError(
            f"{function}: writer must be a summary writer, but is a {type(writer).__name__}. Use what "
            "create_file_writer returned."
        )
    return current.writer if writer is None else writer
