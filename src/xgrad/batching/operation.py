"""One primitive to be applied to all examples at once: what a batch rule is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..backends import place_of
from ..core.primitive import Primitive
from ..core.tensor import Tensor

__all__ = ["Operation"]


class Operation(NamedTuple):
    """A primitive, its operands with the axis of examples in front, and what to compute with.

    Attributes
    ----------
    primitive : Primitive
    values : tuple
        Arrays or Python scalars.
    mapped : tuple of bool
        Which of them have the axis; at least one.
    parameters : dict
        As for one example.
    size : int
        The number of examples.
    xp : namespace
        Of the values.
    run : callable
        ``run(primitive, operands, parameters)`` applies a primitive to values.
    """

    primitive: Primitive
    values: tuple[Any, ...]
    mapped: tuple[bool, ...]
    parameters: dict[str, Any]
    size: int
    xp: Any
    run: Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any]

    def counting(self) -> Any:
        """The number of each example, where the operands live."""
        value = next(v for v in self.values if hasattr(v, "shape"))
        is_tensor = isinstance(value, Tensor)
        place = place_of(value.raw if is_tensor else value)
        xp = place.backend.xp
        numbers = xp.arange(self.size, dtype=place.backend.dtype("int64"), device=place.native)
        return Tensor(numbers) if is_tensor else numbers

    def rank(self, place: int) -> int:
        """The number of axes of an operand, of one example."""
        value = self.values[place]
        if not hasattr(value, "shape"):
            return 0
        return len(value.shape) - self.mapped[place]

    def shape(self, place: int) -> tuple[int, ...]:
        """The shape of an operand, of one example."""
        value = self.values[place]
        if not hasattr(value, "shape"):
            return ()
        return tuple(value.shape[1:] if self.mapped[place] else value.shape)

    def all_mapped(self, *places: int) -> tuple[Any, ...]:
        """The operands, or those at some places, repeated for each example where they are not mapped."""
        return tuple([self._mapped_value(i) for i in places or range(len(self.values))])

    def aligned(self, place: int, rank: int) -> Any:
        """A mapped operand with axes of size 1 behind that of the examples, to broadcast by rank."""
        value = self.values[place]
        missing = rank - self.rank(place)
        if not self.mapped[place] or missing <= 0:
            return value
        return self.xp.reshape(value, (self.size, *(1,) * missing, *value.shape[1:]))

    def _mapped_value(self, place: int) -> Any:
        value = self.values[place]
        if self.mapped[place] or not hasattr(value, "shape"):
            return value
        return self.xp.broadcast_to(value, (self.size, *value.shape))
