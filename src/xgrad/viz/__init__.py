"""Pictures of runs: matplotlib figures, and a report in one HTML file.

From the event files that `xgrad.summary` writes, without TensorBoard. Needs the extra ``viz``, when
something is read or drawn."""

from __future__ import annotations

from .events import Distribution, Picture, Run, Series, Words, read, read_runs
from .figures import distributions, gradients, histograms, images, scalars
from .graphs import graph
from .report import report

__all__ = [
    "Distribution",
    "Picture",
    "Run",
    "Series",
    "Words",
    "distributions",
    "gradients",
    "graph",
    "histograms",
    "images",
    "read",
    "read_runs",
    "report",
    "scalars",
]
