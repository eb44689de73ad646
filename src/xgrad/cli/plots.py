"""The demo's picture: loss, accuracy, and the norm of the gradient per layer.

Colours are those of Okabe and Ito, which people with any kind of colour vision tell apart; lines
differ in dash and marker as well, so that the picture survives a grey printer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .report import write_atomically

__all__ = ["draw"]

_BLUE, _VERMILION, _GREEN, _PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
_TRAIN: dict[str, Any] = {"color": _BLUE, "linestyle": "--", "label": "train"}
_TEST: dict[str, Any] = {"color": _VERMILION, "linestyle": "-", "label": "test"}
_LAYERS = ((_BLUE, "o", "-"), (_VERMILION, "s", "--"), (_GREEN, "^", "-."), (_PURPLE, "D", ":"))


def draw(path: Path, metrics: dict[str, Any]) -> None:
    """Draw what the demo measured into a PNG file, atomically."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

    history = metrics["history"]
    epochs = range(1, metrics["epochs"] + 1)
    marker = {"marker": "." if len(epochs) <= 25 else ""}
    figure = Figure(figsize=(13.5, 4.4), dpi=150, layout="constrained")
    figure.suptitle(
        f"xgrad demo: handwritten digits, test accuracy {metrics['test_accuracy']:.1%} "
        f"({metrics['device']}, seed {metrics['seed']})"
    )
    loss, accuracy, norm = figure.subplots(1, 3)

    loss.plot(epochs, history["train_loss"], **_TRAIN, **marker)
    loss.plot(epochs, history["test_loss"], **_TEST, **marker)
    loss.set(title="Loss", ylabel="cross-entropy, smoothed labels (nats)")
    loss.axhline(metrics["least_loss"], color="0.45", linestyle=":", label="least possible")

    accuracy.plot(epochs, history["train_accuracy"], **_TRAIN, **marker)
    accuracy.plot(epochs, history["test_accuracy"], **_TEST, **marker)
    accuracy.set(title="Accuracy", ylabel="digits recognised")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))

    for i, values in enumerate(zip(*history["gradient_norms"], strict=True)):
        color, shape, dash = _LAYERS[i % len(_LAYERS)]
        norm.plot(
            epochs,
            values,
            color=color,
            linestyle=dash,
            marker=shape,
            markersize=4,
            markevery=max(1, len(epochs) // 10),
            label=f"layer {i + 1}",
        )
    norm.set(title="Gradient norm per layer", ylabel="L2 norm, mean over the steps", yscale="log")
    norm.set_ylim(_room_for_ticks([x for row in history["gradient_norms"] for x in row]))
    norm.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    norm.yaxis.set_major_formatter("{x:g}")
    norm.yaxis.set_minor_formatter(NullFormatter())

    for axes in (loss, accuracy, norm):
        axes.set_xlabel("epoch")
        axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right" if axes is accuracy else "upper right")
        axes.spines[["top", "right"]].set_visible(False)
    write_atomically(path, lambda place: figure.savefig(place, format="png"))


def _room_for_ticks(values: list[float]) -> tuple[float, float]:
    """Choose limits of a logarithmic axis; a factor of 2.5 always has a 1, a 2 or a 5 in it."""
    return max(min(values), 1e-12) / 1.6, max(*values, 1e-12) * 1.6
