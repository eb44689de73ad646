"""What a learning rate is at a step: a number for Variables' steps, maybe a Tensor for pure ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.handle import Handle
from .checks import LearningRate, as_learning_rate, as_rate, as_tensor

__all__ = ["number_at", "value_at"]


def number_at(rate: LearningRate, step: int) -> float:
    """Find the learning rate after `step` steps as a float; a Tensor is read back to the host."""
    if callable(rate):
        return as_rate(_call(rate, step), "learning_rate(step)")
    return as_rate(rate, "learning_rate")


def value_at(rate: LearningRate, step: Any) -> Any:
    """Find the learning rate after `step` steps, a Tensor, as it is: a number or a Tensor."""
    found = as_learning_rate(_call(rate, step), computed=True) if callable(rate) else rate
    return as_tensor(found) if isinstance(found, Handle) else found


def _call(function: Callable[..., Any], step: Any) -> Any:
    """Call a function of the step, or of nothing, as Keras has it."""
    try:
        inspect.signature(function).bind(step)
    except TypeError:
        return function()
    except ValueError:  # a function of another language, without a signature
        pass
    return function(step)
