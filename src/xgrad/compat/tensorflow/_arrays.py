"""Functions of ``tf`` itself that make arrays, or give them other shapes."""

from __future__ import annotations

import builtins
from typing import Any

import xgrad as xg

from ...core.spec import describe
from ...ops._arguments import as_axis
from ._convert import as_tensor, as_tensors, static
from ._tables import followed

# -- making ----------------------------------------------------------------------------------------


@followed
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """Make a Tensor: float32 of floats, int32 of integers, an array's own dtype.

    Parameters
    ----------
    value : array_like
    dtype : dtype, optional
    shape : tuple of int, optional
        The value is reshaped to it, or repeated where it is one number.
    name : str
        Has no meaning.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> tf.constant([1.0, 2.0])
    xg.Tensor([1., 2.], shape=(2,), dtype=float32, device=cpu)
    """
    x = as_tensor(value, dtype)
    return x if shape is None else xg.constant(x, shape=static(shape))


@followed
def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    dtype_hint: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
) -> Any:
    """Make a Tensor, as `constant` does; a Tensor stays what it is, a Variable gives its value."""
    hint = preferred_dtype if dtype_hint is None else dtype_hint
    like = None if hint is None else xg.zeros((), dtype=hint)
    x = as_tensor(value, dtype, like)
    return x.value() if isinstance(x, xg.Variable) else x


@followed
def zeros(shape: Any, dtype: Any = xg.float32, name: str | None = None) -> Any:
    """Make zeros."""
    return xg.zeros(static(shape), dtype=dtype)


@followed
def ones(shape: Any, dtype: Any = xg.float32, name: str | None = None) -> Any:
    """Make ones."""
    return xg.ones(static(shape), dtype=dtype)


@followed
def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """Repeat a number; differentiable."""
    return xg.broadcast_to(as_tensor(value), static(dims))


@followed
def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Make zeros of the shape of a tensor."""
    return xg.zeros_like(as_tensor(input), dtype=dtype)


@followed
def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Make ones of the shape of a tensor."""
    return xg.ones_like(as_tensor(input), dtype=dtype)


@followed
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = xg.float32,
    name: str | None = None,
) -> Any:
    """Make identity matrices."""
    x = xg.eye(static(num_rows), None if num_columns is None else static(num_columns), dtype=dtype)
    return x if batch_shape is None else xg.broadcast_to(x, (*static(batch_shape), *x.shape))


@followed
def range(
    start: Any,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str = "range",
) -> Any:
    """Count from `start` (0, if only one number is given) up to, not including, `limit`."""
    if limit is None:
        start, limit = 0, start
    numbers = [static(n) for n in (start, limit, delta)]
    if dtype is None:
        dtype = xg.float32 if any(isinstance(n, float) for n in numbers) else xg.int32
    return xg.arange(numbers[0], numbers[1], numbers[2], dtype=dtype)


@followed
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0) -> Any:
    """Give `num` numbers from `start` to `stop`; differentiable in both."""
    start, stop = as_tensors([start, stop])
    if xg.isdtype(start.dtype, "integral"):
        start, stop = xg.astype(start, xg.float64), xg.astype(stop, xg.float64)
    count, axis = static(num), static(axis)
    shape = [1] * (start.ndim + 1)
    shape[axis] = count
    part = xg.reshape(xg.arange(count, dtype=start.dtype) / max(count - 1, 1), tuple(shape))
    low, high = xg.expand_dims(start, axis=axis), xg.expand_dims(stop, axis=axis)
    return low + (high - low) * part


# -- asking ----------------------------------------------------------------------------------------


@followed
def shape(input: Any, out_type: Any = xg.int32, name: str | None = None) -> Any:
    """Give the shape as a Tensor."""
    return xg.asarray(as_tensor(input).shape, dtype=out_type)


@followed
def size(input: Any, out_type: Any = xg.int32, name: str | None = None) -> Any:
    """Give the number of elements as a Tensor."""
    return xg.asarray(as_tensor(input).size, dtype=out_type)


@followed
def rank(input: Any, name: str | None = None) -> Any:
    """Give the number of axes as a Tensor."""
    return xg.asarray(as_tensor(input).ndim, dtype=xg.int32)


# -- dtypes ----------------------------------------------------------------------------------------


@followed
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Convert to another dtype; of complex numbers to real ones, their real part."""
    x = as_tensor(x)
    if xg.isdtype(x.dtype, "complex floating"):
        goal = xg.zeros((), dtype=dtype).dtype
        x = x if xg.isdtype(goal, "complex floating") else xg.real(x)
    return xg.astype(x, dtype, copy=False)


def to_float(x: Any, name: str | None = None) -> Any:
    """Convert to float32."""
    return cast(x, xg.float32, name)


def to_double(x: Any, name: str | None = None) -> Any:
    """Convert to float64."""
    return cast(x, xg.float64, name)


def to_int32(x: Any, name: str | None = None) -> Any:
    """Convert to int32."""
    return cast(x, xg.int32, name)


def to_int64(x: Any, name: str | None = None) -> Any:
    """Convert to int64."""
    return cast(x, xg.int64, name)


@followed
def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """Make complex numbers of their parts."""
    real, imag = as_tensors([real, imag])
    dtype = xg.complex64 if real.dtype == xg.float32 else xg.complex128
    unit = xg.asarray(1j, dtype=dtype, device=real.device)
    return xg.astype(real, dtype) + xg.astype(imag, dtype) * unit


@followed
def identity(input: Any, name: str | None = None) -> Any:
    """Give the same value as another Tensor."""
    return xg.asarray(as_tensor(input), copy=True)


# -- shapes ----------------------------------------------------------------------------------------


@followed
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Give the elements another shape; -1 stands for what is left."""
    found = static(shape)
    return xg.reshape(as_tensor(tensor), found if isinstance(found, tuple) else (found,))


@followed
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Any:
    """Reorder the axes; backwards by default."""
    x = as_tensor(a)
    axes = tuple(reversed(builtins.range(x.ndim))) if perm is None else static(perm)
    y = xg.permute_dims(x, axes)
    return xg.conj(y) if conjugate else y


@followed
def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """Add an axis of size 1."""
    return xg.expand_dims(as_tensor(input), axis=static(dim if axis is None else axis))


@followed
def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """Remove axes of size 1, all of them by default."""
    x = as_tensor(input)
    axes = static(squeeze_dims if axis is None else axis)
    if axes is None or axes == ():
        axes = tuple([i for i, n in enumerate(x.shape) if n == 1])
    return xg.squeeze(x, axis=axes)


@followed
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Repeat along axes of size 1."""
    return xg.broadcast_to(as_tensor(input), static(shape))


@followed
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Repeat the whole along each axis."""
    return xg.tile(as_tensor(input), static(multiples))


@followed
def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
    """Repeat each element along an axis, or of everything."""
    x, counts = as_tensor(input), static(repeats)
    if isinstance(counts, tuple):
        counts = xg.asarray(counts, device=x.device)
    return xg.repeat(x, counts, axis=static(axis))


@followed
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Turn the order along axes round."""
    axes = static(axis)
    return xg.flip(as_tensor(tensor), axis=axes if isinstance(axes, tuple) else (axes,))


@followed
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Shift along axes, what falls out at one end coming in at the other."""
    return xg.roll(as_tensor(input), shift=static(shift), axis=static(axis))


@followed
def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> Any:
    """Add elements before and after along each axis: CONSTANT, REFLECT or SYMMETRIC ones."""
    x, widths = as_tensor(tensor), static(paddings)
    if mode.upper() != "CONSTANT":
        return xg.pad(x, widths, mode=mode.lower())
    return xg.pad(x, widths, constant_values=as_tensor(constant_values, like=x))


@followed
def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Make coordinate arrays of coordinate vectors."""
    return list(xg.meshgrid(*as_tensors(args), indexing=indexing))


# -- joining ---------------------------------------------------------------------------------------


@followed
def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Join along an axis."""
    return xg.concat(as_tensors(_list_of(values)), axis=static(axis))


@followed
def stack(values: Any, axis: Any = 0, name: str = "stack") -> Any:
    """Join along a new axis."""
    return xg.stack(as_tensors(_list_of(values)), axis=static(axis))


@followed
def unstack(value: Any, num: int | None = None, axis: Any = 0, name: str = "unstack") -> list[Any]:
    """Take apart along an axis, which goes."""
    return list(xg.unstack(as_tensor(value), axis=static(axis)))


@followed
def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str = "split",
) -> list[Any]:
    """Take apart along an axis: into equal parts, or into parts of given sizes (one may be -1)."""
    x, sizes = as_tensor(value), static(num_or_size_splits)
    axis = as_axis(static(axis), x.ndim, "split")
    total = x.shape[axis]
    if isinstance(sizes, int):
        if total % sizes:
            raise xg.errors.ShapeError(
                f"split: {total} along axis {axis} cannot be divided into {sizes} equal parts. Use "
                "a list of sizes."
            )
        sizes = (total // sizes,) * sizes
    rest = total - sum(n for n in sizes if n >= 0)
    left_over = sum(n < 0 for n in sizes)
    if rest < 0 or left_over > 1 or (rest and not left_over):
        raise xg.errors.ShapeError(
            f"split: sizes {sizes} do not add up to {total}, the length of axis {axis} of "
            f"{describe(x)}. Use -1 once for what is left."
        )
    parts, start = [], 0
    for n in sizes:
        count = rest if n < 0 else n
        key = (*(slice(None),) * axis, slice(start, start + count))
        parts.append(x[key])
        start += count
    return parts


def _list_of(values: Any) -> list[Any]:
    """A list of tensors; one tensor alone counts as its parts."""
    return list(values) if isinstance(values, (list, tuple)) else list(as_tensor(values))
