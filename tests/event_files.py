"""Reading event files back, without TensorBoard: the records, and the values in them.

A record is a length (8 bytes), a checksum (4), the event, a checksum (4)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from tensorboardX.proto.event_pb2 import Event

__all__ = ["Written", "events", "read", "records"]


class Written(NamedTuple):
    """One value of a summary."""

    tag: str
    step: int
    plugin: str
    numbers: list[float]
    strings: list[bytes]
    shape: tuple[int, ...]
    description: str
    content: bytes


def records(path):
    """The serialized events of a file; the first one is its version."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        (length,) = struct.unpack("<Q", data[at : at + 8])
        yield data[at + 12 : at + 12 + length]
        at += length + 16


def events(logdir):
    """All events of all event files of a directory, in order."""
    for path in sorted(Path(logdir).glob("*tfevents*")):
        yield from map(Event.FromString, records(path))


def read(logdir):
    """What the summaries in a directory contain."""
    found = []
    for event in events(logdir):
        for value in event.summary.value:
            tensor = value.tensor
            found.append(
                Written(
                    value.tag,
                    event.step,
                    value.metadata.plugin_data.plugin_name,
                    list(tensor.float_val) + list(tensor.double_val),
                    list(tensor.string_val),
                    tuple(dim.size for dim in tensor.tensor_shape.dim),
                    value.metadata.summary_description,
                    value.metadata.plugin_data.content,
                )
            )
    return found
