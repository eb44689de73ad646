"""Functions that join arrays, take them apart and repeat them.

All are linear, and none keeps an array for the backward pass. Signatures are the array API
standard's (2025.12)."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from .._typing import ArrayLike, ShapeLike
from ..backends import backend_of, place_of
from ..core.dispatch import apply, wrap
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, DeviceMismatchError, ShapeError, TracingError
from ._arguments import as_axis, as_indices, as_operand, as_shape, sequence_of_operands
from .conversion import asarray
from .data_types import astype, result_type
from .manipulation import broadcast_to, expand_dims, reshape

__all__ = [
    "concat",
    "repeat",
    "stack",
    "tile",
    "unstack",
]

_CONCAT = primitive("concat")
_STACK = primitive("stack")
_UNSTACK = primitive("unstack")


def concat(arrays: Sequence[ArrayLike], /, *, axis: int | None = 0) -> Tensor:
    """Join arrays along an axis that they have.

    Parameters
    ----------
    arrays : sequence of Tensors, Variables or arrays
        Of equal shapes except along `axis`.
    axis : int or None
        None joins the flattened arrays.

    Returns
    -------
    Tensor
        Of the promoted dtype.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    See Also
    --------
    stack

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.concat([xg.asarray([1.0]), xg.asarray([2.0, 3.0])])
    xg.Tensor([1., 2., 3.], shape=(3,), dtype=float64, device=cpu)
    """
    found = sequence_of_operands(arrays, "concat")
    if axis is None:
        found, axis = [reshape(x, (-1,)) for x in found], 0
    axis = as_axis(axis, found[0].ndim, "concat")
    return apply(_CONCAT, promoted(found), {"axis": axis})  # type: ignore[no-any-return]


def repeat(x: ArrayLike, repeats: int | ArrayLike, /, *, axis: int | None = None) -> Tensor:
    """Repeat each element.

    Parameters
    ----------
    x : Tensor, Variable or array
    repeats : int or integer array
        How often; an array holds one number per element along `axis`, or one for all. On a GPU it
        is read back, because the size of the result depends on it.
    axis : int or None
        None repeats the elements of the flattened array.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentError
        If a number is negative.
    DTypeError, ShapeError
        If repeats are no integers, or not as many as there are elements.
    TracingError
        If they are an argument of a function that `function` records, or differ between the
        examples of `vmap`: the shape of the result depends on their values.

    See Also
    --------
    tile

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.repeat(xg.asarray([1.0, 2.0]), 2)
    xg.Tensor([1., 1., 2., 2.], shape=(4,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "repeat")
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = as_axis(axis, x.ndim, "repeat")
    if isinstance(repeats, Integral):
        repeats = int(repeats)
        if repeats < 0:
            raise ArgumentError(f"repeat: repeats must not be negative, but is {repeats}.")
        wide = expand_dims(x, axis=axis + 1)
        shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
        flat = (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :])
        return reshape(broadcast_to(wide, shape), flat)
    from .indexing import take

    return take(x, _repeated_positions(x, repeats, axis), axis=axis)


def stack(arrays: Sequence[ArrayLike], /, *, axis: int = 0) -> Tensor:
    """Join arrays of equal shape along a new axis.

    Parameters
    ----------
    arrays : sequence of Tensors, Variables or arrays
    axis : int
        The place of the new axis in the result.

    Returns
    -------
    Tensor
        Of the promoted dtype.

    Raises
    ------
    ShapeError
        If the shapes differ.

    See Also
    --------
    concat, unstack

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stack([xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0])])
    xg.Tensor([[1., 2.],
               [3., 4.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    found = sequence_of_operands(arrays, "stack")
    axis = as_axis(axis, found[0].ndim + 1, "stack")
    return apply(_STACK, promoted(found), {"axis": axis})  # type: ignore[no-any-return]


def tile(x: ArrayLike, repetitions: ShapeLike, /) -> Tensor:
    """Repeat an array as a whole along its axes.

    Parameters
    ----------
    x : Tensor, Variable or array
    repetitions : tuple of int
        One number per axis; missing ones at the front are 1, as are missing axes of x.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a number is negative, or no int.

    See Also
    --------
    repeat

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tile(xg.asarray([1.0, 2.0]), (2,))
    xg.Tensor([1., 2., 1., 2.], shape=(4,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "tile")
    counts = as_shape(repetitions, "tile", "repetitions")
    counts = (1,) * (x.ndim - len(counts)) + counts
    sizes = (1,) * (len(counts) - x.ndim) + x.shape
    pairs = list(zip(counts, sizes, strict=True))
    split = reshape(x, tuple(n for _, size in pairs for n in (1, size)))
    wide = broadcast_to(split, tuple(n for pair in pairs for n in pair))
    return reshape(wide, tuple(count * size for count, size in pairs))


def unstack(x: ArrayLike, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Take an array apart along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least one axis.
    axis : int

    Returns
    -------
    tuple of Tensor
        One for each place along the axis, without it.

    See Also
    --------
    stack

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unstack(xg.asarray([1.0, 2.0]))
    (xg.Tensor(1., shape=(), dtype=float64, device=cpu), xg.Tensor(2., shape=(), dtype=float64, device=cpu))
    """
    x = as_operand(x, "unstack")
    return apply(_UNSTACK, (x,), {"axis": as_axis(axis, x.ndim, "unstack")})  # type: ignore[no-any-return]


def _repeated_positions(x: Any, repeats: Any, axis: int) -> Tensor:
    """Find the indices along an axis that repeat each element as often as an array says."""
    counts = as_indices(repeats, "repeat", "repeats")
    size = x.shape[axis]
    if counts.shape not in ((), (1,), (size,)):
        raise ShapeError(
            f"repeat: repeats {describe(counts)} must have one axis of size {size} or 1, for the "
            f"elements of x {describe(x)} along axis {axis}."
        )
    if counts.device != x.device:
        raise DeviceMismatchError(
            f"repeat: x {describe(x)} and repeats {describe(counts)} are on different devices. Use "
            ".to_device(...) to bring them together."
        )
    if counts.node is not None:
        protocols.left(counts, "left xgrad through repeat")
    if backend_of(counts.raw).nests:
        raise TracingError(
            f"repeat: the shape of the result depends on the values of repeats {describe(counts)}, "
            "which differ between the examples of xg.vmap. Use an int, or numbers that all examples "
            "share."
        )
    place = place_of(counts.raw)
    backend = place.backend
    numbers = backend.xp.astype(counts.raw, backend.dtype("int64"))
    positions = backend.xp.arange(size, device=place.native)
    try:
        return wrap(backend.xp.repeat(positions, numbers))  # type: ignore[no-any-return]
    except (ValueError, RuntimeError) as error:
        shown = str(error).rstrip(".")
        raise ArgumentError(f"repeat: repeats {describe(counts)}: {shown}.") from error


def promoted(arrays: list[Any]) -> list[Any]:
    """Convert arrays to one dtype, because not every library does when it joins them."""
    if len({type(x.raw) for x in arrays}) > 1:
        return arrays  # of two libraries: `apply` will say so
    if all(x.dtype == arrays[0].dtype for x in arrays):
        return arrays
    dtype = result_type(*arrays)
    return [x if x.dtype == dtype else astype(asarray(x), dtype) for x in arrays]
