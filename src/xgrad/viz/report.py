"""A run, or several, as one HTML file: what needs attention first, then everything else.

The file contains all that it shows: figures as SVG, pictures as PNG. It needs no network and no
scripts, and can be kept, mailed and printed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from .._atomic import write_atomically
from .events import Run, read_runs
from .figures import distributions, gradients, histograms, scalars, training_tags
from .graphs import graph
from .html import bar, document, escape, inline, number, sparkline

__all__ = ["report"]

_USUAL = (1e-4, 1e-2)
_FLAG = re.compile(r"^\* `(.*)` is \*\*(.*?)\*\*: (.*)$", re.MULTILINE)
_MOST_PICTURES = 24


class _Flag(NamedTuple):
    """A line of what a `GradientWatcher` has written."""

    variable: str
    kind: str
    reason: str


def report(
    runs: str | os.PathLike[str] | Run | Sequence[Run],
    file: str | os.PathLike[str] | None = None,
) -> str:
    """Describe runs in one HTML page that needs nothing else.

    Parameters
    ----------
    runs : path, Run or sequence of Run
        A directory is searched for runs in it and below it.
    file : path, optional
        Where the page is written, whole or not at all.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ArgumentError
        If there are no runs.
    BackendUnavailableError
        If matplotlib or tensorboardX is not installed.

    See Also
    --------
    read_runs, xgrad.summary.GradientWatcher

    Examples
    --------
    >>> import xgrad as xg
    >>> run = xg.viz.Run("adam", scalars={"loss": xg.viz.Series([0, 1, 2], [1.0, 0.5, 0.25])})
    >>> page = xg.viz.report(run)
    >>> page[:15], "adam" in page, "<script" in page
    ('<!DOCTYPE html>', True, False)
    """
    if isinstance(runs, Run):
        found = [runs]
    elif isinstance(runs, (str, os.PathLike)):
        found = read_runs(runs)
    else:
        found = list(runs)
    names = ", ".join(run.name for run in found)
    parts = [_heading(found), _healthy(found), *map(_attention, found), _training(found)]
    parts += [_run(run, alone=len(found) == 1) for run in found]
    page = document(f"xgrad report: {names}", "\n".join(part for part in parts if part))
    if file is not None:
        write_atomically(Path(file), [page.encode()])
    return page


# -- at a glance -----------------------------------------------------------------------------------


def _heading(runs: list[Run]) -> str:
    title = escape(runs[0].name) if len(runs) == 1 else f"{len(runs)} runs"
    rows = []
    for run in runs:
        steps = [series.steps[-1] for series in run.scalars.values() if series.steps]
        facts = [f"to step {max(steps)}"] if steps else []
        if run.first <= run.last:
            start = datetime.fromtimestamp(run.first, UTC)
            facts += [f"started {start:%Y-%m-%d %H:%M} UTC", f"{_duration(run.last - run.first)}"]
        chips = "".join(
            f'<span class="chip">{escape(name)} <b>{escape(_plain(value))}</b></span>'
            for name, value in run.hparams.items()
        )
        name = f"<b>{escape(run.name)}</b>: " if len(runs) > 1 else ""
        rows.append(f'<p>{name}<span class="muted">{", ".join(facts)}</span> {chips}</p>')
    return f"<h1>{title}</h1>\n{''.join(rows)}"


def _plain(value: bool | float | str) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _healthy(runs: list[Run]) -> str:
    """Name the runs whose gradients somebody watched, and nothing is wrong with them."""
    names = [run.name for run in runs if run.tagged("gradient_norm/") and not _flags(run)]
    if not names:
        return ""
    return (
        '<section class="card status"><p><span class="sign">✓</span>'
        f"<b>{escape(', '.join(names))}</b>: nothing about the gradients needs attention.</p></section>"
    )


def _attention(run: Run) -> str:
    """Say what needs attention, and why."""
    flags = _flags(run)
    if not flags:
        return ""
    named = sorted({flag.variable for flag in flags})
    lines = "".join(
        f"<p>{_kind(kind)} <b>{escape(_listed(variables))}</b>: {escape(reason)}</p>"
        for kind, variables, reason in _grouped(flags)
    )
    return (
        '<section class="card status attention"><p><span class="sign">!</span>'
        f"<b>{escape(run.name)}</b>: the gradients of {len(named)} variable"
        f"{'s' if len(named) > 1 else ''} need attention.</p>{lines}</section>"
    )


def _flags(run: Run) -> list[_Flag]:
    """Read what the watcher has written last."""
    found = run.texts.get("gradient_flags")
    if not found:
        return []
    return [_Flag(*row) for text in found[-1].texts for row in _FLAG.findall(text)]


def _grouped(flags: list[_Flag]) -> list[tuple[str, list[str], str]]:
    """Give each kind a line: its variables, and the reason of the first."""
    kinds: dict[str, list[_Flag]] = {}
    for flag in flags:
        kinds.setdefault(flag.kind, []).append(flag)
    return [
        (kind, list(dict.fromkeys(f.variable for f in found)), found[0].reason)
        for kind, found in kinds.items()
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _kind(kind: str) -> str:
    return f'<span class="kind">{escape(kind)}</span>'


# -- everything else -------------------------------------------------------------------------------


def _training(runs: list[Run]) -> str:
    tags = training_tags(runs)
    if not tags:
        return ""
    figure = inline(scalars(runs, tags), f"{', '.join(tags)} over the steps")
    return f'<h2>Training</h2>\n<section class="card">{figure}</section>'


def _run(run: Run, *, alone: bool) -> str:
    parts = [_gradients(run), *_distributions(run, shown=alone), _graph(run, shown=alone)]
    parts += [_pictures(run), _texts(run)]
    body = "\n".join(part for part in parts if part)
    if not body:
        return ""
    title = "" if alone else f"<h2>{escape(run.name)}</h2>\n"
    return f'{title}<section class="card">{body}</section>'


def _gradients(run: Run) -> str:
    norms = run.tagged("gradient_norm/")
    norms.pop("global", None)
    if not norms:
        return ""
    figure = inline(
        gradients(run),
        "norms of gradients and sizes of updates over the steps",
        "Dark lines are the first layers, light ones the last. On grey: updates of the usual size, a "
        "hundredth to a ten-thousandth of the values.",
    )
    return f"<h3>Gradients</h3>\n{_table(run, list(norms))}\n<h3>Over the steps</h3>\n{figure}"


def _table(run: Run, names: list[str]) -> str:
    """Give each variable a row: norm, size of updates, zeros, dead units, flags."""
    flags = _flags(run)
    shares = ("gradient_zeros", "gradient_dead_units", "gradient_nonfinite")
    lines: list[tuple[str, tuple[float, float], tuple[float, float] | None]] = [
        ("gradient_norm", _limits(run, "gradient_norm", names), None),
        ("update_ratio", _limits(run, "update_ratio", names, _USUAL), _USUAL),
    ]
    rows = []
    for name in names:
        cells = [f"<td>{escape(name)}</td>"]
        for tag, limits, usual in lines:
            series = run.scalars.get(f"{tag}/{name}")
            last = number(series.values[-1]) if series else ""
            cells.append(f"<td>{sparkline(series, limits, usual) if series else ''}{last}</td>")
        for tag in shares:
            series = run.scalars.get(f"{tag}/{name}")
            cells.append(f"<td>{bar(series.values[-1]) if series else ''}</td>")
        kinds = dict.fromkeys(flag.kind for flag in flags if flag.variable == name)
        cells.append(f"<td>{''.join(map(_kind, kinds))}</td>")
        row = '<tr class="flagged">' if kinds else "<tr>"
        rows.append(f"{row}{''.join(cells)}</tr>")
    heads = (
        *("variable", "norm of the gradient, and now", "update / value, and now"),
        *("zeros", "dead units", "not finite", "needs attention"),
    )
    head = "".join(f"<th>{text}</th>" for text in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _limits(
    run: Run, tag: str, names: list[str], usual: tuple[float, ...] = ()
) -> tuple[float, float]:
    """Find the smallest and the largest positive value: the same axis for all rows."""
    found = [run.scalars[f"{tag}/{name}"] for name in names if f"{tag}/{name}" in run.scalars]
    values = [v for series in found for v in series.finite().values if v > 0.0]
    values += usual
    return (min(values), max(values)) if values else (1.0, 1.0)


def _distributions(run: Run, *, shown: bool) -> list[str]:
    """Draw all histograms, over the steps and one behind the other."""
    tags = [tag for tag, found in run.histograms.items() if any(d.rows for d in found)]
    if not tags:
        return []
    over_steps = inline(
        distributions(run, tags),
        f"distributions of {', '.join(tags)} over the steps",
        "White: the middle. The bands hold 38, 68, 87 and 100 % of the values.",
    )
    behind = inline(histograms(run, tags, most=10), f"histograms of {', '.join(tags)}")
    return [
        _folded(f"Distributions ({len(tags)})", over_steps, shown=shown),
        _folded(f"Histograms ({len(tags)})", behind, shown=False),
    ]


def _graph(run: Run, *, shown: bool) -> str:
    if not run.graph:
        return ""
    figure = inline(
        graph(run),
        "the graph of the run, line by line",
        "In brackets: how many operations a line has. On blue: the variables that it reads.",
    )
    return _folded("Graph", figure, shown=shown)


def _folded(title: str, body: str, *, shown: bool) -> str:
    """Let a reader open and close a part of the page."""
    return f"<details{' open' if shown else ''}><summary>{title}</summary>{body}</details>"


def _pictures(run: Run) -> str:
    parts = []
    for tag, found in run.images.items():
        picture = found[-1]
        pictures = "".join(
            f'<img src="{address}" alt="{escape(tag)}, picture {i}">'
            for i, address in enumerate(picture.addresses()[:_MOST_PICTURES], 1)
        )
        parts.append(
            f'<h3>{escape(tag)} <span class="muted small">step {picture.step}</span></h3>'
            f'<div class="pictures">{pictures}</div>'
        )
    return "\n".join(parts)


def _texts(run: Run) -> str:
    parts = []
    for tag, found in run.texts.items():
        if tag != "gradient_flags":
            words = "".join(f"<pre>{escape(text)}</pre>" for text in found[-1].texts)
            parts.append(
                f'<h3>{escape(tag)} <span class="muted small">step {found[-1].step}</span></h3>{words}'
            )
    return "\n".join(parts)
