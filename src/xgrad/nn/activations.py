"""Smooth activations, softmax and its logarithm, each exact in both tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arguments import as_flag
from .._typing import ArrayLike
from ..backends import quiet
from ..backends.activations import GELU_CUBE, GELU_SCALE, REACH
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..ops import special
from ..ops._arguments import as_axis
from ..ops.data_types import finfo
from ..ops.powers import square
from ..ops.rule_namespace import rule_namespace
from ..ops.searching import clip
from ..ops.special import softplus
from ..ops.statistical import logsumexp
from ..ops.trigonometric import tanh
from ._arguments import as_real, has_activations

__all__ = [
    "gelu",
    "glu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
]


def sigmoid(x: ArrayLike) -> Tensor:
    """Compute the logistic function, 1 / (1 + exp(-x)).

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    log_sigmoid, xgrad.special.expit

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.sigmoid(xg.asarray([-1000.0, 0.0, 1.0]))
    xg.Tensor([0.        , 0.5       , 0.73105858], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "sigmoid")
    if has_activations(x):
        return rule_namespace.activate(x, function="sigmoid")  # type: ignore[no-any-return]
    return special.expit(x)


def log_sigmoid(x: ArrayLike) -> Tensor:
    """Compute the logarithm of the logistic function, without overflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    sigmoid, softplus, xgrad.special.log_expit

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.log_sigmoid(xg.asarray([-1000.0, 0.0]))
    xg.Tensor([-1.00000000e+03, -6.93147181e-01], shape=(2,), dtype=float64, device=cpu)
    """
    return special.log_expit(as_real(x, "log_sigmoid"))


def softsign(x: ArrayLike) -> Tensor:
    """Compute x / (1 + abs(x)).

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    sigmoid, hard_tanh

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.softsign(xg.asarray([-1.0, 0.0, 3.0]))
    xg.Tensor([-0.5 ,  0.  ,  0.75], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "softsign")
    if not _is_finite(x):
        largest = finfo(x.dtype).max
        x = clip(x, -largest, largest)
    return x / (1 + abs(x))  # type: ignore[no-any-return]


def silu(x: ArrayLike) -> Tensor:
    """Compute x * sigmoid(x), also called swish.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    gelu, mish, hard_silu

    Notes
    -----
    Source: Elfwing, Uchibe and Doya (2017), https://arxiv.org/abs/1702.03118.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.silu(xg.asarray([-1.0, 0.0, 1.0]))
    xg.Tensor([-0.26894142,  0.        ,  0.73105858], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "silu")
    if has_activations(x):
        return rule_namespace.activate(x, function="silu")  # type: ignore[no-any-return]
    return _gated(special.expit, x, REACH["silu"])


def mish(x: ArrayLike) -> Tensor:
    """Compute x * tanh(softplus(x)).

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    silu

    Notes
    -----
    Source: Misra (2019), https://arxiv.org/abs/1908.08681.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.mish(xg.asarray([-1.0, 0.0, 1.0]))
    xg.Tensor([-0.30340146,  0.        ,  0.86509839], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "mish")
    # From 40 on tanh is 1; where it is not computed, its rule cannot overflow.
    return _gated(lambda x: tanh(softplus(clip(x, None, 40.0))), x, REACH["silu"])


def gelu(x: ArrayLike, approximate: bool = False) -> Tensor:
    """Compute x times the probability that a normal variable is less than x.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    approximate : bool
        Whether to take the formula with tanh, as GPT-2 and BERT's first code did.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    silu, xgrad.special.ndtr

    Notes
    -----
    ``x * ndtr(x)``, or ``0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))``; both keep
    their digits for negative x, where the sums cancel that they are usually written with.

    Source: Hendrycks and Gimpel (2016), https://arxiv.org/abs/1606.08415.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.gelu(xg.asarray([-1.0, 0.0, 1.0]))
    xg.Tensor([-0.15865525,  0.        ,  0.84134475], shape=(3,), dtype=float64, device=cpu)
    >>> xg.nn.gelu(xg.asarray([-1.0, 0.0, 1.0]), approximate=True)
    xg.Tensor([-0.15880801,  0.        ,  0.84119199], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "gelu")
    approximate = as_flag(approximate, "nn.gelu", "approximate")
    if has_activations(x):
        function = "gelu_tanh" if approximate else "gelu"
        return rule_namespace.activate(x, function=function)  # type: ignore[no-any-return]
    if not approximate:
        return _gated(special.ndtr, x, REACH["gelu"])
    # Without x**3, which is a hundred times slower in NumPy than a product; with a bound, because
    # an infinite x**3 has no derivative.
    reach = REACH["gelu_tanh"]
    inner = clip(x, -reach, reach)
    bend = GELU_SCALE + GELU_CUBE * square(inner)
    return clip(x, -reach, None) * special.expit(inner * bend)  # type: ignore[no-any-return]


def glu(x: ArrayLike, axis: int = -1) -> Tensor:
    """Compute the first half of an axis times the sigmoid of the second.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real, with an even number of elements along the axis.
    axis : int

    Returns
    -------
    Tensor
        With half as many elements along the axis.

    Raises
    ------
    ShapeError
        If there is no such axis, or the number is odd.
    DTypeError
        If x is complex.

    See Also
    --------
    sigmoid

    Notes
    -----
    Source: Dauphin et al. (2016), https://arxiv.org/abs/1612.08083.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.glu(xg.asarray([3.0, 4.0, 0.0, 1000.0]))
    xg.Tensor([1.5, 4. ], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_real(x, "glu")
    place = as_axis(axis, x.ndim, "glu")
    half, odd = divmod(x.shape[place], 2)
    if odd:
        raise ShapeError(
            f"nn.glu: x {describe(x)} must have an even number of elements along axis {axis}. Use "
            "a layer of twice as many outputs before it."
        )
    before = (slice(None),) * place
    gates = special.expit(x[(*before, slice(half, None))])
    return x[(*before, slice(None, half))] * gates  # type: ignore[no-any-return]


def softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Tensor:
    """Compute exponentials divided by their sum along an axis, without overflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; whole numbers are converted.
    axis : int, tuple of int or None
        None means all axes.

    Returns
    -------
    Tensor
        Of the shape of x; 0 where x is ``-inf``, NaN where all along the axis are.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    log_softmax, logsumexp, softmax_cross_entropy

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.softmax(xg.asarray([[0.0, 0.0], [0.0, 1000.0]]))
    xg.Tensor([[0.5, 0.5],
               [0. , 1. ]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return special.softmax(x, axis=axis)


def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Tensor:
    """Compute the logarithm of softmax, which neither overflows nor underflows.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; whole numbers are converted.
    axis : int, tuple of int or None
        None means all axes.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    softmax, sparse_softmax_cross_entropy

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.log_softmax(xg.asarray([0.0, 1000.0]))
    xg.Tensor([-1000.,     0.], shape=(2,), dtype=float64, device=cpu)
    """
    return special.log_softmax(x, axis=axis)


def _gated(gate: Callable[[Any], Any], x: Tensor, reach: float) -> Tensor:
    """x times its gate, which is 0 or 1 to any precision beyond the reach, for infinite x too.

    So that nothing infinite meets a gate or a slope of 0, the factor stops on the left, and what the
    gate is given on the right."""
    if _is_finite(x):
        return x * gate(x)  # type: ignore[no-any-return]
    return clip(x, -reach, None) * gate(clip(x, None, reach))  # type: ignore[no-any-return]


def _is_finite(x: Tensor) -> bool:
    with quiet():
        return bool(rule_namespace.surely_finite(x))
