"""Scaled dot-product attention, with masks; a query that may look at nothing gets zeros.

Axes before the last two are stacks, such as examples and heads, and broadcast."""

from __future__ import annotations

import math
from typing import Any

from .._arguments import as_flag
from .._typing import ArrayLike
from ..core.casting import dtype_kind
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..ops import special
from ..ops._arguments import as_operand
from ..ops.creation import arange
from ..ops.linear_algebra import matmul, matrix_transpose
from ..ops.manipulation import broadcast_shapes, expand_dims
from ..ops.searching import where
from ..random import Generator
from ._arguments import as_factor, as_real
from .dense import dropout

__all__ = ["attention"]


def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    causal: bool = False,
    scale: float | None = None,
    dropout_rate: float = 0.0,
    rng: Generator | None = None,
) -> Tensor:
    """Compute means of values, weighted by how well keys fit queries.

    Parameters
    ----------
    q : Tensor, Variable or array
        Queries, of shape ``(..., queries, depth)``.
    k : Tensor, Variable or array
        Keys, of shape ``(..., keys, depth)``.
    v : Tensor, Variable or array
        Values, of shape ``(..., keys, size)``.
    mask : Tensor, Variable or array, optional
        Broadcasts to ``(..., queries, keys)``. Booleans say which keys a query may look at; numbers
        are added to the scores, and get a gradient.
    causal : bool
        Whether query i may look at keys 0 to i only.
    scale : float, optional
        What scores are multiplied with; by default 1 / sqrt(depth).
    dropout_rate : float
        The part of the weights that is set to zero at random.
    rng : Generator, optional
        For dropout; the default generator by default.

    Returns
    -------
    Tensor
        Of shape ``(..., queries, size)``; zeros, with zero gradients, for queries that may look at
        nothing.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    DTypeError
        If one is complex, or the mask holds integers.
    ArgumentError
        If the rate is not from 0 to 1.

    See Also
    --------
    softmax, dropout

    Notes
    -----
    ``softmax(scale * q @ k.mT + mask) @ v``.

    Source: Vaswani et al. (2017), https://arxiv.org/abs/1706.03762.

    Examples
    --------
    >>> import xgrad as xg
    >>> q = k = xg.zeros((2, 4))
    >>> xg.nn.attention(q, k, xg.asarray([[1.0], [3.0]]), causal=True)
    xg.Tensor([[1.],
               [2.]], shape=(2, 1), dtype=float64, device=cpu)
    """
    q, k, v = (as_real(x, "attention", n) for x, n in ((q, "q"), (k, "k"), (v, "v")))
    _check_shapes(q, k, v)
    causal = as_flag(causal, "nn.attention", "causal")
    if scale is not None:
        scale = as_factor(scale, "attention", "scale")
    scores = matmul(
        q * (1 / math.sqrt(q.shape[-1]) if scale is None else scale), matrix_transpose(k)
    )
    if mask is not None:
        scores = _masked(scores, mask)
    if causal:
        rows = expand_dims(arange(q.shape[-2], device=q.device), axis=-1)
        scores = where(rows >= arange(k.shape[-2], device=q.device), scores, -math.inf)
    weights = special.softmax(scores, axis=-1)
    if mask is not None or causal:
        weights = where(scores == -math.inf, 0, weights)  # where all are, softmax is NaN
    if type(dropout_rate) not in (int, float) or dropout_rate != 0:
        weights = dropout(weights, dropout_rate, rng=rng)
    return matmul(weights, v)


def _masked(scores: Tensor, mask: Any) -> Tensor:
    """Hide scores where a mask of booleans is false, or add one of numbers."""
    mask = as_operand(mask, "attention", "mask")
    kind = dtype_kind(mask.dtype)
    if kind not in ("bool", "floating"):
        raise DTypeError(
            f"nn.attention: mask {describe(mask)} must be boolean, for what may be looked at, or "
            "floating, to be added. Use mask != 0 for zeros and ones."
        )
    try:
        fits = broadcast_shapes(mask.shape, scores.shape)[-2:] == scores.shape[-2:]
    except ShapeError:
        fits = False
    if not fits:
        raise ShapeError(
            f"nn.attention: mask {describe(mask)} does not broadcast to the scores "
            f"{describe(scores)}: (..., queries, keys). Use mask[..., None, :] for one of keys."
        )
    return where(mask, scores, -math.inf) if kind == "bool" else scores + mask


def _check_shapes(q: Any, k: Any, v: Any) -> None:
    shown = f"q {describe(q)}, k {describe(k)} and v {describe(v)}"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ShapeError(
            f"nn.attention: {shown} must have two axes at least: positions and features. Use "
            "xg.expand_dims for one query."
        )
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"nn.attention: {shown} do not fit: expected (..., queries, depth), (..., keys, depth) and "
            "(..., keys, size). Use xg.moveaxis to bring heads before positions."
        )
