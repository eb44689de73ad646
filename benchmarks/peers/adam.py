"""Adam for libraries that bring no optimizer: in place in numpy, and as a function of a namespace.

Keras' form, with its bias correction in the rate (Kingma and Ba 2015, section 2). Epsilon stands in
different places in different libraries, and so is tiny: their steps can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-12


class Adam:
    """The step as one writes it by hand: moments are updated in place."""

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        self.values = [value.copy() for value in values]
        self.first = [np.zeros_like(value) for value in values]
        self.second = [np.zeros_like(value) for value in values]
        self.steps = 0

    def __call__(self, *gradients: Any) -> None:
        """Change the values by one step against the gradients."""
        self.steps += 1
        rate = RATE * (1 - BETA_2**self.steps) ** 0.5 / (1 - BETA_1**self.steps)
        for w, m, v, g in zip(self.values, self.first, self.second, gradients, strict=True):
            m[...] += (1 - BETA_1) * (g - m)
            v[...] += (1 - BETA_2) * (g * g - v)
            w[...] -= rate * m / (np.sqrt(v) + EPSILON)

    def read(self) -> list[np.ndarray]:
        """Copy the values."""
        return [value.copy() for value in self.values]


def functional(
    xp: Any, count: Any, values: Any, first: Any, second: Any, gradients: Any
) -> tuple[Any, list[Any], list[Any], list[Any]]:
    """Give the next count, values and moments; nothing is changed."""
    count = count + 1
    rate = RATE * xp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    first = [m + (1 - BETA_1) * (g - m) for m, g in zip(first, gradients, strict=True)]
    second = [v + (1 - BETA_2) * (g * g - v) for v, g in zip(second, gradients, strict=True)]
    values = [
        w - rate * m / (xp.sqrt(v) + EPSILON) for w, m, v in zip(values, first, second, strict=True)
    ]
    return count, values, first, second
