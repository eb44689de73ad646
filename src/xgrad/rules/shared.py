"""What several rules need: kept axes, safe denominators, who attained an extremum.

Each function states when its result is exact; all of them are differentiable again."""

from __future__ import annotations

import functools
from typing import Any

from .._typing import Array, Axis, Shape
from ..core.instructions import primitive
from ..core.primitive import Refusal

__all__ = [
    "along",
    "attained",
    "counted",
    "give",
    "give_forward",
    "is_complex",
    "is_half",
    "kept",
    "nonzero_or_one",
    "normal_axes",
    "products_of_others",
    "refuse",
    "spread",
]

_PART = 2.0**-8  # which costs no digits


def give(name: str, **rules: Any) -> None:
    """Give the primitive of a name the gradient rule of each of its operands."""
    primitive(name).give_rules(**rules)


def give_forward(name: str, **rules: Any) -> None:
    """Give the primitive of a name each operand's part of the tangent of its result."""
    primitive(name).give_forward_rules(**rules)


def refuse(name: str, **reasons: str) -> None:
    """Say why operands of the primitive of a name have no gradient rule."""
    for operand, reason in reasons.items():
        why = f"there is no gradient with respect to {operand}, because {reason}"
        advice = f"Use xg.stop_gradient on {operand} if it is not wanted."
        give(name, **{operand: Refusal(f"{why}. {advice}")})


def is_complex(xp: Any, x: Any) -> bool:
    """Whether an array or spec is complex."""
    return bool(xp.isdtype(x.dtype, "complex floating"))


def normal_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as a tuple of non-negative numbers; None means all."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def kept(shape: Shape, axis: Axis) -> Shape:
    """The shape of a reduction that keeps its axes with size 1."""
    axes = normal_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def spread(xp: Any, g: Array, shape: Shape, axis: Axis) -> Array:
    """A reduction's cotangent, reshaped so that it broadcasts against the operand."""
    return xp.reshape(g, kept(shape, axis))


def nonzero_or_one(xp: Any, x: Array) -> Array:
    """x with its zeros replaced by ones, for a denominator whose numerator is zero there."""
    return xp.where(x == 0, xp.ones_like(x), x)


def products_of_others(xp: Any, x: Array) -> Array:
    """For each element the product of the others along the last axis, exact at zeros."""
    before = xp.cumulative_prod(x, axis=-1, include_initial=True)[..., :-1]
    after = xp.cumulative_prod(xp.flip(x, axis=-1), axis=-1, include_initial=True)[..., :-1]
    return before * xp.flip(after, axis=-1)


def attained(xp: Any, x: Array, y: Array) -> Array:
    """Where x attains the extremum y, NaN counting as itself."""
    return (x == y) | (x != x)  # noqa: PLR0124 - isnan takes no Python scalar


def counted(xp: Any, mask: Array, dtype: Any) -> tuple[Array, float]:
    """Where a mask holds, what is added up to count, and what one is then.

    float16 ends at 65504, so there one is a part of 1."""
    ones = xp.astype(mask, dtype)
    return (ones * _PART, _PART) if is_half(dtype) else (ones, 1.0)


def is_half(dtype: Any) -> bool:
    """Whether a dtype is of floats of 16 bits: float16 or bfloat16."""
    return _is_half(type(dtype), dtype)  # type: ignore[arg-type]


@functools.cache
def _is_half(_library: type, dtype: Any) -> bool:
    """The library's type keeps dtypes apart that hash alike but do not like to be compared."""
    return "float16" in str(dtype)


def along(ndim: int, axis: int, part: Any) -> tuple[Any, ...]:
    """A key that takes `part` of one axis and all of the others."""
    return tuple(part if i == axis % ndim else slice(None) for i in range(ndim))
