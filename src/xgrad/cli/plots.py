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
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    history = metrics["history"]
    epochs = range(1, metrics["epochs"] + 1)
    marker = {"marker": "." if len(epochs) <= 60 else ""}
    figure = Figure(figsize=(13.5, 4.4), dpi=150, layout="constrained")
    figure.suptitle(
        f"xgrad demo: handwritten digits, test accuracy {metrics['test_accuracy']:.1%} "
        f"({metrics['device']}, seed {metrics['seed']})"
    )
    loss, accuracy, norm = figure.subplots(1, 3)

    loss.plot(epochs, history["train_loss"], **_TRAIN, **marker)
    loss.plot(epochs, history["test_loss"], **_TEST, **marker)
    loss.set(title="Loss", ylabel="cross-entropy per image (nats)", yscale="log")

    accuracy.plot(epochs, history["train_accuracy"], **_TRAIN, **marker)
    accuracy.plot(epochs, history["test_accuracy"], **_TEST, **marker)
    accuracy.set(title="Accuracy", ylabel="digits recognised")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))

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
    norm.set(title="Gradient norm per layer", ylabel="mean over steps", yscale="log")

    for axes in (loss, accuracy, norm):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
        axes.spines[["top", "right"]].set_visible(False)
    write_atomically(path, lambda place: figure.savefig(place, format="png"))
