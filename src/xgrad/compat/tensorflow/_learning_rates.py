"""Learning rates that fall with the steps, as Tensors of the graph: TensorFlow 1's functions of `tf.train`.

Each is computed from the Variable that counts the steps; `Session.run` computes it again (_replay.py)."""

from __future__ import annotations

import math
from typing import Any

import xgrad as xg

from ._convert import as_tensor
from ._tables import followed

__all__ = [
    "cosine_decay",
    "exponential_decay",
    "inverse_time_decay",
    "natural_exp_decay",
    "piecewise_constant",
    "polynomial_decay",
]


@followed
def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Any:
    """Compute learning_rate * decay_rate ** (global_step / decay_steps)."""
    part = _part(global_step, decay_steps)
    power = xg.floor(part) if staircase else part
    return as_tensor(learning_rate) * as_tensor(decay_rate, like=part) ** power


@followed
def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Any:
    """Compute learning_rate * exp(-decay_rate * global_step / decay_steps)."""
    part = _part(global_step, decay_steps)
    power = xg.floor(part) if staircase else part
    return as_tensor(learning_rate) * xg.exp(-as_tensor(decay_rate, like=part) * power)


@followed
def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Any:
    """Compute learning_rate / (1 + decay_rate * global_step / decay_steps)."""
    part = _part(global_step, decay_steps)
    part = xg.floor(part) if staircase else part
    return as_tensor(learning_rate) / (1 + as_tensor(decay_rate, like=part) * part)


@followed
def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Any:
    """Go from the first to the last learning rate, by a power of the rest of the way."""
    part = _part(global_step, decay_steps)
    first, last = as_tensor(learning_rate), as_tensor(end_learning_rate)
    if cycle:
        part = part / xg.maximum(xg.ceil(part), xg.ones_like(part))
    else:
        part = xg.minimum(part, xg.ones_like(part))
    return (first - last) * (1 - part) ** as_tensor(power, like=part) + last


@followed
def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Any:
    """Go to `alpha` times the learning rate along half a cosine."""
    part = _part(global_step, decay_steps)
    part = xg.minimum(part, xg.ones_like(part))
    low = as_tensor(alpha, like=part)
    return as_tensor(learning_rate) * ((1 - low) * 0.5 * (1 + xg.cos(math.pi * part)) + low)


@followed
def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Any:
    """Choose a value by where x is; a boundary belongs to what is before it."""
    at = as_tensor(x)
    found = as_tensor(values[-1])
    for boundary, value in zip(reversed(boundaries), reversed(values[:-1]), strict=True):
        found = xg.where(at <= as_tensor(boundary, like=at), as_tensor(value), found)
    return found


def _part(global_step: Any, decay_steps: Any) -> Any:
    """How far the training has come, as a float32."""
    return xg.astype(as_tensor(global_step), xg.float32) / as_tensor(float(decay_steps))
