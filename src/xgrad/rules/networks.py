"""Derivatives of relu, softmax, its logarithm, and standardize.

Those of softmax are written in the result alone, which does not overflow. The formulas of the
cotangents are in backends/networks.py, because a GPU has a kernel for each."""

from __future__ import annotations

from typing import Any

from .._typing import Array, Axis
from .shared import give, give_forward


def relu_x(xp: Any, g: Array, y: Array) -> Array:
    """y = max(x, 0);  dy/dx is 1 where y > 0, and 0 at 0."""
    return xp.relu_cotangent(g, y)


def softmax_x(xp: Any, g: Array, y: Array, *, axis: Axis) -> Array:
    """y_i = e^x_i / sum e^x_j;  dx_i = y_i (g_i - sum g_j y_j), a symmetric matrix."""
    return xp.softmax_cotangent(g, y, axis=axis)


def log_softmax_x(xp: Any, g: Array, y: Array, *, axis: Axis) -> Array:
    """y_i = x_i - log sum e^x_j;  dx_i = g_i - e^y_i sum g_j."""
    return xp.log_softmax_cotangent(g, y, axis=axis)


def log_softmax_tangent(xp: Any, t: Array, y: Array, *, axis: Axis) -> Array:
    """dy_i = dx_i - sum e^y_j dx_j."""
    return t - xp.sum(xp.zero_where_zero(xp.exp(y) * t, t), axis=axis, keepdims=True)


def standardize_x(xp: Any, g: Array, x: Array, *, axis: tuple[int, ...], epsilon: float) -> Array:
    """y = (x - mean x) / s, s^2 = var x + epsilon;  dx = (g - mean g - y mean(g y)) / s, symmetric."""
    return xp.standardize_cotangent(g, x, axis=axis, epsilon=epsilon)


give("relu", x=relu_x)
give("softmax", x=softmax_x)
give("log_softmax", x=log_softmax_x)
give("standardize", x=standardize_x)
give_forward("softmax", x=softmax_x)
give_forward("standardize", x=standardize_x)
give_forward("log_softmax", x=log_softmax_tangent)
