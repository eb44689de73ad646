"""Event files back as plain data: what xgrad, TensorFlow or tensorboardX wrote about a run.

A record is a length (8 bytes), a checksum (4), an event, a checksum (4). The last record of a run
that is still going on may be incomplete, and is left for next time."""

from __future__ import annotations

import base64
import math
import os
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .._event_records import checksum
from ..errors import ArgumentError, BackendUnavailableError

__all__ = ["Distribution", "Picture", "Run", "Series", "Words", "read", "read_runs"]

_PATTERN = "*tfevents*"
_LIMIT = 2**31  # a record of that length is damage
_FORMATS = {1: "f", 2: "d", 3: "i", 9: "q"}  # of DataType in TensorFlow's types.proto


class Series(NamedTuple):
    """A number over the steps.

    Attributes
    ----------
    steps : list of int
    values : list of float

    Examples
    --------
    >>> import math, xgrad as xg
    >>> xg.viz.Series([0, 1, 2], [1.0, math.nan, 0.5]).finite()
    Series(steps=[0, 2], values=[1.0, 0.5])
    """

    steps: list[int]
    values: list[float]

    def finite(self) -> Series:
        """Leave out what cannot be drawn."""
        pairs = [(s, v) for s, v in zip(self.steps, self.values, strict=True) if math.isfinite(v)]
        return Series([s for s, _ in pairs], [v for _, v in pairs])


class Distribution(NamedTuple):
    """A histogram at one step.

    Attributes
    ----------
    step : int
    rows : list of (float, float, float)
        Left end, right end and count of each part.

    Examples
    --------
    >>> import xgrad as xg
    >>> found = xg.viz.Distribution(0, [(0.0, 1.0, 3.0), (1.0, 2.0, 1.0)])
    >>> found.quantiles([0.0, 0.75, 1.0])
    [0.0, 1.0, 2.0]
    """

    step: int
    rows: list[tuple[float, float, float]]

    def quantiles(self, shares: list[float]) -> list[float]:
        """Find where these shares of the values lie below, between the ends of parts in proportion."""
        total = sum(count for _, _, count in self.rows)
        found = []
        for share in shares:
            left, below, value = share * total, 0.0, math.nan
            for low, high, count in self.rows:
                if count:
                    value = low + (high - low) * min(1.0, max(0.0, (left - below) / count))
                below += count
                if count and below >= left:
                    break
            found.append(value)
        return found


class Picture(NamedTuple):
    """Pictures at one step, as PNG files.

    Attributes
    ----------
    step : int
    files : list of bytes

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.viz.Picture(0, [b"abc"]).addresses()
    ['data:image/png;base64,YWJj']
    """

    step: int
    files: list[bytes]

    def addresses(self) -> list[str]:
        """Give the files as addresses that contain them."""
        return [f"data:image/png;base64,{base64.b64encode(f).decode()}" for f in self.files]


class Words(NamedTuple):
    """Texts at one step.

    Attributes
    ----------
    step : int
    texts : list of str

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.viz.Words(0, ["started again"]).texts
    ['started again']
    """

    step: int
    texts: list[str]


@dataclass
class Run:
    """What was written about one run.

    Attributes
    ----------
    name : str
    scalars : dict of str to Series
    histograms : dict of str to list of Distribution
    images : dict of str to list of Picture
    texts : dict of str to list of Words
    hparams : dict of str to bool, float or str
    graph : bytes or None
        A serialized GraphDef.
    first, last : float
        When the first and the last event were written, in seconds since 1970.

    Examples
    --------
    >>> import xgrad as xg
    >>> run = xg.viz.Run("adam", scalars={"gradient_norm/w": xg.viz.Series([0], [0.5])})
    >>> run.tagged("gradient_norm/")
    {'w': Series(steps=[0], values=[0.5])}
    """

    name: str
    scalars: dict[str, Series] = field(default_factory=dict)
    histograms: dict[str, list[Distribution]] = field(default_factory=dict)
    images: dict[str, list[Picture]] = field(default_factory=dict)
    texts: dict[str, list[Words]] = field(default_factory=dict)
    hparams: dict[str, bool | float | str] = field(default_factory=dict)
    graph: bytes | None = None
    first: float = math.inf
    last: float = -math.inf

    def tagged(self, beginning: str) -> dict[str, Series]:
        """Find the scalars whose names begin so, by the rest of the name."""
        found = {t: s for t, s in self.scalars.items() if t.startswith(beginning)}
        return {tag[len(beginning) :]: series for tag, series in found.items()}


def read(logdir: str | os.PathLike[str]) -> Run:
    """Read what was written into a directory.

    Parameters
    ----------
    logdir : str or path
        With event files in it, of xgrad, TensorFlow or tensorboardX.

    Returns
    -------
    Run

    Raises
    ------
    ArgumentError
        If there are no event files, or one is damaged.
    BackendUnavailableError
        If tensorboardX is not installed.

    See Also
    --------
    read_runs, report

    Examples
    --------
    >>> import tempfile, xgrad as xg
    >>> with tempfile.TemporaryDirectory() as logdir:
    ...     writer = xg.summary.create_file_writer(logdir)
    ...     with writer.as_default():
    ...         for step in range(3):
    ...             _ = xg.summary.scalar("loss", 1.0 / (1 + step), step=step)
    ...     writer.close()
    ...     run = xg.viz.read(logdir)
    >>> run.scalars["loss"].steps, run.scalars["loss"].values[:2]
    ([0, 1, 2], [1.0, 0.5])
    """
    place = Path(logdir)
    files = sorted(place.glob(_PATTERN))
    if not files:
        raise ArgumentError(
            f"read: there are no event files in {str(place)!r}. Use the directory that was given to "
            "xg.summary.create_file_writer, or read_runs for the ones below it."
        )
    run = Run(place.resolve().name)
    for file in files:
        for event in _events(file):
            _add(run, event)
    return run


def read_runs(logdir: str | os.PathLike[str]) -> list[Run]:
    """Read all runs in a directory and below it, as TensorBoard does.

    Parameters
    ----------
    logdir : str or path

    Returns
    -------
    list of Run
        Ordered by their names, which are their directories' below this one.

    Raises
    ------
    ArgumentError
        If there are none, or a file is damaged.
    BackendUnavailableError
        If tensorboardX is not installed.

    See Also
    --------
    read, report

    Examples
    --------
    >>> import tempfile, xgrad as xg
    >>> with tempfile.TemporaryDirectory() as logdir:
    ...     for name in ("adam", "sgd"):
    ...         xg.summary.create_file_writer(f"{logdir}/{name}").close()
    ...     [run.name for run in xg.viz.read_runs(logdir)]
    ['adam', 'sgd']
    """
    place = Path(logdir)
    found = sorted({file.parent for file in place.rglob(_PATTERN)})
    if not found:
        raise ArgumentError(
            f"read_runs: there are no event files in or below {str(place)!r}. Use a directory that "
            "was given to xg.summary.create_file_writer."
        )
    runs = []
    for directory in found:
        run = read(directory)
        if directory != place:
            run.name = directory.relative_to(place).as_posix()
        runs.append(run)
    return runs


def _events(file: Path) -> Iterator[Any]:
    try:
        from tensorboardX.proto.event_pb2 import Event
    except ImportError as error:
        raise BackendUnavailableError(
            "reading event files needs tensorboardX, which is not installed. Use pip install "
            '".[viz]" in a checkout of xgrad, or pip install tensorboardX.'
        ) from error
    with file.open("rb") as stream:
        at = 0
        while len(head := stream.read(12)) == 12:
            length, found = struct.unpack("<QI", head)
            if length > _LIMIT or checksum(head[:8]) != found:
                raise ArgumentError(
                    f"read: {str(file)!r} is damaged at byte {at}, or is no event file. Use another "
                    "file, or remove this one from the directory."
                )
            data = stream.read(length + 4)
            if len(data) < length + 4:
                return
            yield Event.FromString(data[:length])
            at += 16 + length


def _add(run: Run, event: Any) -> None:
    run.first, run.last = min(run.first, event.wall_time), max(run.last, event.wall_time)
    if event.graph_def:
        run.graph = event.graph_def
    for value in event.summary.value:
        plugin = value.metadata.plugin_data.plugin_name
        kind = value.WhichOneof("value")
        if plugin == "hparams":
            _add_hparams(run, value.metadata.plugin_data.content)
        elif kind == "simple_value":
            _add_scalar(run, value.tag, event.step, value.simple_value)
        elif kind == "histo":
            rows = _old_rows(value.histo)
            run.histograms.setdefault(value.tag, []).append(Distribution(event.step, rows))
        elif kind == "image":
            files = [value.image.encoded_image_string]
            run.images.setdefault(value.tag, []).append(Picture(event.step, files))
        elif kind == "tensor":
            _add_tensor(run, value.tag, event.step, plugin or _known_plugin(run, value.tag), value)


def _known_plugin(run: Run, tag: str) -> str:
    """TensorFlow names the plugin in the first event of a tag only."""
    kinds: dict[str, Container[str]] = {
        "scalars": run.scalars,
        "histograms": run.histograms,
        "images": run.images,
        "text": run.texts,
    }
    return next((name for name, found in kinds.items() if tag in found), "")


def _add_tensor(run: Run, tag: str, step: int, plugin: str, value: Any) -> None:
    strings = list(value.tensor.string_val)
    if plugin == "scalars":
        _add_scalar(run, tag, step, _numbers(value.tensor)[0])
    elif plugin == "histograms":
        numbers = _numbers(value.tensor)
        rows = list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))
        run.histograms.setdefault(tag, []).append(Distribution(step, rows))
    elif plugin == "images":  # after width and height
        run.images.setdefault(tag, []).append(Picture(step, strings[2:]))
    elif plugin == "text":
        words = [s.decode("utf-8", "replace") for s in strings]
        run.texts.setdefault(tag, []).append(Words(step, words))


def _add_scalar(run: Run, tag: str, step: int, number: float) -> None:
    series = run.scalars.setdefault(tag, Series([], []))
    series.steps.append(step)
    series.values.append(number)


def _numbers(tensor: Any) -> list[float]:
    if tensor.tensor_content:
        letter = _FORMATS[tensor.dtype]
        count = len(tensor.tensor_content) // struct.calcsize(letter)
        return list(struct.unpack(f"<{count}{letter}", tensor.tensor_content))
    found = [*tensor.float_val, *tensor.double_val, *tensor.int_val, *tensor.int64_val]
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    # TensorFlow writes a value that all the rest repeats once.
    return found * math.prod(sizes) if len(found) == 1 else found


def _old_rows(histogram: Any) -> list[tuple[float, float, float]]:
    """TensorFlow 1's form: right ends, the first and the last part reaching far out."""
    rows = []
    left = histogram.min
    for right, count in zip(histogram.bucket_limit, histogram.bucket, strict=True):
        if count:
            rows.append((min(left, right), min(right, histogram.max), count))
        left = max(right, histogram.min)
    return rows


def _add_hparams(run: Run, content: bytes) -> None:
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    found = HParamsPluginData.FromString(content).session_start_info.hparams
    for name in sorted(found):
        run.hparams[name] = getattr(found[name], found[name].WhichOneof("kind"))
