"""The array that batching computes with: one value per example, standing for one of them.

A `Batched` has the shape of an example and hides the axis of examples, which comes first in
`value`. What is the same for all examples has no such axis and is not `mapped`. Levels nest: a
`value` may be Batched again, by a level further out, and is a Tensor where somebody outside watches.
What operations do is in the other files; the operators here only ask for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from .._typing import DType, Shape
from ..backends.base import dtype_name
from ..core.observers import state
from ..core.protocols import protocols
from ..errors import TracingError

__all__ = ["Batched", "Level", "functions", "left_behind", "level_of", "refuse"]

_numbers = itertools.count(1)

# The functions on Batched arrays, by name; namespace.py fills this in.
functions: Any = None


class Level:
    """One axis of examples.

    Attributes
    ----------
    number : int
        Larger than that of every level further out.
    size : int
        The number of examples.
    observers : tuple
        Those who watched when the level began. They are outside, and are told what happens to all
        examples at once; those who came later are inside, and see one example.
    outside : Context or None
        The context in which only they watch; None where there are none, and values are raw arrays.
    ended : bool
        Whether the function has returned, after which nobody has a use for what it left behind.
    """

    __slots__ = ("_inside", "ended", "number", "observers", "outside", "size")

    def __init__(self, size: int) -> None:
        self.number = next(_numbers)
        self.size = size
        self.observers = state.observers
        self.outside = protocols.context(self.observers) if self.observers else None
        self.ended = False
        self._inside: dict[tuple[Any, ...], Any] = {}

    @contextmanager
    def reopened(self) -> Iterator[None]:
        """Let what the level left behind be used again where others watch, all of them outside.

        Its values are Tensors then, whoever watched when it began."""
        former = self.observers, self.outside, self._inside, self.ended
        self.observers = state.observers
        self.outside = protocols.context(self.observers)
        self._inside, self.ended = {}, False
        try:
            yield
        finally:
            self.observers, self.outside, self._inside, self.ended = former

    def recorder(self) -> Any:
        """The recorder of those inside, or None."""
        observers = state.observers
        if observers is self.observers:
            return None
        context = self._inside.get(observers)
        if context is None:
            inside = tuple([o for o in observers if o not in self.observers])
            context = self._inside[observers] = protocols.context(inside)
        return context.recorder if context.observers else None


def refuse(array: Batched, what: str) -> TracingError:
    """What to raise when one value is asked of what stands for many."""
    if array.level.ended:
        return left_behind(array)
    return TracingError(
        f"{what} is not known inside xg.vmap or a Jacobian: the array stands for all examples at "
        "once, and each has a value of its own. Use xg.where instead of `if`, and leave the "
        "context before you look at values."
    )


def left_behind(array: Batched) -> TracingError:
    """What to raise when a value is used after its examples are over."""
    return TracingError(
        f"x {array.shape} {dtype_name(array.dtype)} stands for the {array.level.size} examples of an "
        "xg.vmap that has ended: its function kept the value, or changed a Tensor from outside in "
        "place. Return it from the function, which gives the values of all examples."
    )


def _binary(name: str) -> Callable[[Any, Any], Any]:
    return lambda x1, x2: getattr(functions, name)(x1, x2)  # noqa: PLW0108 - made later


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda x: getattr(functions, name)(x)  # noqa: PLW0108 - made later


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    return lambda x1, x2: getattr(functions, name)(x2, x1)


def _power(x1: Any, x2: Any) -> Any:
    if isinstance(x2, (int, float)):
        return functions.power(x1, exponent=x2)
    return functions.pow(x1, x2)


class Batched:
    """An array per example of a level.

    Attributes
    ----------
    value : array, Tensor or Batched
    level : Level
    mapped : bool
        Whether the first axis of `value` is that of the examples.
    """

    __slots__ = ("level", "mapped", "value")

    __array_ufunc__ = None  # numpy leaves `array * batched` to us
    __array_priority__ = 1000.0

    def __init__(self, value: Any, level: Level, mapped: bool = True) -> None:
        self.value = value
        self.level = level
        self.mapped = mapped

    @property
    def shape(self) -> Shape:
        """The shape of one example."""
        shape = self.value.shape
        return tuple(shape[1:] if self.mapped else shape)

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes of one example."""
        return self.value.ndim - 1 if self.mapped else self.value.ndim  # type: ignore[no-any-return]

    @property
    def device(self) -> Any:
        """What the library at the bottom calls the place of the values."""
        return self.value.device

    def __repr__(self) -> str:
        kind = f"batched over {self.level.size}" if self.mapped else "the same for all examples"
        return f"<{kind}: {self.value!r}>"

    def __bool__(self) -> bool:
        raise refuse(self, "a truth value")

    def __float__(self) -> float:
        raise refuse(self, "float()")

    def __int__(self) -> int:
        raise refuse(self, "int()")

    def __complex__(self) -> complex:
        raise refuse(self, "complex()")

    def __index__(self) -> int:
        raise refuse(self, "an index")

    def __dlpack__(self, **_options: Any) -> Any:
        raise refuse(self, "an array in memory")

    def __dlpack_device__(self) -> Any:
        raise refuse(self, "an array in memory")

    def __getitem__(self, key: Any) -> Any:
        return functions.getitem(self, key=key)

    def __iadd__(self, other: Any) -> Self:
        """Add in place, for whoever made the array and knows that nobody else has it."""
        if (
            type(other) is Batched
            and other.level is self.level
            and self.mapped
            and other.mapped
            and self.level.outside is None
            and type(self.value) is type(other.value) is not Batched
        ):
            self.value += other.value
            return self
        return self + other  # type: ignore[no-any-return]

    __add__ = _binary("add")
    __radd__ = _reflected("add")
    __sub__ = _binary("subtract")
    __rsub__ = _reflected("subtract")
    __mul__ = _binary("multiply")
    __rmul__ = _reflected("multiply")
    __truediv__ = _binary("divide")
    __rtruediv__ = _reflected("divide")
    __matmul__ = _binary("matmul")
    __rmatmul__ = _reflected("matmul")
    __pow__ = _power
    __neg__ = _unary("negative")
    __pos__ = _unary("positive")
    __abs__ = _unary("abs")
    __invert__ = _unary("bitwise_invert")
    __and__ = _binary("bitwise_and")
    __rand__ = _reflected("bitwise_and")
    __or__ = _binary("bitwise_or")
    __ror__ = _reflected("bitwise_or")
    __xor__ = _binary("bitwise_xor")
    __rxor__ = _reflected("bitwise_xor")
    __lt__ = _binary("less")
    __le__ = _binary("less_equal")
    __gt__ = _binary("greater")
    __ge__ = _binary("greater_equal")
    __eq__ = _binary("equal")
    __ne__ = _binary("not_equal")
    __hash__ = object.__hash__


def level_of(values: Any) -> Level | None:
    """The innermost level among values, the one whose axis an operation works along."""
    found: Level | None = None
    for value in values:
        if type(value) is Batched and (found is None or value.level.number > found.number):
            found = value.level
    return found
