"""Figures: they show what was written, whatever the user's style is, and leave nothing behind."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch

import xgrad as xg
from xgrad import viz
from xgrad.summary.graphs import graph_definition
from xgrad.summary.png import png
from xgrad.viz.axes import spread
from xgrad.viz.palette import layers, ordered, styles

STEPS = list(range(0, 100, 5))


def run(name="adam", variables=("layer1/kernel", "layer1/bias", "layer2/kernel")):
    """A run that nobody had to compute."""
    found = viz.Run(name)
    found.scalars["loss"] = viz.Series(STEPS, [1.0 / (1 + s) for s in STEPS])
    for i, variable in enumerate(variables):
        norms = [10.0 ** (i - 3) * (1 + s % 3) for s in STEPS]
        found.scalars[f"gradient_norm/{variable}"] = viz.Series(STEPS, norms)
        found.scalars[f"update_ratio/{variable}"] = viz.Series(STEPS, [1e-3] * len(STEPS))
        rows = [(-1.0, 0.0, 3.0), (0.0, 2.0, 1.0)]
        found.histograms[f"gradients/{variable}"] = [viz.Distribution(s, rows) for s in STEPS]
    found.images["digits"] = [viz.Picture(s, [png(bytes(range(64)), 8, 8, 1)] * 3) for s in (0, 9)]
    return found


def texts(figure):
    return {t.get_text() for axes in figure.axes for t in axes.texts}


def drawn(figure):
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return figure


def test_scalars_have_a_line_for_each_run():
    figure = drawn(viz.scalars([run("adam"), run("sgd")]))
    (axes,) = figure.axes
    assert axes.get_title("left") == "loss"
    assert [list(line.get_xdata()) for line in axes.lines] == [STEPS, STEPS]
    assert texts(figure) == {"adam", "sgd"}


def test_scalars_that_are_asked_for_are_drawn():
    figure = drawn(viz.scalars(run(), ["gradient_norm/layer1/kernel", "loss"]))
    assert [a.get_title("left") for a in figure.axes if a.get_visible()] == [
        "gradient_norm/layer1/kernel",
        "loss",
    ]


def test_what_is_not_finite_is_left_out():
    bad = viz.Run("bad", scalars={"loss": viz.Series([0, 1, 2], [1.0, np.nan, np.inf])})
    assert [list(line.get_xdata()) for line in drawn(viz.scalars(bad)).axes[0].lines] == [[0]]


def test_gradients_have_a_named_line_for_each_variable():
    figure = drawn(viz.gradients(run()))
    norms, ratios = figure.axes
    assert norms.get_yscale() == ratios.get_yscale() == "log"
    assert {t.get_text() for t in norms.texts} == {"layer1/kernel", "layer1/bias", "layer2/kernel"}
    low, high = norms.get_ylim()
    assert low < 1e-3
    assert high > 0.3


def test_very_many_variables_are_not_all_named():
    figure = drawn(viz.gradients(run(variables=[f"layer{i}/kernel" for i in range(60)])))
    assert len(figure.axes[0].texts) == 12
    assert {"layer0/kernel", "layer59/kernel"} <= texts(figure)


def test_gradients_without_updates_are_one_picture():
    found = run()
    found.scalars = {t: s for t, s in found.scalars.items() if not t.startswith("update_ratio")}
    assert len(drawn(viz.gradients(found)).axes) == 1


def test_gradients_of_zeros_can_be_drawn():
    zero = viz.Run("zero", scalars={"gradient_norm/w": viz.Series([0, 1], [0.0, 0.0])})
    drawn(viz.gradients(zero))


def test_distributions_have_bands_around_the_middle():
    figure = drawn(viz.distributions(run(), "gradients/layer1/kernel"))
    (axes,) = figure.axes
    assert len(axes.collections) == 4
    (middle,) = axes.lines
    assert middle.get_ydata()[0] == pytest.approx(-1.0 + 2.0 / 3.0)
    assert axes.get_ylim()[0] < -1.0
    assert axes.get_ylim()[1] > 2.0


def test_distribution_without_values_is_an_empty_picture():
    found = viz.Run("empty", histograms={"w": [viz.Distribution(0, [])]})
    drawn(viz.distributions(found))
    drawn(viz.histograms(found, "w"))


def test_histograms_show_some_steps_the_last_one_in_front():
    (axes,) = drawn(viz.histograms(run(), "gradients/layer1/kernel", most=5)).axes
    assert axes.get_title("left") == "gradients/layer1/kernel"
    assert len(axes.collections) == 5
    labels = {t.get_text() for t in axes.get_yticklabels()}
    assert {"0", "95"} <= labels
    order = [c.get_zorder() for c in axes.collections]
    assert order == sorted(order)


def test_histogram_of_equal_values_can_be_drawn():
    rows = [(5.0, 5.0, 0.0), (5.0, 5.0, 2.0)]
    found = viz.Run("one", histograms={"w": [viz.Distribution(0, rows)]})
    drawn(viz.histograms(found, "w"))


def test_images_have_a_row_for_each_step():
    figure = drawn(viz.images(run(), "digits"))
    assert len(figure.axes) == 6
    assert figure.axes[3].get_ylabel() == "step 9"
    (shown,) = figure.axes[0].images
    np.testing.assert_allclose(
        np.asarray(shown.get_array()).ravel() * 255, np.arange(64), atol=1e-3
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: viz.scalars(r, "nothing"),
        lambda r: viz.scalars(viz.Run("empty")),
        lambda r: viz.gradients(viz.Run("empty")),
        lambda r: viz.distributions(r, ["nothing"]),
        lambda r: viz.histograms(r, "nothing"),
        lambda r: viz.images(r, "nothing"),
    ],
    ids=["scalars", "no_scalars", "gradients", "distributions", "histograms", "images"],
)
def test_nothing_to_draw_is_an_error(draw):
    with pytest.raises(xg.errors.ArgumentError, match=r"nothing|at all"):
        draw(run())


def test_users_style_changes_nothing_and_is_kept():
    def svg():
        stream = io.StringIO()
        with viz.axes.drawing():
            viz.gradients(run()).savefig(stream, format="svg", metadata={"Date": None})
        return stream.getvalue()

    plain = svg()
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black", "lines.linewidth": 9.0}):
        assert svg() == plain
        assert mpl.rcParams["font.size"] == 30.0


def test_drawing_opens_no_windows():
    code = (
        "import sys, xgrad as xg; r = xg.viz.Run('a', scalars={'l': xg.viz.Series([0], [1.0])}); "
        "assert 'matplotlib' not in sys.modules; xg.viz.scalars(r); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- graphs ----------------------------------------------------------------------------------------


def graph_of(step, *arguments):
    step(*arguments)
    return viz.Run("a", graph=graph_definition(step.graph()).SerializeToString())


def boxes(figure):
    return [t.get_text() for t in figure.axes[0].texts]


def test_graph_has_a_box_for_each_line_and_what_it_reads():
    w = xg.Variable([1.0, 2.0], name="dense/kernel")

    @xg.function
    def step(x):
        h = xg.tanh(w * x)
        y = xg.sum(xg.exp(h))
        w.assign_sub(h * y)
        return y

    with xg.record_locations(True):
        run = graph_of(step, xg.asarray([1.0, 1.0]))
    lines = boxes(drawn(viz.graph(run)))
    names = [re.sub(r"\d+", "N", line) for line in lines]
    assert names == [
        "h_line_N (N)",
        "dense, argument_N",
        "y_line_N (N)",
        "line_N (N)",
        "dense",
        "assign",
    ]


def test_graph_draws_an_arrow_for_each_flow():
    w = xg.Variable([1.0, 2.0], name="w")
    with xg.record_locations(False), xg.GradientTape() as tape:
        h = xg.exp(w)
        y = xg.sum(xg.sin(h) * h)
    run = viz.Run("a", graph=graph_definition(tape.graph(y)).SerializeToString())
    figure = drawn(viz.graph(run))
    assert boxes(figure) == ["exp", "w", "sin", "multiply", "sum"]
    arrows = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    assert len(arrows) == 4  # exp to sin and to multiply, sin to multiply, multiply to sum


def test_large_graph_is_cut():
    w = xg.Variable([1.0], name="w")
    with xg.record_locations(False), xg.GradientTape() as tape:
        y = w
        for _ in range(30):
            y = xg.sin(y)
    run = viz.Run("a", graph=graph_definition(tape.graph(y)).SerializeToString())
    lines = boxes(drawn(viz.graph(run, most=10)))
    assert lines[-1] == "and 20 more"
    assert len(lines) == 10 + 1 + 1  # and the variable


def test_run_without_a_graph_is_an_error():
    with pytest.raises(xg.errors.ArgumentError, match=r"Use xg\.summary\.graph"):
        viz.graph(viz.Run("a"))


# -- colours ---------------------------------------------------------------------------------------


def luminance(colour):
    """Relative luminance, by WCAG 2.1."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def seen_by(colour, vision):
    """What a person without one kind of cones sees (Machado et al. 2009, full severity)."""
    matrices = {
        "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    }
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.clip(np.asarray(matrices[vision]) @ np.asarray(linear), 0.0, 1.0)


@pytest.mark.parametrize("vision", ["protanopia", "deuteranopia", "tritanopia"])
def test_runs_are_told_apart_with_any_colour_vision(vision):
    colours = [seen_by(look["color"], vision) for look in styles(4)]
    nearest = min(np.abs(a - b).max() for a, b in itertools.combinations(colours, 2))
    assert nearest > 0.08


def test_runs_differ_without_colours():
    assert len({(str(s["linestyle"]), s["marker"]) for s in styles(8)}) == 8


def test_layers_go_from_dark_to_light_and_stay_visible():
    shades = [luminance(colour) for colour in ordered(20)]
    assert shades == sorted(shades)
    assert 1.05 / (shades[-1] + 0.05) > 1.9  # contrast with white


def test_variables_of_a_layer_have_one_colour_and_their_own_dashes():
    looks = layers(["a/kernel", "a/bias", "b/kernel", "c"])
    assert looks["a/kernel"]["color"] == looks["a/bias"]["color"] != looks["b/kernel"]["color"]
    assert looks["a/kernel"]["linestyle"] == looks["b/kernel"]["linestyle"]
    assert looks["a/kernel"]["linestyle"] != looks["a/bias"]["linestyle"]


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "places", [[], [0.5], [0.5, 0.5, 0.5], [0.1, 0.9], [0.0, 0.05, 0.06, 0.5, 0.52]], ids=str
)
def test_names_do_not_overlap_and_keep_their_order(places):
    found = spread(places, 0.1)
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [found[i] for i in order]
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(moved))


def test_names_that_have_room_stay_where_they_are():
    assert spread([0.1, 0.9, 0.4], 0.1) == [0.1, 0.9, 0.4]
