"""The suite in one picture: ratios on a logarithmic axis, and how they change with size.

Colours are Okabe and Ito's, which colour-blind readers tell apart; shapes say the same again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from _bars import geometric_mean
from _names import BY_HAND, COMPILERS, MINE, MINE_EAGER, OPERATION_BY_OPERATION, SUITE

STYLES = {
    "jax.jit": ("#0072B2", "o"),
    "torch.compile": ("#D55E00", "s"),
    "tf.function": ("#009E73", "^"),
    "xla": ("#CC79A7", "v"),
    "torch": ("#D55E00", "s"),
    "tensorflow": ("#009E73", "^"),
    "jax": ("#0072B2", "o"),
    "autograd": ("#E69F00", "D"),
    "mygrad": ("#56B4E9", "P"),
    BY_HAND: ("#555555", "x"),
    MINE: ("#000000", "o"),
    MINE_EAGER: ("#000000", "D"),
}
SIZES = {
    "wave-100": 100, "wave-1k": 1_000, "wave-10k": 10_000, "wave-100k": 100_000,
    "wave-1m": 1_000_000, "wave-10m": 10_000_000,
}  # fmt: skip


def draw(report: Mapping[str, Any], file: str) -> None:
    """Draw two panels of ratios and one of times by size."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    results = report["results"]
    figure, axes = plt.subplots(
        1, 3, figsize=(15, 6.4), width_ratios=(1, 1, 0.85), layout="constrained"
    )
    draw_ratios(axes[0], results, MINE, (*COMPILERS, BY_HAND))
    draw_ratios(axes[1], results, MINE_EAGER, (*OPERATION_BY_OPERATION, BY_HAND))
    axes[1].set_yticklabels([])
    draw_sizes(axes[2], results)
    machine = report["machine"]
    figure.suptitle(
        f"xgrad and its peers, {report['date']}: {machine['processor']}, "
        f"{machine['threads']} threads, float32 (hvp, hessian, gaussian-process: float64)",
        fontsize=11,
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def draw_ratios(axes: Any, results: Mapping[str, Any], base: str, others: Sequence[str]) -> None:
    """Draw a row for each workload, and the geometric means below."""
    names = [name for name in SUITE if base in results.get(name, {"over": ()})["over"]]
    rows = {name: -place for place, name in enumerate(names)}
    bottom = -len(names) - 0.5
    for other in others:
        colour, marker = STYLES[other]
        points = [
            (results[name]["over"][base][other], row)
            for name, row in rows.items()
            if other in results[name]["over"][base]
        ]
        if not points:
            continue
        mean, _ = geometric_mean(results, base, other)
        x = [ratio["median"] for ratio, _ in points]
        spread = [
            [ratio["median"] - ratio["q1"] for ratio, _ in points],
            [ratio["q3"] - ratio["median"] for ratio, _ in points],
        ]
        axes.errorbar(x, [row for _, row in points], xerr=spread, fmt="none", ecolor=colour,
                      elinewidth=1, alpha=0.6)  # fmt: skip
        axes.plot(x, [row for _, row in points], marker, color=colour, markersize=6.5, label=other)
        if mean is not None:
            axes.plot([mean], [bottom], marker, color=colour, markersize=9)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.axhline(bottom + 0.75, color="#999999", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks([*rows.values(), bottom], [*rows, "geometric mean"])
    axes.set_ylim(bottom - 0.7, 0.7)
    axes.grid(axis="x", which="both", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(f"time of {base} / time of the library")
    axes.set_xlabel(f"left of 1: {base} is faster")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=3, frameon=False)


def draw_sizes(axes: Any, results: Mapping[str, Any]) -> None:
    """Draw time per element of the chain of eight functions against its length."""
    there = {name: size for name, size in SIZES.items() if name in results}
    for other in (MINE, MINE_EAGER, *COMPILERS, "torch", BY_HAND):
        points = [
            (size, results[name]["us"][other]["median"] * 1e3 / size)
            for name, size in there.items()
            if other in results[name]["us"]
        ]
        if not points:
            continue
        colour, marker = STYLES[other]
        axes.plot(
            *zip(*points, strict=True), marker=marker, color=colour, label=other, markersize=5,
            linewidth=2.2 if other == MINE else 1.2,
            linestyle="--" if other in (MINE_EAGER, "torch") else ":" if other == BY_HAND else "-",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(which="major", color="#dddddd", linewidth=0.6)
    axes.set_title("wave: value and gradient, by size")
    axes.set_xlabel("elements")
    axes.set_ylabel("nanoseconds per element")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=3, frameon=False)
