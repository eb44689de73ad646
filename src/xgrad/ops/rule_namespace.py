"""The namespace that rules run with when somebody watches the backward pass.

The public functions, plus the instructions beyond the standard that rules use. On raw arrays the
same names are a backend's `xp`."""

from __future__ import annotations

import types
from typing import Any

from ..backends import Device, backend_of
from ..core.dispatch import apply, apply1, binary
from ..core.instructions import primitive
from ..core.tensor import Tensor
from . import (
    arithmetic,
    comparison,
    conversion,
    creation,
    data_types,
    exponential,
    extrema,
    filling,
    indexing,
    joining,
    linear_algebra,
    logic,
    manipulation,
    powers,
    rounding,
    searching,
    sorting,
    statistical,
    trigonometric,
    utility,
)

__all__ = ["CHAPTERS", "rule_namespace"]

CHAPTERS = (
    arithmetic,
    comparison,
    conversion,
    creation,
    data_types,
    exponential,
    extrema,
    filling,
    indexing,
    joining,
    linear_algebra,
    logic,
    manipulation,
    powers,
    rounding,
    searching,
    sorting,
    statistical,
    trigonometric,
    utility,
)

_zero_where_zero = binary(primitive("zero_where_zero"))


def getitem(x: Tensor, *indices: Tensor, key: Any) -> Tensor:
    """``x[key]``, the key with its arrays taken out."""
    return apply(primitive("getitem"), (x, *indices), {"key": key})  # type: ignore[no-any-return]


def setitem(x: Tensor, value: Any, *indices: Tensor, key: Any) -> Tensor:
    """x with value at key."""
    return apply(primitive("setitem"), (x, value, *indices), {"key": key})  # type: ignore[no-any-return]


def put(x: Tensor, *indices: Tensor, key: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of a shape with x added at key."""
    return apply(primitive("put"), (x, *indices), {"key": key, "shape": shape})  # type: ignore[no-any-return]


def index_add(x: Tensor, indices: Tensor, *, axis: int, size: int) -> Tensor:
    """Zeros with slices of x added at indices of an axis."""
    return apply(primitive("index_add"), (x, indices), {"axis": axis, "size": size})  # type: ignore[no-any-return]


def scatter_along_axis(x: Tensor, indices: Tensor, *, axis: int, size: int) -> Tensor:
    """Zeros with x added along an axis."""
    parameters = {"axis": axis, "size": size}
    return apply(primitive("scatter_along_axis"), (x, indices), parameters)  # type: ignore[no-any-return]


def to_device(x: Tensor, *, device: Device, source: Device) -> Tensor:
    """Copy to another device."""
    return apply1(primitive("to_device"), x, {"device": device, "source": source})  # type: ignore[no-any-return]


def zero_where_zero(r: Tensor, g: Tensor) -> Tensor:
    """Guard the edge; give r itself where a cheap look finds nothing to guard against."""
    guarded = backend_of(r.array).xp.zero_where_zero(r.array, g.array)
    if guarded is r.array:
        return r
    return _zero_where_zero(r, g)  # type: ignore[no-any-return]


def _build() -> types.ModuleType:
    module = types.ModuleType("xgrad.rule_namespace", __doc__)
    for chapter in CHAPTERS:
        for name in chapter.__all__:
            setattr(module, name, getattr(chapter, name))
    extras = (getitem, setitem, put, index_add, scatter_along_axis, to_device, zero_where_zero)
    for extra in extras:
        setattr(module, extra.__name__, extra)
    return module


rule_namespace = _build()
