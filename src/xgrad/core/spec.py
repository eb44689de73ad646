"""Shape and dtype of an array without its data.

Nodes have the same attributes, so a rule that asks for the spec of a followed operand is handed
that operand's node."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._typing import DType, Shape
from .handle import Sparse

__all__ = ["Spec", "describe", "spec_of"]


class Spec(NamedTuple):
    """What a rule may know of an array that it does not keep alive."""

    shape: Shape
    dtype: DType

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def spec_of(value: Any) -> Spec:
    """The spec of an array; a Python scalar has shape () and its type as dtype."""
    if hasattr(value, "shape"):
        return Spec(tuple(value.shape), value.dtype)
    return Spec((), type(value))


def describe(value: Any) -> str:
    """An array for an error message: ``(3, 4) float32 on cpu``."""
    from ..backends import is_array, place_of
    from ..backends.base import dtype_name

    array = getattr(value, "raw", value)
    if isinstance(value, Sparse):
        x: Any = value
        return f"{x.shape} {dtype_name(x.dtype)} on {x.device}, sparse"
    if not is_array(array):
        return f"{value!r} ({type(value).__name__})"
    return f"{tuple(array.shape)} {dtype_name(array.dtype)} on {place_of(array)}"
