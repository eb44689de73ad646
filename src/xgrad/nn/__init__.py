"""Functions for neural networks: activations, losses and layers, on Tensors.

There is no framework: a layer is a function of its input and its parameters, which are Tensors or
Variables in whatever nest you keep them. Real numbers, channels last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import initializers
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
from .angles import (
    cosine_distance,
    cosine_similarity,
)
from .attention import (
    attention,
)
from .cells import (
    gru_cell,
    lstm_cell,
    rnn_cell,
)
from .convolution import (
    conv,
    conv_transpose,
)
from .cross_entropies import (
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
from .dense import (
    dropout,
    embedding,
    linear,
    one_hot,
)
from .losses import (
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_squared_error,
    squared_hinge,
)
from .normalization import (
    batch_norm,
    group_norm,
    layer_norm,
    rms_norm,
)
from .pooling import (
    adaptive_avg_pool,
    adaptive_max_pool,
    avg_pool,
    max_pool,
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
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "attention",
    "avg_pool",
    "batch_norm",
    "celu",
    "conv",
    "conv_transpose",
    "cosine_distance",
    "cosine_similarity",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "group_norm",
    "gru_cell",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "hinge",
    "huber",
    "initializers",
    "kl_divergence",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_cosh",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "lstm_cell",
    "max_pool",
    "mean_absolute_error",
    "mean_squared_error",
    "mish",
    "one_hot",
    "relu",
    "relu6",
    "rms_norm",
    "rnn_cell",
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

if not TYPE_CHECKING:  # which is to report names that there are not

    def __getattr__(name: str) -> Any:
        """Say what to use for a name that other libraries have."""
        from .._elsewhere import no_name

        raise no_name(__name__, name)
