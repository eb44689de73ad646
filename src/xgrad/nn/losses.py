"""Losses that compare numbers: squares, absolute values, Huber, hinge.

What is predicted comes first, what it should be second. Shapes must be equal: broadcasting ``(n, 1)``
against ``(n,)`` would quietly give a loss of n times n."""

from __future__ import annotations

from typing import Any

from .._arguments import as_number
from .._typing import ArrayLike, DType
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..ops import special
from ..ops._arguments import as_axis
from ..ops.powers import square
from ..ops.statistical import sum as sum_over
from ._arguments import as_factor, in_float32, of_one_shape, reduced

__all__ = [
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_squared_error",
    "squared_hinge",
]

_RELU = primitive("relu")
_LN2 = 0.6931471805599453


def mean_squared_error(
    predictions: ArrayLike, targets: ArrayLike, reduction: str = "mean"
) -> Tensor:
    """Compute squared differences.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape; one of them may be a number.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    mean_absolute_error, huber

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.mean_squared_error(xg.asarray([1.0, 4.0]), xg.asarray([1.0, 2.0]))
    xg.Tensor(2., shape=(), dtype=float64, device=cpu)
    """
    error, dtype = _difference(predictions, targets, "mean_squared_error")
    return reduced(square(error), reduction, "mean_squared_error", dtype)


def mean_absolute_error(
    predictions: ArrayLike, targets: ArrayLike, reduction: str = "mean"
) -> Tensor:
    """Compute absolute differences; the gradient is 0 where there is none.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape; one of them may be a number.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    mean_squared_error, huber

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.mean_absolute_error(xg.asarray([1.0, 4.0]), xg.asarray([1.0, 2.0]))
    xg.Tensor(1., shape=(), dtype=float64, device=cpu)
    """
    error, dtype = _difference(predictions, targets, "mean_absolute_error")
    return reduced(abs(error), reduction, "mean_absolute_error", dtype)


def huber(
    predictions: ArrayLike, targets: ArrayLike, delta: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Compute half the squares of small differences, and a line for large ones.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape; one of them may be a number.
    delta : float
        Up to where a difference is small.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    mean_squared_error, mean_absolute_error, log_cosh, xgrad.special.huber

    Notes
    -----
    ``e**2 / 2`` where ``abs(e) <= delta``, else ``delta * (abs(e) - delta / 2)``.

    Source: Huber (1964), https://doi.org/10.1214/aoms/1177703732.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.huber(xg.asarray([1.5, 4.0]), xg.asarray([1.0, 2.0]), reduction="none")
    xg.Tensor([0.125, 1.5  ], shape=(2,), dtype=float64, device=cpu)
    """
    error, dtype = _difference(predictions, targets, "huber")
    delta = as_factor(delta, "huber", "delta")
    if type(delta) in (int, float):
        delta = as_number(delta, "nn.huber", "delta", 0.0)
    return reduced(special.huber(delta, error), reduction, "huber", dtype)


def log_cosh(predictions: ArrayLike, targets: ArrayLike, reduction: str = "mean") -> Tensor:
    """Compute the logarithm of the hyperbolic cosine of differences, a smooth absolute value.

    Parameters
    ----------
    predictions, targets : Tensors, Variables or arrays
        Real, of one shape; one of them may be a number.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    huber

    Notes
    -----
    ``e + softplus(-2 e) - log 2``, which does not overflow.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.log_cosh(xg.asarray([1000.0]), xg.asarray([0.0]))
    xg.Tensor(999.30685282, shape=(), dtype=float64, device=cpu)
    """
    error, dtype = _difference(predictions, targets, "log_cosh")
    losses = error + special.softplus(-2 * error) - _LN2
    return reduced(losses, reduction, "log_cosh", dtype)


def hinge(predictions: ArrayLike, targets: ArrayLike, reduction: str = "mean") -> Tensor:
    """Compute by how much predictions miss a margin of 1 on the right side.

    Parameters
    ----------
    predictions : Tensor, Variable or array
        Real.
    targets : Tensor, Variable or array
        1 or -1, of the same shape.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    squared_hinge, sigmoid_cross_entropy

    Notes
    -----
    ``max(0, 1 - targets * predictions)``, with the gradient 0 exactly at the margin.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.hinge(xg.asarray([0.5, -3.0]), xg.asarray([1.0, -1.0]), reduction="none")
    xg.Tensor([0.5, 0. ], shape=(2,), dtype=float64, device=cpu)
    """
    missing, dtype = _missing(predictions, targets, "hinge")
    return reduced(missing, reduction, "hinge", dtype)


def squared_hinge(predictions: ArrayLike, targets: ArrayLike, reduction: str = "mean") -> Tensor:
    """Compute the squares of what `hinge` gives.

    Parameters
    ----------
    predictions : Tensor, Variable or array
        Real.
    targets : Tensor, Variable or array
        1 or -1, of the same shape.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the predictions.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    hinge

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.squared_hinge(xg.asarray([0.5, -3.0]), xg.asarray([1.0, -1.0]), reduction="none")
    xg.Tensor([0.25, 0.  ], shape=(2,), dtype=float64, device=cpu)
    """
    missing, dtype = _missing(predictions, targets, "squared_hinge")
    return reduced(square(missing), reduction, "squared_hinge", dtype)


def kl_divergence(p: ArrayLike, q: ArrayLike, axis: int = -1, reduction: str = "mean") -> Tensor:
    """Compute the Kullback-Leibler divergence KL(p || q) of distributions.

    Parameters
    ----------
    p : Tensor, Variable or array
        Probabilities that should be met: the targets.
    q : Tensor, Variable or array
        Probabilities that were predicted, of the same shape.
    axis : int
        Over which they sum to 1.
    reduction : str
        ``"mean"`` or ``"sum"`` over all distributions, or ``"none"``.

    Returns
    -------
    Tensor
        A scalar, or of the shape without the axis.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no such axis.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    softmax_cross_entropy, xgrad.special.rel_entr

    Notes
    -----
    ``sum(p * log(p / q))``, where 0 log 0 is 0; infinite where q is 0 and p is not.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.kl_divergence(xg.asarray([0.0, 1.0]), xg.asarray([0.5, 0.5]))
    xg.Tensor(0.69314718, shape=(), dtype=float64, device=cpu)
    """
    p, q, dtype = in_float32(*of_one_shape(p, q, "kl_divergence", ("p", "q")))
    place = as_axis(axis, p.ndim, "kl_divergence")
    losses = sum_over(special.rel_entr(p, q), axis=place)
    return reduced(losses, reduction, "kl_divergence", dtype)


# -- inside ------------------------------------------------------------------------------------


def _difference(predictions: Any, targets: Any, function: str) -> tuple[Any, DType]:
    predictions, targets, dtype = in_float32(*of_one_shape(predictions, targets, function))
    return predictions - targets, dtype


def _missing(predictions: Any, targets: Any, function: str) -> tuple[Any, DType]:
    predictions, targets, dtype = in_float32(*of_one_shape(predictions, targets, function))
    return apply1(_RELU, 1 - targets * predictions), dtype
