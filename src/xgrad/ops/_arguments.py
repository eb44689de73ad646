"""Checks and normal forms of arguments that many functions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import as_int, as_sequence
from .._typing import SCALAR_TYPES, Axis, Shape, ShapeLike
from ..backends import is_array
from ..core.casting import dtype_kind, to_array
from ..core.dispatch import wrap
from ..core.handle import Handle, Sparse
from ..core.spec import describe
from ..errors import ArgumentError, ArgumentTypeError, AxisError, DTypeError, ShapeError

__all__ = [
    "as_axes",
    "as_axis",
    "as_indices",
    "as_operand",
    "as_shape",
    "as_stack",
    "sequence_of_operands",
    "sizes_in",
]


def as_operand(x: Any, function: str, name: str = "x") -> Any:
    """Make Tensors of arrays and Python scalars; keep Tensors and Variables as they are.

    Raises
    ------
    ArgumentTypeError
        For lists and everything else.
    DTypeError
        For arrays of anything but numbers.
    """
    if isinstance(x, Handle):
        return x
    if type(x) in SCALAR_TYPES or is_array(x):
        try:
            return wrap(to_array(x))
        except DTypeError as error:
            raise DTypeError(f"{function}: {name}: {error}") from None
    if isinstance(x, Sparse):
        return x.to_dense()
    raise ArgumentTypeError(
        f"{function}: {name} must be a Tensor, a Variable, an array or a Python scalar, but is a "
        f"{type(x).__name__}. Use xg.asarray to make a Tensor of it."
    )


def as_axis(axis: Any, ndim: int, function: str, name: str = "axis") -> int:
    """Make an axis number non-negative.

    Raises
    ------
    AxisError
        If there is no such axis.
    ArgumentTypeError
        If it is no int.
    """
    number = as_int(axis, function, name)
    if not ndim:
        raise AxisError(
            f"{function}: {name} {number} is out of range for 0 axes. Use a value with axes, such as "
            "xg.reshape(x, (1,))."
        )
    if not -ndim <= number < ndim:
        raise AxisError(
            f"{function}: {name} {number} is out of range for {ndim} axes. Use a number from "
            f"{-ndim} to {ndim - 1}."
        )
    return number % ndim


def as_axes(axis: Axis | Sequence[int], ndim: int, function: str) -> tuple[int, ...] | None:
    """Make several axes a tuple of non-negative, distinct numbers; None stays None."""
    if axis is None:
        return None
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    found = tuple(as_axis(a, ndim, function) for a in axes)
    if len(set(found)) != len(found):
        raise ShapeError(f"{function}: axis {axis} names an axis twice. Use each axis once.")
    return found


def as_indices(indices: Any, function: str, name: str = "indices") -> Any:
    """Make an operand of indices.

    Raises
    ------
    DTypeError
        If they are no integers.
    """
    indices = as_operand(indices, function, name)
    if dtype_kind(indices.dtype) != "integer":
        raise DTypeError(
            f"{function}: {name} must be integers, but is {describe(indices)}. Use xg.astype to "
            "convert numbers, or x[mask] for a mask."
        )
    return indices


def as_shape(shape: ShapeLike, function: str, name: str = "shape") -> Shape:
    """Make a shape a tuple of non-negative ints.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a size is negative, or no int.
    """
    try:
        out = tuple([as_int(n, function, name) for n in sizes_in(shape)])
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"{function}: {name} must be ints, but is {shape!r}. Use int(...) where a size was "
            "computed."
        ) from None
    if any(n < 0 for n in out):
        raise ArgumentError(f"{function}: {name} {out} has a negative size.")
    return out


def sizes_in(shape: Any) -> tuple[Any, ...]:
    """Take the sizes out of a shape, which may be one number, or an array of them; unchecked."""
    if isinstance(shape, (tuple, list)):
        return tuple(shape)
    if (isinstance(shape, Handle) or is_array(shape)) and len(shape.shape) == 1:
        return tuple(shape.tolist())
    return (shape,)


def as_stack(x: Any, function: str, name: str = "x") -> Any:
    """Make an operand of a matrix or a stack of matrices.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.
    """
    x = as_operand(x, function, name)
    if x.ndim < 2:
        raise ShapeError(
            f"{function}: {name} {describe(x)} must be a matrix or a stack of matrices, with at "
            "least two axes. Use xg.reshape or xg.expand_dims to make one of it."
        )
    return x


def sequence_of_operands(arrays: Any, function: str) -> list[Any]:
    """Take the operands out of a non-empty sequence.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If it is no sequence, or an empty one.
    """
    if isinstance(arrays, Handle) or is_array(arrays):
        raise ArgumentTypeError(
            f"{function}: arrays must be a list or tuple of arrays, but is one array "
            f"{describe(arrays)}. Use xg.unstack to take it apart first."
        )
    arrays = as_sequence(arrays, function, "arrays", "arrays")
    found = [as_operand(x, function, f"arrays[{i}]") for i, x in enumerate(arrays)]
    if not found:
        raise ArgumentError(f"{function}: arrays is empty. Use at least one array.")
    return found
