"""Functions of matrices where numpy has its own way, or SciPy a better one if it is installed.

numpy may look at values before it chooses, which libraries with devices should not. SciPy is
imported at the first call that gains from it."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from .._typing import Array
from . import matrices

__all__ = ["Matrices"]

_LARGE = 32  # from here on, a triangular solver gains more than the call costs


class Matrices:
    """The part of numpy's `Own` that is about matrices."""

    def cofactor(xp: Any, x: Array) -> Array:
        cofactors, ill = matrices.cofactor_by_inverse(xp, x)
        return matrices.cofactor(xp, x) if np.any(ill) else cofactors

    def solve_triangular(xp: Any, x1: Array, x2: Array, *, upper: bool) -> Array:
        scipy = _scipy_linalg() if x1.ndim == x2.ndim == 2 and len(x1) >= _LARGE else None
        if scipy is None:
            return matrices.solve_triangular(xp, x1, x2, upper=upper)
        return scipy.solve_triangular(x1, x2, lower=not upper, check_finite=False)

    def expm(xp: Any, x: Array) -> Array:
        scipy = _scipy_linalg()
        if scipy is not None:
            return scipy.expm(x)
        norm = np.max(np.linalg.norm(x, 1, axis=(-2, -1)), initial=0.0)
        return matrices.expm(xp, x, matrices.squarings_for(float(norm)))


@functools.cache
def _scipy_linalg() -> Any:
    """SciPy's module, or None where it is not installed."""
    try:
        return importlib.import_module("scipy.linalg")
    except ImportError:
        return None
