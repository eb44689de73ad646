"""Recurrent cells: one step in time, from a state to the next.

Gates lie side by side on the last axis of kernels and biases, in Keras's order, so its weights can be
used as they are. `xgrad.scan` runs a cell over a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._typing import ArrayLike
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError, ShapeError
from ..ops import special
from ..ops._arguments import as_operand
from ..ops.linear_algebra import matmul
from ..ops.trigonometric import tanh
from ._biased import activated

__all__ = ["gru_cell", "lstm_cell", "rnn_cell"]


def rnn_cell(
    x: ArrayLike,
    h: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: Callable[[Any], Tensor] = tanh,
) -> Tensor:
    """Take a step of a simple recurrent network.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(..., inputs)``.
    h : Tensor, Variable or array
        The state, of shape ``(..., units)``.
    kernel : Tensor, Variable or array
        Of shape ``(inputs, units)``.
    recurrent_kernel : Tensor, Variable or array
        Of shape ``(units, units)``.
    bias : Tensor, Variable or array, optional
        Of shape ``(units,)``.
    activation : callable

    Returns
    -------
    Tensor
        The next state, which is the output as well.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    See Also
    --------
    lstm_cell, gru_cell, xgrad.scan

    Notes
    -----
    ``activation(x @ kernel + h @ recurrent_kernel + bias)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> h = xg.nn.rnn_cell(xg.ones((1, 2)), xg.zeros((1, 3)), xg.ones((2, 3)), xg.eye(3))
    >>> h
    xg.Tensor([[0.96402758, 0.96402758, 0.96402758]], shape=(1, 3), dtype=float64, device=cpu)
    """
    h = as_operand(h, "rnn_cell", "h")
    from_x, from_h = _products(x, h, kernel, recurrent_kernel, 1, "rnn_cell")
    y = from_x + from_h
    return activated(  # type: ignore[no-any-return]
        y, None if bias is None else _bias(bias, y, "rnn_cell"), activation
    )


def lstm_cell(
    x: ArrayLike,
    state: Sequence[ArrayLike],
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
) -> tuple[Tensor, Tensor]:
    """Take a step of a long short-term memory.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(..., inputs)``.
    state : pair of Tensors, Variables or arrays
        The output and the memory, ``(h, c)``, each of shape ``(..., units)``.
    kernel : Tensor, Variable or array
        Of shape ``(inputs, 4 * units)``: the gates i, f, g, o side by side, as in Keras and torch.
    recurrent_kernel : Tensor, Variable or array
        Of shape ``(units, 4 * units)``.
    bias : Tensor, Variable or array, optional
        Of shape ``(4 * units,)``; begin with ones for the gate f, which then remembers.

    Returns
    -------
    tuple of Tensor
        The next ``(h, c)``; h is the output.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ArgumentTypeError
        If the state is no pair.

    See Also
    --------
    gru_cell, rnn_cell, xgrad.scan

    Notes
    -----
    ``c' = sigmoid(f) * c + sigmoid(i) * tanh(g)`` and ``h' = sigmoid(o) * tanh(c')``, with the gates
    ``x @ kernel + h @ recurrent_kernel + bias``.

    Source: Hochreiter and Schmidhuber (1997), https://doi.org/10.1162/neco.1997.9.8.1735.

    Examples
    --------
    >>> import xgrad as xg
    >>> state = xg.zeros((1, 1)), xg.ones((1, 1))
    >>> h, c = xg.nn.lstm_cell(xg.ones((1, 2)), state, xg.zeros((2, 4)), xg.zeros((1, 4)))
    >>> h, c
    (xg.Tensor([[0.23105858]], shape=(1, 1), dtype=float64, device=cpu),
     xg.Tensor([[0.5]], shape=(1, 1), dtype=float64, device=cpu))
    """
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        raise ArgumentTypeError(
            f"nn.lstm_cell: state must be a pair (h, c), but is a {type(state).__name__}. Use "
            "(xg.zeros(...), xg.zeros(...)) to begin."
        )
    h, c = (as_operand(s, "lstm_cell", n) for s, n in zip(state, ("h", "c"), strict=True))
    from_x, from_h = _products(x, h, kernel, recurrent_kernel, 4, "lstm_cell")
    gates = from_x + from_h
    if bias is not None:
        gates = gates + _bias(bias, gates, "lstm_cell")
    i, f, g, o = _split(gates, 4)
    c = special.expit(f) * c + special.expit(i) * tanh(g)
    return special.expit(o) * tanh(c), c


def gru_cell(
    x: ArrayLike,
    h: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
) -> Tensor:
    """Take a step of a gated recurrent unit.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape ``(..., inputs)``.
    h : Tensor, Variable or array
        The state, of shape ``(..., units)``.
    kernel : Tensor, Variable or array
        Of shape ``(inputs, 3 * units)``: the gates z, r, n side by side, as in Keras. (torch has r
        first.)
    recurrent_kernel : Tensor, Variable or array
        Of shape ``(units, 3 * units)``.
    bias : Tensor, Variable or array, optional
        Of shape ``(2, 3 * units)``: what is added to ``x @ kernel``, and to
        ``h @ recurrent_kernel``. Of shape ``(3 * units,)`` it is the first alone.

    Returns
    -------
    Tensor
        The next state, which is the output as well.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    See Also
    --------
    lstm_cell, rnn_cell, xgrad.scan

    Notes
    -----
    ``h' = z * h + (1 - z) * tanh(n_x + r * n_h)`` with z and r sigmoids of the sums of their gates: the
    form that cuDNN, torch and Keras (`reset_after=True`) compute.

    Source: Cho et al. (2014), https://arxiv.org/abs/1406.1078.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.gru_cell(xg.ones((1, 2)), xg.ones((1, 1)), xg.zeros((2, 3)), xg.zeros((1, 3)))
    xg.Tensor([[0.5]], shape=(1, 1), dtype=float64, device=cpu)
    """
    h = as_operand(h, "gru_cell", "h")
    from_x, from_h = _products(x, h, kernel, recurrent_kernel, 3, "gru_cell")
    if bias is not None:
        bias = as_operand(bias, "gru_cell", "bias")
        if bias.ndim == 2 and bias.shape[0] == 2:
            from_h = from_h + _bias(bias[1, :], from_h, "gru_cell")
            bias = bias[0, :]
        from_x = from_x + _bias(bias, from_x, "gru_cell")
    (z_x, r_x, n_x), (z_h, r_h, n_h) = _split(from_x, 3), _split(from_h, 3)
    z, r = special.expit(z_x + z_h), special.expit(r_x + r_h)
    return z * h + (1 - z) * tanh(n_x + r * n_h)  # type: ignore[no-any-return]


# -- inside ------------------------------------------------------------------------------------


def _products(
    x: Any, h: Any, kernel: Any, recurrent: Any, gates: int, function: str
) -> tuple[Any, Any]:
    """Multiply input and state with kernels whose gates lie side by side."""
    x = as_operand(x, function)
    kernel = as_operand(kernel, function, "kernel")
    recurrent = as_operand(recurrent, function, "recurrent_kernel")
    units = h.shape[-1] if h.ndim else 0
    width = gates * units
    fits = x.ndim and kernel.shape == (x.shape[-1], width) and recurrent.shape == (units, width)
    if not fits:
        times = "" if gates == 1 else f"{gates} * "
        raise ShapeError(
            f"nn.{function}: x {describe(x)}, h {describe(h)}, kernel {describe(kernel)} and "
            f"recurrent_kernel {describe(recurrent)} do not fit: expected (..., inputs), (..., units), "
            f"(inputs, {times}units) and (units, {times}units). Use xg.matrix_transpose for kernels in "
            "torch's order."
        )
    return matmul(x, kernel), matmul(h, recurrent)


def _bias(bias: Any, y: Any, function: str) -> Any:
    bias = as_operand(bias, function, "bias")
    if bias.shape != (y.shape[-1],):
        raise ShapeError(
            f"nn.{function}: bias {describe(bias)} must have the shape ({y.shape[-1]},), one for each "
            "column of the kernel."
        )
    return bias


def _split(gates: Any, count: int) -> list[Any]:
    """Take gates that lie side by side apart."""
    units = gates.shape[-1] // count
    return [gates[..., i * units : (i + 1) * units] for i in range(count)]
