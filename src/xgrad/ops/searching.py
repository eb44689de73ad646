"""Where, which and how many; and `where` and `clip`, which choose between values.

Positions and counts are integers, so they are constants to every tape. Signatures are the array
API standard's (2025.12)."""

from __future__ import annotations

from typing import Any

from .._arguments import as_choice, as_flag
from .._typing import SCALAR_TYPES, ArrayLike, Axis
from ..core.casting import dtype_kind
from ..core.dispatch import apply, apply1, binary
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ._arguments import as_axes, as_axis, as_operand

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "clip",
    "count_nonzero",
    "nonzero",
    "searchsorted",
    "where",
]

_ALL = primitive("all")
_ANY = primitive("any")
_ARGMAX = primitive("argmax")
_ARGMIN = primitive("argmin")
_clip_lower = binary(primitive("clip_lower"))
_clip_upper = binary(primitive("clip_upper"))
_COPY = primitive("copy")
_COUNT_NONZERO = primitive("count_nonzero")
_NONZERO = primitive("nonzero")
_SEARCHSORTED = primitive("searchsorted")
_WHERE = primitive("where")


def all(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Tell whether all elements are true.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor
        Boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.all(xg.asarray([True, False]))
    xg.Tensor(False, shape=(), dtype=bool, device=cpu)
    """
    return _reduce(_ALL, x, axis, keepdims)


def any(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Tell whether any element is true.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor
        Boolean.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.any(xg.asarray([True, False]))
    xg.Tensor(True, shape=(), dtype=bool, device=cpu)
    """
    return _reduce(_ANY, x, axis, keepdims)


def argmax(x: ArrayLike, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Find the place of the first largest element, in the flattened array without an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype, not empty along the axis.
    axis : int or None
    keepdims : bool
        Whether the axis stays, with size 1.

    Returns
    -------
    Tensor
        Of integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argmax(xg.asarray([1.0, 5.0, 3.0]))
    xg.Tensor(1, shape=(), dtype=int64, device=cpu)
    """
    x = as_operand(x, "argmax")
    axis = None if axis is None else as_axis(axis, x.ndim, "argmax")
    return apply1(_ARGMAX, x, {"axis": axis, "keepdims": as_flag(keepdims, "argmax", "keepdims")})  # type: ignore[no-any-return]


def argmin(x: ArrayLike, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Find the place of the first smallest element, in the flattened array without an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of real dtype, not empty along the axis.
    axis : int or None
    keepdims : bool
        Whether the axis stays, with size 1.

    Returns
    -------
    Tensor
        Of integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argmin(xg.asarray([1.0, 5.0, 0.0]))
    xg.Tensor(2, shape=(), dtype=int64, device=cpu)
    """
    x = as_operand(x, "argmin")
    axis = None if axis is None else as_axis(axis, x.ndim, "argmin")
    return apply1(_ARGMIN, x, {"axis": axis, "keepdims": as_flag(keepdims, "argmin", "keepdims")})  # type: ignore[no-any-return]


def clip(x: ArrayLike, /, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Tensor:
    """Keep values between two bounds.

    Parameters
    ----------
    x : Tensor, Variable or array
    min, max : Tensors, arrays, Python scalars or None
        The bounds, which broadcast; None leaves that side open.

    Returns
    -------
    Tensor
        The gradient goes to x where x is between the bounds, bounds included, else to the bound.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.clip(xg.asarray([-2.0, 0.5, 3.0]), 0.0, 1.0)
    xg.Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "clip")
    for name, bound in (("min", min), ("max", max)):
        if dtype_kind(x.dtype) != "complex" and _is_complex(bound):
            raise DTypeError(
                f"clip: {name} {describe(bound)} must be real, as x {describe(x)} is. Use xg.real."
            )
    if min is None and max is None:
        return apply1(_COPY, x)  # type: ignore[no-any-return]
    if min is not None:
        x = _clip_lower(x, min)
    if max is not None:
        x = _clip_upper(x, max)
    return x  # type: ignore[no-any-return]


def count_nonzero(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Count the elements that are not zero.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor
        Of integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.count_nonzero(xg.asarray([1.0, 0.0, 2.0]))
    xg.Tensor(2, shape=(), dtype=int64, device=cpu)
    """
    return _reduce(_COUNT_NONZERO, x, axis, keepdims)


def nonzero(x: ArrayLike, /) -> tuple[Tensor, ...]:
    """Find the places of the elements that are not zero, one array of indices per axis.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least one axis.

    Returns
    -------
    tuple of Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nonzero(xg.asarray([1.0, 0.0, 2.0]))
    (xg.Tensor([0, 2], shape=(2,), dtype=int64, device=cpu),)
    """
    return apply(_NONZERO, (as_operand(x, "nonzero"),))  # type: ignore[no-any-return]


def searchsorted(
    x1: ArrayLike, x2: ArrayLike, /, *, side: str = "left", sorter: ArrayLike | None = None
) -> Tensor:
    """Find where elements of x2 would have to be inserted into the sorted x1.

    Parameters
    ----------
    x1 : Tensor, Variable or array
        With one axis, in ascending order.
    x2 : Tensor, Variable, array or Python scalar
    side : str
        ``"left"`` of equal elements or ``"right"``.
    sorter : integer array, optional
        The indices that sort x1.

    Returns
    -------
    Tensor
        Of integers, of the shape of x2.

    Raises
    ------
    ShapeError
        If x1 has not exactly one axis.
    ArgumentError
        If the side is unknown.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.searchsorted(xg.asarray([1.0, 3.0, 5.0]), xg.asarray([2.0, 5.0]))
    xg.Tensor([1, 2], shape=(2,), dtype=int64, device=cpu)
    """
    x1 = as_operand(x1, "searchsorted", "x1")
    if x1.ndim != 1:
        raise ShapeError(
            f"searchsorted: x1 must have one axis, but is {describe(x1)}. Use xg.vmap for many rows."
        )
    as_choice(side, ("left", "right"), "searchsorted", "side")
    if sorter is not None:
        from .indexing import take

        x1 = take(x1, sorter, axis=0)
    return apply(_SEARCHSORTED, (x1, x2), {"side": side})  # type: ignore[no-any-return]


def where(condition: ArrayLike, x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Choose from x1 where the condition is true and from x2 where it is not.

    Parameters
    ----------
    condition : boolean array
    x1, x2 : Tensors, Variables, arrays or Python scalars
        All three broadcast.

    Returns
    -------
    Tensor
        The operand that was not chosen gets a zero gradient, even where its own derivative is
        infinite or NaN: ``where(x > 0, log(x), 0)`` is safe.

    Raises
    ------
    ShapeError
        If the operands do not broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.where(xg.asarray([True, False]), 1.0, xg.asarray([5.0, 6.0]))
    xg.Tensor([1., 6.], shape=(2,), dtype=float64, device=cpu)
    """
    return apply(_WHERE, (condition, x1, x2))  # type: ignore[no-any-return]


def _is_complex(bound: Any) -> bool:
    if type(bound) in SCALAR_TYPES or bound is None:
        return type(bound) is complex
    return dtype_kind(as_operand(bound, "clip", "a bound").dtype) == "complex"


def _reduce(instruction: Any, x: Any, axis: Axis, keepdims: bool) -> Tensor:
    x = as_operand(x, instruction.name)
    parameters = {"axis": as_axes(axis, x.ndim, instruction.name), "keepdims": keepdims}
    return apply1(instruction, x, parameters)  # type: ignore[no-any-return]
