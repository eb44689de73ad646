"""Functions that move elements about without changing them.

All are linear, and none keeps an array for the backward pass. Signatures are the array API
standard's (2025.12)."""

from __future__ import annotations

from .._arguments import as_int, as_sequence
from .._typing import ArrayLike, Shape, ShapeLike
from ..core.dispatch import apply1
from ..core.failures import broadcast
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ._arguments import as_axes, as_axis, as_operand, as_shape, sizes_in

__all__ = [
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "expand_dims",
    "flip",
    "moveaxis",
    "permute_dims",
    "reshape",
    "roll",
    "squeeze",
]

_BROADCAST_TO = primitive("broadcast_to")
_COPY = primitive("copy")
_FLIP = primitive("flip")
_PERMUTE_DIMS = primitive("permute_dims")
_RESHAPE = primitive("reshape")
_ROLL = primitive("roll")


def broadcast_arrays(*arrays: ArrayLike) -> tuple[Tensor, ...]:
    """Broadcast arrays against each other.

    Parameters
    ----------
    *arrays : Tensors, Variables or arrays

    Returns
    -------
    tuple of Tensor
        All of the broadcast shape.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> [x.shape for x in xg.broadcast_arrays(xg.zeros((2, 1)), xg.zeros(3))]
    [(2, 3), (2, 3)]
    """
    found = [as_operand(x, "broadcast_arrays", f"arrays[{i}]") for i, x in enumerate(arrays)]
    shape = broadcast_shapes(*(x.shape for x in found))
    return tuple(broadcast_to(x, shape) for x in found)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Find the shape that shapes broadcast to.

    Parameters
    ----------
    *shapes : tuples of int

    Returns
    -------
    tuple of int

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    shape = broadcast(
        [as_shape(s, "broadcast_shapes", f"shapes[{i}]") for i, s in enumerate(shapes)]
    )
    if shape is None:
        raise ShapeError(
            f"shapes {', '.join(map(str, shapes))} do not broadcast: axes are compared from the "
            "last to the first and must be equal or 1."
        )
    return shape


def broadcast_to(x: ArrayLike, /, shape: ShapeLike) -> Tensor:
    """Broadcast an array to a shape.

    Parameters
    ----------
    x : Tensor, Variable or array
    shape : tuple of int

    Returns
    -------
    Tensor
        Of that shape; its gradient is summed back to the shape of x.

    Raises
    ------
    ShapeError
        If x does not broadcast to the shape.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.broadcast_to(xg.asarray([1.0, 2.0]), (2, 2))
    xg.Tensor([[1., 2.],
               [1., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_operand(x, "broadcast_to")
    return apply1(_BROADCAST_TO, x, {"shape": as_shape(shape, "broadcast_to")})  # type: ignore[no-any-return]


def expand_dims(x: ArrayLike, /, axis: int | tuple[int, ...] = 0) -> Tensor:
    """Insert axes of size 1.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int or tuple of int
        Places of the new axes in the result.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the result has no such axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.expand_dims(xg.zeros(3), axis=0).shape
    (1, 3)
    """
    x = as_operand(x, "expand_dims")
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    count = len(given)
    axes = as_axes(given, x.ndim + count, "expand_dims") or ()
    sizes = iter(x.shape)
    shape = tuple(1 if i in axes else next(sizes) for i in range(x.ndim + count))
    return apply1(_RESHAPE, x, {"shape": shape})  # type: ignore[no-any-return]


def flip(x: ArrayLike, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Reverse the order of elements along axes.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int, tuple of int or None
        None means all axes.

    Returns
    -------
    Tensor
        Of the shape of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.flip(xg.asarray([1.0, 2.0, 3.0]))
    xg.Tensor([3., 2., 1.], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "flip")
    return apply1(_FLIP, x, {"axis": as_axes(axis, x.ndim, "flip")})  # type: ignore[no-any-return]


def moveaxis(
    x: ArrayLike, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> Tensor:
    """Move axes to other places; the others keep their order.

    Parameters
    ----------
    x : Tensor, Variable or array
    source, destination : int or tuple of int
        Of equal length.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentError
        If there are not as many sources as destinations.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.moveaxis(xg.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_operand(x, "moveaxis")
    sources = as_axes(source, x.ndim, "moveaxis") or ()
    places = as_axes(destination, x.ndim, "moveaxis") or ()
    if len(sources) != len(places):
        raise ArgumentError(
            f"moveaxis: source {source} and destination {destination} must name as many axes."
        )
    order = [i for i in range(x.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return permute_dims(x, tuple(order))


def permute_dims(x: ArrayLike, /, axes: tuple[int, ...]) -> Tensor:
    """Put the axes into another order.

    Parameters
    ----------
    x : Tensor, Variable or array
    axes : tuple of int
        Axis i of the result is axis ``axes[i]`` of x.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If axes is no permutation of the axes of x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.permute_dims(xg.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    x = as_operand(x, "permute_dims")
    axes = as_sequence(axes, "permute_dims", "axes")
    found = as_axes(axes, x.ndim, "permute_dims") or ()
    if len(found) != x.ndim:
        raise ShapeError(
            f"permute_dims: axes {axes} must name each of the {x.ndim} axes of x "
            f"{describe(x)} once."
        )
    return apply1(_PERMUTE_DIMS, x, {"axes": found})  # type: ignore[no-any-return]


def reshape(x: ArrayLike, /, shape: ShapeLike, *, copy: bool | None = None) -> Tensor:  # noqa: ARG001
    """Give the same elements another shape, in row-major order.

    Parameters
    ----------
    x : Tensor, Variable or array
    shape : tuple of int
        One size may be -1: it follows from the others.
    copy : bool, optional
        Accepted for the standard's sake; a Tensor's value never changes, so nobody can tell.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the number of elements differs.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.reshape(xg.asarray([1.0, 2.0, 3.0, 4.0]), (2, 2))
    xg.Tensor([[1., 2.],
               [3., 4.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    target = sizes_in(shape)
    for size in target:
        if type(size) is bool or (type(size) is int and size < -1):
            raise ShapeError(
                f"reshape: shape {target} must hold sizes, and -1 at most once, but has {size}."
            )
    return apply1(_RESHAPE, x, {"shape": target})  # type: ignore[no-any-return]


def roll(
    x: ArrayLike,
    /,
    shift: int | tuple[int, ...],
    *,
    axis: int | tuple[int, ...] | None = None,
) -> Tensor:
    """Shift elements along axes; what leaves at one end enters at the other.

    Parameters
    ----------
    x : Tensor, Variable or array
    shift : int or tuple of int
        Places to shift by, towards higher indices.
    axis : int, tuple of int or None
        None rolls the flattened array. One shift serves all axes.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ArgumentError
        If there are not as many shifts as axes.
    ShapeError
        If there is no such axis.
    ArgumentTypeError
        If a shift is no int.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.roll(xg.asarray([1.0, 2.0, 3.0]), 1)
    xg.Tensor([3., 1., 2.], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "roll")
    given = shift if isinstance(shift, (tuple, list)) else (shift,)
    shifts = tuple([as_int(n, "roll", "shift") for n in given])
    if axis is None:
        if len(shifts) != 1:
            raise ArgumentError(
                f"roll: shift {shift} has {len(shifts)} numbers, but without an axis there must be "
                "one. Use one axis per shift."
            )
        flat = apply1(_ROLL, reshape(x, (-1,)), {"shift": shifts, "axis": (0,)})
        return reshape(flat, x.shape)
    axes = tuple(
        as_axis(a, x.ndim, "roll") for a in (axis if isinstance(axis, (tuple, list)) else (axis,))
    )
    shifts = shifts * len(axes) if isinstance(axis, tuple) and len(shifts) == 1 else shifts
    if len(shifts) != len(axes):
        raise ArgumentError(
            f"roll: shift {shift} and axis {axis} must have equal lengths. Use one axis per shift."
        )
    return apply1(_ROLL, x, {"shift": shifts, "axis": axes}) if axes else apply1(_COPY, x)  # type: ignore[no-any-return]


def squeeze(x: ArrayLike, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of size 1.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int, tuple of int or None
        None removes every axis of size 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If an axis has another size than 1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.squeeze(xg.zeros((1, 3)), axis=0).shape
    (3,)
    """
    x = as_operand(x, "squeeze")
    axes = as_axes(axis, x.ndim, "squeeze")
    if axes is None:
        axes = tuple(i for i, n in enumerate(x.shape) if n == 1)
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(
            f"squeeze: axis {axis} of x {describe(x)} must have size 1. Use reshape to change "
            "the number of elements per axis."
        )
    shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    return apply1(_RESHAPE, x, {"shape": shape})  # type: ignore[no-any-return]
