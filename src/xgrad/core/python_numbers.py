"""A value without axes as a Python number: float(t), round(t), divmod, math.floor and the like.

Turning into a number leaves xgrad on purpose and is allowed while a tape follows the value, which
remembers it for `explain`. One thing is not: ``a[0] = t`` for an array of another library asks for a
number too, without anybody having said so."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from .._arguments import as_int
from .._typing import Array
from ..backends import backend_of
from ..backends.base import dtype_name
from ..errors import ArgumentTypeError, DTypeError, NotDifferentiableError, ShapeError
from .dispatch import apply1
from .instructions import primitive
from .lost_writes import is_store
from .observers import settings
from .operators import Operators
from .protocols import protocols
from .spec import describe

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["PythonNumbers"]

_ROUND = primitive("round")


class PythonNumbers(Operators):
    """The conversions that Tensors and Variables share."""

    __slots__ = ()

    def numpy(self) -> Array:
        """Copy the value to a numpy array in host memory, on purpose: no gradient flows through."""
        return self._on_host(".numpy()")

    def item(self, *index: int | tuple[int, ...]) -> Any:
        """One element as a Python scalar; waits for the device.

        Parameters
        ----------
        *index : ints, or a tuple of them
            As in NumPy: nothing for the only element, one int for a place among all elements in
            order, or one for each axis.

        Raises
        ------
        ShapeError, OutOfRangeError, ArgumentTypeError
            If there is no such element, or not exactly one.
        """
        if index:
            return self._element(index).item()
        if math.prod(self.raw.shape) != 1:
            raise ShapeError(f"item: x {describe(self)} must have exactly one element. Use tolist.")
        return self._on_host(".item()").reshape(()).item()

    def tolist(self) -> Any:
        """The value as nested lists of Python scalars; waits for the device."""
        return self._on_host(".tolist()").tolist()

    def __bool__(self) -> bool:
        return bool(self._single("bool"))

    def __int__(self) -> int:
        self._refuse_to_be_stored("__int__")
        return int(self._single("int"))

    def __float__(self) -> float:
        self._refuse_to_be_stored("__float__")
        return float(self._single("float"))

    def __complex__(self) -> complex:
        self._refuse_to_be_stored("__complex__")
        return complex(self._single("complex"))

    def __index__(self) -> int:
        if not dtype_name(self.raw.dtype).lstrip("u").startswith("int"):
            raise DTypeError(
                f"an index must be an integer, but x is {describe(self)}. Use astype; or, if a list "
                "was to be multiplied by x, xg.asarray(the list)."
            )
        return int(self._single("int"))

    def __trunc__(self) -> int:
        return math.trunc(float(self))

    def __floor__(self) -> int:
        return math.floor(float(self))

    def __ceil__(self) -> int:
        return math.ceil(float(self))

    def __round__(self, ndigits: int | None = None) -> Tensor:
        scale = 10.0 ** (ndigits or 0)
        return apply1(_ROUND, self * scale) / scale if ndigits else apply1(_ROUND, self)  # type: ignore[no-any-return]

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __format__(self, spec: str) -> str:
        if spec and math.prod(self.raw.shape) == 1:
            return format(self.item(), spec)
        try:
            return format(str(self), spec)
        except ValueError:
            raise ArgumentTypeError(
                f"the format {spec!r} is of one number, but x is {describe(self)}. Use an index, or "
                "a loop over x."
            ) from None

    def _element(self, index: tuple[Any, ...]) -> Tensor:
        """The element at a place among all of them, or at one on each axis."""
        if len(index) == 1 and isinstance(index[0], tuple):
            index = index[0]
        place = tuple([as_int(i, "item", "index") for i in index])
        if len(place) == 1 and len(self.raw.shape) != 1:
            return protocols.method("flat")(self)[place[0]]  # type: ignore[no-any-return]
        if len(place) != len(self.raw.shape):
            raise ShapeError(
                f"item: index {place} must have one number for each axis of x {describe(self)}, or "
                "be one number for a place among all elements."
            )
        return self[place]  # type: ignore[index, no-any-return]

    # -- leaving -------------------------------------------------------------------------------

    def _on_host(self, way: str) -> Array:
        if self.node is not None or settings.told:
            protocols.left(self, f"left xgrad through {way}")
        return backend_of(self.raw).to_numpy(self.raw)

    def _single(self, wanted: str) -> Any:
        if math.prod(self.raw.shape) != 1:
            raise ShapeError(
                f"{wanted}: x {describe(self)} must have exactly one element. Use xg.any, xg.all "
                "or an index."
            )
        value = self._on_host(f"{wanted}()").reshape(()).item()
        if isinstance(value, complex) and wanted in ("int", "float"):
            raise DTypeError(f"{wanted}: x {describe(self)} is complex. Use xg.real or xg.abs.")
        return value

    def _refuse_to_be_stored(self, way: str) -> None:
        """Raise if the instruction that asks for a number is ``a[key] = t``, of a followed t.

        A library's ``a[key] = t`` runs no Python of its own, so the frame that asked is the
        user's, and its present instruction says what it is doing."""
        if not protocols.is_followed(self):
            return
        if is_store(sys._getframe(2)):
            raise NotDifferentiableError(
                f"{way}: x {describe(self)} is followed (by a GradientTape, or xg.function), and is "
                "being written into an array of another library, where its gradient would silently be "
                "zero. Use a Tensor in its place (xg.zeros(...) takes item assignment), xg.stack, or "
                f"a[key] = {way.strip('_')}(x) to leave xgrad on purpose."
            )
