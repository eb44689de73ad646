"""Values on their way into a summary: what they may be, and the form in which they are written.

The form is TensorFlow 2's: a tensor, and the name of the part of TensorBoard that shows it."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..core.casting import to_array
from ..core.handle import Handle, Sparse
from ..errors import ArgumentError
from .current import current

__all__ = ["as_array", "write"]

_FLOAT, _DOUBLE = 1, 2  # of DataType in TensorFlow's types.proto


def as_array(data: Any, name: str) -> Array:
    """Find the raw array of a Tensor, Variable, array, number or sparse gradient."""
    if data is None:
        raise ArgumentError(
            f"the summary {name!r} was given None. If it is a gradient, it is not connected: use "
            'unconnected_gradients="zero" for zeros, or tape.explain(...) to see why.'
        )
    if isinstance(data, Sparse):
        data = data.to_dense()
    return data.array if isinstance(data, Handle) else to_array(data)


def write(
    name: str,
    step: int,
    plugin: str,
    numbers: list[float],
    shape: tuple[int, ...],
    description: str | None,
) -> bool:
    """Write a tensor of double precision, or a single number of single precision."""
    from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboardX.proto.tensor_pb2 import TensorProto
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    assert current.writer is not None
    sizes = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shape])
    if shape:
        tensor = TensorProto(dtype=_DOUBLE, tensor_shape=sizes, double_val=numbers)
    else:
        tensor = TensorProto(dtype=_FLOAT, tensor_shape=sizes, float_val=numbers)
    metadata = SummaryMetadata(
        display_name=name.rsplit("/", 1)[-1],
        summary_description=description or "",
        plugin_data=SummaryMetadata.PluginData(plugin_name=plugin),
    )
    value = Summary.Value(tag=name, metadata=metadata, tensor=tensor)
    current.writer.add(Summary(value=[value]), step)
    return True
