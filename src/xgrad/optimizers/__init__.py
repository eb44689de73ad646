"""Optimizers: from gradients to steps."""

from __future__ import annotations

from .base import Optimizer
from .sgd import SGD, GradientDescent

__all__ = ["SGD", "GradientDescent", "Optimizer"]
