"""``tf.keras``: its optimizers, and nothing else; xgrad has no layers and no models."""

from __future__ import annotations

from typing import Any

from .._tables import no_name
from . import optimizers as optimizers

__all__ = ["optimizers"]


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)
