"""The namespace that rules run with when somebody watches the backward pass.

The public functions, plus the instructions beyond the standard that rules use. On raw arrays the
same names are a backend's `xp`."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..backends import Device, activations, backend_of, cross_entropy, matrices, networks
from ..core.dispatch import apply, apply1, binary
from ..core.instructions import SPECIAL, primitive
from ..core.observers import settings
from ..core.tensor import Tensor
from . import (
    arithmetic,
    comparison,
    conversion,
    creation,
    cumulative,
    data_types,
    diagonals,
    einsum,
    exponential,
    extrema,
    filling,
    indexing,
    joining,
    linear_algebra,
    logic,
    manipulation,
    non_finite,
    padding,
    powers,
    rounding,
    searching,
    sorting,
    statistical,
    trigonometric,
    utility,
)
from .wholes import WHOLES, kept_whole

__all__ = ["CHAPTERS", "rule_namespace"]

CHAPTERS = (
    arithmetic,
    comparison,
    conversion,
    creation,
    cumulative,
    data_types,
    diagonals,
    einsum,
    exponential,
    extrema,
    filling,
    indexing,
    joining,
    linear_algebra,
    logic,
    manipulation,
    non_finite,
    padding,
    powers,
    rounding,
    searching,
    sorting,
    statistical,
    trigonometric,
    utility,
)

# Instructions that rules use under their own names and that are no public functions.
_INSTRUCTIONS = (
    *("getitem", "setitem", "put", "index_add", "scatter_along_axis", "check_numerics", "power"),
    *("absorbing_contract", "absorbing_matmul", "contract", "fftn", "ifftn", "rfftn", "irfftn"),
    *("cofactor", "det", "eig", "eigh", "expm", "inv", "slogdet", "solve", "solve_triangular"),
    *("convolve", "convolve_input", "convolve_kernel", "fold", "windows", "svd", "standardize"),
    *("max_pool", "max_pool_input", "max_pool_tangent"),
    *("softmax", "log_softmax", "cross_entropy", "sparse_cross_entropy"),
    *("activate", "activate_sum", "squash_sum"),
    *SPECIAL,
)

_zero_where_zero = binary(primitive("zero_where_zero"))


def to_device(x: Tensor, *, device: Device, source: Device) -> Tensor:
    """Copy to another device."""
    return apply1(primitive("to_device"), x, {"device": device, "source": source})  # type: ignore[no-any-return]


def zero_where_zero(r: Tensor, g: Tensor) -> Tensor:
    """Guard the edge; give r itself where a cheap look finds nothing to guard against."""
    if surely_finite(r):  # only r is looked at: under vmap g may be of a namespace that r is not of
        return r
    return _zero_where_zero(r, g)  # type: ignore[no-any-return]


def surely_finite(x: Tensor) -> bool:
    """Whether a cheap look finds only finite numbers, hence nothing to guard against."""
    return _may_look(x) and backend_of(x.raw).xp.surely_finite(x.raw)


def surely_false(mask: Tensor) -> bool:
    """Whether a cheap look finds a condition false everywhere."""
    return _may_look(mask) and backend_of(mask.raw).xp.surely_false(mask.raw)


def _may_look(x: Tensor) -> bool:
    """Whether values may decide what is done: not where it is recorded, to be done with others."""
    return not (settings.told or settings.inspected or backend_of(x.raw).nests)


# What rules are made of and no instruction, because a backend may have one kernel for it.
_COMPOSITIONS: tuple[Callable[..., Any], ...] = (
    activations.activate_cotangent,
    activations.relu_cotangent,
    activations.squash_cotangent,
    matrices.absorb_zeros,
    matrices.cholesky_cotangent,
    networks.softmax_cotangent,
    networks.log_softmax_cotangent,
    networks.standardize_cotangent,
    cross_entropy.cross_entropy_cotangent,
    cross_entropy.label_logarithms,
    cross_entropy.sparse_cross_entropy_cotangent,
)


def _composition(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Make the function that runs a backend's composition with this namespace."""

    def compose(*operands: Any, **parameters: Any) -> Tensor:
        return function(rule_namespace, *operands, **parameters)  # type: ignore[no-any-return]

    name = function.__name__
    if name not in WHOLES:
        compose.__name__ = compose.__qualname__ = name
        return compose

    def run(*operands: Any, **parameters: Any) -> Tensor:
        return kept_whole(name, operands, parameters, compose)  # type: ignore[no-any-return]

    run.__name__ = run.__qualname__ = name
    return run


def _instruction(name: str) -> Callable[..., Tensor]:
    """Make the function that applies the primitive of a name as it stands."""
    instruction = primitive(name)

    def run(*operands: Any, **parameters: Any) -> Tensor:
        if len(operands) == 1 and instruction.outputs == 1:
            return apply1(instruction, operands[0], parameters)  # type: ignore[no-any-return]
        return apply(instruction, operands, parameters)  # type: ignore[no-any-return]

    run.__name__ = run.__qualname__ = name
    return run


def _build() -> types.ModuleType:
    module = types.ModuleType("xgrad.rule_namespace", __doc__)
    for chapter in CHAPTERS:
        for name in chapter.__all__:
            setattr(module, name, getattr(chapter, name))
    made = (*map(_instruction, _INSTRUCTIONS), *map(_composition, _COMPOSITIONS))
    for extra in (*made, surely_false, surely_finite, zero_where_zero, to_device):
        setattr(module, extra.__name__, extra)
    return module


rule_namespace = _build()
