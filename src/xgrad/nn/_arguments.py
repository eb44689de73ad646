"""Arguments that the functions of `xgrad.nn` share: real operands, names, and how losses end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import as_choice
from .._typing import SCALAR_TYPES, DType
from ..backends import Backend, backend_of
from ..core.casting import dtype_kind
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..ops._arguments import as_operand
from ..ops.conversion import asarray
from ..ops.data_types import floating, in_dtype, widened
from ..ops.statistical import mean
from ..ops.statistical import sum as sum_over

__all__ = [
    "as_factor",
    "as_one_of",
    "as_real",
    "has_activations",
    "has_kernels",
    "has_rows",
    "in_float32",
    "of_one_shape",
    "reduced",
]


def as_real(x: Any, function: str, name: str = "x") -> Any:
    """Make an operand real and floating; whole numbers are converted to the default dtype.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If it is no array, or a complex one.
    """
    x = as_operand(x, function, name)
    if dtype_kind(x.dtype) == "complex":
        raise DTypeError(
            f"nn.{function}: {name} must be real, but is {describe(x)}. Use xg.real, xg.imag or "
            "xg.abs."
        )
    return floating(x)


def as_factor(value: Any, function: str, name: str) -> Any:
    """Make a real operand of what x is multiplied with; Python numbers have no dtype and stay.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If it is no number or array, or a complex one.
    """
    return value if type(value) in (float, int) else as_real(value, function, name)


def as_one_of(value: Any, choices: Sequence[Any], function: str, name: str) -> Any:
    """Give a value that is one of a few.

    Raises
    ------
    ArgumentError
        If it is none of them.
    """
    return as_choice(value, choices, f"nn.{function}", name)


def has_kernels(x: Any) -> bool:
    """Whether an instruction that others could compose is one kernel where x is.

    On the host a composition is faster when it is recorded: its parts are fused and compiled."""
    return _backend(x).fuses


def has_activations(x: Any) -> bool:
    """Whether an activation and its derivative are one function each where x is, recorded or not."""
    backend = _backend(x)
    return backend.fuses or "activate_cotangent" in backend.wholes


def has_rows(x: Any, axes: tuple[int, ...]) -> bool:
    """Whether there is a function that standardizes along some last axes where x is, and its transpose."""
    last = tuple(range(x.ndim - len(axes), x.ndim))
    return axes == last and "standardize_cotangent" in _backend(x).wholes


def _backend(x: Any) -> Backend:
    """Of the array itself, whatever is wrapped around it."""
    return backend_of(x.raw).bottom(x.raw)[0]


def of_one_shape(
    x1: Any, x2: Any, function: str, names: tuple[str, str] = ("predictions", "targets")
) -> tuple[Any, Any]:
    """Make operands of one shape, or numbers next to arrays.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If one is no array, or a complex one.
    ShapeError
        If the shapes differ.
    """
    if type(x1) in (int, float) and type(x2) not in SCALAR_TYPES:
        x2 = as_real(x2, function, names[1])
        x1 = asarray(x1, dtype=x2.dtype, device=x2.device)
    elif type(x2) in (int, float) and type(x1) not in SCALAR_TYPES:
        x1 = as_real(x1, function, names[0])
        x2 = asarray(x2, dtype=x1.dtype, device=x1.device)
    x1, x2 = as_real(x1, function, names[0]), as_real(x2, function, names[1])
    if x1.shape != x2.shape and x1.ndim and x2.ndim:
        raise ShapeError(
            f"nn.{function}: {names[0]} {describe(x1)} and {names[1]} {describe(x2)} must have the "
            "same shape. Use xg.reshape or xg.expand_dims to bring them together."
        )
    return x1, x2


def in_float32(x1: Any, x2: Any) -> tuple[Any, Any, DType]:
    """Widen operands of 16 bits, in which the square of a difference may overflow.

    The last is the dtype that becomes of both; None if the result is to stay as it is."""
    wide1, wide2 = widened(x1), widened(x2)
    narrow = wide1 is not x1 and wide2 is not x2 and x1.dtype == x2.dtype
    return wide1, wide2, x1.dtype if narrow else None


def reduced(losses: Any, reduction: str, function: str, dtype: DType = None) -> Tensor:
    """Give the mean or the sum of losses, or the losses themselves, rounded to a dtype if there is one.

    Raises
    ------
    ArgumentError
        If the reduction is unknown.
    """
    as_one_of(reduction, ("mean", "sum", "none"), function, "reduction")
    if reduction != "none":
        losses = mean(losses) if reduction == "mean" else sum_over(losses)
    return in_dtype(losses, dtype)  # type: ignore[no-any-return]
