"""Small pieces of HTML: escaped texts, tables, inline SVG. Nothing is fetched from anywhere."""

from __future__ import annotations

import html
import io
import math
import re
from typing import TYPE_CHECKING

from .axes import drawing
from .events import Series
from .palette import ACCENT, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["bar", "document", "escape", "inline", "number", "sparkline"]

_WIDTH, _HEIGHT, _EDGE = 130.0, 30.0, 3.0
_ID = re.compile(r' id="([^"]*)"')
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_USED = re.compile(r'#([^")]+)')

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1b1f24;
  background: #f4f6f8; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 34px 0 10px; }
h3 { font-size: 15px; margin: 20px 0 8px; color: #333b44; }
.muted { color: #5b6570; } .small { font-size: 13px; }
section.card { background: #fff; border: 1px solid #dfe4e8; border-radius: 10px;
  padding: 14px 18px; margin: 12px 0; }
section.status { border-left: 8px solid #009e73; }
section.status.attention { border-left-color: #d55e00; }
.status p { margin: 4px 0; } .sign { font-weight: 700; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 13px; color: #5b6570; font-weight: 600;
  border-bottom: 2px solid #dfe4e8; padding: 4px 10px 6px 0; vertical-align: bottom; }
td { border-bottom: 1px solid #edf0f2; padding: 5px 10px 5px 0; vertical-align: middle; }
td svg { vertical-align: middle; margin-right: 8px; }
tr.flagged td:first-child { box-shadow: inset 4px 0 0 #d55e00; padding-left: 10px; }
.kind { display: inline-block; border: 1.5px solid #b23c00; color: #b23c00; border-radius: 5px;
  padding: 0 7px; font-size: 13px; font-weight: 600; margin: 1px 4px 1px 0; white-space: nowrap; }
figure { margin: 0; overflow-x: auto; } figure > svg { max-width: 100%; height: auto; }
figcaption { color: #5b6570; font-size: 13px; margin-top: 4px; }
.pictures img { width: 112px; image-rendering: pixelated; border: 1px solid #dfe4e8; margin: 0 6px 6px 0; }
.chip { display: inline-block; background: #edf0f2; border-radius: 12px; padding: 1px 10px;
  margin: 2px 6px 2px 0; font-size: 13px; }
details > summary { cursor: pointer; font-weight: 600; margin: 10px 0; }
pre { white-space: pre-wrap; margin: 4px 0; font: 13px/1.45 ui-monospace, monospace; }
@media print { body { background: #fff; } section.card { break-inside: avoid; } }
"""


def document(title: str, body: str) -> str:
    """Put a page together."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def escape(text: str) -> str:
    """Make a text harmless."""
    return html.escape(text)


def number(value: float) -> str:
    """Write a number with three digits."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "-∞"}.get(value, "NaN")
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")


def inline(figure: Figure, label: str, caption: str = "") -> str:
    """Turn a figure into SVG inside the page, with a label for who does not see it."""
    stream = io.StringIO()
    with drawing():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = _METADATA.sub("", text[text.index("<svg") :])
    used = set(_USED.findall(text))  # other names would be there once for each figure
    text = _ID.sub(lambda found: found[0] if found[1] in used else "", text)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{text}{below}</figure>"


def sparkline(
    series: Series, limits: tuple[float, float], usual: tuple[float, float] | None = None
) -> str:
    """Draw a small line of positive numbers, on a logarithmic axis with given limits.

    Behind it is the range of what is usual."""
    points = [(s, math.log10(v)) for s, v in zip(*series.finite(), strict=True) if v > 0.0]
    if not points:
        return ""
    low, high = math.log10(limits[0]), math.log10(limits[1])
    if high - low < 0.5:  # what hardly changes should look so
        low, high = (low + high) / 2 - 0.25, (low + high) / 2 + 0.25
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1)

    def x(step: float) -> float:
        return _EDGE + (step - first) / (last - first) * (_WIDTH - 2 * _EDGE)

    def y(height: float) -> float:
        return _HEIGHT - _EDGE - (height - low) / (high - low) * (_HEIGHT - 2 * _EDGE)

    ground = ""
    if usual:
        top, bottom = y(math.log10(usual[1])), y(math.log10(usual[0]))
        ground = f'<rect x="0" width="{_WIDTH:g}" y="{top:.1f}" height="{bottom - top:.1f}" fill="#e3e8ec"/>'
    path = " ".join(f"{x(s):.1f},{y(h):.1f}" for s, h in points)
    end = points[-1]
    return (
        f'<svg width="{_WIDTH:g}" height="{_HEIGHT:g}" aria-hidden="true">{ground}'
        f'<polyline points="{path}" fill="none" stroke="{ACCENT}" stroke-width="1.6"/>'
        f'<circle cx="{x(end[0]):.1f}" cy="{y(end[1]):.1f}" r="2.6" fill="{ACCENT}"/></svg>'
    )


def bar(share: float) -> str:
    """Draw a share of the whole as a bar, with its percentage."""
    if not share:
        return f'<span style="color:{MUTED}">0</span>'
    shown = "&lt;1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")
    return (
        '<svg width="56" height="12" aria-hidden="true"><rect width="56" height="12" rx="2" '
        f'fill="#e3e8ec"/><rect width="{56 * min(share, 1.0):.1f}" height="12" rx="2" '
        f'fill="{ACCENT}"/></svg>{shown}'
    )
