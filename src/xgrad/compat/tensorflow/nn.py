"""``tf.nn``: activations, losses, convolutions; `xgrad.nn` computes them.

Most are lines of a table; below are those where TensorFlow's arguments or results are different."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._arrays import expand_dims
from ._convert import as_tensor, as_tensors, static
from ._indexing import gather
from ._tables import Namespace, followed
from .linalg import matmul
from .math import l2_normalize, softsign, top_k

__all__ = [
    "avg_pool",
    "avg_pool2d",
    "batch_normalization",
    "bias_add",
    "conv2d",
    "dropout",
    "embedding_lookup",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "max_pool",
    "max_pool2d",
    "moments",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "top_k",
    "xw_plus_b",
]

_namespace = Namespace(
    __name__,
    """
    elu = nn.elu(features)
    gelu = nn.gelu(features; approximate=False)
    leaky_relu = nn.leaky_relu(features; alpha>negative_slope=0.2)
    log_softmax = special.log_softmax(logits; axis=-1)
    relu = nn.relu(features)
    relu6 = nn.relu6(features)
    selu = nn.selu(features)
    sigmoid = special.expit(x)
    softmax = special.softmax(logits; axis=-1)
    softplus = special.softplus(features)
    tanh = tanh(x)
    """,
)


def __getattr__(name: str) -> Any:
    return _namespace.get(name, globals())


def __dir__() -> list[str]:
    return _namespace.names(globals())


# -- activations -----------------------------------------------------------------------------------


@followed
def silu(features: Any, beta: Any = 1.0) -> Any:
    """Compute x * sigmoid(beta * x); differentiable in both."""
    if type(beta) in (int, float) and beta == 1:
        return xg.nn.silu(*as_tensors([features]))
    x, beta = as_tensors([features, beta])
    return x * xg.special.expit(beta * x)


swish = silu


# -- losses ----------------------------------------------------------------------------------------


@followed
def softmax_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    axis: Any = -1,
    name: str | None = None,
) -> Any:
    """Compare distributions with the softmax of logits: one loss for each."""
    logits, labels = as_tensors([logits, labels])
    place = static(axis)
    if place != -1:
        logits, labels = xg.moveaxis(logits, place, -1), xg.moveaxis(labels, place, -1)
    return xg.nn.softmax_cross_entropy(logits, labels, reduction="none")


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits


@followed
def sparse_softmax_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    name: str | None = None,
) -> Any:
    """Compare classes, given by their numbers, with the softmax of logits: one loss for each."""
    loss = xg.nn.sparse_softmax_cross_entropy
    return loss(as_tensor(logits), as_tensor(labels), reduction="none")


@followed
def sigmoid_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    name: str | None = None,
) -> Any:
    """Compare probabilities with the sigmoid of logits: one loss for each."""
    logits, labels = as_tensors([logits, labels])
    return xg.nn.sigmoid_cross_entropy(logits, labels, reduction="none")


@followed
def l2_loss(t: Any, name: str | None = None) -> Any:
    """Compute half the sum of squares."""
    return xg.sum(xg.square(as_tensor(t))) / 2


# -- layers ----------------------------------------------------------------------------------------


@followed
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Add a number to each channel."""
    x, b = as_tensors([value, bias])
    if data_format is not None and data_format.upper().startswith("NC"):
        b = xg.reshape(b, (1, -1, *(1,) * (x.ndim - 2)))
    return x + b


@followed
def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """Multiply by a matrix and add a vector."""
    return matmul(x, weights) + as_tensor(biases)


@followed
def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    keepdims: bool = False,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> tuple[Any, Any]:
    """Give mean and variance along axes."""
    x, axes = as_tensor(x), static(axes)
    keepdims = keepdims if keep_dims is None else keep_dims
    return xg.mean(x, axis=axes, keepdims=keepdims), xg.var(x, axis=axes, keepdims=keepdims)


@followed
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Any:
    """Bring given mean and variance to offset and scale (None for 0 and 1)."""
    x, mean, variance = as_tensors([x, mean, variance])
    factor = xg.reciprocal(xg.sqrt(variance + variance_epsilon))
    factor = factor if scale is None else factor * as_tensor(scale, like=x)
    y = (x - mean) * factor
    return y if offset is None else y + as_tensor(offset, like=x)


@followed
def dropout(
    x: Any,
    rate: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    keep_prob: float | None = None,
) -> Any:
    """Set elements to zero by chance, and scale up the others."""
    if noise_shape is not None:
        raise xg.errors.ArgumentError(
            "dropout: noise_shape is not supported. Use xg.nn.dropout on a part that broadcasts."
        )
    share = rate if keep_prob is None else 1 - keep_prob
    rng = None if seed is None else xg.random.Generator(seed)
    return xg.nn.dropout(as_tensor(x), share, rng=rng)


@followed
def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Any:
    """Pick rows, whose norm may be bounded."""
    rows = gather(params, ids)
    if max_norm is None:
        return rows
    return xg.clip_by_norm(rows, max_norm, axes=(-1,))


@followed
def conv2d(
    input: Any,
    filters: Any = None,
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
    filter: Any = None,
) -> Any:
    """Convolve images, in groups where the kernel has fewer channels than they have."""
    x, kernel = as_tensors([input, filter if filters is None else filters])
    order, place = _layout("conv2d", data_format)
    channels = x.shape[1 if order == "channels_first" else -1]
    return xg.nn.conv(
        x,
        kernel,
        strides=_two(strides, place),
        padding=padding if isinstance(padding, str) else static(padding)[place],
        dilation=_two(1 if dilations is None else dilations, place),
        groups=max(1, channels // kernel.shape[-2]),
        data_format=order,
    )


@followed
def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """Take the largest of each window."""
    order, place = _layout("max_pool2d", data_format)
    window, step = _two(ksize, place), _two(strides, place)
    return xg.nn.max_pool(as_tensor(input), window, step, padding, data_format=order)


@followed
def avg_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """Take the mean of each window."""
    order, place = _layout("avg_pool2d", data_format)
    window, step = _two(ksize, place), _two(strides, place)
    return xg.nn.avg_pool(as_tensor(input), window, step, padding, data_format=order)


max_pool = max_pool2d
avg_pool = avg_pool2d


@followed
def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Any:
    """Tell whether the right class is among the k most probable ones."""
    scores, right = as_tensor(predictions), as_tensor(targets)
    own = xg.take_along_axis(scores, xg.astype(expand_dims(right, 1), xg.int64), axis=1)
    return xg.sum(xg.astype(scores > own, xg.int64), axis=1) < k


def _layout(caller: str, data_format: str) -> tuple[str, slice]:
    """xgrad's name of an order of axes, and where height and width are among the four."""
    if data_format == "NHWC":
        return "channels_last", slice(1, 3)
    if data_format == "NCHW":
        return "channels_first", slice(2, 4)
    raise xg.errors.ArgumentError(
        f"{caller}: data_format {data_format!r} must be 'NHWC' or 'NCHW'. Use tf.transpose."
    )


def _two(sizes: Any, place: slice) -> Any:
    """The sizes of height and width: one number for both, two, or those among all four axes."""
    found = static(sizes)
    if not isinstance(found, tuple):
        return (found, found)
    if len(found) == 1:
        return found * 2
    return found[place] if len(found) == 4 else found
