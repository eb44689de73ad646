"""What all figures share: quiet axes, lines that are named where they end, room for ticks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import BackendUnavailableError
from .palette import INK, MUTED

__all__ = ["drawing", "grid", "logarithmic", "name_ends", "new_figure", "spread"]

_STYLE: dict[str, Any] = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#d9dee3",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # texts stay texts: small, selectable, read aloud
    "svg.hashsalt": "xgrad",  # the same figure is the same file
    "font.family": "sans-serif",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the house style, whatever the user's own is."""
    try:
        from matplotlib import rc_context, rcParamsDefault
    except ImportError as error:
        raise BackendUnavailableError(
            'figures need matplotlib, which is not installed. Use pip install ".[viz]" in a checkout '
            "of xgrad, or pip install matplotlib."
        ) from error
    style: Any = {k: v for k, v in rcParamsDefault.items() if not k.startswith("backend")}
    style.update(_STYLE)
    with rc_context(style):
        yield


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    """Make a figure that belongs to nobody's window, and its axes as a list."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def grid(count: int, columns: int) -> tuple[int, int]:
    """Find rows and columns for some pictures."""
    columns = max(1, min(count, columns))
    return math.ceil(count / columns), columns


def logarithmic(axes: Any, values: Sequence[float]) -> None:
    """Make the y axis logarithmic, with room for at least one labelled tick."""
    from matplotlib.ticker import LogLocator, NullFormatter

    positive = [v for v in values if v > 0.0 and math.isfinite(v)]
    if not positive:
        return
    low, high = min(positive), max(positive)
    axes.set_yscale("log")
    axes.set_ylim(low / 1.5, high * 1.5)
    if high / low < 30.0:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def name_ends(axes: Any, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write names beside the right ends of lines, without letting them overlap.

    Parameters
    ----------
    axes : Axes
        With its limits as they will stay.
    ends : sequence of (x, y, name, colour)
    """
    height = axes.get_position().height * axes.figure.get_figheight() * 72.0
    least = 11.5 / max(height, 1.0)  # of the height of the axes, for a line of 9 points
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [float(to_axes.transform((x, y))[1]) for x, y, _, _ in ends]
    for (x, y, name, colour), place in zip(ends, spread(places, least), strict=True):
        axes.annotate(
            name,
            xy=(x, y),
            xycoords="data",
            xytext=(1.03, place),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 1.2, "shrinkA": 1, "shrinkB": 0},
        )


def spread(places: Sequence[float], least: float) -> list[float]:
    """Move places apart as little as it takes for neighbours to be so far from each other."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[tuple[float, list[int]]] = []  # the middle of each group, and its members
    for i in order:
        middle, members = places[i], [i]
        while groups and middle - groups[-1][0] < least * (len(members) + len(groups[-1][1])) / 2:
            former = groups.pop()[1]
            members = [*former, *members]
            middle = sum(places[j] for j in members) / len(members)
        groups.append((middle, members))
    found = list(places)
    for middle, members in groups:
        for position, i in enumerate(members):
            found[i] = middle + least * (position - (len(members) - 1) / 2)
    return found
