"""``tf.compat``: both of TensorFlow's versions are this package."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("v1", "v2"):
        return import_module(__package__)
    raise AttributeError(f"xgrad.compat.tensorflow has no tf.compat.{name}; there are v1 and v2.")
