"""Gradients of integers, as TensorFlow 1 had them: found with float64, and given as integers.

For xgrad itself integers have no gradients. Here the operations between integers are run again
(_replay.py) with numbers that have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xgrad as xg

from ..._typing import SCALAR_TYPES
from ...core.casting import is_inexact
from ...core.dispatch import apply, compute
from ...core.node import Node
from ...core.variable import Variable
from ._default_graph import follow
from ._replay import Recipe, Run, link_of

__all__ = ["are_integers", "in_floats", "rounded"]


def are_integers(xs: Sequence[Any]) -> bool:
    """Whether there is something, and only integers."""
    return bool(xs) and all(map(_is_whole, xs))


def in_floats(ys: Sequence[Any], xs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Compute integer ys again from xs, of which the integers have become float64.

    Returns
    -------
    ys, xs : list of Tensor or Variable
        With the past that gradients need.
    """
    others = [follow(xg.astype(x, xg.float64)) if _is_whole(x) else x for x in xs]
    fed: dict[Variable | Node | None, Any] = {
        link_of(x.node): other for x, other in zip(xs, others, strict=True) if _is_whole(x)
    }
    run = _InFloats(fed)
    return [follow(xg.asarray(run.value(y), dtype=xg.float64)) for y in ys], others


def rounded(gradient: Any, like: Any) -> Any:
    """The gradient of an integer as an integer."""
    if gradient is None or gradient.dtype == like.dtype:
        return gradient
    return xg.astype(xg.round(gradient), like.dtype)


class _InFloats(Run):
    """A run of operations between integers, with Tensors of float64 for some of them."""

    def compute(self, recipe: Recipe, values: tuple[Any, ...]) -> Any:
        """Run an operation; one that reads floats gives what it gave, and the path ends there."""
        if any(map(_is_floating, recipe.arrays)):
            return compute(recipe.primitive, recipe.arrays, recipe.parameters)
        dtype = recipe.parameters.get("dtype")
        if dtype is None or not _is_integral(dtype):
            return apply(recipe.primitive, values, recipe.parameters)
        if recipe.primitive.name == "cast":  # from one dtype of integers to another
            return xg.asarray(values[0], dtype=xg.float64)
        return apply(recipe.primitive, values, {**recipe.parameters, "dtype": xg.float64})


def _is_whole(x: Any) -> bool:
    return _is_integral(x.dtype)


def _is_integral(dtype: Any) -> bool:
    return bool(xg.isdtype(dtype, "integral"))


def _is_floating(array: Any) -> bool:
    return type(array) not in SCALAR_TYPES and is_inexact(array.dtype)
