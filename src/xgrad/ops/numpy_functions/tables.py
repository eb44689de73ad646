"""Every function of NumPy's that is here, by its qualified name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    calculus,
    comparison,
    creation,
    diagonals,
    fourier,
    histograms,
    interpolation,
    joining,
    matrices,
    nan_reductions,
    ordering,
    padding,
    polynomials,
    products,
    reductions,
    selection,
    shapes,
    special,
    statistics,
    windows,
    writing,
)
from .answers import ANSWERS

__all__ = ["FUNCTIONS"]

_FILES = (
    calculus,
    comparison,
    creation,
    diagonals,
    histograms,
    interpolation,
    joining,
    nan_reductions,
    ordering,
    padding,
    polynomials,
    products,
    reductions,
    selection,
    shapes,
    special,
    statistics,
    writing,
)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f"numpy.{name}": getattr(file, name) for file in _FILES for name in file.__all__},
    **{f"numpy.{name}": function for name, function in ANSWERS.items()},
    **{f"numpy.linalg.{name}": getattr(matrices, name) for name in matrices.__all__},
    **{f"numpy.fft.{name}": getattr(fourier, name) for name in fourier.__all__},
    "numpy.lib.stride_tricks.sliding_window_view": windows.sliding_window_view,
}
