"""Learning rates that change with the number of steps taken so far.

A schedule is a function of that number, given to an optimizer in place of its learning rate; any
function will do. These have arguments that `get_config` returns, and take Tensors too."""

from __future__ import annotations

from .base import Schedule, deserialize, serialize
from .composition import LinearWarmup, Sequential
from .cosine import CosineDecay, CosineDecayRestarts, OneCycle
from .decay import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay

LearningRateSchedule = Schedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "LinearWarmup",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
    "Sequential",
    "deserialize",
    "serialize",
]
