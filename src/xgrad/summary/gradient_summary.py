"""Readings of gradients, and what is wrong with them, as TensorBoard shows them."""

from __future__ import annotations

import math
from typing import Any

from .gradient_flags import Flag
from .gradient_readings import Reading
from .histograms import histogram_value
from .texts import text_value
from .values import numbers_value, summary

__all__ = ["readings_summary"]


def readings_summary(readings: dict[str, Reading], flags: list[Flag] | None) -> dict[str, Any]:
    """Make what a summary says about the readings of a step, and about flags that have changed."""
    values = [histogram_value(f"gradients/{name}", r.counts) for name, r in readings.items()]
    numbers = {"gradient_norm/global": math.sqrt(sum(r.norm**2 for r in readings.values()))}
    for name, reading in readings.items():
        size = max(reading.size, 1)
        numbers[f"gradient_norm/{name}"] = reading.norm
        numbers[f"gradient_zeros/{name}"] = reading.zeros / size
        numbers[f"gradient_nonfinite/{name}"] = reading.nonfinite / size
        numbers[f"gradient_dead_units/{name}"] = reading.dead / max(reading.units, 1)
        if reading.update is not None and math.isfinite(reading.update.ratio):
            numbers[f"update_ratio/{name}"] = reading.update.ratio
    values += [numbers_value(tag, "scalars", [x], ()) for tag, x in numbers.items()]
    if flags is not None:
        values.append(text_value("gradient_flags", _words(flags)))
    return summary(*values)


def _words(flags: list[Flag]) -> str:
    """Write flags as a Markdown list, which xgrad.viz reads too."""
    if not flags:
        return "Nothing needs attention."
    return "\n".join(f"* `{f.variable}` is **{f.kind}**: {f.reason}" for f in flags)
