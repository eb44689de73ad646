"""Batch rules by kind: shift axes by one, align ranks.

Broadcasting aligns axes from the last to the first, so operands get axes of size 1 between that of
the examples and their own. Everything that names axes by number gets them shifted; negative numbers
count from the end and stay."""

from __future__ import annotations

import math
from typing import Any

from ..errors import TracingError
from .operation import Operation

__all__ = [
    "along_axis",
    "elementwise",
    "guard",
    "joining",
    "movement",
    "reduction",
    "rolling",
    "stacked",
    "unsupported",
]

_ALL_AXES = {"sum", "prod", "max", "min", "std", "all", "any", "count_nonzero"}
_WITHOUT_AXIS = {"cumulative_sum": -1, "flip": None, "unstack": 0}  # which axis is meant


def elementwise(op: Operation) -> Any:
    """Align ranks; what is stacked on the last axes broadcasts in the same way."""
    rank = max(op.rank(i) for i in range(len(op.values)))
    values = tuple([op.aligned(i, rank) for i in range(len(op.values))])
    return op.run(op.primitive, values, op.parameters)


stacked = elementwise


def shift(axis: Any) -> Any:
    """An axis, or several, of one example as axes of all of them."""
    if isinstance(axis, tuple):
        return tuple([shift(a) for a in axis])
    return axis + 1 if axis >= 0 else axis


def reduction(op: Operation) -> Any:
    """Shift `axis`, where None means all axes of an example."""
    (x,) = op.values
    parameters = dict(op.parameters)
    axis = parameters.get("axis")
    rank = op.rank(0)
    if rank == 0:  # some libraries take an empty tuple of axes for all of them
        x = op.xp.reshape(x, (op.size, 1))
        return op.run(op.primitive, (x,), {**parameters, "axis": 1, **_dropped(parameters)})
    if axis is None and op.primitive.name in _ALL_AXES:
        axis = tuple(range(rank))
    elif axis is None:  # argmax and argmin count in the flat array
        kept = parameters.get("keepdims")
        x = op.xp.reshape(x, (op.size, math.prod(op.shape(0))))
        y = op.run(op.primitive, (x,), {**parameters, "axis": 1, **_dropped(parameters)})
        return op.xp.reshape(y, (op.size, *(1,) * rank)) if kept else y
    return op.run(op.primitive, (x,), {**parameters, "axis": shift(axis)})


def _dropped(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"keepdims": False} if "keepdims" in parameters else {}


def movement(op: Operation) -> Any:
    """Shift whatever of `axis`, `axes` and `shape` there is."""
    (x,) = op.values
    parameters = dict(op.parameters)
    rank = op.rank(0)
    if op.primitive.name in _WITHOUT_AXIS:
        parameters.setdefault("axis", _WITHOUT_AXIS[op.primitive.name])
    if "shape" in parameters:
        shape = _without_unknown(parameters["shape"], op.shape(0))
        parameters["shape"] = (op.size, *shape)
        if op.primitive.name == "broadcast_to":
            x = op.aligned(0, len(shape))
        return op.run(op.primitive, (x,), parameters)
    if op.primitive.name == "permute_dims":
        axes = tuple([a % rank + 1 for a in parameters["axes"]])
        return op.run(op.primitive, (x,), {"axes": (0, *axes)})
    for name in ("axis", "axes"):
        if name in parameters:
            axis = parameters[name]
            parameters[name] = tuple(range(1, rank + 1)) if axis is None else shift(axis)
    return op.run(op.primitive, (x,), parameters)


def _without_unknown(shape: Any, old: tuple[int, ...]) -> tuple[int, ...]:
    """A shape with the number that -1 stands for, which is not to be found without examples."""
    if -1 not in shape:
        return tuple(shape)
    known = -math.prod(shape)
    return tuple([(math.prod(old) // known if known else 0) if n == -1 else n for n in shape])


def guard(op: Operation) -> Any:
    """``zero_where_zero(r, g)``, which may give r itself, and so needs it for each example."""
    (r,) = op.all_mapped(0)
    return elementwise(op._replace(values=(r, op.values[1]), mapped=(True, op.mapped[1])))


def along_axis(op: Operation) -> Any:
    """Shift `axis`, which is the last one where it is not said."""
    axis = op.parameters.get("axis", -1)
    return op.run(op.primitive, op.all_mapped(), {**op.parameters, "axis": shift(axis)})


def rolling(op: Operation) -> Any:
    """Roll, in the flat array where no axis is said."""
    (x,) = op.values
    if op.parameters.get("axis") is not None:
        return movement(op)
    flat = op.xp.reshape(x, (op.size, math.prod(op.shape(0))))
    return op.xp.reshape(op.run(op.primitive, (flat,), {**op.parameters, "axis": 1}), x.shape)


def joining(op: Operation) -> Any:
    """Concatenate or stack along an axis of the example."""
    axis = op.parameters.get("axis", 0)
    return op.run(op.primitive, op.all_mapped(), {**op.parameters, "axis": shift(axis)})


def unsupported(op: Operation) -> Any:
    """Refuse what would give every example another shape."""
    raise TracingError(
        f"{op.primitive.name}: the shape of the result depends on values, which differ between the "
        "examples of xg.vmap. Use xg.where or x.at[mask].add(number), which keep the shape, or "
        "compute it outside."
    )
