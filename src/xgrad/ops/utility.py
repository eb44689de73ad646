"""Differences of neighbours, and a cut in the path.

`diff` is the array API standard's (2025.12), `stop_gradient` TensorFlow's."""

from __future__ import annotations

from operator import sub

from .._arguments import as_int
from .._typing import ArrayLike, Nest
from ..core.casting import dtype_kind
from ..core.dispatch import apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..tree import map as tree_map
from ._arguments import as_axis, as_operand
from .comparison import not_equal
from .joining import concat

__all__ = ["diff", "stop_gradient"]


def diff(
    x: ArrayLike,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: ArrayLike | None = None,
    append: ArrayLike | None = None,
) -> Tensor:
    """Subtract each element from the next one, n times.

    Parameters
    ----------
    x : Tensor, Variable or array
    axis : int
    n : int
    prepend, append : Tensor, Variable or array, optional
        Joined to x along the axis first.

    Returns
    -------
    Tensor
        Shorter by n along the axis. Of booleans: whether neighbours differ.

    Raises
    ------
    ArgumentError
        If n is negative.
    ShapeError
        If what is joined does not fit.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diff(xg.asarray([1.0, 4.0, 9.0]))
    xg.Tensor([3., 5.], shape=(2,), dtype=float64, device=cpu)
    """
    x = as_operand(x, "diff")
    axis = as_axis(axis, x.ndim, "diff")
    n = as_int(n, "diff", "n")
    if n < 0:
        raise ArgumentError(f"diff: n must not be negative, but is {n}. Use 0 for x as it is.")
    parts = [part for part in (prepend, x, append) if part is not None]
    x = concat(parts, axis=axis) if len(parts) > 1 else x
    subtract = not_equal if dtype_kind(x.dtype) == "bool" else sub
    for _ in range(min(n, x.shape[axis])):
        later = tuple(slice(1, None) if i == axis else slice(None) for i in range(x.ndim))
        earlier = tuple(slice(None, -1) if i == axis else slice(None) for i in range(x.ndim))
        x = subtract(x[later], x[earlier])
    return x  # type: ignore[no-any-return]


def stop_gradient(x: Nest) -> Nest:
    """Return the same values as constants: no gradient flows through.

    Parameters
    ----------
    x : Tensor, Variable, array or nest of them

    Returns
    -------
    Tensor or nest of Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable(3.0)
    >>> with xg.GradientTape() as tape:
    ...     y = x * xg.stop_gradient(x)
    >>> tape.gradient(y, x)
    xg.Tensor(3., shape=(), dtype=float64, device=cpu)
    """
    return tree_map(
        lambda leaf: apply1(primitive("stop_gradient"), as_operand(leaf, "stop_gradient")), x
    )
