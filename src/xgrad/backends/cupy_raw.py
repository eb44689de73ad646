"""CUDA C++ as kernels of cupy's, compiled when they are first started.

Products are rounded before they are added to, as everywhere else: an fma makes `x * x - y * y` negative
where x is y, and a NaN of its root."""

from __future__ import annotations

import functools
import importlib
from typing import Any

__all__ = ["OPTIONS", "elementwise_kernel", "raw_kernel"]

OPTIONS = ("--std=c++17", "--fmad=false")


@functools.cache
def raw_kernel(source: str, name: str) -> Any:
    """The kernel of a name in a text."""
    return importlib.import_module("cupy").RawKernel(source, name, options=OPTIONS)


def elementwise_kernel(inputs: str, outputs: str, operation: str, name: str) -> Any:
    """The kernel that does something with each element."""
    elementwise = importlib.import_module("cupy").ElementwiseKernel
    return elementwise(inputs, outputs, operation, name, options=OPTIONS)
