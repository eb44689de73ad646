"""What neural networks are made of, in the standard's functions: relu, softmax, standardize.

Every function takes the namespace first and serves any library (portable.py says how)."""

from __future__ import annotations

from typing import Any

from .._typing import Array

__all__ = [
    "log_softmax",
    "log_softmax_cotangent",
    "relu",
    "softmax",
    "softmax_cotangent",
    "standardize",
    "standardize_cotangent",
]


def relu(xp: Any, x: Array) -> Array:
    """The maximum of x and 0."""
    return xp.maximum(x, xp.zeros_like(x))


def softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
    """Exponentials divided by their sum, shifted by the largest, so that none overflows."""
    powers = xp.exp(_shifted(xp, x, axis))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def log_softmax(xp: Any, x: Array, *, axis: tuple[int, ...]) -> Array:
    """The logarithm of softmax; shifted first, so that what is common to all x costs no digits."""
    x = _shifted(xp, x, axis)
    return x - xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=True))


def softmax_cotangent(xp: Any, g: Array, y: Array, *, axis: Any) -> Array:
    """y (g - sum g y): what a cotangent of softmax is before it; 0 where g is, whatever y is."""
    r = xp.zero_where_zero(g * y, g)
    total = xp.sum(r, axis=axis, keepdims=True)
    return r - xp.zero_where_zero(y * total, total)


def log_softmax_cotangent(xp: Any, g: Array, y: Array, *, axis: Any) -> Array:
    """g - exp(y) sum g: what a cotangent of log_softmax is before it."""
    total = xp.sum(g, axis=axis, keepdims=True)
    return g - xp.zero_where_zero(xp.exp(y) * total, total)


def standardize(xp: Any, x: Array, *, axis: tuple[int, ...], epsilon: float) -> Array:
    """Mean 0 and variance 1 along axes, but for epsilon, which is added to the variance."""
    centered, scale = _centered(xp, x, axis, epsilon)
    return centered / scale


def standardize_cotangent(
    xp: Any, g: Array, x: Array, *, axis: tuple[int, ...], epsilon: float
) -> Array:
    """(g - mean g - y mean(g y)) / scale; 0 where all of g along the axes is, whatever x is."""
    centered, scale = _centered(xp, x, axis, epsilon)
    y = centered / scale
    inner = xp.mean(xp.zero_where_zero(g * y, g), axis=axis, keepdims=True)
    r = g - xp.mean(g, axis=axis, keepdims=True) - xp.zero_where_zero(y * inner, inner)
    return xp.zero_where_zero(r / scale, r)


def _centered(xp: Any, x: Array, axis: tuple[int, ...], epsilon: float) -> tuple[Array, Array]:
    """x less its mean along axes, and the root of the variance."""
    centered = x - xp.mean(x, axis=axis, keepdims=True)
    variance = xp.mean(centered * centered, axis=axis, keepdims=True)
    return centered, xp.sqrt(variance + epsilon)


def _shifted(xp: Any, x: Array, axis: tuple[int, ...]) -> Array:
    """x less the largest along axes, as far as that is finite."""
    if 0 in x.shape:
        return x
    real = xp.real(x) if xp.isdtype(x.dtype, "complex floating") else x
    shift = xp.max(real, axis=axis, keepdims=True)
    return x - xp.where(xp.isfinite(shift), shift, xp.zeros_like(shift))
