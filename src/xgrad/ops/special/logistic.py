"""The logistic function and its kin, exact in both tails."""

from __future__ import annotations

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import single

__all__ = [
    "expit",
    "log_expit",
    "logit",
    "softplus",
]

_expit = single("expit")
_logit = single("logit")
_log_expit = single("log_expit")
_softplus = single("softplus")


def expit(x: ArrayLike, /) -> Tensor:
    """Compute the logistic function.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    logit, log_expit, softplus

    Notes
    -----
    ``expit(x) = 1 / (1 + exp(-x))``.

    Derivative: ``expit(x) * expit(-x)``, exact in both tails.

    Source: https://en.wikipedia.org/wiki/Logistic_function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.expit(xg.asarray([-1.0, 0.0, 1000.0]))
    xg.Tensor([0.26894142, 0.5       , 1.        ], shape=(3,), dtype=float64, device=cpu)
    """
    return _expit(x)


def logit(x: ArrayLike, /) -> Tensor:
    """Compute the log-odds, the inverse of expit.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    expit

    Notes
    -----
    ``logit(x) = log(x / (1 - x))`` for 0 <= x <= 1.

    Derivative: ``1 / (x * (1 - x))``.

    Source: https://en.wikipedia.org/wiki/Logit.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.logit(xg.asarray([0.25, 0.5, 0.75]))
    xg.Tensor([-1.09861229,  0.        ,  1.09861229], shape=(3,), dtype=float64, device=cpu)
    """
    return _logit(x)


def log_expit(x: ArrayLike, /) -> Tensor:
    """Compute the logarithm of the logistic function, without overflow.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    expit, softplus

    Notes
    -----
    ``log_expit(x) = -softplus(-x)``.

    Derivative: ``expit(-x)``.

    Source: https://en.wikipedia.org/wiki/Logistic_function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.log_expit(xg.asarray([-1000.0, 0.0, 1.0]))
    xg.Tensor([-1.00000000e+03, -6.93147181e-01, -3.13261688e-01], shape=(3,), dtype=float64, device=cpu)
    """
    return _log_expit(x)


def softplus(x: ArrayLike) -> Tensor:
    """Compute log(1 + exp(x)), a smooth max(x, 0), without overflow.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    log_expit, expit

    Notes
    -----
    ``softplus(x) = log(1 + exp(x))``.

    Derivative: ``expit(x)``.

    Source: https://en.wikipedia.org/wiki/Softplus.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.softplus(xg.asarray([-1.0, 0.0, 1000.0]))
    xg.Tensor([3.13261688e-01, 6.93147181e-01, 1.00000000e+03], shape=(3,), dtype=float64, device=cpu)
    """
    return _softplus(x)
