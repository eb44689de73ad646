"""Functions that join arrays, take them apart and repeat them.

All are linear, and none keeps an array for the backward pass. Signatures are the array API
standard's (2025.12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import ArrayLike, ShapeLike
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ._arguments import as_axis, as_operand, sequence_of_operands
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
        How often; an array holds one number per element along `axis`.
    axis : int or None
        None repeats the elements of the flattened array.

    Returns
    -------
    Tensor

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
    if isinstance(repeats, int):
        if repeats < 0:
            raise ArgumentError(f"repeat: repeats must not be negative, but is {repeats}.")
        wide = expand_dims(x, axis=axis + 1)
        shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
        flat = (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :])
        return reshape(broadcast_to(wide, shape), flat)
    from .indexing import take
    from .searching import repeat_positions

    return take(x, repeat_positions(x, repeats, axis), axis=axis)


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
    counts = tuple(repetitions) if isinstance(repetitions, (tuple, list)) else (repetitions,)
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


def promoted(arrays: list[Any]) -> list[Any]:
    """Convert arrays to one dtype, because not every library does when it joins them."""
    if len({type(x.array) for x in arrays}) > 1:
        return arrays  # of two libraries: `apply` will say so
    if all(x.dtype == arrays[0].dtype for x in arrays):
        return arrays
    dtype = result_type(*arrays)
    return [x if x.dtype == dtype else astype(asarray(x), dtype) for x in arrays]
