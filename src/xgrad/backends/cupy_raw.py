"""CUDA C++ as a kernel of cupy's, compiled when it is first started."""

from __future__ import annotations

import functools
import importlib
from typing import Any

__all__ = ["raw_kernel"]


@functools.cache
def raw_kernel(source: str, name: str) -> Any:
    """The kernel of a name in a text."""
    return importlib.import_module("cupy").RawKernel(source, name, options=("--std=c++17",))
