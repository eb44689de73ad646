"""A sparse gradient: some rows of an array, and where they belong; all others are zero.

A row may be listed several times; then it counts as the sum, as in the gradient of a table that was
read there several times. What is linear works on the rows; what is not needs `coalesce` first, or
`to_dense`. Indices are constants, the values are followed as every Tensor is."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from .. import tree
from .._typing import SCALAR_TYPES, Array, ArrayLike, DType, Shape
from ..backends import Device, is_array
from ..errors import ArgumentError, ArgumentTypeError, DeviceMismatchError, DTypeError, ShapeError
from .casting import dtype_kind, to_array
from .dispatch import apply, apply1
from .handle import Handle, Sparse
from .instructions import primitive
from .spec import describe
from .tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["IndexedSlices"]


class IndexedSlices(Sparse):
    """Rows of a mostly zero array.

    The dense array has ``values[k]`` added to its row ``indices[k]``, for every k. Opt in to such
    gradients with ``xg.take(table, indices, axis=0, sparse_grad=True)``.

    Parameters
    ----------
    values : Tensor or array
        Of shape ``(n, *dense_shape[1:])``, any numeric dtype.
    indices : integer Tensor or array
        Of shape ``(n,)``; repeated indices add up, negative ones count from the end.
    dense_shape : tuple of int

    Attributes
    ----------
    values, indices : Tensor
    dense_shape, shape : tuple of int
        Of the dense array.
    dtype : dtype
        Of the values.
    device : Device
    ndim, size : int
        Of the dense array.

    Raises
    ------
    ShapeError, DTypeError, DeviceMismatchError
        If the parts do not fit each other.
    ArgumentTypeError
        If `dense_shape` is no tuple of integers.

    See Also
    --------
    take

    Notes
    -----
    ``+`` and ``-`` with another of the same shape, ``*`` and ``/`` with numbers and arrays, and
    unary minus give IndexedSlices; ``+`` and ``-`` with a dense array give a Tensor. Division
    leaves rows that are not listed zero. Every function that takes a Tensor takes IndexedSlices as
    well, as their dense array.

    Examples
    --------
    >>> import xgrad as xg
    >>> table = xg.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.sum(xg.take(table, xg.asarray([2, 0, 2]), axis=0, sparse_grad=True))
    >>> g = tape.gradient(y, table)
    >>> g.indices
    xg.Tensor([2, 0, 2], shape=(3,), dtype=int64, device=cpu)
    >>> g.to_dense()
    xg.Tensor([[1., 1.],
               [0., 0.],
               [2., 2.]], shape=(3, 2), dtype=float64, device=cpu)
    """

    __slots__ = ("__weakref__", "dense_shape", "indices", "values")

    # Asks numpy to leave `array * slices` to IndexedSlices.
    __array_ufunc__ = None

    def __init__(self, values: ArrayLike, indices: ArrayLike, dense_shape: Iterable[int]) -> None:
        self.values: Tensor = _as_tensor(values)
        self.indices: Tensor = _as_tensor(indices)
        self.dense_shape: Shape = _as_shape(dense_shape)
        _check(self.values, self.indices, self.dense_shape)

    @property
    def shape(self) -> Shape:
        """The shape of the dense array."""
        return self.dense_shape

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self.values.dtype

    @property
    def device(self) -> Device:
        """Where the values live."""
        return self.values.device

    @property
    def ndim(self) -> int:
        """The number of axes of the dense array."""
        return len(self.dense_shape)

    @property
    def size(self) -> int:
        """The number of elements of the dense array."""
        count = 1
        for n in self.dense_shape:
            count *= n
        return count

    def __repr__(self) -> str:
        return (
            f"xg.IndexedSlices(values={self.values!r}, indices={self.indices!r}, "
            f"dense_shape={self.dense_shape})"
        )

    # -- conversions ---------------------------------------------------------------------------

    def to_dense(self) -> Tensor:
        """The dense array, with the rows of repeated indices added up; differentiable.

        Raises
        ------
        IndexError
            If an index is out of range, where the library looks.
        """
        parameters = {"axis": 0, "size": self.dense_shape[0]}
        return apply(primitive("index_add"), (self.values, self.indices), parameters)  # type: ignore[no-any-return]

    def coalesce(self) -> IndexedSlices:
        """The same with every index listed once, in ascending order; differentiable.

        How many there are depends on values, so this waits for the device."""
        indices = self.indices
        wrapped = apply(primitive("where"), (indices < 0, indices + self.dense_shape[0], indices))
        unique, inverse = apply(primitive("unique_inverse"), (wrapped,))
        parameters = {"axis": 0, "size": unique.shape[0]}
        values = apply(primitive("index_add"), (self.values, inverse), parameters)
        return IndexedSlices(values, unique, self.dense_shape)

    def numpy(self) -> Array:
        """Copy the dense array to a numpy array in host memory."""
        return self.to_dense().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.to_dense().__array__(dtype, copy)

    # -- arithmetic ----------------------------------------------------------------------------

    def __neg__(self) -> IndexedSlices:
        return self._with(-self.values)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, IndexedSlices):
            return self._joined(other)
        if type(other) in SCALAR_TYPES and other == 0:
            return self  # what sum(...) begins with
        return self.to_dense() + other if _is_operand(other) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, IndexedSlices):
            return self._joined(-other)
        return self.to_dense() - other if _is_operand(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return other - self.to_dense() if _is_operand(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        rows = self._rows_of(other)
        if rows is None:
            return self.to_dense() * other
        return rows if rows is NotImplemented else self._with(self.values * rows)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        rows = self._rows_of(other)
        if rows is None:
            return self.to_dense() / other
        return rows if rows is NotImplemented else self._with(self.values / rows)

    # -- inside --------------------------------------------------------------------------------

    def _with(self, values: Tensor) -> IndexedSlices:
        return IndexedSlices(values, self.indices, self.dense_shape)

    def _joined(self, other: IndexedSlices) -> IndexedSlices:
        if other.dense_shape != self.dense_shape:
            raise ShapeError(
                f"IndexedSlices of shapes {self.dense_shape} and {other.dense_shape} cannot be "
                "added or subtracted. Use to_dense() if they were meant to broadcast."
            )
        concat = primitive("concat")
        values = apply(concat, (self.values, other.values), {"axis": 0})
        indices = apply(concat, (self.indices, other.indices), {"axis": 0})
        return IndexedSlices(values, indices, self.dense_shape)

    def _rows_of(self, other: Any) -> Any:
        """What each row is multiplied with; None where the result has more rows than this."""
        if isinstance(other, IndexedSlices):
            other = other.to_dense()
        if type(other) in SCALAR_TYPES:
            return other
        if not _is_operand(other):
            return NotImplemented
        x = other if isinstance(other, Handle) else _as_tensor(other)
        shape = tuple(x.raw.shape)
        missing = self.ndim - len(shape)
        if missing < 0 or any(
            n not in (1, own) for n, own in zip(shape, self.dense_shape[missing:], strict=True)
        ):
            return None
        if missing or shape[0] == 1:
            return x
        return apply(primitive("take"), (x, self.indices), {"axis": 0})


def _is_operand(x: Any) -> bool:
    return isinstance(x, Handle) or type(x) in SCALAR_TYPES or is_array(x)


def _as_tensor(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x
    if isinstance(x, Handle):
        return apply1(primitive("positive"), x)  # type: ignore[no-any-return]
    return Tensor(to_array(x))


def _as_shape(dense_shape: Any) -> Shape:
    try:
        return tuple(operator.index(n) for n in dense_shape)
    except TypeError:
        raise ArgumentTypeError(
            f"IndexedSlices: dense_shape must be a tuple of integers, but is {dense_shape!r}. Use "
            "the shape of the array that the rows belong to."
        ) from None


def _check(values: Tensor, indices: Tensor, shape: Shape) -> None:
    if dtype_kind(indices.dtype) != "integer":
        raise DTypeError(
            f"IndexedSlices: indices {describe(indices)} must be integers. Use astype."
        )
    if not shape or any(n < 0 for n in shape):
        raise ArgumentError(
            f"IndexedSlices: dense_shape {shape} must have at least one axis and no negative size. "
            "Use the shape of the array that the rows belong to."
        )
    expected = (*indices.shape, *shape[1:])
    if indices.ndim != 1 or values.shape != expected:
        raise ShapeError(
            f"IndexedSlices: values {describe(values)} and indices {describe(indices)} do not fit "
            f"dense_shape {shape}: indices must have one axis, and values the shape "
            f"{('n', *shape[1:])} with one row for each index."
        )
    if values.device != indices.device:
        raise DeviceMismatchError(
            f"IndexedSlices: values {describe(values)} and indices {describe(indices)} must be on "
            "one device. Use .to_device(...) to bring them together."
        )


tree.register_leaf(IndexedSlices)
