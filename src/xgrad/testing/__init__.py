"""Checking gradients against the values of functions: differences, Jacobians, a verdict.

Numbers come from the functions themselves and never from gradient rules: complex steps where a
function takes complex numbers, else differences that are extrapolated (differences.py)."""

from __future__ import annotations

from .approximate import approximate_derivative, approximate_gradient
from .check import check_gradients
from .compute import compute_gradient

__all__ = [
    "approximate_derivative",
    "approximate_gradient",
    "check_gradients",
    "compute_gradient",
]
