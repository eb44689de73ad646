"""Bias and activation: one instruction where that is one kernel, and otherwise one after the other.

Which function is meant is seen from the function itself, so any other may be given too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.casting import dtype_kind
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from ..ops.special import expit
from ..ops.trigonometric import tanh
from ._arguments import has_kernels
from .activations import gelu, sigmoid, silu
from .rectifiers import relu

__all__ = ["activated"]

# The instruction of a sum, and its parameter; functions are told by their identity.
_OF_SUMS = {
    id(gelu): ("activate_sum", "gelu"),
    id(silu): ("activate_sum", "silu"),
    id(sigmoid): ("activate_sum", "sigmoid"),
    id(expit): ("activate_sum", "sigmoid"),
    id(relu): ("squash_sum", "relu"),
    id(tanh): ("squash_sum", "tanh"),
}


def activated(y: Any, bias: Any, activation: Callable[[Any], Tensor] | None) -> Any:
    """Add a bias, if there is one, and apply a function, if there is one."""
    if bias is None:
        return y if activation is None else activation(y)
    if activation is None:
        return y + bias
    found = _OF_SUMS.get(id(activation))
    if found is not None and has_kernels(y) and _is_real(y) and _is_real(bias):
        return getattr(rule_namespace, found[0])(y, bias, function=found[1])
    return activation(y + bias)


def _is_real(x: Any) -> bool:
    return dtype_kind(x.dtype) == "floating"
