"""What TensorFlow's functions take, as what xgrad's take: Tensors of TensorFlow's default dtypes, plain shapes.

Python floats become float32 and integers int32, or the dtype of the Tensor that they are combined with.
Shapes, axes and counts may be Tensors there; here they are numbers, known when the program is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._typing import SCALAR_TYPES, DType
from ...backends import is_array
from ...core.casting import dtype_kind, kind_fits
from ...core.handle import Handle, Sparse
from ...core.spec import describe
from ...core.tensor import Tensor
from ...errors import DTypeError
from ...ops.conversion import asarray
from ._default_graph import follow
from ._replay import settle

__all__ = ["as_tensor", "as_tensors", "static"]

_DEFAULTS = {bool: "bool", int: "int32", float: "float32", complex: "complex128"}
_ORDER = (bool, int, float, complex)
_INT32 = 2**31


def as_tensor(value: Any, dtype: DType = None, like: Any = None) -> Any:
    """Make a Tensor of numbers and arrays; Tensors and Variables stay what they are.

    Parameters
    ----------
    value : array_like
    dtype : dtype, optional
        What the result must have.
    like : Tensor or Variable, optional
        What numbers and NumPy's arrays are combined with.
    """
    if isinstance(value, Sparse):
        value = value.to_dense()
    if isinstance(value, Handle):
        return _checked(value, dtype)
    if dtype is None:
        dtype = _inferred(value, like)
    return follow(asarray(value, dtype=dtype))


def as_tensors(values: Sequence[Any]) -> list[Any]:
    """Make Tensors of the operands of one function; the first Tensor says the dtype of numbers."""
    like = next((x for x in values if isinstance(x, Handle)), None)
    found: list[Any] = []
    for value in values:
        found.append(as_tensor(value, like=like))
        like = found[-1] if like is None else like
    return found


def static(value: Any) -> Any:
    """A shape, axis, count or flag without Tensors in it; lists become tuples."""
    if isinstance(value, Handle) or (is_array(value) and type(value) not in SCALAR_TYPES):
        if isinstance(value, Handle):
            settle(value)
        numbers = Tensor(getattr(value, "raw", value)).tolist()
        return tuple(numbers) if isinstance(numbers, list) else numbers
    if isinstance(value, (list, tuple)):
        return tuple([static(part) for part in value])
    return value


def _checked(x: Any, dtype: DType) -> Any:
    if dtype is not None and x.dtype != dtype and asarray(x, dtype=dtype).dtype != x.dtype:
        raise DTypeError(
            f"Tensor conversion requested dtype {dtype} for a Tensor {describe(x)}. Use tf.cast."
        )
    return x


def _inferred(value: Any, like: Any) -> DType:
    """The dtype of Python numbers, and of arrays next to a Tensor; None for the value's own."""
    kind = _kind_of(value)
    if kind is None:
        if like is not None and is_array(value) and kind_fits(value, like.dtype):
            return like.dtype
        return None
    if like is not None and _fits(kind, like.dtype):
        return like.dtype
    if kind is int and not _is_small(value):
        return "int64"
    return _DEFAULTS[kind]


def _fits(kind: type, dtype: DType) -> bool:
    """Whether a Python number goes into a dtype as it is; truth values are no numbers."""
    name = dtype_kind(dtype)
    if kind is bool:
        return name == "bool"
    return _ORDER.index(kind) <= ("bool", "integer", "floating", "complex").index(name)


def _kind_of(value: Any) -> type | None:
    """The highest kind of Python number in nested lists; None where there is anything else."""
    if type(value) in SCALAR_TYPES:
        return type(value)
    if not isinstance(value, (list, tuple)):
        return None
    found: type | None = None if value else float
    for part in value:
        kind = _kind_of(part)
        if kind is None:
            return None
        found = kind if found is None or _ORDER.index(kind) > _ORDER.index(found) else found
    return found


def _is_small(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_small, value))
    return bool(-_INT32 <= value < _INT32)
