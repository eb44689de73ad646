"""The hot paths in C, where they were built (hatch_build.py) and nobody asked for Python's.

Without them everything is the same, but slower: each compiled function stands before one in Python,
takes its commonest calls, and hands it the others. XGRAD_SPEEDUPS=0 leaves them out."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

__all__ = ["COMPILED", "compiled"]

COMPILED = (
    "xgrad.backends._convolutions",
    "xgrad.backends._loops",
    "xgrad.backends._memory",
    "xgrad.backends._rows",
    "xgrad.backends._ufuncs",
    "xgrad.backends._windows",
    "xgrad.compile._record",
    "xgrad.compile._replay",
    "xgrad.core._dispatch",
    "xgrad.interpreters._follow",
)


def compiled(name: str) -> ModuleType | None:
    """Import a compiled module by name; None where there is none."""
    if os.environ.get("XGRAD_SPEEDUPS") == "0":
        return None
    try:
        return import_module(name)
    except ImportError:
        return None
