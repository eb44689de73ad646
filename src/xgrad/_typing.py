"""Names for the types that the whole package shares.

The array-API standard has no importable array type, so arrays and dtypes are `Any` to the type
checker; the aliases say what is meant. Nothing here exists at run time but the names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A raw array of some namespace: numpy.ndarray, cupy.ndarray, ..."""

DType: TypeAlias = Any
"""A dtype object of some namespace."""

Namespace: TypeAlias = Any
"""An array-API namespace: numpy, array_api_strict, `xg.namespace(...)`, ..."""

NativeDevice: TypeAlias = Any
"""What a namespace itself calls a device."""

ArrayLike: TypeAlias = Any
"""A Tensor, a Variable, a raw array or a Python scalar."""

Scalar: TypeAlias = bool | int | float | complex

Shape: TypeAlias = tuple[int, ...]

ShapeLike: TypeAlias = int | Sequence[int]

Axis: TypeAlias = int | tuple[int, ...] | None

Nest: TypeAlias = Any
"""A structure of dicts, lists, tuples, named tuples, dataclasses and registered types."""

SCALAR_TYPES = frozenset({bool, int, float, complex})
