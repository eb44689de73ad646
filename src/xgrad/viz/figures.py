"""What was written about runs, as matplotlib figures.

Every figure is legible at a glance and without colours: lines are named where they end, in the order
of the layers from dark to light, and runs differ in dash and marker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .axes import drawing, grid, logarithmic, name_ends, new_figure
from .events import Distribution, Run, Series
from .palette import band, layers, ordered, styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["distributions", "gradients", "histograms", "images", "scalars"]

# Where a normal distribution has its ends, 1.5, 1 and 0.5 standard deviations, and its middle.
_SHARES = [0.0, 0.0668, 0.1587, 0.3085, 0.5, 0.6915, 0.8413, 0.9332, 1.0]
_USUAL = (1e-4, 1e-2)  # of what a step changes
_NAMED = 12  # lines of one picture that are all named


def scalars(runs: Run | Sequence[Run], tags: str | Sequence[str] | None = None) -> Figure:
    """Draw numbers over the steps, a picture for each, a line for each run.

    Parameters
    ----------
    runs : Run or sequence of Run
    tags : str or sequence of str, optional
        All that are not about gradients by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    gradients, report

    Examples
    --------
    >>> import xgrad as xg
    >>> run = xg.viz.Run("adam", scalars={"loss": xg.viz.Series([0, 1, 2], [1.0, 0.5, 0.25])})
    >>> figure = xg.viz.scalars(run, "loss")
    >>> figure.axes[0].get_title("left")
    'loss'
    """
    found = [runs] if isinstance(runs, Run) else list(runs)
    chosen = _tags(tags, training_tags(found), {t for run in found for t in run.scalars}, "scalars")
    rows, columns = grid(len(chosen), 3)
    with drawing():
        figure, places = new_figure(4.4 * columns, 2.9 * rows, rows, columns)
        for axes, tag in zip(places, chosen, strict=False):
            lines = [(run.name, run.scalars[tag].finite()) for run in found if tag in run.scalars]
            looks = [
                s for run, s in zip(found, styles(len(found)), strict=True) if tag in run.scalars
            ]
            _draw_lines(axes, lines, looks, named=len(found) > 1)
            axes.set_title(tag)
            axes.set_xlabel("step")
        _hide_rest(places, len(chosen))
    return figure  # type: ignore[no-any-return]


def gradients(run: Run) -> Figure:
    """Draw what a `GradientWatcher` saw: norms, and how large updates are, per variable.

    Variables of one layer have one colour, from dark to light in the order of the layers; a kernel
    and a bias differ in dash. Updates of a hundredth to a ten-thousandth of the values, which are usual, have a grey ground.

    Parameters
    ----------
    run : Run

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    distributions, xgrad.summary.GradientWatcher

    Examples
    --------
    >>> import xgrad as xg
    >>> norms = {"gradient_norm/w": xg.viz.Series([0, 1], [1.0, 0.1])}
    >>> figure = xg.viz.gradients(xg.viz.Run("adam", scalars=norms))
    >>> [axes.get_title("left") for axes in figure.axes]
    ['Norm of the gradient']
    """
    norms = run.tagged("gradient_norm/")
    norms.pop("global", None)
    ratios = run.tagged("update_ratio/")
    parts = [("Norm of the gradient", "L2 norm", norms)] if norms else []
    parts += [("Size of the updates", "change / value, norms", ratios)] if ratios else []
    if not parts:
        raise ArgumentError(
            f"gradients: nothing about gradients was written about the run {run.name!r}. Use "
            "xg.summary.GradientWatcher(writer).attach(optimizer)."
        )
    looks = layers(list({**norms, **ratios}))
    with drawing():
        figure, places = new_figure(6.6 * len(parts), 4.2, 1, len(parts))
        for axes, (title, label, found) in zip(places, parts, strict=True):
            values = [v for series in found.values() for v in series.values]
            logarithmic(axes, values)
            if found is ratios:
                axes.axhspan(*_USUAL, color="#e9edf0", zorder=0, lw=0)
            lines = [(name, _positive(found[name])) for name in looks if name in found]
            _draw_lines(axes, lines, [looks[name] for name, _ in lines], named=True)
            axes.set(title=title, xlabel="step", ylabel=label)
    return figure  # type: ignore[no-any-return]


def distributions(run: Run, tags: str | Sequence[str] | None = None) -> Figure:
    """Draw how histograms change over the steps: the middle, and bands around it.

    The bands hold 38, 68, 87 and 100 % of the values: half, one and one and a half standard deviations
    of a normal distribution, and everything.

    Parameters
    ----------
    run : Run
    tags : str or sequence of str, optional
        All by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    histograms, xgrad.summary.histogram

    Examples
    --------
    >>> import xgrad as xg
    >>> found = [xg.viz.Distribution(step, [(0.0, 1.0 + step, 8.0)]) for step in range(3)]
    >>> figure = xg.viz.distributions(xg.viz.Run("adam", histograms={"weights": found}))
    >>> figure.axes[0].get_title("left")
    'weights'
    """
    chosen = _tags(tags, list(run.histograms), set(run.histograms), "distributions")
    rows, columns = grid(len(chosen), 3)
    with drawing():
        figure, places = new_figure(4.4 * columns, 2.6 * rows, rows, columns)
        for axes, tag in zip(places, chosen, strict=False):
            found = [d for d in run.histograms[tag] if d.rows]
            steps = [d.step for d in found]
            lines = list(zip(*(d.quantiles(_SHARES) for d in found), strict=True))
            for i in range(len(lines) // 2):
                axes.fill_between(steps, lines[i], lines[-1 - i], color=band(i, 4), lw=0)
            if lines:
                axes.plot(steps, lines[len(lines) // 2], color="#ffffff", lw=1.2)
            axes.set_title(tag)
            axes.set_xlabel("step")
        _hide_rest(places, len(chosen))
    return figure  # type: ignore[no-any-return]


def histograms(run: Run, tags: str | Sequence[str] | None = None, most: int = 16) -> Figure:
    """Draw histograms one behind the other, the last step in front.

    Parameters
    ----------
    run : Run
    tags : str or sequence of str, optional
        All by default.
    most : int
        How many steps are shown, evenly chosen.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    distributions, xgrad.summary.histogram

    Examples
    --------
    >>> import xgrad as xg
    >>> found = [xg.viz.Distribution(0, [(0.0, 0.5, 2.0), (0.5, 1.0, 6.0)])]
    >>> figure = xg.viz.histograms(xg.viz.Run("adam", histograms={"weights": found}))
    >>> figure.axes[0].get_title("left")
    'weights'
    """
    chosen = _tags(tags, list(run.histograms), set(run.histograms), "histograms")
    rows, columns = grid(len(chosen), 3)
    with drawing():
        figure, places = new_figure(4.4 * columns, 3.2 * rows, rows, columns)
        for axes, tag in zip(places, chosen, strict=False):
            found = [d for d in run.histograms[tag] if d.rows]
            _draw_histograms(axes, [found[round(i)] for i in _evenly(len(found), most)])
            axes.set_title(tag)
            axes.set_ylabel("step")
        _hide_rest(places, len(chosen))
    return figure  # type: ignore[no-any-return]


def images(run: Run, tag: str) -> Figure:
    """Draw the pictures of a tag, a row for each step.

    Parameters
    ----------
    run : Run
    tag : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    xgrad.summary.image

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.summary.png import png
    >>> picture = xg.viz.Picture(0, [png(bytes(range(64)), 8, 8, 1)])
    >>> figure = xg.viz.images(xg.viz.Run("adam", images={"digits": [picture]}), "digits")
    >>> figure.axes[0].get_ylabel()
    'step 0'
    """
    import io

    (tag,) = _tags(tag, [], set(run.images), "images")
    found = [picture for picture in run.images[tag] if picture.files]
    columns = max((len(p.files) for p in found), default=1)
    with drawing():
        from matplotlib.image import imread

        figure, places = new_figure(
            2.0 * columns + 0.4, 2.1 * max(len(found), 1), len(found) or 1, columns
        )
        for axes in places:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for row, picture in enumerate(found):
            places[row * columns].set_ylabel(f"step {picture.step}")
            for column, file in enumerate(picture.files):
                pixels = imread(io.BytesIO(file), format="png")
                axes = places[row * columns + column]
                axes.imshow(pixels, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        figure.suptitle(tag, fontsize=11, fontweight="bold")
    return figure  # type: ignore[no-any-return]


def training_tags(runs: Sequence[Run]) -> list[str]:
    """List the scalars that are not about gradients, in the order in which they were written."""
    tags = dict.fromkeys(tag for run in runs for tag in run.scalars)
    return [tag for tag in tags if not tag.startswith(("gradient_", "update_ratio/"))]


# -- inside ----------------------------------------------------------------------------------------


def _tags(
    asked: str | Sequence[str] | None, usual: list[str], known: set[str], what: str
) -> list[str]:
    chosen = usual if asked is None else [asked] if isinstance(asked, str) else list(asked)
    missing = [tag for tag in chosen if tag not in known]
    if missing or not chosen:
        raise ArgumentError(
            f"{what}: there is nothing named {missing or 'at all'} to draw. Use one of {sorted(known)}."
        )
    return chosen


def _draw_lines(
    axes: Any, lines: list[tuple[str, Series]], looks: list[dict[str, Any]], *, named: bool
) -> None:
    """Draw lines, and name them at their ends; of very many, some."""
    ends = []
    for (name, series), look in zip(lines, looks, strict=True):
        if not series.steps:
            continue
        every = max(1, len(series.steps) // 6)
        axes.plot(*series, **look, markersize=4.5, markevery=(every // 2, every))
        ends.append((series.steps[-1], series.values[-1], name, look["color"]))
    if named and ends:
        axes.autoscale_view()
        axes.set_xlim(right=max(x for x, _, _, _ in ends))
        shown = [ends[round(i)] for i in _evenly(len(ends), _NAMED)]
        name_ends(axes, shown)


def _draw_histograms(axes: Any, chosen: list[Distribution]) -> None:
    """Draw outlines on grounds that come down from step to step."""
    shapes = [_outline(d) for d in chosen]
    tallest = max((y for _, ys in shapes for y in ys), default=1.0)
    colours = list(reversed(ordered(len(chosen))))
    for i, ((xs, ys), colour) in enumerate(zip(shapes, colours, strict=True)):
        ground = float(len(chosen) - 1 - i)
        tops = [ground + 2.5 * y / tallest for y in ys]
        axes.fill_between(xs, ground, tops, color=colour, lw=0, zorder=i)
        axes.plot(xs, tops, color="#ffffff", lw=0.8, zorder=i)
    labelled = [round(i) for i in _evenly(len(chosen), 6)]
    axes.set_yticks([len(chosen) - 1 - i for i in labelled], [chosen[i].step for i in labelled])
    axes.grid(visible=False)


def _positive(series: Series) -> Series:
    """Leave out what a logarithmic axis cannot show."""
    pairs = [p for p in zip(*series.finite(), strict=True) if p[1] > 0.0]
    return Series([s for s, _ in pairs], [v for _, v in pairs])


def _outline(distribution: Distribution) -> tuple[list[float], list[float]]:
    """Find the density at the middle of each part, with zeros at both ends."""
    rows = [row for row in distribution.rows if row[1] > row[0]] or distribution.rows[-1:]
    xs = [rows[0][0], *[(low + high) / 2 for low, high, _ in rows], rows[-1][1]]
    ys = [count / (high - low) if high > low else math.inf for low, high, count in rows]
    return xs, [0.0, *[1.0 if math.isinf(y) else y for y in ys], 0.0]


def _evenly(count: int, most: int) -> list[float]:
    """Choose places among so many, the first and the last included."""
    if count <= most:
        return [float(i) for i in range(count)]
    return [i * (count - 1) / (most - 1) for i in range(most)]


def _hide_rest(places: list[Any], count: int) -> None:
    for axes in places[count:]:
        axes.set_visible(False)
