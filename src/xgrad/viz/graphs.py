"""The graph of a run: the lines of a program from top to bottom, and what flows between them.

Operations of one line are one box, beside it are the variables that it reads. What goes on to the
next line is a straight arrow, what goes further an arc on the right, so that nothing is crossed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .axes import drawing, new_figure
from .events import Run
from .palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["graph"]

_SOURCES = {"Variable", "Tensor", "VariableV2", "VarHandleOp", "Placeholder", "Const"}
_HALF = 0.5  # of a box's width


@dataclass
class _Box:
    """The operations of a line, by name the other boxes that they read, and the variables."""

    operations: int = 0
    inputs: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)


def graph(run: Run, most: int = 60) -> Figure:
    """Draw the graph of a run: a box for each line of the program, and the variables that it reads.

    Parameters
    ----------
    run : Run
        With a graph, see `xgrad.summary.graph`, recorded under ``xg.record_locations(True)``; else
        each operation is a box.
    most : int
        How many boxes are drawn at most, the first ones.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is no graph.
    BackendUnavailableError
        If matplotlib is not installed.

    See Also
    --------
    xgrad.summary.graph, xgrad.GradientTape.draw

    Examples
    --------
    >>> import tempfile, xgrad as xg
    >>> w = xg.Variable([1.0, 2.0], name="w")
    >>> with xg.GradientTape() as tape:
    ...     loss = xg.sum(w)
    >>> with tempfile.TemporaryDirectory() as logdir:
    ...     writer = xg.summary.create_file_writer(logdir)
    ...     with writer.as_default():
    ...         _ = xg.summary.graph(tape.graph(loss))
    ...     writer.close()
    ...     run = xg.viz.read(logdir)
    >>> figure = xg.viz.graph(run)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['sum', 'w']
    """
    boxes = _boxes(run)
    if not boxes:
        raise ArgumentError(
            f"graph: none was written about the run {run.name!r}. Use "
            "xg.summary.graph(tape.graph(loss))."
        )
    left_out = len(boxes) - most
    boxes = dict(list(boxes.items())[:most])
    rows = {name: row for row, name in enumerate(boxes)}
    with drawing():
        figure, (axes,) = new_figure(7.0, 0.62 * len(boxes) + 0.5)
        axes.set_axis_off()
        axes.set(xlim=(-2.6, 1.9), ylim=(len(boxes) - 0.3, -0.6))
        for name, box in boxes.items():
            _draw_box(axes, rows[name], name, box)
            for other in box.inputs:
                if other in rows:
                    _draw_arrow(axes, rows[other], rows[name])
        if left_out > 0:
            axes.text(0.0, len(boxes) - 0.4, f"and {left_out} more", ha="center", color=MUTED)
    return figure  # type: ignore[no-any-return]


def _boxes(run: Run) -> dict[str, _Box]:
    """Put the nodes of a GraphDef into boxes, by their names up to the first slash."""
    if run.graph is None:
        return {}
    from tensorboardX.proto.graph_pb2 import GraphDef

    nodes: list[Any] = list(GraphDef.FromString(run.graph).node)
    owners = {node.name: node.name.split("/")[0] for node in nodes}
    sources = {node.name for node in nodes if node.op in _SOURCES}
    boxes: dict[str, _Box] = {}
    for node in nodes:
        if node.name in sources:
            continue
        owner = owners[node.name]
        box = boxes.setdefault(owner, _Box())
        box.operations += 1
        for source in (name.lstrip("^").split(":")[0] for name in node.input):
            if source in sources:
                box.variables[owners[source]] = None
            elif owners.get(source, owner) != owner:
                box.inputs[owners[source]] = None
    return boxes


def _draw_box(axes: Any, row: int, name: str, box: _Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape: dict[str, Any] = {"edgecolor": MUTED, "linewidth": 1.0, "zorder": 3}
    corner = (-_HALF, row - 0.26)
    axes.add_patch(
        FancyBboxPatch(
            corner, 2 * _HALF, 0.52, boxstyle="square,pad=0", facecolor="#ffffff", **shape
        )
    )
    label = f"{_short(name)} ({box.operations})" if box.operations > 1 else _short(name)
    axes.text(0.0, row, label, ha="center", va="center", fontsize=9, color=INK, zorder=4)
    if box.variables:
        names = list(box.variables)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        axes.annotate(
            ", ".join(map(_short, names[:3])) + more,
            xy=(-_HALF, row),
            xytext=(-_HALF - 0.25, row),
            ha="right",
            va="center",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "#dbe7f1", "edgecolor": "none"},
            arrowprops={"arrowstyle": "-|>", "color": MUTED, "lw": 1.0, "shrinkA": 0, "shrinkB": 0},
        )


def _draw_arrow(axes: Any, start: int, end: int) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    if end == start + 1:
        points, codes = [(0.0, start + 0.26), (0.0, end - 0.26)], [Path.MOVETO, Path.LINETO]
    else:
        out = _HALF + 0.25 + 0.12 * min(abs(end - start), 9)
        points = [
            (_HALF, start + 0.08),
            (out, start + 0.08),
            (out, end - 0.08),
            (_HALF, end - 0.08),
        ]
        codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points, codes), arrowstyle="-|>", mutation_scale=9, color=MUTED, linewidth=1.0
        )
    )


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:10]}…{name[-11:]}"
