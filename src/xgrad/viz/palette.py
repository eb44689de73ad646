"""Colours that people with any kind of colour vision tell apart.

Runs have those of Okabe and Ito, and differ in dash and marker as well, so that pictures survive a
grey printer. What has an order, such as layers, goes from dark to light along cividis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["ACCENT", "INK", "MUTED", "band", "layers", "ordered", "styles"]

_RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

INK, MUTED, ACCENT = "#1b1f24", "#5b6570", "#0072B2"
# Of cividis, from dark to light; the lightest would be lost on white.
_ORDERED = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369")


def styles(count: int) -> list[dict[str, Any]]:
    """Give each of some lines a colour, a dash and a marker of its own."""
    return [
        {
            "color": _RUNS[i % len(_RUNS)],
            "linestyle": _DASHES[i % len(_DASHES)],
            "marker": _MARKERS[i % len(_MARKERS)],
        }
        for i in range(count)
    ]


def ordered(count: int) -> list[str]:
    """Give colours from dark to light to what comes one after the other."""
    last = len(_ORDERED) - 1
    return [_between(i / max(count - 1, 1) * last) for i in range(count)]


def layers(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give a colour to what stands before the last slash of names, and a dash to what follows."""
    owners = list(dict.fromkeys(name.rpartition("/")[0] or name for name in names))
    parts = list(dict.fromkeys(name.rpartition("/")[2] for name in names if "/" in name))
    colours = dict(zip(owners, ordered(len(owners)), strict=True))
    return {
        name: {
            "color": colours[name.rpartition("/")[0] or name],
            "linestyle": _DASHES[parts.index(part) % len(_DASHES)] if owner else "-",
            "marker": "",
        }
        for name in names
        for owner, _, part in [name.rpartition("/")]
    }


def band(level: int, levels: int) -> str:
    """Give the colour of one of some bands around a middle, the outermost first."""
    share = 0.25 + 0.6 * level / max(levels - 1, 1)
    return _mixed("#ffffff", ACCENT, share)


def _between(place: float) -> str:
    low = min(int(place), len(_ORDERED) - 2)
    return _mixed(_ORDERED[low], _ORDERED[low + 1], place - low)


def _mixed(first: str, second: str, share: float) -> str:
    pairs = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
