"""Random numbers: generators with a state that can be saved, and the same functions on a default one.

`Generator` draws with numpy on the host and with cupy on GPUs; its methods are the distributions.
Means, deviations, bounds, scales and the shape of the gamma distribution may be Tensors, and get
gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

if not TYPE_CHECKING:  # which is to report names that there are not

    def __getattr__(name: str) -> Any:
        """Say what to use for a name that other libraries have."""
        from .._elsewhere import no_name

        raise no_name(__name__, name)
