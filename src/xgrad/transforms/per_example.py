"""Gradients of every example of a batch, in one pass."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import check_function
from .._typing import Nest
from .functional import grad
from .inputs import argument_numbers
from .vmap import vmap

__all__ = ["per_example_gradient"]


def per_example_gradient(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., Nest]:
    """Make the function that gives the gradient of a scalar for each example of a batch.

    Parameters
    ----------
    f : callable
        Of parameters and one example; returns a real scalar Tensor.
    argnums : int or sequence of int
        The positional arguments that are parameters: differentiated, and shared by all examples.

    Returns
    -------
    callable
        With the arguments of f, all but the parameters with a leading axis of examples; it returns
        the gradients with the same leading axis.

    Raises
    ------
    ShapeError, ArgumentTypeError, DTypeError, ArgumentError
        As for `grad` and `vmap`.

    See Also
    --------
    grad, vmap

    Examples
    --------
    >>> import xgrad as xg
    >>> def loss(w, x):
    ...     return xg.sum(w * x) ** 2
    >>> x = xg.asarray([[1.0, 0.0], [0.0, 2.0]])
    >>> xg.per_example_gradient(loss)(xg.asarray([1.0, 1.0]), x)
    xg.Tensor([[2., 0.],
               [0., 8.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    check_function(f, "per_example_gradient")
    found = argument_numbers(argnums, "per_example_gradient")
    numbers = (found,) if isinstance(found, int) else found

    @functools.wraps(f)
    def gradients(*args: Any) -> Nest:
        shared = {n % len(args) for n in numbers if -len(args) <= n < len(args)}
        axes = tuple([None if i in shared else 0 for i in range(len(args))])
        return vmap(grad(f, found), in_axes=axes)(*args)

    return gradients
