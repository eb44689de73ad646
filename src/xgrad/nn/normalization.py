"""Normalization: over features, over examples, over groups of channels, by the mean square.

Compositions of means and squares, so every order and mode works. Channels are last; scale and bias
are optional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import as_flag, as_int, as_number
from .._typing import ArrayLike
from ..core.handle import Handle
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ..ops._arguments import as_axes, as_axis, as_operand
from ..ops.data_types import narrowed, widened
from ..ops.manipulation import permute_dims, reshape
from ..ops.powers import sqrt, square
from ..ops.rule_namespace import rule_namespace
from ..ops.statistical import mean
from ..ops.utility import stop_gradient
from ._arguments import as_real, has_kernels, has_rows

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


def layer_norm(
    x: ArrayLike,
    scale: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-5,
) -> Tensor:
    """Bring every example to mean 0 and variance 1 over its features.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    scale, bias : Tensors, Variables or arrays, optional
        Of the sizes of the axes, in their order: what the result is multiplied with, and what is
        added then.
    axis : int or tuple of int
        Of the features.
    epsilon : float
        Added to the variance. (1e-5 as in the paper's code and torch; Keras has 1e-3.)

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or scale and bias do not fit.
    DTypeError
        If x is complex.

    See Also
    --------
    rms_norm, batch_norm, group_norm

    Notes
    -----
    ``(x - mean) / sqrt(variance + epsilon) * scale + bias``.

    Source: Ba, Kiros and Hinton (2016), https://arxiv.org/abs/1607.06450.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.layer_norm(xg.asarray([[1.0, 3.0], [10.0, 30.0]]), epsilon=0.0)
    xg.Tensor([[-1.,  1.],
               [-1.,  1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_real(x, "layer_norm")
    epsilon = _as_epsilon(epsilon, "layer_norm")
    axes = _axes(axis, x, "layer_norm")
    y = _standardized(x, axes, epsilon)
    return _affine(y, scale, bias, axes, "layer_norm")


def rms_norm(
    x: ArrayLike,
    scale: ArrayLike | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-6,
) -> Tensor:
    """Divide every example by the root of the mean square of its features.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    scale : Tensor, Variable or array, optional
        Of the sizes of the axes: what the result is multiplied with.
    axis : int or tuple of int
        Of the features.
    epsilon : float
        Added to the mean square.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If there is no such axis, or the scale does not fit.
    DTypeError
        If x is complex.

    See Also
    --------
    layer_norm

    Notes
    -----
    ``x / sqrt(mean(x**2) + epsilon) * scale``.

    Source: Zhang and Sennrich (2019), https://arxiv.org/abs/1910.07467.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.rms_norm(xg.asarray([1.0, 7.0]), epsilon=0.0)
    xg.Tensor([0.2, 1.4], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_real(x, "rms_norm")
    epsilon = _as_epsilon(epsilon, "rms_norm")
    axes = _axes(axis, x, "rms_norm")
    wide = widened(x)
    y = wide / sqrt(mean(square(wide), axis=axes, keepdims=True) + epsilon)
    y = narrowed(y, wide, x)
    return _affine(y, scale, None, axes, "rms_norm")


def batch_norm(
    x: ArrayLike,
    scale: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    moving_mean: ArrayLike | None = None,
    moving_variance: ArrayLike | None = None,
    *,
    training: bool = True,
    momentum: float = 0.99,
    axis: int = -1,
    epsilon: float = 1e-5,
) -> Tensor:
    """Bring every channel to mean 0 and variance 1 over the examples of a batch.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, of two axes at least.
    scale, bias : Tensors, Variables or arrays, optional
        Of shape ``(channels,)``.
    moving_mean, moving_variance : Variables or arrays, optional
        Of shape ``(channels,)``. While training, Variables move towards those of the batch; otherwise
        they are what is normalized with.
    training : bool
        Whether the mean and the variance are those of the batch.
    momentum : float
        How much of the moving averages stays in a step, from 0 to 1 (Keras's meaning; torch's is 1
        less this).
    axis : int
        Of the channels.
    epsilon : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If x has less than two axes, there is no such axis, or the parameters do not fit.
    ArgumentError, ArgumentTypeError
        If the moving averages are missing where they are needed, or one of them is, or they are no
        Variables while training, or the momentum is not from 0 to 1.
    DTypeError
        If x is complex.

    See Also
    --------
    layer_norm, group_norm

    Notes
    -----
    ``(x - mean) / sqrt(variance + epsilon) * scale + bias``; the variance is that with the divisor n,
    in the moving average too, as in Keras.

    Source: Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167.

    Examples
    --------
    >>> import xgrad as xg
    >>> moving_mean, moving_variance = xg.Variable([0.0]), xg.Variable([1.0])
    >>> x = xg.asarray([[1.0], [3.0]])
    >>> xg.nn.batch_norm(x, None, None, moving_mean, moving_variance, momentum=0.5, epsilon=0.0)
    xg.Tensor([[-1.],
               [ 1.]], shape=(2, 1), dtype=float64, device=cpu)
    >>> moving_mean.numpy(), moving_variance.numpy()
    (array([1.]), array([1.]))
    """
    x = as_real(x, "batch_norm")
    epsilon = _as_epsilon(epsilon, "batch_norm")
    training = as_flag(training, "nn.batch_norm", "training")
    momentum = as_number(momentum, "nn.batch_norm", "momentum", minimum=0)
    if momentum > 1:
        raise ArgumentError(
            f"nn.batch_norm: momentum must be from 0 to 1, but is {momentum}. Use the part of the "
            "moving averages that stays, such as 0.99."
        )
    channel = as_axis(axis, x.ndim, "batch_norm")
    if x.ndim < 2:
        raise ShapeError(
            f"nn.batch_norm: x {describe(x)} must have two axes at least, examples and channels. "
            "Use layer_norm for one example."
        )
    others = tuple(i for i in range(x.ndim) if i != channel)
    moving = _moving(moving_mean, moving_variance, x, channel, training)
    if not training:
        moments = [_along(m, x, (channel,), "moving averages", "batch_norm") for m in moving]
        y = (x - moments[0]) / sqrt(moments[1] + epsilon)
        return _affine(y, scale, bias, (channel,), "batch_norm")
    wide = widened(x)
    center = mean(wide, axis=others, keepdims=True)
    variance = mean(square(wide - center), axis=others, keepdims=True)
    for average, moment in zip(moving, (center, variance), strict=False):
        now = reshape(stop_gradient(moment), (x.shape[channel],))
        average.assign(average * momentum + now * (1 - momentum))
    y = (wide - center) / sqrt(variance + epsilon)
    y = narrowed(y, wide, x)
    return _affine(y, scale, bias, (channel,), "batch_norm")


def group_norm(
    x: ArrayLike,
    groups: int,
    scale: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
) -> Tensor:
    """Bring groups of channels of every example to mean 0 and variance 1 over all positions.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real; the first axis counts examples.
    groups : int
        How many, a divisor of the number of channels: 1 takes all channels together, their number
        each by itself (instance normalization).
    scale, bias : Tensors, Variables or arrays, optional
        Of shape ``(channels,)``.
    axis : int
        Of the channels.
    epsilon : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If x has less than two axes, there is no such axis, or the parameters do not fit.
    ArgumentError
        If the number of groups does not divide that of the channels.
    DTypeError
        If x is complex.

    See Also
    --------
    layer_norm, batch_norm

    Notes
    -----
    Source: Wu and He (2018), https://arxiv.org/abs/1803.08494.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.group_norm(xg.asarray([[1.0, 3.0, 10.0, 30.0]]), 2, epsilon=0.0)
    xg.Tensor([[-1.,  1., -1.,  1.]], shape=(1, 4), dtype=float64, device=cpu)
    """
    x = as_real(x, "group_norm")
    epsilon = _as_epsilon(epsilon, "group_norm")
    channel = as_axis(axis, x.ndim, "group_norm")
    if channel == 0:
        raise ShapeError(
            f"nn.group_norm: x {describe(x)} must have channels on another axis than the first, "
            "which counts examples. Use xg.expand_dims for one example."
        )
    count = x.shape[channel]
    groups = as_int(groups, "nn.group_norm", "groups")
    if groups < 1 or count % groups:
        raise ArgumentError(
            f"nn.group_norm: groups {groups!r} must divide the {count} channels of x {describe(x)}."
        )
    split = (*x.shape[:channel], groups, count // groups, *x.shape[channel + 1 :])
    axes = tuple(i for i in range(1, x.ndim + 1) if i != channel)
    y = reshape(_standardized(reshape(x, split), axes, epsilon), x.shape)
    return _affine(y, scale, bias, (channel,), "group_norm")


# -- inside ------------------------------------------------------------------------------------


def _as_epsilon(epsilon: Any, function: str) -> Any:
    if isinstance(epsilon, Handle):
        return epsilon
    return as_number(epsilon, f"nn.{function}", "epsilon", minimum=0.0)


def _axes(axis: Any, x: Any, function: str) -> tuple[int, ...]:
    axes = as_axes(tuple(axis) if isinstance(axis, Sequence) else axis, x.ndim, function)
    return tuple(range(x.ndim)) if axes is None else axes


def _standardized(x: Any, axes: tuple[int, ...], epsilon: Any) -> Any:
    """Mean 0 and variance 1 over axes."""
    if has_kernels(x) or (not isinstance(epsilon, Handle) and has_rows(x, axes)):
        return rule_namespace.standardize(x, axis=axes, epsilon=float(epsilon))
    wide = widened(x)
    centered = wide - mean(wide, axis=axes, keepdims=True)
    y = centered / sqrt(mean(square(centered), axis=axes, keepdims=True) + epsilon)
    return narrowed(y, wide, x)


def _affine(y: Any, scale: Any, bias: Any, axes: tuple[int, ...], function: str) -> Tensor:
    if scale is not None:
        y = y * _along(scale, y, axes, "scale", function)
    if bias is not None:
        y = y + _along(bias, y, axes, "bias", function)
    return y  # type: ignore[no-any-return]


def _along(value: Any, x: Any, axes: tuple[int, ...], name: str, function: str) -> Any:
    """Bring a parameter whose axes are some of x's to a shape that broadcasts."""
    value = as_operand(value, function, name)
    sizes = tuple(x.shape[a] for a in axes)
    if value.shape != sizes:
        raise ShapeError(
            f"nn.{function}: {name} {describe(value)} must have the shape {sizes}, the sizes of the "
            f"axes {axes} of x {describe(x)}. Use xg.broadcast_to for one value."
        )
    if axes == tuple(range(x.ndim - len(axes), x.ndim)):
        return value
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        value = permute_dims(value, tuple(order))
    return reshape(value, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))


def _moving(
    moving_mean: Any, moving_variance: Any, x: Any, channel: int, training: bool
) -> tuple[Any, ...]:
    """Check the moving averages: both or, while training, none."""
    given = (moving_mean, moving_variance)
    missing = [average is None for average in given]
    if any(missing):
        if all(missing) and training:
            return ()
        raise ArgumentError(
            f"nn.batch_norm: moving_mean and moving_variance must both be given with training="
            f"{training}, but {'both are' if all(missing) else 'one is'} None. Use Variables of "
            f"{x.shape[channel]} zeros and ones."
        )
    if training and not all(isinstance(average, Variable) for average in given):
        kinds = " and ".join(type(average).__name__ for average in given)
        raise ArgumentTypeError(
            f"nn.batch_norm: the moving averages are {kinds}, which cannot move. Use Variables "
            "that are not trainable, or training=False."
        )
    return given
