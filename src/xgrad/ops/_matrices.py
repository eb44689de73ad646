"""Checks of matrices that the functions of linear algebra share."""

from __future__ import annotations

from typing import Any

from .._arguments import as_number
from ..core.casting import dtype_kind, is_inexact
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..rules import determinants, eigenvectors, factors, inverses  # noqa: F401 - give the rules
from ._arguments import as_operand, as_stack
from .data_types import finfo
from .joining import promoted
from .linear_algebra import matmul

__all__ = ["as_floating", "as_matrices", "as_system", "as_tolerance", "rounding", "whole_power"]


def as_floating(x: Any, function: str, name: str = "x") -> Any:
    """Take an operand of real or complex floating dtype.

    Raises
    ------
    DTypeError
        If it is of another dtype.
    """
    x = as_operand(x, function, name)
    if not is_inexact(x.dtype):
        raise DTypeError(
            f"{function}: {name} {describe(x)} must have a floating dtype. Use "
            f"xg.astype({name}, xg.float64)."
        )
    return x


def as_matrices(x: Any, function: str, name: str = "x", *, square: bool = False) -> Any:
    """Take a matrix or a stack of matrices of floating dtype.

    Raises
    ------
    ShapeError
        If there are fewer than two axes, or the matrices are to be square and are not.
    DTypeError
        If the dtype is not floating.
    """
    x = as_stack(as_floating(x, function, name), function, name)
    if square and x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{function}: {name} {describe(x)} must be square: the last two axes must have the "
            "same size. Use pinv, svd or lstsq, which take other matrices too."
        )
    return x


def rounding(x: Any) -> float:
    """Find the singular value, relative to the largest, below which rounding errors begin."""
    size: int = max(x.shape[-2:])
    return size * finfo(x.dtype).eps


def as_system(x1: Any, x2: Any, function: str, *, square: bool = True) -> tuple[Any, Any, bool]:
    """Take the two sides of linear equations, in one dtype, and whether the right is a vector.

    A vector becomes a matrix of one column; x2 is a vector if it has one axis, and only then.

    Raises
    ------
    ShapeError, DTypeError
        If they do not fit.
    """
    x1 = as_matrices(x1, function, "x1", square=square)
    x2 = as_floating(x2, function, "x2")
    rows = x1.shape[-2]
    if x2.ndim == 0 or x2.shape[-2 if x2.ndim > 1 else 0] != rows:
        raise ShapeError(
            f"{function}: x1 {describe(x1)} and x2 {describe(x2)} do not fit: x2 must be a vector "
            f"of {rows} numbers, or matrices of {rows} rows. Use xg.expand_dims(x2, axis=-1) if "
            "its last axis counts equations."
        )
    vector = x2.ndim == 1
    x1, x2 = promoted([x1, x2])
    if vector:
        return x1, x2[:, None], True
    stack1, stack2 = x1.shape[:-2], x2.shape[:-2]
    if any(1 not in (a, b) and a != b for a, b in zip(stack1[::-1], stack2[::-1], strict=False)):
        raise ShapeError(
            f"{function}: x1 {describe(x1)} and x2 {describe(x2)} do not fit: the axes before the "
            "last two must broadcast. Use xg.reshape or xg.expand_dims to line them up."
        )
    return x1, x2, False


def as_tolerance(rtol: Any, function: str) -> Any:
    """Take what small singular values are compared with: a number, or one for each matrix.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DTypeError
        If it is negative, complex or no number.
    """
    if isinstance(rtol, (int, float)):
        return as_number(rtol, function, "rtol", 0.0)
    rtol = as_operand(rtol, function, "rtol")
    if dtype_kind(rtol.dtype) == "complex":
        raise DTypeError(f"{function}: rtol must be real, but is {describe(rtol)}.")
    return rtol


def whole_power(x: Tensor, n: int) -> Tensor:
    """Multiply square matrices, of any dtype, n times with each other; n is at least 1."""
    power = x
    for bit in bin(n)[3:]:  # from the second highest down
        power = matmul(power, power)
        power = matmul(power, x) if bit == "1" else power
    return power
