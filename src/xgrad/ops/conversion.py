"""Tensors from Python values, arrays and other Tensors.

What goes in as a Tensor stays connected: `asarray` and nested lists of Tensors are differentiable.
An array keeps its own namespace unless `device=` says otherwise. Signatures are the array API
standard's (2025.12)."""

from __future__ import annotations

from typing import Any

from .._arguments import as_flag
from .._typing import DType, ShapeLike
from ..backends import Device, as_device, is_array, library_of
from ..backends.base import CUDA
from ..core.casting import (
    arrays_inside,
    copy_needed,
    from_python,
    kind_fits,
    to_array,
)
from ..core.dispatch import apply1, wrap
from ..core.handle import Handle, Sparse
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..core.variable import Variable
from ..errors import ArgumentTypeError, ShapeError
from ._arguments import as_operand, as_shape
from ._new import DeviceLike
from .data_types import astype, result_type, to_device

__all__ = [
    "asarray",
    "constant",
    "convert_to_tensor",
    "from_dlpack",
]

_COPY = primitive("copy")
_BROADCAST_TO = primitive("broadcast_to")


def asarray(
    obj: Any,
    /,
    *,
    dtype: DType = None,
    device: DeviceLike = None,
    copy: bool | None = None,
) -> Tensor:
    """Make a Tensor.

    Parameters
    ----------
    obj : array_like
        Nested lists of numbers, a Python scalar, an array of any namespace, a Tensor or Variable,
        an object with ``__dlpack__``, or nested lists that contain Tensors. What is a Tensor stays
        connected to its past.
    dtype : dtype, optional
        Of any namespace, or a name.
    device : Device or str, optional
        An array keeps its own device and namespace by default.
    copy : bool, optional
        True copies; otherwise the Tensor wraps the array itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentTypeError
        If no array can be made of it.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([[1, 2], [3, 4]], dtype=xg.float32)
    xg.Tensor([[1., 2.],
               [3., 4.]], shape=(2, 2), dtype=float32, device=cpu)
    """
    if isinstance(obj, Sparse):
        obj = obj.to_dense()
    if isinstance(obj, Handle):
        return _from_handle(obj, dtype, device, copy)
    if isinstance(obj, (list, tuple)):
        found = arrays_inside(obj)
        if not found:
            return wrap(from_python(obj, dtype=dtype, device=device, copy=copy))  # type: ignore[no-any-return]
        if copy is False:
            raise copy_needed("a list of Tensors", "an array")
        home = as_operand(found[0], "asarray").device if device is None else as_device(device)
        common = result_type(*(to_device(x, home) for x in found)) if dtype is None else dtype
        return _stacked(obj, home, dtype, common)
    if hasattr(obj, "__dlpack__") and not is_array(obj):
        return asarray(from_dlpack(obj), dtype=dtype, device=device, copy=copy)
    return wrap(to_array(obj, dtype=dtype, device=device, copy=copy))  # type: ignore[no-any-return]


def constant(
    value: Any, dtype: DType = None, shape: ShapeLike | None = None, device: DeviceLike = None
) -> Tensor:
    """Make a Tensor, in TensorFlow's spelling.

    Parameters
    ----------
    value : array_like
    dtype : dtype, optional
    shape : tuple of int, optional
        The value is reshaped to it, or broadcast where it has one element.
    device : Device or str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.constant(3.0, shape=(2,))
    xg.Tensor([3., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    x = asarray(value, dtype=dtype, device=device)
    if shape is None:
        return x
    target = as_shape(shape, "constant")
    if x.size == 1:
        flat = apply1(primitive("reshape"), x, {"shape": ()})
        return apply1(_BROADCAST_TO, flat, {"shape": target})  # type: ignore[no-any-return]
    return apply1(primitive("reshape"), x, {"shape": target})  # type: ignore[no-any-return]


def convert_to_tensor(value: Any, dtype: DType = None, device: DeviceLike = None) -> Tensor:
    """Make a Tensor, in TensorFlow's spelling; the same as `asarray`.

    Parameters
    ----------
    value : array_like
    dtype : dtype, optional
    device : Device or str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.convert_to_tensor([1.0])
    xg.Tensor([1.], shape=(1,), dtype=float64, device=cpu)
    """
    return asarray(value, dtype=dtype, device=device)


def from_dlpack(x: Any, /, *, device: DeviceLike = None, copy: bool | None = None) -> Tensor:
    """Wrap the memory of any object that speaks DLPack, on the CPU or a CUDA GPU, without a copy.

    Parameters
    ----------
    x : object with ``__dlpack__``
    device : Device or str, optional
        A Tensor's own by default, else ``cpu`` or ``cuda``, where the memory of x is.
    copy : bool, optional
        True copies; False never does; None copies where `device` is elsewhere.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentTypeError
        If x does not speak DLPack.
    ArgumentError
        If a copy is needed where `copy` is False.

    Examples
    --------
    >>> import numpy, xgrad as xg
    >>> xg.from_dlpack(numpy.ones(2))
    xg.Tensor([1., 1.], shape=(2,), dtype=float64, device=cpu)
    """
    if not hasattr(x, "__dlpack__"):
        raise ArgumentTypeError(
            f"from_dlpack: x is a {type(x).__name__} without __dlpack__. Use xg.asarray."
        )
    kind, number = map(int, x.__dlpack_device__())
    source = as_device(f"cuda:{number}" if kind == CUDA else "cpu")
    if device is not None:
        target = as_device(device)
    else:
        target = x.device if isinstance(x, (Tensor, Variable)) else source
    reader = target if target.backend.reaches(kind, target.native) else source
    array = reader.backend.from_dlpack(x, reader.native)
    return wrap(to_array(array, device=target, copy=copy))  # type: ignore[no-any-return]


def _from_handle(x: Any, dtype: DType, device: DeviceLike, copy: bool | None) -> Tensor:
    """Make a Tensor of a Tensor or Variable, connected to it."""
    if copy is not None:
        copy = as_flag(copy, "asarray", "copy")
    result: Any = x if isinstance(x, Tensor) else x.value()
    if device is not None:
        result = to_device(result, as_device(device, library_of(x.raw)))
    if dtype is not None:
        result = astype(result, dtype, copy=False)
    if copy is False:
        if result.raw is not x.raw:
            raise copy_needed(describe(x), describe(result))
        # The handle itself, so that what is written to x later is seen through both.
        return x if isinstance(x, Tensor) else result
    if copy and result.raw is x.raw:
        return apply1(_COPY, result)  # type: ignore[no-any-return]
    return alias(result)


def _stacked(obj: Any, home: Device, dtype: DType, common: DType) -> Tensor:
    """Nested lists as a Tensor; Python scalars do not change the arrays' `common` dtype."""
    if not isinstance(obj, (list, tuple)) or not arrays_inside(obj):
        part = asarray(obj, dtype=dtype, device=home)
        if is_array(obj) or isinstance(obj, Handle) or not kind_fits(part, common):
            return part
        return astype(part, common, copy=False)
    parts = [_stacked(part, home, dtype, common) for part in obj]
    if any(part.shape != parts[0].shape for part in parts):
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ShapeError(f"asarray: the parts of a list must have equal shapes, not {shapes}.")
    from .joining import stack

    return stack(parts)


protocols.asarray = asarray
