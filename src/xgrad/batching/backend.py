"""What the rest of xgrad asks of Batched arrays: a backend like any library's.

Tensors wrap them, so every function and every tape works on examples without knowing. Operations
that meet a Batched operand come here from core/dispatch.py and tell the observers who are inside."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from .._typing import Array, DType, NativeDevice
from ..backends import Backend, backend_of
from ..backends.registry import register_type
from ..core.dispatch import set_nested_apply
from ..core.failures import explain_failure
from ..core.inspection import tell
from ..core.node import Node
from ..core.observers import cut_off, settings
from ..core.primitive import Primitive
from ..core.tensor import Tensor
from .array import Batched, Level, level_of, refuse
from .failures import of_one
from .namespace import apply_to_all, functions

__all__ = ["BATCHED"]


class BatchedBackend(Backend):
    """The backend of `Batched`; answers about places and dtypes are those of the values."""

    nests = True
    one_device = True

    def __init__(self) -> None:
        self.name = "batched"
        self.xp = functions  # type: ignore[assignment]
        self._dtypes = {}

    def finish(self, value: Any) -> Array:
        """The value: rules give nothing but arrays."""
        return value

    def bottom(self, array: Any) -> tuple[Backend, Array]:
        """The library that holds the values, and an array of its own."""
        value = array.value
        if isinstance(value, Tensor):
            value = value.raw
        return backend_of(value).bottom(value)

    def on(self, array: Any) -> AbstractContextManager[Any]:
        """Where the values are."""
        backend, inner = self.bottom(array)
        return backend.on(inner)

    def device_of(self, array: Any) -> NativeDevice:
        """What that library calls the place of the values."""
        backend, inner = self.bottom(array)
        return backend.device_of(inner)

    def to_numpy(self, array: Any) -> Array:
        """Not known."""
        raise refuse(array, "a value")

    def ones(self, array: Any) -> Array:
        """Ones of the same shape, dtype and place."""
        return functions.ones_like(array)

    def joined(self, x: Any, other: Any) -> Array:
        """A Tensor's array as one that all examples of another share, if it is not of its level."""
        level = level_of((x.raw, other))
        assert level is not None
        return _shared(x.raw, x.node, level) if _is_from_outside(x.raw, level) else x.raw

    def dtype(self, _dtype: DType) -> DType:
        """Not known: ask the library."""
        raise AssertionError("the dtype of Batched arrays is their library's business")


BATCHED = BatchedBackend()


def _apply_nested(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    nodes: tuple[Node | None, ...],
    parameters: dict[str, Any] | None,
) -> Any:
    """Apply a primitive of which an operand is Batched, and tell those inside its level."""
    level = level_of(arrays)
    assert level is not None
    arrays = tuple(
        [
            _shared(a, n, level) if _is_from_outside(a, level) else a
            for a, n in zip(arrays, nodes, strict=True)
        ]
    )
    try:
        y = apply_to_all(primitive, arrays, parameters or {})
    except Exception as error:
        found = explain_failure(primitive, arrays, parameters, of_one(error, arrays[0]))
        if found is error:
            raise
        raise found from error
    recorder = level.recorder()
    several = primitive.outputs != 1
    new: Any = None
    if recorder is not None:
        new = recorder.record(primitive, arrays, nodes, parameters, y)
    elif level.outside is None:
        new = cut_off(primitive, nodes, 3)
        new = (new,) * len(y) if several and new is not None else new
    if settings.inspected:
        tell(primitive, arrays, parameters, y, new)
    if not several:
        return Tensor(y, new)
    return tuple([Tensor(part, n) for part, n in zip(y, new or (None,) * len(y), strict=True)])


def _shared(array: Any, node: Node | None, level: Level) -> Batched:
    """What all examples share, as one of their kind.

    Outer observers may follow it, so it takes its node along. Rules have nothing but Batched arrays
    then, beside which not every library's own know that they have to step back."""
    return Batched(array if level.outside is None else Tensor(array, node), level, False)


def _is_from_outside(array: Any, level: Any) -> bool:
    """Whether all examples share an operand, which is an array of a library or of an outer level."""
    return hasattr(array, "shape") and not (type(array) is Batched and array.level is level)


register_type(Batched, BATCHED)
set_nested_apply(_apply_nested)
