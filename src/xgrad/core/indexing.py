"""Reading and writing parts of a Tensor, with the index arrays taken out of the key.

`split_key` turns ``(0, i, slice(None))`` into a static template and the operands ``(i,)``. Writing
gives a new value: what else sees the old array never notices. What is the same for every place that
a mask chooses is written by `where`, which keeps the shape, whatever the mask is."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

from .._typing import SCALAR_TYPES
from ..backends import Slot, host, is_array
from ..errors import ArgumentTypeError, DTypeError
from .casting import dtype_kind, kind_fits, refuse_worse_kind, to_array
from .dispatch import apply, apply1, binary, unwrap
from .handle import Handle
from .instructions import primitive
from .protocols import protocols
from .spec import describe

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["At", "getitem", "setitem", "split_key"]

_GETITEM = primitive("getitem")
_SETITEM = primitive("setitem")
_PUT = primitive("put")
_WHERE = primitive("where")
_RESHAPE = primitive("reshape")
_add = binary(primitive("add"))
_divide = binary(primitive("divide"))
_maximum = binary(primitive("maximum"))
_minimum = binary(primitive("minimum"))
_multiply = binary(primitive("multiply"))
_STATIC = frozenset({int, slice, type(None), type(Ellipsis)})
_INDICES = ("integer", "bool")
_SEQUENCES = (list, tuple, range)


def split_key(key: Any, x: Any) -> tuple[Any, tuple[Any, ...]]:
    """The key with a `Slot` for each index array, and the index arrays; sequences become arrays."""
    if type(key) in _STATIC:
        return key, ()
    parts = key if isinstance(key, tuple) else (key,)
    operands: list[Any] = []
    template = tuple(_split_part(part, operands, x) for part in parts)
    return (template if isinstance(key, tuple) else template[0]), tuple(operands)


def _split_part(part: Any, operands: list[Any], x: Any) -> Any:
    if type(part) in _STATIC:
        return part
    if isinstance(part, _SEQUENCES):
        part = to_array(part, dtype=None if part else "int64", device=x.device)
    if isinstance(part, bool):
        return part
    if isinstance(part, Integral):  # numpy's too, which would be on the wrong device as an array
        return int(part)
    if isinstance(part, Handle) or is_array(part):
        if dtype_kind(part.dtype) not in _INDICES:
            raise DTypeError(
                f"an index array must be integer or boolean, but is {describe(part)}. Use xg.astype "
                "to convert numbers, or a comparison such as x > 0 to make a mask."
            )
        if isinstance(part, host().namespace.generic):
            return part.item()
        operands.append(part)
        return Slot(len(operands) - 1)
    if hasattr(part, "__index__"):
        return part.__index__()
    raise ArgumentTypeError(
        f"an index must be an int, slice, Ellipsis, None or an integer or boolean array, but got "
        f"{type(part).__name__}. Use xg.asarray to make an index array of it."
    )


def getitem(x: Any, key: Any) -> Tensor:
    """``x[key]``, recorded."""
    template, indices = split_key(key, x)
    if not indices:
        return apply1(_GETITEM, x, {"key": template})  # type: ignore[no-any-return]
    return apply(_GETITEM, (x, *indices), {"key": template})  # type: ignore[no-any-return]


def setitem(x: Any, key: Any, value: Any) -> Tensor:
    """x with ``value`` at ``key``, as a new value.

    Raises
    ------
    DTypeError
        If the value is of a higher kind than x: floating for integers, complex for real numbers.
    """
    template, indices = split_key(key, x)
    if isinstance(value, (list, tuple)):
        value = protocols.asarray(value, device=x.device)
    if type(value) in SCALAR_TYPES or hasattr(value, "dtype"):
        refuse_worse_kind(value, x.dtype, "setitem: value", "x")
    chosen = _by_mask(x, template, indices, value)
    if chosen is not None:
        return apply(_WHERE, (*chosen, x))  # type: ignore[no-any-return]
    return apply(_SETITEM, (x, value, *indices), {"key": template})  # type: ignore[no-any-return]


def _by_mask(x: Any, template: Any, indices: tuple[Any, ...], value: Any) -> tuple[Any, Any] | None:
    """A mask that is all of a key, and a value for every place that it chooses, as `where` has them.

    None for other keys, and where the value has as many rows as the mask chooses."""
    if len(indices) != 1 or len(template) != 1 or dtype_kind(indices[0].dtype) != "bool":
        return None
    (mask,) = indices
    rank = len(mask.shape)
    rest = tuple(x.shape[rank:])
    if not rank or tuple(mask.shape) != tuple(x.shape[:rank]):
        return None
    if type(value) not in SCALAR_TYPES and not hasattr(value, "dtype"):
        return None
    if type(value) not in SCALAR_TYPES:
        shape = tuple(value.shape)
        if len(shape) == len(rest) + 1 and shape[0] == 1:
            shape = shape[1:]
            value = apply1(_RESHAPE, value, {"shape": shape})
        fits = [m in (1, n) for m, n in zip(reversed(shape), reversed(rest), strict=False)]
        if len(shape) > len(rest) or not all(fits):
            return None
        if value.dtype != x.dtype:
            value = protocols.astype(protocols.asarray(value), x.dtype)
    if rest:
        mask = apply1(_RESHAPE, mask, {"shape": (*mask.shape, *(1 for _ in rest))})
    return mask, value


class At:
    """``x.at[key]``: updates of parts of x, as new values.

    Every method returns a new Tensor. `add` adds up at repeated indices; the others, at repeated
    indices, keep one of the values. Lists of numbers are values of x's dtype, as single numbers are.
    The result has x's dtype: a value of a higher kind, 1.5 for integers, raises DTypeError."""

    __slots__ = ("_key", "_x")

    def __init__(self, x: Any, key: Any = None) -> None:
        self._x = x
        self._key = key

    def __getitem__(self, key: Any) -> At:
        return At(self._x, key)

    def get(self) -> Tensor:
        """The part itself, ``x[key]``."""
        return getitem(self._x, self._key)

    def set(self, value: Any) -> Tensor:
        """x with the part replaced by value."""
        return setitem(self._x, self._key, value)

    def add(self, value: Any) -> Tensor:
        """x with value added to the part; repeated indices add up."""
        value = self._operand(value)
        template, indices = split_key(self._key, self._x)
        chosen = _by_mask(self._x, template, indices, value)
        if chosen is not None:
            return apply(_WHERE, (chosen[0], _add(self._x, chosen[1]), self._x))  # type: ignore[no-any-return]
        part = self.get()
        value = protocols.astype(_as_tensor(value, part), self._x.dtype)
        filled = apply1(primitive("broadcast_to"), value, {"shape": part.shape})
        parameters = {"key": template, "shape": tuple(self._x.shape)}
        update = apply(_PUT, (filled, *indices), parameters)
        return _add(self._x, update)  # type: ignore[no-any-return]

    def multiply(self, value: Any) -> Tensor:
        """x with the part multiplied by value."""
        return self._combined(_multiply, value)

    def divide(self, value: Any) -> Tensor:
        """x with the part divided by value."""
        return self._combined(_divide, value)

    def min(self, value: Any) -> Tensor:
        """x with the part replaced by its minimum with value."""
        return self._combined(_minimum, value)

    def max(self, value: Any) -> Tensor:
        """x with the part replaced by its maximum with value."""
        return self._combined(_maximum, value)

    def _combined(self, combine: Callable[[Any, Any], Any], value: Any) -> Tensor:
        """x with the part replaced by what is made of it and a value."""
        value = self._operand(value)
        chosen = _by_mask(self._x, *split_key(self._key, self._x), value)
        if chosen is None:
            return self.set(combine(self.get(), value))
        mask, value = chosen
        new = combine(self._x, value)
        refuse_worse_kind(new, self._x.dtype, "at[...]: the result", "x")
        new = protocols.astype(new, self._x.dtype)
        return apply(_WHERE, (mask, new, self._x))  # type: ignore[no-any-return]

    def _operand(self, value: Any) -> Any:
        """A value of no higher kind than x; of a list, a Tensor of x's dtype."""
        if isinstance(value, (list, tuple)):
            value = protocols.asarray(value, device=self._x.device)
            if kind_fits(value, self._x.dtype):
                value = protocols.astype(value, self._x.dtype)
        unwrap(value)
        refuse_worse_kind(value, self._x.dtype, "at[...]: value", "x")
        return value


def _as_tensor(value: Any, like: Tensor) -> Any:
    if type(value) in SCALAR_TYPES:
        from .operators import scalar_like

        return scalar_like(value, like)
    return value if isinstance(value, Handle) else apply1(primitive("positive"), value)
