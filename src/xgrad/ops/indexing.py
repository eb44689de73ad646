"""Parts of arrays by integer arrays, and the way back: take, take_along_axis, scatter.

Index arrays are constants to every tape. Signatures are the array API standard's (2025.12) where
it has the function."""

from __future__ import annotations

from typing import Any

from .._arguments import as_choice, as_flag
from .._typing import ArrayLike
from ..core.casting import dtype_kind, refuse_worse_kind
from ..core.dispatch import apply
from ..core.failures import broadcast
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError, ShapeError
from ._arguments import as_axis, as_indices, as_operand
from .data_types import astype

__all__ = ["scatter", "take", "take_along_axis"]

_SCATTER = primitive("scatter")
_TAKE = primitive("take")
_TAKE_SPARSE = primitive("take_sparse")
_TAKE_ALONG_AXIS = primitive("take_along_axis")
_MODES = ("set", "add", "multiply", "min", "max")


def scatter(
    x: ArrayLike,
    indices: ArrayLike,
    updates: ArrayLike,
    /,
    *,
    axis: int = 0,
    mode: str = "add",
) -> Tensor:
    """Combine slices of an array with updates, as a new value.

    Parameters
    ----------
    x : Tensor, Variable or array
    indices : integer array with one axis
        The slices of x along `axis`; negative numbers count from the end.
    updates : Tensor, Variable or array
        Of the shape of x but for `axis`, where it has one slice per index.
    axis : int
    mode : str
        ``"add"``, ``"multiply"``, ``"min"``, ``"max"`` combine; at repeated indices all updates
        take part. ``"set"`` replaces; of repeated indices the last holds.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ArgumentError
        If the mode is unknown.
    ShapeError
        If the shapes do not fit.
    DTypeError
        If indices are no integers, or updates of a higher kind than x: floating for integers,
        complex for real numbers; if complex numbers would have to be ordered.

    See Also
    --------
    take

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.scatter(xg.zeros(3), xg.asarray([0, 2, 0]), xg.asarray([1.0, 2.0, 3.0]))
    xg.Tensor([4., 0., 2.], shape=(3,), dtype=float64, device=cpu)
    """
    x, indices = as_operand(x, "scatter"), as_indices(indices, "scatter")
    updates = as_operand(updates, "scatter", "updates")
    as_choice(mode, _MODES, "scatter", "mode")
    axis = as_axis(axis, x.ndim, "scatter")
    indices = astype(indices, "int64", copy=False)  # x may have more than 127 rows
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if indices.ndim != 1 or updates.shape != shape:
        raise ShapeError(
            f"scatter: x {describe(x)}, indices {describe(indices)} and updates "
            f"{describe(updates)} do not fit along axis {axis}: indices must have one axis, and "
            f"updates the shape {shape}."
        )
    refuse_worse_kind(updates, x.dtype, "scatter: updates", "x")
    kind = dtype_kind(x.dtype)
    if kind == "bool" and mode != "set":
        return _scatter_booleans(x, indices, updates, axis, mode)
    if kind == "complex" and mode in ("min", "max"):
        raise DTypeError(
            f"scatter: mode {mode!r} needs an order, which the complex numbers of x {describe(x)} "
            "have not. Use xg.real, xg.imag or xg.abs."
        )
    return apply(_SCATTER, (x, indices, updates), {"axis": axis, "mode": mode})  # type: ignore[no-any-return]


def _scatter_booleans(x: Any, indices: Any, updates: Any, axis: int, mode: str) -> Tensor:
    """Take sums for "or" and products for "and", which numbers do as extrema."""
    parameters = {"axis": axis, "mode": {"add": "max", "multiply": "min"}.get(mode, mode)}
    numbers = (astype(x, "int8"), indices, astype(updates, "int8"))
    return astype(apply(_SCATTER, numbers, parameters), x.dtype)


def take(
    x: ArrayLike,
    indices: ArrayLike,
    /,
    *,
    axis: int | None = None,
    sparse_grad: bool = False,
) -> Tensor:
    """Take slices of an array along an axis.

    Parameters
    ----------
    x : Tensor, Variable or array
    indices : integer array
        Usually with one axis; repeated indices are fine, and their gradients add up.
    axis : int, optional
        May be left out where x has one axis.
    sparse_grad : bool
        Whether the gradient of x, where x is a source of it, may be `IndexedSlices`: the rows that
        were taken and their indices, instead of an array that is mostly zero. For axis 0.

    Returns
    -------
    Tensor
        Of the shape of x with `axis` replaced by the axes of indices.

    Raises
    ------
    ArgumentError
        If axis is left out and x has not exactly one axis, or is not 0 with `sparse_grad`.
    DTypeError
        If indices are no integers.

    See Also
    --------
    take_along_axis, scatter, IndexedSlices

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.take(xg.asarray([10.0, 20.0, 30.0]), xg.asarray([2, 0]))
    xg.Tensor([30., 10.], shape=(2,), dtype=float64, device=cpu)
    """
    x, indices = as_operand(x, "take"), as_indices(indices, "take")
    if axis is None:
        if x.ndim != 1:
            raise ArgumentError(
                f"take: axis must be given, because x {describe(x)} does not have exactly one axis."
            )
        axis = 0
    axis = as_axis(axis, x.ndim, "take")
    if as_flag(sparse_grad, "take", "sparse_grad") and axis != 0:
        raise ArgumentError(
            f"take: sparse_grad needs axis 0, but axis is {axis}. Use permute_dims to bring the "
            "axis to the front, or sparse_grad=False."
        )
    op = _TAKE_SPARSE if sparse_grad else _TAKE
    if indices.ndim == 1:
        return apply(op, (x, indices), {"axis": axis})  # type: ignore[no-any-return]
    from .manipulation import reshape

    flat = apply(op, (x, reshape(indices, (-1,))), {"axis": axis})
    return reshape(flat, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def take_along_axis(x: ArrayLike, indices: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """Take elements along an axis, with other indices in every row.

    Parameters
    ----------
    x : Tensor, Variable or array
    indices : integer array
        With as many axes as x; broadcasts against x except along `axis`.
    axis : int

    Returns
    -------
    Tensor
        Of the shape of indices, broadcast.

    Raises
    ------
    ShapeError
        If the numbers of axes differ, or sizes that are not those of `axis`.
    DTypeError
        If indices are no integers.

    See Also
    --------
    take

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.take_along_axis(xg.asarray([[3.0, 1.0], [2.0, 5.0]]), xg.asarray([[1], [0]]))
    xg.Tensor([[1.],
               [2.]], shape=(2, 1), dtype=float64, device=cpu)
    """
    x, indices = as_operand(x, "take_along_axis"), as_indices(indices, "take_along_axis")
    if x.ndim != indices.ndim:
        raise ShapeError(
            f"take_along_axis: x {describe(x)} and indices {describe(indices)} must have as many "
            "axes. Use expand_dims."
        )
    axis = as_axis(axis, x.ndim, "take_along_axis")
    if broadcast([(*t.shape[:axis], *t.shape[axis + 1 :]) for t in (x, indices)]) is None:
        raise ShapeError(
            f"take_along_axis: x {describe(x)} and indices {describe(indices)} must have equal "
            f"sizes, or 1, along every axis but {axis}. Use take for the same indices in every row."
        )
    return apply(_TAKE_ALONG_AXIS, (x, indices), {"axis": axis})  # type: ignore[no-any-return]
