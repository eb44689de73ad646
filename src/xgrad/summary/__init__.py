"""Summaries: what happens in training, written so that TensorBoard shows it.

TensorFlow's names and rules: there is a default writer per thread, every value belongs to a step,
and without a writer nothing happens. Needs the extra ``tensorboard``, when a writer is made."""

from __future__ import annotations

from .current import get_step, name_scope, record_if, set_step, should_record_summaries
from .gradient_flags import Flag
from .gradient_readings import Reading
from .gradient_watcher import GradientWatcher
from .graphs import graph
from .histograms import histogram
from .hyperparameters import hparams
from .images import image
from .scalars import scalar
from .texts import text
from .writer import Writer, close, create_file_writer, flush

__all__ = [
    "Flag",
    "GradientWatcher",
    "Reading",
    "Writer",
    "close",
    "create_file_writer",
    "flush",
    "get_step",
    "graph",
    "histogram",
    "hparams",
    "image",
    "name_scope",
    "record_if",
    "scalar",
    "set_step",
    "should_record_summaries",
    "text",
]
