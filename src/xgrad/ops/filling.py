"""New Tensors filled with one value, to which `full` stays connected.

They go to `device`, or to the default device, in the default dtype. Signatures are the array API
standard's (2025.12)."""

from __future__ import annotations

from .._typing import SCALAR_TYPES, ArrayLike, DType, ShapeLike
from ..backends import as_device
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..errors import ShapeError
from ._arguments import as_operand, as_shape
from ._new import DeviceLike, create, dtype_on, floating_on, inferred_on
from .conversion import asarray

__all__ = [
    "empty",
    "empty_like",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

_COPY = primitive("copy")
_BROADCAST_TO = primitive("broadcast_to")


def empty(shape: ShapeLike, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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
    return create(home, "empty", as_shape(shape, "empty"), dtype=floating_on(home, dtype))


def empty_like(x: ArrayLike, /, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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


def full(
    shape: ShapeLike,
    fill_value: ArrayLike,
    *,
    dtype: DType = None,
    device: DeviceLike = None,
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
        wanted = dtype_on(home, dtype) or inferred_on(home, (fill_value,))
        return create(home, "full", target, fill_value, dtype=wanted)
    value = asarray(fill_value, dtype=dtype, device=device)
    if value.ndim:
        raise ShapeError(
            f"full: fill_value must have no axes, but has shape {value.shape}. Use broadcast_to."
        )
    wide = apply1(_BROADCAST_TO, value, {"shape": target})
    return apply1(_COPY, wide)  # type: ignore[no-any-return]


def full_like(
    x: ArrayLike, /, fill_value: ArrayLike, *, dtype: DType = None, device: DeviceLike = None
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


def ones(shape: ShapeLike, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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
    return create(home, "ones", as_shape(shape, "ones"), dtype=floating_on(home, dtype))


def ones_like(x: ArrayLike, /, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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


def zeros(shape: ShapeLike, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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
    return create(home, "zeros", as_shape(shape, "zeros"), dtype=floating_on(home, dtype))


def zeros_like(x: ArrayLike, /, *, dtype: DType = None, device: DeviceLike = None) -> Tensor:
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


def _like(function: str, maker: str, x: ArrayLike, dtype: DType, device: DeviceLike) -> Tensor:
    x = as_operand(x, function)
    home = x.device if device is None else as_device(device)
    wanted = home.backend.dtype(x.dtype if dtype is None else dtype)
    return create(home, maker, x.shape, dtype=wanted)
