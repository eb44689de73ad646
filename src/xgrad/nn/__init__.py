"""Functions for neural networks: activations, losses and layers, on Tensors.

There is no framework: a layer is a function of its input and its parameters, which are Tensors or
Variables in whatever nest you keep them. Real numbers, channels last."""

from __future__ import annotations

from .activations import (
    gelu,
    glu,
    log_sigmoid,
    log_softmax,
    logsumexp,
    mish,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
)
from .cross_entropy import (
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
from .losses import (
    cosine_distance,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_squared_error,
    squared_hinge,
)
from .rectifiers import (
    celu,
    elu,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    relu,
    relu6,
    selu,
)

__all__ = [
    "celu",
    "cosine_distance",
    "cosine_similarity",
    "elu",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "hinge",
    "huber",
    "kl_divergence",
    "leaky_relu",
    "log_cosh",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mean_absolute_error",
    "mean_squared_error",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy",
    "squared_hinge",
]
