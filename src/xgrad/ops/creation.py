"""New Tensors: from Python values, arrays and other Tensors, or filled with numbers.

What is made from nothing goes to `device`, or to the default device, in the default dtype. Whatever
goes in as a Tensor stays connected: `asarray`, `full` and nested lists of Tensors are
differentiable. Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from typing import Any

from .._typing import SCALAR_TYPES, ArrayLike, DType, NativeDevice, ShapeLike
from ..backends import Device, as_device, backend_of, is_array
from ..core.casting import (
    arrays_inside,
    copy_needed,
    from_python,
    inferred_dtype,
    kind_fits,
    to_array,
)
from ..core.defaults import chosen_dtype
from ..core.dispatch import apply1, wrap
from ..core.handle import Handle
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError, NotDifferentiableError, ShapeError
from ._arguments import as_operand, as_shape
from .data_types import astype, result_type, to_device

__all__ = [
    "arange",
    "asarray",
    "constant",
    "convert_to_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]

_COPY = primitive("copy")
_STACK = primitive("stack")
_BROADCAST_TO = primitive("broadcast_to")
_TRIL = primitive("tril")
_TRIU = primitive("triu")

_DeviceLike = Device | str | NativeDevice | None


def asarray(
    obj: Any,
    /,
    *,
    dtype: DType = None,
    device: _DeviceLike = None,
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
    value: Any, dtype: DType = None, shape: ShapeLike | None = None, device: _DeviceLike = None
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


def convert_to_tensor(value: Any, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
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


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: DType = None,
    device: _DeviceLike = None,
) -> Tensor:
    """Make evenly spaced numbers in ``[start, stop)``; one argument is the stop.

    Parameters
    ----------
    start, stop, step : number
        `stop` is not included; one number alone is the stop.
    dtype : dtype, optional
        Follows from the numbers by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor
        With one axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.arange(3)
    xg.Tensor([0, 1, 2], shape=(3,), dtype=int64, device=cpu)
    """
    home = as_device(device)
    start, stop, step = (_number(n, "arange") for n in (start, stop, step))
    wanted = _dtype(home, dtype) or _inferred(home, (start, stop, step))
    if stop is None:
        start, stop = 0, start
    return _create(home, "arange", start, stop, step, dtype=wanted)


def empty(shape: ShapeLike, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array whose values are not set.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.empty((2, 3)).shape
    (2, 3)
    """
    home = as_device(device)
    return _create(home, "empty", as_shape(shape, "empty"), dtype=_floating(home, dtype))


def empty_like(x: ArrayLike, /, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array of the shape, dtype and device of x whose values are not set.

    Parameters
    ----------
    x : Tensor, Variable or array
    dtype : dtype, optional
    device : Device or str, optional
        Both are those of x by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.empty_like(xg.zeros(3)).shape
    (3,)
    """
    return _like("empty_like", "empty", x, dtype, device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: DType = None,
    device: _DeviceLike = None,
) -> Tensor:
    """Make a matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    n_rows, n_cols : int
        As many columns as rows by default.
    k : int
        The diagonal: positive above the main one, negative below.
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor
        Of shape (n_rows, n_cols).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.eye(2)
    xg.Tensor([[1., 0.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    home = as_device(device)
    return _create(home, "eye", n_rows, n_cols, k=k, dtype=_floating(home, dtype))


def from_dlpack(x: Any, /, *, device: _DeviceLike = None, copy: bool | None = None) -> Tensor:
    """Wrap the memory of any object that speaks DLPack, on the CPU or a CUDA GPU, without a copy.

    Parameters
    ----------
    x : object with ``__dlpack__``
    device : Device or str, optional
        Where x is by default.
    copy : bool, optional
        True copies; False never does.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentTypeError
        If x does not speak DLPack.

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
    kind = int(x.__dlpack_device__()[0])
    namespace = as_device("cuda" if kind == 2 else "cpu").backend.namespace
    array = namespace.from_dlpack(x)
    home = as_device(device) if device is not None else None
    return wrap(to_array(array, device=home, copy=copy))  # type: ignore[no-any-return]


def full(
    shape: ShapeLike,
    fill_value: ArrayLike,
    *,
    dtype: DType = None,
    device: _DeviceLike = None,
) -> Tensor:
    """Make an array filled with one value, to which it stays connected.

    Parameters
    ----------
    shape : tuple of int
    fill_value : Python scalar or Tensor without axes
    dtype : dtype, optional
    device : Device or str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.full((2,), 7.0)
    xg.Tensor([7., 7.], shape=(2,), dtype=float64, device=cpu)
    """
    target = as_shape(shape, "full")
    if type(fill_value) in SCALAR_TYPES:
        home = as_device(device)
        wanted = _dtype(home, dtype) or _inferred(home, (fill_value,))
        return _create(home, "full", target, fill_value, dtype=wanted)
    value = asarray(fill_value, dtype=dtype, device=device)
    if value.ndim:
        raise ShapeError(
            f"full: fill_value must have no axes, but has shape {value.shape}. Use broadcast_to."
        )
    wide = apply1(_BROADCAST_TO, value, {"shape": target})
    return apply1(_COPY, wide)  # type: ignore[no-any-return]


def full_like(
    x: ArrayLike, /, fill_value: ArrayLike, *, dtype: DType = None, device: _DeviceLike = None
) -> Tensor:
    """Make an array of the shape, dtype and device of x filled with one value.

    Parameters
    ----------
    x : Tensor, Variable or array
    fill_value : Python scalar or Tensor without axes
    dtype : dtype, optional
    device : Device or str, optional
        Both are those of x by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.full_like(xg.zeros(2), 7.0)
    xg.Tensor([7., 7.], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "full_like")
    home = x.device if device is None else as_device(device)
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=home)


def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    /,
    num: int,
    *,
    dtype: DType = None,
    device: _DeviceLike = None,
    endpoint: bool = True,
) -> Tensor:
    """Make `num` evenly spaced numbers from start to stop.

    Parameters
    ----------
    start, stop : number or Tensor without axes
    num : int
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.
    endpoint : bool
        Whether stop is the last number.

    Returns
    -------
    Tensor
        Of shape (num,).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linspace(0, 1, 3)
    xg.Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float64, device=cpu)
    """
    end = start if isinstance(start, Handle) else stop
    if isinstance(end, Handle):
        like = asarray(end)
        home = like.device if device is None else as_device(device)
        wanted = like.dtype if dtype is None else dtype
        unit = linspace(0.0, 1.0, num, dtype=wanted, device=home, endpoint=endpoint)
        start, stop = (full((), n, dtype=wanted, device=home) for n in (start, stop))
        return start + (stop - start) * unit  # type: ignore[no-any-return]
    home = as_device(device)
    wanted = _dtype(home, dtype) or _inferred(home, (start, stop, 0.0))
    return _create(home, "linspace", start, stop, num, dtype=wanted, endpoint=endpoint)


def meshgrid(*arrays: ArrayLike, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Make coordinate matrices from coordinate vectors.

    Parameters
    ----------
    *arrays : Tensors, Variables or arrays with one axis
    indexing : str
        ``"xy"`` (the first two axes exchanged) or ``"ij"``.

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ShapeError
        If an array has not exactly one axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> [x.shape for x in xg.meshgrid(xg.arange(2), xg.arange(3), indexing="ij")]
    [(2, 3), (2, 3)]
    """
    from .manipulation import broadcast_to, reshape

    found = [as_operand(x, "meshgrid", f"arrays[{i}]") for i, x in enumerate(arrays)]
    if any(x.ndim != 1 for x in found):
        raise ShapeError("meshgrid: every array must have exactly one axis. Use reshape(x, (-1,)).")
    if indexing not in ("xy", "ij"):
        from ..errors import ArgumentError

        raise ArgumentError(f"meshgrid: indexing must be 'xy' or 'ij', but is {indexing!r}.")
    order = list(range(len(found)))
    if indexing == "xy" and len(found) > 1:
        order[0], order[1] = 1, 0
    shape = tuple(found[order.index(i)].shape[0] for i in range(len(found)))
    grids = []
    for place, x in zip(order, found, strict=True):
        sizes = tuple(-1 if i == place else 1 for i in range(len(found)))
        grids.append(broadcast_to(reshape(x, sizes), shape))
    return tuple(grids)


def ones(shape: ShapeLike, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array of ones.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ones(2)
    xg.Tensor([1., 1.], shape=(2,), dtype=float64, device=cpu)
    """
    home = as_device(device)
    return _create(home, "ones", as_shape(shape, "ones"), dtype=_floating(home, dtype))


def ones_like(x: ArrayLike, /, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array of ones of the shape, dtype and device of x.

    Parameters
    ----------
    x : Tensor, Variable or array
    dtype : dtype, optional
    device : Device or str, optional
        Both are those of x by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ones_like(xg.zeros(2))
    xg.Tensor([1., 1.], shape=(2,), dtype=float64, device=cpu)
    """
    return _like("ones_like", "ones", x, dtype, device)


def tril(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """Keep the lower triangle of matrices, up to diagonal k; zeros elsewhere.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least two axes.
    k : int
        The diagonal: positive above the main one, negative below.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tril(xg.ones((2, 2)))
    xg.Tensor([[1., 0.],
               [1., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_TRIL, as_operand(x, "tril"), {"k": k})  # type: ignore[no-any-return]


def triu(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """Keep the upper triangle of matrices, from diagonal k; zeros elsewhere.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least two axes.
    k : int
        The diagonal: positive above the main one, negative below.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.triu(xg.ones((2, 2)))
    xg.Tensor([[1., 1.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_TRIU, as_operand(x, "triu"), {"k": k})  # type: ignore[no-any-return]


def zeros(shape: ShapeLike, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array of zeros.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.zeros(2)
    xg.Tensor([0., 0.], shape=(2,), dtype=float64, device=cpu)
    """
    home = as_device(device)
    return _create(home, "zeros", as_shape(shape, "zeros"), dtype=_floating(home, dtype))


def zeros_like(x: ArrayLike, /, *, dtype: DType = None, device: _DeviceLike = None) -> Tensor:
    """Make an array of zeros of the shape, dtype and device of x.

    Parameters
    ----------
    x : Tensor, Variable or array
    dtype : dtype, optional
    device : Device or str, optional
        Both are those of x by default.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.zeros_like(xg.ones(2))
    xg.Tensor([0., 0.], shape=(2,), dtype=float64, device=cpu)
    """
    return _like("zeros_like", "zeros", x, dtype, device)


def _from_handle(x: Any, dtype: DType, device: _DeviceLike, copy: bool | None) -> Tensor:
    """Make a Tensor of a Tensor or Variable, connected to it."""
    result: Any = x if isinstance(x, Tensor) else x.value()
    if device is not None:
        result = to_device(result, as_device(device, backend_of(x.array)))
    if dtype is not None:
        result = astype(result, dtype, copy=False)
    if copy is False and result.array is not x.array:
        raise copy_needed(describe(x), describe(result))
    if copy and result.array is x.array:
        return apply1(_COPY, result)  # type: ignore[no-any-return]
    return Tensor(result.array, result.node)


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
    from .manipulation import stack

    return stack(parts)


def _create(home: Device, function: str, *args: Any, **options: Any) -> Tensor:
    make = getattr(home.backend.xp, function)
    return wrap(home.backend.finish(make(*args, device=home.native, **options)))  # type: ignore[no-any-return]


def _like(function: str, maker: str, x: ArrayLike, dtype: DType, device: _DeviceLike) -> Tensor:
    x = as_operand(x, function)
    home = x.device if device is None else as_device(device)
    wanted = home.backend.dtype(x.dtype if dtype is None else dtype)
    return _create(home, maker, x.shape, dtype=wanted)


def _dtype(home: Device, dtype: DType) -> DType:
    return None if dtype is None else home.backend.dtype(dtype)


def _floating(home: Device, dtype: DType) -> DType:
    if dtype is None:
        dtype = chosen_dtype()
    return _dtype(home, dtype)


def _number(value: Any, function: str) -> Any:
    """Take the number out of a Tensor that no tape follows; a Python number is one already."""
    if not isinstance(value, Handle):
        return value
    if protocols.is_followed(value):
        raise NotDifferentiableError(
            f"{function}: x {describe(value)} is followed by an active GradientTape, but the "
            "result has no gradient. Use xg.stop_gradient(x) or xg.linspace."
        )
    return Tensor(value.array).item()


def _inferred(home: Device, numbers: tuple[Any, ...]) -> DType:
    """Find the default dtype for floats and complex numbers, where one was set."""
    return inferred_dtype([number for number in numbers if number is not None], home)


protocols.asarray = asarray
