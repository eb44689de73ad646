"""``tf.autodiff``: the tape, and forward mode."""

from __future__ import annotations

from typing import Any

from xgrad import ForwardAccumulator

from ._tables import no_name
from ._tape import GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
