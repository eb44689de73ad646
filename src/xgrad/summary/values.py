"""Values on their way into a summary: what they may be, and the form in which they are written.

The form is TensorFlow 2's: a tensor, and the name of the part of TensorBoard that shows it. What is
on a device waits there until its step is over: then everything comes to the host in one copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Array
from ..backends import backend_of, host
from ..core.casting import dtype_kind, to_array
from ..core.handle import Handle, Sparse
from ..core.spec import describe
from ..errors import ArgumentError, ArgumentTypeError, DTypeError

__all__ = [
    "as_array",
    "as_real_array",
    "check_description",
    "is_on_host",
    "numbers_value",
    "strings_value",
    "summary",
    "to_host",
]

_FLOAT, _DOUBLE, _STRING = 1, 2, 7  # of DataType in TensorFlow's types.proto


def as_array(data: Any, name: str) -> Array:
    """Find the raw array of a Tensor, Variable, array, number or sparse gradient."""
    if data is None:
        raise ArgumentError(
            f"the summary {name!r} was given None. If it is a gradient, it is not connected: use "
            'unconnected_gradients="zero" for zeros, or tape.explain(...) to see why.'
        )
    if isinstance(data, Sparse):
        data = data.to_dense()
    array = data.raw if isinstance(data, Handle) else to_array(data)
    if backend_of(array).nests:
        raise ArgumentError(
            f"the summary {name!r} was given a value inside vmap, which is one for each example. "
            "Use the results of vmap, outside of it."
        )
    return array


def as_real_array(data: Any, name: str) -> Array:
    """Find the raw array of what must not be complex."""
    array = as_array(data, name)
    if dtype_kind(array.dtype) == "complex":
        raise DTypeError(
            f"the summary {name!r} must be real, but is {describe(array)}. Use xg.abs, xg.real or "
            "xg.imag."
        )
    return array


# -- from devices ----------------------------------------------------------------------------------


def is_on_host(array: Array) -> bool:
    """Whether reading an array copies nothing and waits for nothing."""
    return backend_of(array) is host()


def to_host(arrays: Sequence[Array]) -> list[list[float]]:
    """Read vectors of double precision as lists: one copy for all that are on one device."""
    found: list[list[float]] = [[] for _ in arrays]
    groups: dict[tuple[str, str], list[int]] = {}
    for i, array in enumerate(arrays):
        backend = backend_of(array)
        groups.setdefault((backend.name, str(backend.device_of(array))), []).append(i)
    for members in groups.values():
        backend = backend_of(arrays[members[0]])
        parts = [arrays[i] for i in members]
        joined = backend.xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]
        numbers = backend.to_numpy(joined).tolist()
        start = 0
        for i in members:
            end = start + int(arrays[i].shape[0])
            found[i] = numbers[start:end]
            start = end
    return found


# -- into a file -----------------------------------------------------------------------------------


def numbers_value(
    name: str,
    plugin: str,
    numbers: Sequence[float],
    shape: tuple[int, ...],
    description: str | None = None,
    content: bytes = b"",
) -> Any:
    """Make a tensor of double precision, or a single number of single precision, of a summary."""
    from tensorboardX.proto.tensor_pb2 import TensorProto

    if shape:
        tensor = TensorProto(dtype=_DOUBLE, tensor_shape=_sizes(shape), double_val=numbers)
    else:
        tensor = TensorProto(dtype=_FLOAT, tensor_shape=_sizes(shape), float_val=numbers)
    return _value(name, plugin, tensor, description, content)


def strings_value(
    name: str,
    plugin: str,
    strings: Sequence[bytes],
    shape: tuple[int, ...],
    description: str | None = None,
) -> Any:
    """Make a tensor of strings, which may be pictures, of a summary."""
    from tensorboardX.proto.tensor_pb2 import TensorProto

    tensor = TensorProto(dtype=_STRING, tensor_shape=_sizes(shape), string_val=strings)
    return _value(name, plugin, tensor, description, b"")


def summary(*values: Any) -> dict[str, Any]:
    """Put values together into what a writer takes."""
    from tensorboardX.proto.summary_pb2 import Summary

    return {"summary": Summary(value=values)}


def _sizes(shape: tuple[int, ...]) -> Any:
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shape])


def check_description(description: Any, name: str) -> None:
    """Refuse a description that is no text."""
    if not isinstance(description, (str, type(None))):
        raise ArgumentTypeError(
            f"the description of the summary {name!r} must be a str, but is a "
            f"{type(description).__name__}."
        )


def _value(name: str, plugin: str, tensor: Any, description: str | None, content: bytes) -> Any:
    from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata

    check_description(description, name)
    metadata = SummaryMetadata(
        display_name=name.rsplit("/", 1)[-1],
        summary_description=description or "",
        plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content),
    )
    return Summary.Value(tag=name, metadata=metadata, tensor=tensor)
