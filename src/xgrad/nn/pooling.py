"""Pooling: the largest element of a moving window, or its mean.

Where several elements are the largest, they share the gradient equally, as everywhere in xgrad. What
padding adds counts neither for the maximum nor for the mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .._typing import ArrayLike, Shape
from ..backends import Steps
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..ops.filling import ones
from ..ops.joining import stack
from ..ops.manipulation import reshape
from ..ops.statistical import max as maximum_of
from ..ops.statistical import mean
from ..ops.statistical import sum as sum_over
from ._arguments import as_real
from ._windows import as_sizes, as_steps, channels_last, channels_restored, positions_of
from .convolution import Padding

__all__ = ["adaptive_avg_pool", "adaptive_max_pool", "avg_pool", "max_pool"]

_MAX_POOL = primitive("max_pool")
_WINDOWS = primitive("windows")


def max_pool(
    x: ArrayLike,
    window: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    *,
    data_format: str = "channels_last",
) -> Tensor:
    """Take the largest element of each channel that a moving window shows.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, of shape ``(examples, *positions, channels)``.
    window : int or sequence of int
        The size of the window, along each axis.
    strides : int or sequence of int, optional
        From one position of the window to the next; by default its size.
    padding : str, int or sequence
        ``"SAME"``, ``"VALID"`` or numbers, as for `conv`. What is added is never the largest.
    dilation : int or sequence of int
        From one element in the window to the next.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``.

    Returns
    -------
    Tensor
        Of shape ``(examples, *positions, channels)``; NaN wins. Elements that are equally large share
        the gradient.

    Raises
    ------
    ShapeError
        If x has less than three axes, or the window does not fit.
    ArgumentError, ArgumentTypeError
        If an option makes no sense.
    DTypeError
        If x is complex.

    See Also
    --------
    avg_pool, adaptive_max_pool, conv

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.reshape(xg.asarray([1.0, 5.0, 2.0, 3.0]), (1, 4, 1))
    >>> xg.nn.max_pool(x, 2)[0, :, 0]
    xg.Tensor([5., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    shape = _as_window(x, "max_pool", window, strides, padding, dilation, data_format)
    return channels_restored(_largest(*shape), data_format)  # type: ignore[no-any-return]


def avg_pool(
    x: ArrayLike,
    window: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "VALID",
    *,
    data_format: str = "channels_last",
) -> Tensor:
    """Take the mean of each channel over what a moving window shows.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, of shape ``(examples, *positions, channels)``.
    window : int or sequence of int
        The size of the window, along each axis.
    strides : int or sequence of int, optional
        From one position of the window to the next; by default its size.
    padding : str, int or sequence
        ``"SAME"``, ``"VALID"`` or numbers, as for `conv`. What is added does not count, as in
        TensorFlow: at the edges the mean is over less.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``.

    Returns
    -------
    Tensor
        Of shape ``(examples, *positions, channels)``.

    Raises
    ------
    ShapeError
        If x has less than three axes, or the window does not fit.
    ArgumentError, ArgumentTypeError
        If an option makes no sense.
    DTypeError
        If x is complex.

    See Also
    --------
    max_pool, adaptive_avg_pool

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.reshape(xg.asarray([1.0, 5.0, 2.0, 3.0]), (1, 4, 1))
    >>> xg.nn.avg_pool(x, 3, strides=1, padding="SAME")[0, :, 0]
    xg.Tensor([3.        , 2.66666667, 3.33333333, 2.5       ], shape=(4,), dtype=float64, device=cpu)
    """
    x, sizes, steps = _as_window(x, "avg_pool", window, strides, padding, 1, data_format)
    return channels_restored(_mean(x, sizes, steps), data_format)  # type: ignore[no-any-return]


def adaptive_max_pool(
    x: ArrayLike, output_size: int | Sequence[int], *, data_format: str = "channels_last"
) -> Tensor:
    """Take the largest elements of as many parts as are wanted, about equal in size.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, of shape ``(examples, *positions, channels)``.
    output_size : int or sequence of int
        How many parts, along each axis.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``.

    Returns
    -------
    Tensor
        Of shape ``(examples, *output_size, channels)``.

    Raises
    ------
    ShapeError
        If x has less than three axes.
    ArgumentError, ArgumentTypeError
        If an option makes no sense.
    DTypeError
        If x is complex.

    See Also
    --------
    adaptive_avg_pool, max_pool

    Notes
    -----
    Part i of n along an axis of size m is that from ``floor(i m / n)`` to ``ceil((i + 1) m / n)``, as in
    torch.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.adaptive_max_pool(xg.reshape(xg.asarray([1.0, 5.0, 2.0]), (1, 3, 1)), 2)[0, :, 0]
    xg.Tensor([5., 5.], shape=(2,), dtype=float64, device=cpu)
    """
    return _adapted(x, "adaptive_max_pool", maximum_of, _largest_of_tiles, output_size, data_format)


def adaptive_avg_pool(
    x: ArrayLike, output_size: int | Sequence[int], *, data_format: str = "channels_last"
) -> Tensor:
    """Take the means of as many parts as are wanted, about equal in size.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, of shape ``(examples, *positions, channels)``.
    output_size : int or sequence of int
        How many parts, along each axis; 1 is global pooling.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``.

    Returns
    -------
    Tensor
        Of shape ``(examples, *output_size, channels)``.

    Raises
    ------
    ShapeError
        If x has less than three axes.
    ArgumentError, ArgumentTypeError
        If an option makes no sense.
    DTypeError
        If x is complex.

    See Also
    --------
    adaptive_max_pool, avg_pool

    Notes
    -----
    Part i of n along an axis of size m is that from ``floor(i m / n)`` to ``ceil((i + 1) m / n)``, as in
    torch.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.adaptive_avg_pool(xg.reshape(xg.asarray([1.0, 5.0, 2.0]), (1, 3, 1)), 2)[0, :, 0]
    xg.Tensor([3. , 3.5], shape=(2,), dtype=float64, device=cpu)
    """
    return _adapted(x, "adaptive_avg_pool", mean, _mean_of_tiles, output_size, data_format)


# -- inside ------------------------------------------------------------------------------------


def _as_window(
    x: Any,
    function: str,
    window: Any,
    strides: Any,
    padding: Any,
    dilation: Any,
    data_format: str,
) -> tuple[Any, Shape, Steps]:
    """x with channels last, the sizes of the window, and how it moves."""
    x = channels_last(as_real(x, function), data_format, function)
    sizes = as_sizes(window, x.ndim - 2, function, "window")
    strides = sizes if strides is None else strides
    steps = as_steps(x.shape[1:-1], sizes, strides, padding, dilation, function)
    positions_of(x, sizes, steps, function)
    return x, sizes, steps


def _largest(x: Any, window: Shape, steps: Steps) -> Any:
    return apply1(_MAX_POOL, x, {"window": window, "steps": steps})


def _mean(x: Any, window: Shape, steps: Steps) -> Any:
    """Count what is inside only, where there is padding."""
    is_padded = any(pair != (0, 0) for pair in steps.padding)
    if steps.strides == window and not is_padded and set(steps.dilation) == {1}:
        return _mean_of_tiles(x, window)
    show = {"window": window, "steps": steps}
    if not is_padded:
        return mean(apply1(_WINDOWS, x, show), axis=-2)
    inside = ones((1, *x.shape[1:-1], 1), dtype=x.dtype, device=x.device)
    counts = sum_over(apply1(_WINDOWS, inside, show), axis=-2)
    return sum_over(apply1(_WINDOWS, x, show), axis=-2) / counts


def _largest_of_tiles(x: Any, window: Shape) -> Any:
    count = len(window)
    return _largest(x, window, Steps(window, ((0, 0),) * count, (1,) * count))


def _mean_of_tiles(x: Any, window: Shape) -> Any:
    """Reduce windows that lie side by side, which are axes of a reshaped array."""
    places = [n // w for n, w in zip(x.shape[1:-1], window, strict=True)]
    whole = [n * w for n, w in zip(places, window, strict=True)]
    if tuple(whole) != tuple(x.shape[1:-1]):
        x = x[(slice(None), *[slice(0, n) for n in whole], slice(None))]
    split = [n for pair in zip(places, window, strict=True) for n in pair]
    tiles = reshape(x, (x.shape[0], *split, x.shape[-1]))
    return mean(tiles, axis=tuple(range(2, 2 * len(window) + 1, 2)))


def _adapted(
    x: Any,
    function: str,
    reduce: Callable[..., Tensor],
    of_tiles: Callable[[Any, Shape], Any],
    output_size: Any,
    data_format: str,
) -> Tensor:
    """Reduce parts, which lie side by side where their number divides the size."""
    x = channels_last(as_real(x, function), data_format, function)
    parts = as_sizes(output_size, x.ndim - 2, function, "output_size")
    size = x.shape[1:-1]
    if all(m % n == 0 for m, n in zip(size, parts, strict=True)):
        window = tuple([m // n for m, n in zip(size, parts, strict=True)])
        return channels_restored(of_tiles(x, window), data_format)  # type: ignore[no-any-return]
    cuts = [
        [slice(i * m // n, -(-(i + 1) * m // n)) for i in range(n)]
        for m, n in zip(size, parts, strict=True)
    ]
    axes = tuple(range(1, x.ndim - 1))
    found = [reduce(x[(slice(None), *key)], axis=axes) for key in itertools.product(*cuts)]
    y = reshape(stack(found, axis=1), (x.shape[0], *parts, x.shape[-1]))
    return channels_restored(y, data_format)  # type: ignore[no-any-return]
