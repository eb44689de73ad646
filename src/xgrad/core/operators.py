"""Python's operators for Tensors and Variables: each is one primitive.

Operators take Tensors, Variables, arrays of the same library and Python scalars, refuse lists, and
return NotImplemented for anything else, so that the other operand gets its turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._typing import SCALAR_TYPES
from ..backends import backend_of
from ..backends.base import dtype_name
from ..errors import ArgumentError
from .casting import dtype_kind
from .dispatch import NotAnOperandError, apply1, binary, unary, unwrap, wrap
from .handle import Handle
from .instructions import primitive
from .spec import describe

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Operators", "power", "scalar_like"]

_RANKS = {"bool": 0, "integer": 1, "floating": 2, "complex": 3}
_RANKS_OF_SCALARS = {bool: 0, int: 1, float: 2, complex: 3}
_pow = binary(primitive("pow"))
_POWER = primitive("power")


def power(x1: Any, x2: Any) -> Any:
    """x1 ** x2; an exponent that is a Python number is a parameter, so that rules can look at it."""
    real = type(x2) in SCALAR_TYPES and type(x2) is not complex
    if real and x2 - x2 == 0 and isinstance(x1, Handle):  # finite, as texts of programs need it
        return apply1(_POWER, x1, {"exponent": x2})
    return _pow(scalar_like(x1, x2), scalar_like(x2, x1))


def scalar_like(x: Any, other: Any) -> Any:
    """A Python scalar as a 0-d Tensor of the other operand's dtype; anything else as it is.

    Of the dtype of its own kind where that is a higher one: -1 is no truth value.
    For the few primitives whose rules need functions, not only operators, of both operands."""
    if type(x) not in SCALAR_TYPES or type(other) in SCALAR_TYPES:
        return x
    array, _ = unwrap(other)
    backend, array = backend_of(array).bottom(array)
    dtype = array.dtype
    if _RANKS[dtype_kind(dtype)] < _RANKS_OF_SCALARS[type(x)]:
        narrow = type(x) is complex and dtype_name(dtype) in ("float16", "bfloat16", "float32")
        dtype = backend.dtype("complex64") if narrow else None
    try:
        return wrap(backend.asarray(x, dtype, backend.device_of(array)))
    except OverflowError as error:
        raise ArgumentError(
            f"{error}, the dtype of {describe(other)}. Use astype to a dtype that holds it."
        ) from error


def _forward(name: str) -> Callable[[Any, Any], Any]:
    return binary(primitive(name), operator=True)


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    return binary(primitive(name), operator=True, reflected=True)


def _unary(name: str) -> Callable[[Any], Any]:
    return unary(primitive(name))


class Operators(Handle):
    """The operators of the array API standard, reflected ones too."""

    __slots__ = ()

    __add__ = _forward("add")
    __radd__ = _reflected("add")
    __sub__ = _forward("subtract")
    __rsub__ = _reflected("subtract")
    __mul__ = _forward("multiply")
    __rmul__ = _reflected("multiply")
    __truediv__ = _forward("divide")
    __rtruediv__ = _reflected("divide")
    __floordiv__ = _forward("floor_divide")
    __rfloordiv__ = _reflected("floor_divide")
    __mod__ = _forward("remainder")
    __rmod__ = _reflected("remainder")
    __matmul__ = _forward("matmul")
    __rmatmul__ = _reflected("matmul")
    __and__ = _forward("bitwise_and")
    __rand__ = _reflected("bitwise_and")
    __or__ = _forward("bitwise_or")
    __ror__ = _reflected("bitwise_or")
    __xor__ = _forward("bitwise_xor")
    __rxor__ = _reflected("bitwise_xor")
    __lshift__ = _forward("bitwise_left_shift")
    __rlshift__ = _reflected("bitwise_left_shift")
    __rshift__ = _forward("bitwise_right_shift")
    __rrshift__ = _reflected("bitwise_right_shift")
    __lt__ = _forward("less")
    __le__ = _forward("less_equal")
    __gt__ = _forward("greater")
    __ge__ = _forward("greater_equal")
    __eq__ = _forward("equal")
    __ne__ = _forward("not_equal")
    __neg__ = _unary("negative")
    __pos__ = _unary("positive")
    __abs__ = _unary("abs")
    __invert__ = _unary("bitwise_invert")
    __hash__ = object.__hash__

    def __pow__(self, other: Any) -> Tensor:
        try:
            return power(self, other)  # type: ignore[no-any-return]
        except NotAnOperandError:
            if type(other) in (list, tuple):
                raise
            return NotImplemented

    def __rpow__(self, other: Any) -> Tensor:
        try:
            return power(other, self)  # type: ignore[no-any-return]
        except NotAnOperandError:
            if type(other) in (list, tuple):
                raise
            return NotImplemented
