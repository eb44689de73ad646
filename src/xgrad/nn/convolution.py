"""Convolutions and their transposes, over one, two, three or more axes, which the shapes tell.

Channels are last, ``(examples, *positions, channels)``, and kernels ``(*window, inputs, outputs)``, as
TensorFlow has them; `data_format` takes and gives channels first instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import as_int
from .._typing import ArrayLike, Shape
from ..backends import Steps
from ..core.dispatch import apply
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops._arguments import as_operand
from ._windows import as_sizes, as_steps, channels_last, channels_restored, positions_of

__all__ = ["conv", "conv_transpose"]

_CONVOLVE = primitive("convolve")
_CONVOLVE_INPUT = primitive("convolve_input")

Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]


def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    data_format: str = "channels_last",
) -> Tensor:
    """Move a window over positions and take sums of products with a kernel.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(examples, *positions, channels)``.
    kernel : Tensor, Variable or array
        Of shape ``(*window, channels // groups, outputs)``.
    strides : int or sequence of int
        From one position of the window to the next, along each axis.
    padding : str, int or sequence
        ``"SAME"`` adds as many zeros as give ``ceil(size / stride)`` positions, the odd one at the end;
        ``"VALID"`` none. Or how many before and after each axis: one number, one for each axis, or a
        pair for each.
    dilation : int or sequence of int
        From one element in the window to the next.
    groups : int
        Into how many parts channels and outputs fall that are connected with their own kind only; as
        many as channels makes the convolution depthwise.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``, for x and for the result. Kernels stay as they are.

    Returns
    -------
    Tensor
        Of shape ``(examples, *positions, outputs)``. Like everywhere in deep learning the kernel is not
        mirrored: ``y[i] = sum(x[i + j] * kernel[j])``.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or the window does not fit into x.
    ArgumentError, ArgumentTypeError
        If an option makes no sense.

    See Also
    --------
    conv_transpose, max_pool, linear

    Notes
    -----
    On NumPy windows are copied block by block into memory that stays in the cache, so that a
    convolution needs little more of it than its result.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.reshape(xg.asarray([1.0, 2.0, 3.0, 4.0]), (1, 4, 1))
    >>> kernel = xg.reshape(xg.asarray([1.0, 0.0, -1.0]), (3, 1, 1))
    >>> xg.nn.conv(x, kernel)[0, :, 0]
    xg.Tensor([-2., -2., -2.,  3.], shape=(4,), dtype=float64, device=cpu)
    >>> xg.nn.conv(xg.ones((8, 28, 28, 3)), xg.ones((5, 5, 3, 16)), strides=2).shape
    (8, 14, 14, 16)
    """
    x, kernel = as_operand(x, "conv"), as_operand(kernel, "conv", "kernel")
    x = channels_last(x, data_format, "conv")
    window = _window(x, kernel, groups, "conv")
    if kernel.shape[-2] * groups != x.shape[-1]:
        raise ShapeError(
            f"nn.conv: x {describe(x)} has {x.shape[-1]} channels, but the kernel {describe(kernel)} "
            f"takes {kernel.shape[-2]} in each of {groups} groups: its shape must be (*window, "
            "channels // groups, outputs). Use xg.permute_dims for a kernel in another order."
        )
    steps = as_steps(x.shape[1:-1], window, strides, padding, dilation, "conv", groups)
    positions_of(x, window, steps, "conv")
    y = apply(_CONVOLVE, (x, kernel), {"steps": steps, "zeros": None})
    return channels_restored(y, data_format)  # type: ignore[no-any-return]


def conv_transpose(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    output_size: int | Sequence[int] | None = None,
    data_format: str = "channels_last",
) -> Tensor:
    """Apply the transpose of a convolution, which makes an array larger by its strides.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(examples, *positions, channels)``.
    kernel : Tensor, Variable or array
        Of shape ``(*window, outputs // groups, channels)``: the kernel of the convolution that goes
        the other way, as in TensorFlow.
    strides, padding, dilation, groups : int, str or sequence
        Of that convolution.
    output_size : int or sequence of int, optional
        Of the positions of the result, where strides leave a choice. By default ``size * stride`` with
        ``"SAME"``, that and what the window has more than a stride with ``"VALID"``, and the smallest
        with numbers.
    data_format : str
        ``"channels_last"`` or ``"channels_first"``, for x and for the result. Kernels stay as they are.

    Returns
    -------
    Tensor
        Of shape ``(examples, *positions, outputs)``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ArgumentError, ArgumentTypeError
        If an option makes no sense, or the convolution would not give positions of x from
        `output_size`.

    See Also
    --------
    conv

    Notes
    -----
    ``sum(conv(u, k) * x) == sum(u * conv_transpose(x, k))`` for every u.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.reshape(xg.asarray([1.0, 2.0]), (1, 2, 1))
    >>> kernel = xg.reshape(xg.asarray([1.0, 10.0]), (2, 1, 1))
    >>> xg.nn.conv_transpose(x, kernel, strides=2)[0, :, 0]
    xg.Tensor([ 1., 10.,  2., 20.], shape=(4,), dtype=float64, device=cpu)
    """
    name = "conv_transpose"
    x, kernel = as_operand(x, name), as_operand(kernel, name, "kernel")
    x = channels_last(x, data_format, name)
    window = _window(x, kernel, groups, name)
    if kernel.shape[-1] != x.shape[-1]:
        raise ShapeError(
            f"nn.{name}: x {describe(x)} has {x.shape[-1]} channels, but the kernel {describe(kernel)} "
            f"takes {kernel.shape[-1]}: its shape must be (*window, outputs // groups, channels). Use "
            "xg.permute_dims for a kernel in another order."
        )
    size, steps = _larger(x, window, strides, padding, dilation, groups, output_size)
    parameters = {"steps": steps, "size": size, "zeros": None}
    return channels_restored(apply(_CONVOLVE_INPUT, (x, kernel), parameters), data_format)  # type: ignore[no-any-return]


def _window(x: Any, kernel: Any, groups: int, function: str) -> Shape:
    """Give the window of a kernel of as many axes as x, whose outputs fall into groups."""
    if kernel.ndim != x.ndim:
        raise ShapeError(
            f"nn.{function}: x {describe(x)} and kernel {describe(kernel)} must have as many axes: "
            "examples, positions, channels and window, inputs, outputs."
        )
    if 0 in kernel.shape[:-2]:
        raise ShapeError(f"nn.{function}: the window of the kernel {describe(kernel)} is empty.")
    groups = as_int(groups, f"nn.{function}", "groups")
    if groups < 1 or kernel.shape[-1] % groups:
        raise ArgumentError(
            f"nn.{function}: groups must be 1 or more and divide the {kernel.shape[-1]} of the last "
            f"axis of the kernel {describe(kernel)}, but is {groups!r}."
        )
    return tuple(kernel.shape[:-2])


def _larger(
    x: Any, window: Shape, strides: Any, padding: Any, dilation: Any, groups: int, wanted: Any
) -> tuple[Shape, Steps]:
    """Find the size of the result of a transposed convolution, and the steps of the other one."""
    name = "conv_transpose"
    places = tuple(x.shape[1:-1])
    by = as_sizes(strides, len(places), name, "strides")
    spread = as_sizes(dilation, len(places), name, "dilation")
    spans = [d * (w - 1) + 1 for w, d in zip(window, spread, strict=True)]
    if wanted is not None:
        size = as_sizes(wanted, len(places), name, "output_size")
    elif isinstance(padding, str):
        more = 0 if padding.upper() == "SAME" else 1
        size = tuple(
            [n * s + more * max(span - s, 0) for n, s, span in zip(places, by, spans, strict=True)]
        )
    else:
        pairs = as_steps(places, window, strides, padding, dilation, name).padding
        size = tuple(
            [
                (n - 1) * s + span - sum(p)
                for n, s, span, p in zip(places, by, spans, pairs, strict=True)
            ]
        )
    steps = as_steps(size, window, strides, padding, dilation, name, groups)
    if any(n < 1 for n in size) or steps.positions(size, window) != places:
        raise ArgumentError(
            f"nn.{name}: a convolution of window {window}, strides {by} and padding {padding!r} does "
            f"not lead from positions {size} to the {places} of x {describe(x)}. Use another "
            "output_size, or less padding."
        )
    return size, steps
