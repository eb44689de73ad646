"""``tf.autodiff``: the tape, and forward mode."""

from __future__ import annotations

from xgrad import ForwardAccumulator

from ._tape import GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]
