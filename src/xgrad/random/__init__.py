"""Random numbers: generators with a state that can be saved, and the same functions on a default one.

`Generator` draws with numpy on the host and with cupy on GPUs; its methods are the distributions.
Means, deviations, bounds, scales and the shape of the gamma distribution may be Tensors, and get
gradients."""

from __future__ import annotations

from .default import (
    bernoulli,
    choice,
    default_generator,
    exponential,
    gamma,
    gumbel,
    integers,
    normal,
    permutation,
    seed,
    truncated_normal,
    uniform,
)
from .generator import Generator

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "default_generator",
    "exponential",
    "gamma",
    "gumbel",
    "integers",
    "normal",
    "permutation",
    "seed",
    "truncated_normal",
    "uniform",
]
