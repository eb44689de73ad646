"""Operands of special functions: everything in one floating kind, on the device of the arrays.

A Python number or an integer array takes the dtype of the floating operands, so that float32 stays
float32; where there are none it takes the default dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..._typing import SCALAR_TYPES, DType, NativeDevice
from ...backends import Backend, backend_of, host
from ...core import dispatch
from ...core.casting import dtype_kind, is_inexact, to_array
from ...core.defaults import default_dtype_name
from ...core.instructions import primitive
from ...core.tensor import Tensor
from ...rules import special  # noqa: F401 - gives the rules
from .._arguments import as_operand
from ..rounding import floor
from ..searching import where

__all__ = ["count", "double", "floating", "single", "triple"]


def single(name: str) -> Callable[[Any], Tensor]:
    """Make the function that applies a primitive of one operand."""
    run = dispatch.unary(primitive(name))

    def apply_single(x: Any) -> Tensor:
        if not _is_floating(x):
            (x,) = floating(name, x=x)
        return run(x)  # type: ignore[no-any-return]

    return apply_single


def double(name: str) -> Callable[[Any, Any], Tensor]:
    """Make the function that applies a primitive of two operands."""
    instruction = primitive(name)
    run = dispatch.binary(instruction)
    first, second = instruction.operands

    def apply_double(x1: Any, x2: Any) -> Tensor:
        if not (_is_floating(x1) and _is_floating(x2)):
            x1, x2 = floating(name, **{first: x1, second: x2})
        return run(x1, x2)  # type: ignore[no-any-return]

    return apply_double


def triple(name: str) -> Callable[[Any, Any, Any], Tensor]:
    """Make the function that applies a primitive of three operands."""
    instruction = primitive(name)

    def apply_triple(*operands: Any) -> Tensor:
        named = dict(zip(instruction.operands, operands, strict=True))
        return dispatch.apply(instruction, floating(name, **named))  # type: ignore[no-any-return]

    return apply_triple


def _is_floating(x: Any) -> bool:
    return type(x) in dispatch.HANDLES and is_inexact(x.raw.dtype)


def floating(function: str, **operands: Any) -> tuple[Any, ...]:
    """Make Tensors of floating dtype, or Variables, of the operands of a function.

    Raises
    ------
    ArgumentTypeError
        For lists and everything else that is no Tensor, Variable, array or Python scalar.
    """
    values = [_operand(function, name, x) for name, x in operands.items()]
    homes = [x for x in values if type(x) not in SCALAR_TYPES]
    if not homes:
        homes = values = [dispatch.wrap(to_array(x)) for x in values]
    inexact = [x.dtype for x in homes if is_inexact(x.dtype)]
    backend, array = backend_of(homes[0].raw).bottom(homes[0].raw)
    dtype = inexact[0] if inexact else backend.dtype(default_dtype_name())
    native = backend.device_of(array)
    return tuple(_converted(x, dtype, backend, native) for x in values)


def count(k: Tensor) -> Tensor:
    """Give the whole number below, NaN for negative ones: a constant."""
    return where(k < 0, math.nan, floor(k))


def _operand(function: str, name: str, x: Any) -> Any:
    """Give a Tensor, a Variable or a Python scalar; NumPy's scalars are taken for Python's."""
    if isinstance(x, host().namespace.generic):
        return x.item()
    return x if type(x) in SCALAR_TYPES else as_operand(x, function, name)


def _converted(x: Any, dtype: DType, backend: Backend, native: NativeDevice) -> Any:
    if type(x) in SCALAR_TYPES:
        wider = type(x) is complex and dtype_kind(dtype) != "complex"
        return dispatch.wrap(backend.asarray(x, None if wider else dtype, native))
    return x if is_inexact(x.dtype) else x.astype(dtype)
