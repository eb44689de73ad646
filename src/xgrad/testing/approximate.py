"""The simplest derivative there is: a central difference with a fixed step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arguments import as_number, check_function
from ..errors import ArgumentTypeError

__all__ = ["approximate_derivative", "approximate_gradient"]


def approximate_derivative(f: Callable[[Any], Any], x: Any, eps: float = 1e-3) -> Any:
    r"""Approximate the derivative of a function of one variable.

    .. math:: f'(x) \approx \frac{f(x + \epsilon) - f(x - \epsilon)}{2 \epsilon}

    Parameters
    ----------
    f : callable
        Elementwise, if x is an array.
    x : float, array or Tensor
    eps : float
        The step. The error falls with its square, until rounding takes over.

    Returns
    -------
    float, array or Tensor
        What the arithmetic of x gives.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If eps is not positive, or f no function.

    See Also
    --------
    approximate_gradient, compute_gradient, check_gradients

    Examples
    --------
    >>> from xgrad.testing import approximate_derivative
    >>> approximate_derivative(lambda x: 3.0 * x**2 + 2.0 * x - 1, 1.0)
    7.999999999999119
    """
    check_function(f, "approximate_derivative")
    return _difference(f, x, as_number(eps, "approximate_derivative", "eps", 0.0, above=True))


def approximate_gradient(f: Callable[..., Any], *xs: Any, eps: float = 1e-3) -> tuple[Any, ...]:
    """Approximate the partial derivatives of a function of several variables.

    Parameters
    ----------
    f : callable
        ``f(*xs)``.
    *xs : float, array or Tensor
    eps : float
        The step, see `approximate_derivative`.

    Returns
    -------
    tuple
        One derivative per variable.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If eps is not positive, or f no function.

    See Also
    --------
    approximate_derivative

    Examples
    --------
    >>> from xgrad.testing import approximate_gradient
    >>> approximate_gradient(lambda x1, x2: (x1 + 5) * (x2**2), 2.0, 3.0)
    (8.999999999993236, 41.999999999994486)
    """

    def partial(i: int) -> Any:
        return _difference(lambda x: f(*xs[:i], x, *xs[i + 1 :]), xs[i], eps)

    check_function(f, "approximate_gradient")
    eps = as_number(eps, "approximate_gradient", "eps", 0.0, above=True)
    return tuple([partial(i) for i in range(len(xs))])


def _difference(f: Callable[[Any], Any], x: Any, eps: float) -> Any:
    if isinstance(x, (list, tuple)):
        raise ArgumentTypeError(
            f"approximate: x must be a float, an array or a Tensor, but is a {type(x).__name__}. Use "
            "xg.asarray to make a Tensor of it."
        )
    return (f(x + eps) - f(x - eps)) / (2.0 * eps)
