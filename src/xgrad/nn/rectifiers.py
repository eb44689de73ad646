"""relu and its family: what is linear for positive numbers, and something else for the others.

The derivative at a corner is the one that TensorFlow has (docs/special-points.md); NaN goes
through."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core import dispatch
from ..core.casting import dtype_kind
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..ops.data_types import astype
from ..ops.exponential import expm1
from ..ops.searching import clip, where
from ._arguments import as_factor, as_real

__all__ = [
    "celu",
    "elu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
]

_relu = dispatch.unary(primitive("relu"))
# Klambauer et al. (2017), to the last digit of float64.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def relu(x: ArrayLike) -> Tensor:
    """Compute the larger of x and 0.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.

    Returns
    -------
    Tensor
        Of the shape and dtype of x.

    Raises
    ------
    DTypeError
        If x is complex or boolean.

    See Also
    --------
    leaky_relu, elu, gelu

    Notes
    -----
    Derivative: 1 for x > 0, else 0, at 0 too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.relu(xg.asarray([-1.0, 0.0, 2.0]))
    xg.Tensor([0., 0., 2.], shape=(3,), dtype=float64, device=cpu)
    """
    if type(x) in dispatch.HANDLES and dtype_kind(x.dtype) in ("floating", "integer"):
        return _relu(x)  # type: ignore[no-any-return]
    return _relu(as_real(x, "relu"))  # type: ignore[no-any-return]


def relu6(x: ArrayLike) -> Tensor:
    """Compute the larger of x and 0, but no more than 6.

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
    relu, hard_sigmoid

    Notes
    -----
    Derivative: 1 for 0 < x < 6, else 0, at 0 and 6 too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.relu6(xg.asarray([-1.0, 2.0, 7.0]))
    xg.Tensor([0., 2., 6.], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "relu6")
    return _relu(where(x >= 6, 6, x))  # type: ignore[no-any-return]


def leaky_relu(x: ArrayLike, negative_slope: ArrayLike = 0.2) -> Tensor:
    """Compute x for positive x, and a small multiple of it for negative x.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    negative_slope : number or Tensor
        The multiple; a Tensor, which may be one per channel, gets a gradient (PReLU).

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
    relu, elu

    Notes
    -----
    Derivative: 1 for x > 0, else `negative_slope`, at 0 too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.leaky_relu(xg.asarray([-1.0, 2.0]))
    xg.Tensor([-0.2,  2. ], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_real(x, "leaky_relu")
    negative_slope = as_factor(negative_slope, "leaky_relu", "negative_slope")
    # A product with the slope of each element: where masks are irregular, `where` takes ten times as
    # long, and the two of its gradient as well.
    slopes = astype(x > 0, x.dtype) + negative_slope * astype(x <= 0, x.dtype)
    return x * slopes  # type: ignore[no-any-return]


def elu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Tensor:
    """Compute x for positive x, and an exponential that ends at -alpha for negative x.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    alpha : number or Tensor

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
    celu, selu, relu

    Notes
    -----
    ``alpha * (exp(x) - 1)`` for x < 0.

    Derivative: 1 for x >= 0, at 0 too; ``alpha * exp(x)`` for x < 0.

    Source: Clevert, Unterthiner and Hochreiter (2015), https://arxiv.org/abs/1511.07289.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.elu(xg.asarray([-1.0, 0.0, 2.0]))
    xg.Tensor([-0.63212056,  0.        ,  2.        ], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "elu")
    return where(x < 0, _bent(x) * as_factor(alpha, "elu", "alpha"), x)


def celu(x: ArrayLike, alpha: float = 1.0) -> Tensor:
    """Compute elu with a derivative that is continuous for every alpha.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    alpha : float
        Not 0.

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
    elu

    Notes
    -----
    ``alpha * (exp(x / alpha) - 1)`` for x < 0.

    Source: Barron (2017), https://arxiv.org/abs/1704.07483.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.celu(xg.asarray([-1.0, 2.0]), alpha=2.0)
    xg.Tensor([-0.78693868,  2.        ], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_real(x, "celu")
    alpha = as_factor(alpha, "celu", "alpha")
    return where(x < 0, _bent(x / alpha) * alpha, x)


def selu(x: ArrayLike) -> Tensor:
    """Compute elu scaled so that layers keep mean 0 and variance 1.

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
    elu

    Notes
    -----
    ``1.0507... * elu(x, 1.6732...)``, both to the last digit.

    Derivative at 0: 1.0507..., that from the right.

    Source: Klambauer et al. (2017), https://arxiv.org/abs/1706.02515.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.selu(xg.asarray([-1.0, 0.0, 2.0]))
    xg.Tensor([-1.11133074,  0.        ,  2.10140197], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "selu")
    return where(x < 0, _bent(x) * (_SELU_ALPHA * _SELU_SCALE), x * _SELU_SCALE)


def hard_tanh(x: ArrayLike, minval: float = -1.0, maxval: float = 1.0) -> Tensor:
    """Limit x to an interval.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real.
    minval, maxval : float

    Returns
    -------
    Tensor
        Of the shape of x; the gradient passes at the bounds, as that of `xgrad.clip`.

    Raises
    ------
    DTypeError
        If x is complex.

    See Also
    --------
    hard_sigmoid, xgrad.clip

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.hard_tanh(xg.asarray([-2.0, 0.5, 2.0]))
    xg.Tensor([-1. ,  0.5,  1. ], shape=(3,), dtype=float64, device=cpu)
    """
    return clip(as_real(x, "hard_tanh"), minval, maxval)


def hard_sigmoid(x: ArrayLike) -> Tensor:
    """Compute relu6(x + 3) / 6, a sigmoid of three straight lines.

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
    hard_silu, sigmoid

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.hard_sigmoid(xg.asarray([-4.0, 0.0, 4.0]))
    xg.Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float64, device=cpu)
    """
    return relu6(as_real(x, "hard_sigmoid") + 3) / 6  # type: ignore[no-any-return]


def hard_silu(x: ArrayLike) -> Tensor:
    """Compute x * hard_sigmoid(x), also called hard swish.

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
    silu, hard_sigmoid

    Notes
    -----
    Source: Howard et al. (2019), https://arxiv.org/abs/1905.02244.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.hard_silu(xg.asarray([-4.0, 1.5, 4.0]))
    xg.Tensor([-0.   ,  1.125,  4.   ], shape=(3,), dtype=float64, device=cpu)
    """
    x = as_real(x, "hard_silu")
    return clip(x, -3.0, None) * hard_sigmoid(x)  # type: ignore[no-any-return]


def _bent(x: Tensor) -> Tensor:
    """e^x - 1 of negative numbers, and nothing that overflows of the others."""
    return expm1(where(x < 0, x, 0))
