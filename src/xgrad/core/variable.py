"""A Variable: a name and a place for a value that changes between steps.

It takes part in every operation like the Tensor that it holds. A gradient belongs to the Variable,
not to one of its values: reads before and after an assignment sum, and a later assignment changes
no gradient, because assigning puts a new array in place and never changes the old one."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any

from .. import tree
from .._arguments import as_flag
from .._typing import Array, ArrayLike, DType
from ..backends import Device, backend_of, fill_key, host, is_array, place_of
from ..errors import (
    ArgumentTypeError,
    DeviceMismatchError,
    DTypeError,
    OutOfRangeError,
    ShapeError,
    TapeError,
)
from .casting import cast_within_kind, dtype_kind, to_array
from .dispatch import HANDLES
from .failures import explain_failure
from .handle import Sparse
from .indexing import split_key
from .instructions import primitive
from .node import Leaf
from .observers import state, user_line
from .protocols import protocols
from .show import show
from .spec import describe
from .tensor import IN_PLACE, ArrayAttributes, Tensor

__all__ = ["Variable", "all_variables"]

_SETITEM = primitive("setitem")
_numbers = itertools.count()
# Held while a new value takes the old one's place, not while it is computed. What is told of that may
# assign, too.
_changing = threading.RLock()
_live: weakref.WeakSet[Variable] = weakref.WeakSet()


def all_variables() -> list[Variable]:
    """All live Variables, in order of creation."""
    return sorted(_live, key=lambda variable: variable.number)


class Variable(ArrayAttributes):
    """A value that can be assigned to, watched by tapes when it is read.

    Parameters
    ----------
    initial_value : array_like or callable
        The first value, copied; a callable is called for it.
    trainable : bool
        Whether tapes watch it by themselves, if its dtype is floating or complex; None, as in
        TensorFlow, means that they do.
    name : str, optional
    dtype : dtype, optional
        The value's own, or the default dtype for Python numbers.
    device : Device or str, optional
        The value's own, or the default device.
    constraint : callable, optional
        Applied by optimizers to the value after each update.

    Raises
    ------
    DTypeError
        If the value cannot be converted to `dtype`.
    ArgumentTypeError
        If no array can be made of the value, the name is no str, or the constraint no function.

    Examples
    --------
    >>> import xgrad as xg
    >>> v = xg.Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0])
    xg.Variable([2., 3.], shape=(2,), dtype=float64, device=cpu, name='v')
    """

    __slots__ = ("constraint", "name", "number", "trainable")

    node: Leaf

    def __init__(
        self,
        initial_value: ArrayLike,
        trainable: bool | None = True,
        name: str | None = None,
        dtype: DType = None,
        device: Device | str | None = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        if constraint is not None and not callable(constraint):
            raise ArgumentTypeError(
                "Variable: constraint must be a function of a value that returns the new one, but is "
                f"a {type(constraint).__name__}. Use one such as lambda w: xg.clip(w, 0.0, 1.0), or "
                "None."
            )
        if name is not None and not isinstance(name, str):
            raise ArgumentTypeError(
                f"Variable: name must be a str, but is {name!r} ({type(name).__name__}). Use "
                "str(...), or None for a name that is made up."
            )
        value = initial_value() if callable(initial_value) else initial_value
        self.raw = to_array(value, dtype=dtype, device=device, copy=True)
        self.trainable = trainable is None or as_flag(trainable, "Variable", "trainable")
        self.number = next(_numbers)
        self.name = f"Variable_{self.number}" if name is None else str(name)
        self.constraint = constraint
        self.node = Leaf(tuple(self.raw.shape), self.raw.dtype, self, user_line(2))
        self._receive(value, "became the initial value")
        _live.add(self)
        protocols.created(self)

    def __repr__(self) -> str:
        return show(self.raw, "xg.Variable", f", name={self.name!r}")

    def value(self) -> Tensor:
        """The present value as a Tensor, connected to this Variable."""
        protocols.read(self)
        return Tensor(self.raw, self.node)

    read_value = value

    def assign(self, value: ArrayLike) -> Variable:
        """Replace the value.

        Parameters
        ----------
        value : array_like
            Of this Variable's shape; cast within its kind of dtype (float64 to float32).

        Returns
        -------
        Variable
            This one.

        Raises
        ------
        ShapeError, DTypeError, DeviceMismatchError
            If the value does not fit; the Variable keeps its old value.
        """
        new = self._fit(value, "assign", copy=True)
        return self._update(new, "assign", value)

    def assign_add(self, value: ArrayLike) -> Variable:
        """Add to the value; returns this Variable.

        Nothing is lost of what several threads add.
        """
        part = self._fit(value, "assign_add")
        return self._change(lambda xp, old: xp.add(old, part), "assign_add", value)

    def assign_sub(self, value: ArrayLike) -> Variable:
        """Subtract from the value; returns this Variable. See `assign_add`."""
        part = self._fit(value, "assign_sub")
        return self._change(lambda xp, old: xp.subtract(old, part), "assign_sub", value)

    def scatter_update(self, indices: ArrayLike, updates: ArrayLike) -> Variable:
        """Replace the rows at `indices` of the first axis; returns this Variable."""
        return self._scatter(indices, updates, "set", "scatter_update")

    def scatter_add(self, indices: ArrayLike, updates: ArrayLike) -> Variable:
        """Add to the rows at `indices`; repeated indices add up. Returns this Variable."""
        return self._scatter(indices, updates, "add", "scatter_add")

    def scatter_sub(self, indices: ArrayLike, updates: ArrayLike) -> Variable:
        """Subtract from the rows at `indices`; repeated indices add up. Returns this Variable."""
        return self._scatter(indices, updates, "subtract", "scatter_sub")

    def __setitem__(self, key: Any, value: Any) -> None:
        template, indices = split_key(key, self)
        backend = backend_of(self.raw)
        arrays = tuple(self._rows(i, "setitem: an index") for i in indices)
        self._receive(value, "went by item assignment into a part")
        part = self._rows(value, "setitem: value")
        part = cast_within_kind(part, self.dtype, "setitem: value", self.name)

        def changed(xp: Any, old: Array) -> Array:
            new: Any = xp.copy(old)
            try:
                with backend.on(new):
                    new[fill_key(template, arrays)] = part
            except Exception as error:
                operands = (old, part, *arrays)
                raise explain_failure(_SETITEM, operands, {"key": template}, error) from error
            return new

        self._change(changed, "set", key, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        new = Variable(self.raw, self.trainable, self.name, constraint=self.constraint)
        memo[id(self)] = new
        return new

    def __reduce__(self) -> Any:
        device = str(self.device)
        return Variable, (self.numpy(), self.trainable, self.name, None, device, self.constraint)

    def _receive(self, value: Any, how: str) -> None:
        """Tell who follows the value that no gradient comes back from here."""
        if getattr(value, "node", None) is not None:
            protocols.left(value, f"{how} of Variable {self.name}")

    def _update(self, new: Array, how: str, *given: Any) -> Variable:
        """Take a new value; a recorder of programs makes its own of what was given."""
        protocols.assigned(self)
        if not (state.observers and protocols.store(self, how, *given)):
            self.raw = backend_of(self.raw).finish(new)
        return self

    def _change(self, new: Callable[[Any, Array], Array], how: str, *given: Any) -> Variable:
        """Take a value that is computed from the old one, once more if that changed meanwhile."""
        while True:
            old = self.raw
            array = new(backend_of(old).xp, old)
            with _changing:
                if self.raw is old:
                    return self._update(array, how, *given)

    def _scatter(self, indices: Any, updates: Any, mode: str, what: str) -> Variable:
        xp = backend_of(self.raw).xp
        index = self._rows(indices, f"{what}: indices")
        self._receive(updates, f"went by {what} into rows")
        rows = self._rows(updates, f"{what}: updates")
        rows = cast_within_kind(rows, self.dtype, f"{what}: updates", self.name)
        if not self.ndim:
            raise ShapeError(f"{what}: {self.name} {describe(self)} has no rows. Use assign.")
        if dtype_kind(index.dtype) != "integer":
            raise DTypeError(f"{what}: indices {describe(index)} must be integers. Use astype.")
        expected = (*index.shape, *self.shape[1:])
        if tuple(rows.shape) != expected:
            raise ShapeError(
                f"{what}: updates {describe(rows)} must have shape {expected}: that of indices "
                f"{tuple(index.shape)} and of a row of {self.name} {self.shape[1:]}."
            )
        flat = xp.reshape(index, (-1,))
        rows = xp.reshape(rows, (flat.shape[0], *self.shape[1:]))
        signed, add = (xp.negative(rows), "add") if mode == "subtract" else (rows, mode)
        scattered = lambda xp, old: xp.scatter(old, flat, signed, axis=0, mode=add)
        try:
            return self._change(scattered, "scatter", indices, updates, mode)
        except IndexError as error:
            raise OutOfRangeError(
                f"{what}: indices {describe(index)} must be rows of {self.name} {describe(self)}: "
                f"{error}. Use indices from {-self.shape[0]} to {self.shape[0] - 1}."
            ) from error

    def _check_place(self, array: Any, what: str) -> None:
        """Refuse an array that does not live where this Variable does."""
        if place_of(array) != self.device:
            raise DeviceMismatchError(
                f"{what} {describe(array)} must be where {self.name} {describe(self)} is. Use "
                ".to_device(...)."
            )

    def _rows(self, value: Any, what: str) -> Array:
        """The value as an array here; an array of NumPy's may come from the host."""
        kept = getattr(value, "raw", value)
        if is_array(kept) and (kept is not value or backend_of(kept) is not host()):
            self._check_place(kept, what)
        return to_array(value, device=self.device)

    def _fit(self, value: Any, what: str, copy: bool = False) -> Array:
        """The value as an array of this Variable's shape, dtype and device, or an error."""
        if isinstance(value, Sparse):
            value = value.to_dense()
        self._receive(value, f"went by {what} into the value")
        kept = getattr(value, "raw", value)
        if is_array(kept) and not isinstance(kept, (bool, int, float, complex)):
            kept = backend_of(kept).finish(kept)
            self._check_place(kept, f"{what}: value")
            array = cast_within_kind(kept, self.dtype, f"{what}: value", self.name)
        else:
            array = to_array(value, device=self.device)
            array = cast_within_kind(array, self.dtype, f"{what}: value", self.name)
        if tuple(array.shape) != self.shape:
            raise ShapeError(
                f"{what}: value {describe(array)} must have the shape {self.shape} of "
                f"{self.name}. Use broadcast_to if the value was meant for every element."
            )
        return backend_of(array).xp.copy(array) if copy and array is kept else array


def _refuse_in_place(self: Variable, _other: Any) -> Variable:
    raise TapeError(
        f"{self.name} += x (or -=, *=, ...) would turn the Variable into a Tensor. Use "
        f"{self.name}.assign_add(x), .assign_sub(x) or .assign(...)."
    )


for _name in IN_PLACE:
    setattr(Variable, f"__i{_name}__", _refuse_in_place)

HANDLES.add(Variable)
tree.register_leaf(Variable)
