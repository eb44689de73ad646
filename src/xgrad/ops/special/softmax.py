"""Softmax and its logarithm, with SciPy's signatures; logsumexp, which is behind both."""

from __future__ import annotations

from ..._typing import ArrayLike, Axis
from ...core.dispatch import apply1
from ...core.instructions import primitive
from ...core.primitive import Primitive
from ...core.tensor import Tensor
from .. import statistical
from .._arguments import as_axes, as_operand
from ..data_types import floating
from ..manipulation import reshape

__all__ = ["log_softmax", "logsumexp", "softmax"]

_SOFTMAX = primitive("softmax")
_LOG_SOFTMAX = primitive("log_softmax")


def logsumexp(x: ArrayLike, /, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Compute the logarithm of the sum of exponentials, without overflow: `xgrad.logsumexp`.

    Parameters
    ----------
    x : Tensor, Variable or array
        Real or complex.
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether reduced axes stay, with size 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    softmax, log_softmax

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.logsumexp(xg.asarray([1000.0, 1000.0]))
    xg.Tensor(1000.69314718, shape=(), dtype=float64, device=cpu)
    """
    return statistical.logsumexp(x, axis=axis, keepdims=keepdims)


def softmax(x: ArrayLike, /, axis: Axis = None) -> Tensor:
    """Compute exponentials divided by their sum along axes, without overflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; integers are converted.
    axis : int, tuple of int or None
        None means all axes: the results sum to 1 over these.

    Returns
    -------
    Tensor
        Of the shape of x; 0 where x is ``-inf``, NaN where all are.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    log_softmax, logsumexp

    Notes
    -----
    ``softmax(x) = exp(x - logsumexp(x))``.

    Derivative: ``y * (g - sum(g * y))`` for a cotangent g, with y the result.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.softmax(xg.asarray([0.0, 1000.0, 1000.0]))
    xg.Tensor([0. , 0.5, 0.5], shape=(3,), dtype=float64, device=cpu)
    """
    return _along(_SOFTMAX, x, axis)


def log_softmax(x: ArrayLike, /, axis: Axis = None) -> Tensor:
    """Compute the logarithm of softmax, which does not underflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype; integers are converted.
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
    softmax, logsumexp

    Notes
    -----
    ``log_softmax(x) = x - logsumexp(x)``.

    Derivative: ``g - softmax(x) * sum(g)`` for a cotangent g.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.log_softmax(xg.asarray([0.0, 1000.0]))
    xg.Tensor([-1000.,     0.], shape=(2,), dtype=float64, device=cpu)
    """
    return _along(_LOG_SOFTMAX, x, axis)


def _along(instruction: Primitive, x: ArrayLike, axis: Axis) -> Tensor:
    """Apply an instruction that has the axes of an array for its parameter, one at least."""
    x = floating(as_operand(x, instruction.name))
    if x.ndim == 0 and axis is None:
        return reshape(_along(instruction, reshape(x, (1,)), 0), ())
    axes = as_axes(axis, x.ndim, instruction.name)
    axes = tuple(range(x.ndim)) if axes is None else axes
    return apply1(instruction, x, {"axis": axes})  # type: ignore[no-any-return]
