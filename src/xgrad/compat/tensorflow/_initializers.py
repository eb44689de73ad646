"""First values of Variables, as `get_variable` takes them: functions of shape and dtype."""

from __future__ import annotations

import math
from typing import Any

import xgrad as xg

from . import random

__all__ = [
    "constant_initializer",
    "glorot_uniform_initializer",
    "ones_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "truncated_normal_initializer",
    "zeros_initializer",
]


class constant_initializer:
    """Give every element one value, or the elements of an array."""

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = xg.float32) -> Any:
        """Make a value of a shape and dtype."""
        return xg.constant(xg.asarray(self.value, dtype=dtype), shape=shape)


class zeros_initializer(constant_initializer):
    """Give zeros."""

    def __init__(self) -> None:
        super().__init__(0)


class ones_initializer(constant_initializer):
    """Give ones."""

    def __init__(self) -> None:
        super().__init__(1)


class random_normal_initializer:
    """Draw from the normal distribution."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = xg.float32) -> Any:
        """Make a value of a shape and dtype."""
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


class truncated_normal_initializer(random_normal_initializer):
    """Draw from the normal distribution between two deviations from the mean."""

    def __call__(self, shape: Any, dtype: Any = xg.float32) -> Any:
        """Make a value of a shape and dtype."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class random_uniform_initializer:
    """Draw evenly from an interval."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = xg.float32) -> Any:
        """Make a value of a shape and dtype."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)


class glorot_uniform_initializer:
    """Draw evenly, from an interval as wide as the numbers of inputs and outputs ask for [1]_.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = xg.float32) -> Any:
        """Make a value of a shape and dtype."""
        inputs, outputs = _fans(tuple(shape))
        bound = math.sqrt(6.0 / max(1.0, inputs + outputs))
        return random.uniform(shape, -bound, bound, dtype, self.seed)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and outputs a layer's kernel has: the last two axes, times all before."""
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]
