"""einops for Tensors: after ``import xgrad.compat.einops``, `einops.rearrange(t, ...)` works.

einops asks every subclass of its backend class whether a tensor is one of its own; here is the one
that says yes to Tensors and Variables. `einops.array_api` needs none: it asks the array itself."""

from __future__ import annotations

from typing import Any

from einops._backends import AbstractBackend

from ..core.casting import is_inexact
from ..core.tensor import ArrayAttributes
from ..ops.conversion import asarray
from ..ops.creation import arange
from ..ops.einsum import einsum
from ..ops.joining import concat, stack, tile
from ..ops.manipulation import expand_dims, permute_dims

__all__ = ["XgradBackend"]


class XgradBackend(AbstractBackend):  # type: ignore[misc, unused-ignore]
    """What einops needs of a library. Reductions and reshape are methods of a Tensor.

    Examples
    --------
    >>> import einops, xgrad as xg
    >>> import xgrad.compat.einops
    >>> einops.rearrange(xg.ones((2, 3, 4)), "a b c -> c (a b)").shape
    (4, 6)
    """

    framework_name = "xgrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Whether einops should hand a value to this backend."""
        return isinstance(tensor, ArrayAttributes)

    def from_numpy(self, x: Any) -> Any:
        """Wrap an array of NumPy's."""
        return asarray(x)

    def to_numpy(self, x: Any) -> Any:
        """Copy to an array of NumPy's; no gradient flows through."""
        return x.numpy()

    def arange(self, start: int, stop: int) -> Any:
        """Make consecutive integers."""
        return arange(start, stop)

    def transpose(self, x: Any, axes: Any) -> Any:
        """Put the axes in another order."""
        return permute_dims(x, tuple(axes))

    def reduce(self, x: Any, operation: str, axes: Any) -> Any:
        """Reduce over axes by the method of a name: sum, mean, max, min, prod, any, all."""
        return getattr(x, operation)(axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        """Join along a new first axis."""
        return stack(tensors)

    def add_axis(self, x: Any, new_position: int) -> Any:
        """Add an axis of size 1."""
        return expand_dims(x, axis=new_position)

    def tile(self, x: Any, repeats: tuple[int, ...]) -> Any:
        """Repeat along each axis."""
        return tile(x, tuple(repeats))

    def concat(self, tensors: list[Any], axis: int) -> Any:
        """Join along an axis."""
        return concat(tensors, axis=axis)

    def is_float_type(self, x: Any) -> bool:
        """Whether a mean can be had."""
        return is_inexact(x.dtype)

    def einsum(self, pattern: str, *x: Any) -> Any:
        """Sum products over axes named by letters."""
        return einsum(pattern, *x)
