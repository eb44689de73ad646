"""``tf.summary``: what `xgrad.summary` has, under TensorFlow's names."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._tables import no_name

__all__ = [
    "FileWriter",
    "create_file_writer",
    "experimental",
    "flush",
    "graph",
    "histogram",
    "image",
    "record_if",
    "scalar",
    "should_record_summaries",
    "text",
]

flush = xg.summary.flush
graph = xg.summary.graph
histogram = xg.summary.histogram
image = xg.summary.image
record_if = xg.summary.record_if
scalar = xg.summary.scalar
should_record_summaries = xg.summary.should_record_summaries
text = xg.summary.text


def create_file_writer(
    logdir: str,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
) -> Any:
    """Make a writer of summaries; see `xgrad.summary.create_file_writer`."""
    return xg.summary.create_file_writer(logdir, max_queue, flush_millis, filename_suffix)


def FileWriter(
    logdir: str,
    graph: Any = None,
    max_queue: int = 10,
    flush_secs: int = 120,
    graph_def: Any = None,
    filename_suffix: str | None = None,
) -> Any:
    """Make a writer of summaries, with TensorFlow 1's arguments."""
    return create_file_writer(logdir, max_queue, 1000 * flush_secs, filename_suffix)


class experimental:
    """What TensorFlow calls experimental."""

    get_step = staticmethod(xg.summary.get_step)
    set_step = staticmethod(xg.summary.set_step)


def __getattr__(name: str) -> Any:
    found = getattr(xg.summary, name, None)
    if found is None or name.startswith("_"):
        raise no_name(__name__, name)
    return found
