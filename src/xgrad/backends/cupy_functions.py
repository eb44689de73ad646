"""What cupy's backend does in its own way, function by function, each with the reason.

What cupy lacks or does otherwise than NumPy is mended here and nowhere else. Scatters are in
cupy_scatter.py, kernels in cupy_kernels.py."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array
from . import cupy_kernels, cupy_scatter, portable
from .base import Functions
from .cupy_activations import Activations
from .cupy_cross_entropy import CrossEntropies
from .cupy_halves import mended
from .cupy_rows import Rows
from .fourier import irfftn_of_hermitian

__all__ = ["CupyFunctions", "Own"]


class CupyFunctions(Functions):
    """Functions of one GPU, which serve half numbers too."""

    def _mended(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return mended(name, function)


class Own(Activations, CrossEntropies, Rows):
    """Where cupy needs its own version."""

    absorbing_matmul = cupy_kernels.absorbing_matmul
    index_add = cupy_scatter.index_add
    irfftn = irfftn_of_hermitian
    put = cupy_scatter.put
    scatter = cupy_scatter.scatter
    scatter_along_axis = cupy_scatter.scatter_along_axis
    setitem = cupy_scatter.setitem
    zero_where_zero = cupy_kernels.zero_where_zero

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        return x.swapaxes(-1, -2)

    @staticmethod
    def copy(x: Array) -> Array:
        return x.copy()

    # cupy takes an index that is out of range modulo the size of its axis.

    def getitem(xp: Any, x: Array, *indices: Array, key: Any) -> Array:
        cupy_scatter.refuse_key(xp, "getitem", x.shape, key, indices)
        return portable.getitem(xp, x, *indices, key=key)

    def take(xp: Any, x: Array, indices: Array, *, axis: int) -> Array:
        cupy_scatter.refuse_outside(xp, "take", indices, x.shape[axis], axis)
        return xp._namespace.take(x, indices, axis=axis)

    def take_along_axis(xp: Any, x: Array, indices: Array, *, axis: int) -> Array:
        cupy_scatter.refuse_outside(xp, "take_along_axis", indices, x.shape[axis], axis)
        return xp._namespace.take_along_axis(x, indices, axis=axis)

    def cholesky(xp: Any, x: Array) -> Array:
        """cuSOLVER leaves what it has when it meets a pivot that is not positive: NaN instead."""
        y = xp._namespace.linalg.cholesky(x)
        pivots = xp.real(xp._namespace.diagonal(y, axis1=-2, axis2=-1))
        return xp.where(xp.all(pivots > 0, axis=-1)[..., None, None], y, math.nan)

    def solve(xp: Any, x1: Array, x2: Array) -> Array:
        """cupy's does not broadcast stacks."""
        x1, x2 = _of_one_stack(xp, x1, x2)
        return x2 if 0 in x2.shape else xp._namespace.linalg.solve(x1, x2)

    def solve_triangular(xp: Any, x1: Array, x2: Array, *, upper: bool) -> Array:
        x1, x2 = _of_one_stack(xp, x1, x2)
        if 0 in x2.shape:
            return x2
        solver = importlib.import_module("cupyx.scipy.linalg").solve_triangular
        return solver(x1, x2, lower=not upper)


def _of_one_stack(xp: Any, *matrices: Array) -> list[Array]:
    """Matrices with the axes before the last two broadcast against each other."""
    stack = np.broadcast_shapes(*(x.shape[:-2] for x in matrices))
    return [xp.broadcast_to(x, (*stack, *x.shape[-2:])) for x in matrices]
