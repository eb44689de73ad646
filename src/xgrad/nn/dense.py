"""Layers that look at one position at a time: linear maps, embeddings, one-hot rows, dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arguments import as_flag
from .._typing import ArrayLike, DType, ShapeLike
from ..core.defaults import default_dtype_name
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ..ops._arguments import as_axis, as_indices, as_operand, as_shape
from ..ops.creation import arange
from ..ops.data_types import astype
from ..ops.filling import zeros_like
from ..ops.indexing import take
from ..ops.linear_algebra import matmul
from ..ops.manipulation import expand_dims, moveaxis
from ..ops.searching import where
from ..random import Generator, default_generator
from ._arguments import as_real
from ._biased import activated

__all__ = ["dropout", "embedding", "linear", "one_hot"]


def linear(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    activation: Callable[[Any], Tensor] | None = None,
) -> Tensor:
    """Compute x @ kernel + bias, or a function of that.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(..., inputs)``.
    kernel : Tensor, Variable or array
        Of shape ``(inputs, outputs)``.
    bias : Tensor, Variable or array, optional
        Of shape ``(outputs,)``.
    activation : callable, optional
        Of the result. On CUDA `relu`, `gelu`, `silu`, `sigmoid` and `xgrad.tanh` are one kernel with
        the bias, and one kernel back.

    Returns
    -------
    Tensor
        Of shape ``(..., outputs)``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ArgumentTypeError
        If the activation is no function.

    See Also
    --------
    xgrad.matmul, embedding, conv

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.linear(xg.ones((2, 3)), xg.ones((3, 2)), xg.asarray([0.0, 1.0]))
    xg.Tensor([[3., 4.],
               [3., 4.]], shape=(2, 2), dtype=float64, device=cpu)
    >>> xg.nn.linear(xg.ones(3), xg.ones((3, 2)), xg.asarray([-4.0, 1.0]), activation=xg.nn.relu)
    xg.Tensor([0., 4.], shape=(2,), dtype=float64, device=cpu)
    """
    x, kernel = as_operand(x, "linear"), as_operand(kernel, "linear", "kernel")
    if kernel.ndim != 2 or x.ndim == 0 or x.shape[-1] != kernel.shape[0]:
        raise ShapeError(
            f"nn.linear: x {describe(x)} and kernel {describe(kernel)} do not fit: expected "
            "(..., inputs) and (inputs, outputs). Use xg.matrix_transpose for a kernel in torch's "
            "order."
        )
    if activation is not None and not callable(activation):
        raise ArgumentTypeError(
            f"nn.linear: activation must be a function of a Tensor, but is {activation!r}. Use "
            "xg.nn.relu, for example."
        )
    y = matmul(x, kernel)
    if bias is None:
        return activated(y, None, activation)  # type: ignore[no-any-return]
    bias = as_operand(bias, "linear", "bias")
    if bias.shape not in ((), (kernel.shape[1],)):
        raise ShapeError(
            f"nn.linear: bias {describe(bias)} must have the shape ({kernel.shape[1]},), one for "
            f"each output of the kernel {describe(kernel)}."
        )
    return activated(y, bias, activation)  # type: ignore[no-any-return]


def embedding(ids: ArrayLike, table: ArrayLike, sparse_grad: bool = False) -> Tensor:
    """Look up rows of a table.

    Parameters
    ----------
    ids : Tensor, Variable or array
        Integers, of any shape.
    table : Tensor, Variable or array
        Of shape ``(count, ...)``.
    sparse_grad : bool
        Whether the gradient of the table, where that is a source, may be `IndexedSlices`: rows and
        indices instead of an array that is mostly zero. Optimizers take both to the same step.

    Returns
    -------
    Tensor
        Of the shape of ids, followed by that of a row.

    Raises
    ------
    DTypeError
        If ids are no integers.
    ShapeError
        If the table has no axes.

    See Also
    --------
    one_hot, xgrad.take

    Examples
    --------
    >>> import xgrad as xg
    >>> table = xg.asarray([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> xg.nn.embedding(xg.asarray([2, 1]), table)
    xg.Tensor([[3., 4.],
               [1., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    ids, table = as_indices(ids, "embedding", "ids"), as_operand(table, "embedding", "table")
    if table.ndim == 0:
        raise ShapeError(
            f"nn.embedding: table {describe(table)} has no rows. Use an array of shape "
            "(count, size)."
        )
    return take(table, ids, axis=0, sparse_grad=sparse_grad)


def one_hot(ids: ArrayLike, depth: int, axis: int = -1, dtype: DType = None) -> Tensor:
    """Make rows with a one at the place that each number says, and zeros elsewhere.

    Parameters
    ----------
    ids : Tensor, Variable or array
        Integers, of any shape. What is not from 0 to depth - 1 gives a row of zeros.
    depth : int
        The length of a row.
    axis : int
        Of the result, where the rows go.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor
        With one axis more than ids; a constant.

    Raises
    ------
    DTypeError
        If ids are no integers.
    ArgumentError
        If depth is negative.
    ShapeError
        If there is no such axis.

    See Also
    --------
    embedding, sparse_softmax_cross_entropy

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.one_hot(xg.asarray([2, 0, -1]), 3)
    xg.Tensor([[0., 0., 1.],
               [1., 0., 0.],
               [0., 0., 0.]], shape=(3, 3), dtype=float64, device=cpu)
    """
    ids = as_indices(ids, "one_hot", "ids")
    (depth,) = as_shape((depth,), "one_hot", "depth")
    place = as_axis(axis, ids.ndim + 1, "one_hot")
    places = arange(depth, dtype=ids.dtype, device=ids.device)
    hot = astype(
        expand_dims(ids, axis=-1) == places, default_dtype_name() if dtype is None else dtype
    )
    return hot if place == ids.ndim else moveaxis(hot, -1, place)


def dropout(
    x: ArrayLike,
    rate: float,
    *,
    rng: Generator | None = None,
    training: bool = True,
    noise_shape: ShapeLike | None = None,
) -> Tensor:
    """Set elements to zero at random, and scale the others so that the mean stays.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    rate : float
        The part that is set to zero, from 0 to 1.
    rng : Generator, optional
        Draws which; the default generator of the device of x by default.
    training : bool
        False gives x as it is.
    noise_shape : tuple of int, optional
        What is drawn broadcasts from this shape to that of x: ``(n, 1, 1, c)`` drops whole channels.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If the rate is not from 0 to 1, or `rng` no generator.
    ShapeError
        If `noise_shape` does not broadcast to the shape of x.
    DTypeError
        If x is complex.

    See Also
    --------
    xgrad.random.Generator

    Notes
    -----
    Under `vmap` every example has a mask of its own; `recompute_grad` draws the same one again, and a
    function recorded by `xgrad.function` another one in every call.

    Source: Srivastava et al. (2014), https://jmlr.org/papers/v15/srivastava14a.html.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.dropout(xg.ones(6), 0.5, rng=xg.random.Generator(0))
    xg.Tensor([0., 2., 2., 2., 0., 0.], shape=(6,), dtype=float64, device=cpu)
    """
    x = as_real(x, "dropout")
    if type(rate) not in (int, float) or not 0 <= rate <= 1:
        raise ArgumentError(
            f"nn.dropout: rate must be a number from 0 to 1, but is {rate!r}. Use the part to drop, "
            "not the part to keep."
        )
    if not as_flag(training, "nn.dropout", "training") or rate == 0:
        return alias(x)
    if rate == 1:
        return where(zeros_like(x) != 0, x, 0)  # connected, and 0 where x is not finite too
    rng = as_generator(rng, x, "dropout")
    shape = x.shape if noise_shape is None else as_shape(noise_shape, "dropout", "noise_shape")
    if len(shape) > x.ndim or any(
        n not in (1, m) for n, m in zip(reversed(shape), reversed(x.shape), strict=False)
    ):
        raise ShapeError(
            f"nn.dropout: noise_shape {shape} does not broadcast to that of x {describe(x)}. Use 1 "
            "along axes that share a draw."
        )
    return where(rng.bernoulli(1 - rate, shape), x * (1 / (1 - rate)), 0)


def as_generator(rng: Any, x: Any, function: str) -> Generator:
    """Give the generator to draw with, by default that of the device of x.

    Raises
    ------
    ArgumentTypeError
        If it is none.
    """
    if rng is None:
        return default_generator(x.device)
    if not isinstance(rng, Generator):
        raise ArgumentTypeError(
            f"nn.{function}: rng must be a Generator, but is a {type(rng).__module__}.{type(rng).__name__}. Use "
            "xg.random.Generator(seed)."
        )
    return rng
