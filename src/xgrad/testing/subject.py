"""A function at a point: what is checked, on its device, as a function of arrays on the host."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from .._typing import SCALAR_TYPES, Array
from ..backends import host
from ..backends.base import dtype_name
from ..core.casting import is_inexact, to_array
from ..core.handle import Handle
from ..core.indexed_slices import IndexedSlices
from ..core.tensor import Tensor, alias
from ..errors import ArgumentError, ArgumentTypeError
from ..interpreters.forward import ForwardAccumulator
from ..interpreters.tape import GradientTape
from .differences import precision
from .witness import operations_of

__all__ = ["Subject", "arguments_of", "like", "random_like"]


def arguments_of(xs: Any, caller: str) -> list[Any]:
    """Give the arguments of the function, which must be a list or tuple."""
    if not isinstance(xs, (list, tuple)):
        raise ArgumentError(
            f"{caller}: xs must be a list or tuple with the arguments of f, not a "
            f"{type(xs).__name__}. Use {caller}(f, [x])."
        )
    return [to_array(x) if _is_numbers(x) else x for x in xs]


def _is_numbers(x: Any) -> bool:
    """Say whether a list is one of numbers, which makes it an array and no nest."""
    return isinstance(x, list) and all(
        _is_numbers(part) if isinstance(part, list) else type(part) in SCALAR_TYPES for part in x
    )


def _as_tensor(x: Any) -> Tensor:
    """Make a Tensor that nobody follows, from anything that arrays can be made of."""
    return Tensor(x.raw if isinstance(x, Handle) else to_array(x))


class Subject:
    """A function of Tensors, at a point.

    Attributes
    ----------
    f : callable
        Of the leaves of the arguments; returns the list of its floating results, as Tensors.
    leaves : list of Tensor
        The arguments.
    points : list of Tensor
        The floating leaves; the others are constants.
    names : list of str
        Of the points.
    eps : float
        The precision of the coarsest numbers that the function computes with.
    size : float
        The largest result, of this function or of that from which it is derived.
    """

    def __init__(self, f: Callable[..., Any], xs: Sequence[Any], name: str = "xs") -> None:
        leaves, self._treedef = tree.flatten([tree.map(_as_tensor, x) for x in xs])
        paths = tree.paths(list(xs))
        self.leaves = leaves
        self._places = [i for i, x in enumerate(leaves) if is_inexact(x.dtype)]
        self._function = f
        self.points = [leaves[i] for i in self._places]
        self.names = [name + "".join(f"[{key!r}]" for key in paths[i]) for i in self._places]

    @functools.cached_property
    def eps(self) -> float:
        """Found by looking at every operation once."""
        dtypes = {dtype_name(x.dtype) for x in self.points}
        for event, _ in operations_of(self.f, *self.points):
            dtypes |= {dtype_name(y.dtype) for y in event.results if is_inexact(y.dtype)}
        return max(map(precision, dtypes), default=1.0)

    @functools.cached_property
    def size(self) -> float:
        """Found by looking at the results."""
        return max((float(abs(y).max()) for y in self.values(self.points) if y.size), default=0.0)

    def derived(self, f: Callable[..., Any]) -> Subject:
        """Another function of the same points."""
        other = Subject(f, self.points)
        other.names = self.names
        other.eps = self.eps
        other.size = max(self.size, other.size)
        return other

    def returned(self, *points: Tensor) -> Any:
        """Give what the function returns with other Tensors in the place of the points.

        It is given handles of its own, which it may rebind."""
        leaves = list(self.leaves)
        for i, x in zip(self._places, points, strict=True):
            leaves[i] = x
        return self._function(*tree.unflatten(self._treedef, map(alias, leaves)))

    def f(self, *points: Tensor) -> list[Tensor]:
        """Give the floating results as a list of Tensors."""
        y = self.returned(*points)
        found = [x.to_dense() if isinstance(x, IndexedSlices) else x for x in tree.leaves(y)]
        for x in found:
            if not isinstance(x, Handle):
                raise ArgumentTypeError(
                    f"f returned a {type(x).__name__} among its results, but must return Tensors. "
                    "Use xgrad's functions in f, and return what they give."
                )
        return [x for x in found if is_inexact(x.dtype)]

    def at(self, i: int, array: Array) -> list[Tensor]:
        """Give the points with one of them replaced by an array on the host."""
        return [*self.points[:i], like(self.points[i], array), *self.points[i + 1 :]]

    def values(self, points: Sequence[Tensor]) -> list[Array]:
        """Give the results on the host."""
        return [y.numpy() for y in self.f(*points)]

    def gradient(self, weights: Sequence[Tensor]) -> Callable[..., list[Tensor]]:
        """Make the function of the points that gives the gradients of <weights, results>."""

        def gradient(*points: Tensor) -> list[Tensor]:
            xs = list(map(alias, points))
            with GradientTape() as tape:
                tape.watch(xs)
                ys = self.f(*xs)
            found = tape.gradient(ys, xs, list(weights), unconnected_gradients="zero")
            return [g.to_dense() if isinstance(g, IndexedSlices) else g for g in found]

        return gradient

    def tangent(self, directions: Sequence[Tensor]) -> Callable[..., list[Tensor]]:
        """Make the function of the points that gives the tangents of the results."""

        def tangent(*points: Tensor) -> list[Tensor]:
            xs = list(map(alias, points))
            with ForwardAccumulator(xs, list(directions)) as accumulator:
                ys = self.f(*xs)
            return accumulator.jvp(ys, unconnected_gradients="zero")  # type: ignore[no-any-return]

        return tangent


def like(x: Tensor, array: Array) -> Tensor:
    """Make a Tensor of an array on the host, of the dtype and where another Tensor is."""
    device = x.device
    return Tensor(device.backend.asarray(array, x.dtype, device.native))


def random_like(x: Tensor, seed: int) -> Tensor:
    """Draw random numbers of magnitudes between 1/2 and 1, of both signs."""
    generator = host().namespace.random.default_rng(seed)
    shape = x.shape

    def draw() -> Array:
        return generator.uniform(0.5, 1.0, shape) * generator.choice([-1.0, 1.0], shape)

    value = x.numpy()
    return like(
        x, (draw() + 1j * draw() if value.dtype.kind == "c" else draw()).astype(value.dtype)
    )
