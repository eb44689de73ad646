"""Primitives without a derivative, and why.

An output that is not floating is a constant, silently. A floating output whose derivative is zero
almost everywhere is a constant too: None as a gradient, zeros on request. `explain` quotes these
reasons."""

from __future__ import annotations

from ..core.instructions import primitive

_NOT_FLOATING = "its result is not floating"
_ZERO = "its derivative is zero almost everywhere"
_ON_PURPOSE = "it cuts the path on purpose"

_REASONS = {
    _NOT_FLOATING: """
        all any argmax argmin argsort bitwise_and bitwise_invert bitwise_left_shift bitwise_or
        bitwise_right_shift bitwise_xor cast count_nonzero equal greater greater_equal isfinite
        isin isinf isnan less less_equal logical_and logical_not logical_or logical_xor nonzero
        not_equal searchsorted signbit""",
    _ZERO: "ceil floor floor_divide gammasgn nextafter round sign trunc",
    "it only reports which values occur": "unique_all unique_counts unique_inverse unique_values",
    _ON_PURPOSE: "stop_gradient",
}

for _reason, _names in _REASONS.items():
    for _name in _names.split():
        primitive(_name).reason = _reason
