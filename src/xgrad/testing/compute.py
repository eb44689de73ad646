"""Jacobians by gradients and by differences, side by side, as TensorFlow's compute_gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import as_number, check_function
from .._typing import Array
from ..backends import host
from ..core.casting import is_inexact
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, DTypeError
from ..interpreters.tape import GradientTape
from .differences import extrapolated, reach
from .subject import Subject, arguments_of, like

__all__ = ["compute_gradient"]


def compute_gradient(
    f: Callable[..., Any], xs: Sequence[Any], delta: float | None = None
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Compute the Jacobian of a function twice: from its gradients and from its values.

    Parameters
    ----------
    f : callable
        ``f(*xs)`` returns one Tensor, real or complex.
    xs : list or tuple
        The arguments: floating or complex arrays, Tensors or numbers.
    delta : float, optional
        The step of a central difference. By default differences with shrinking steps are
        extrapolated, which is accurate to about ten digits in float64.

    Returns
    -------
    theoretical, numerical : tuples of NumPy arrays
        One matrix per argument, a row for each element of the result and a column for each element
        of the argument. A complex element counts as two, its real and its imaginary part.

    Raises
    ------
    ArgumentError
        If `xs` is no list or tuple, or `delta` not positive.
    ArgumentTypeError
        If f returns anything but one Tensor.
    DTypeError
        If an argument or the result is not floating.

    See Also
    --------
    check_gradients : Compares, to any order, and gives a verdict.

    Examples
    --------
    >>> import xgrad as xg
    >>> theoretical, numerical = xg.testing.compute_gradient(lambda x: x * x, [[1.0, 2.0]])
    >>> theoretical
    (array([[2., 0.],
           [0., 4.]]),)
    >>> bool(abs(theoretical[0] - numerical[0]).max() < 1e-10)
    True
    """
    check_function(f, "compute_gradient")
    if delta is not None and not 0.0 < as_number(delta, "compute_gradient", "delta") < math.inf:
        raise ArgumentError(
            f"compute_gradient: delta must be positive and finite, but is {delta!r}. Use a step such "
            "as 1e-3, or None for differences that are extrapolated."
        )
    subject = Subject(f, arguments_of(xs, "compute_gradient"))
    if len(subject.points) != len(subject.leaves):
        raise DTypeError(
            "compute_gradient: every argument must be real or complex floating. Use astype, or a "
            "lambda that closes over the integers."
        )
    y = subject.returned(*subject.points)
    if not isinstance(y, Tensor):
        raise ArgumentTypeError(
            f"compute_gradient: f must return one Tensor, but returned a {type(y).__name__}. Use a "
            "lambda that picks one, or check_gradients for nests."
        )
    if not is_inexact(y.dtype):
        raise DTypeError(
            f"compute_gradient: f must return a floating Tensor, but returned {describe(y)}. Use "
            "astype."
        )
    size = _real_size(y)
    theoretical = _rows(subject, y, size)
    numerical = [_columns(subject, i, size, delta) for i in range(len(subject.points))]
    return tuple(theoretical), tuple(numerical)


def _real_view(array: Array) -> Array:
    """Put the elements in a row; the parts of complex ones one after the other."""
    np = host().namespace
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _real_size(x: Tensor) -> int:
    return int(_real_view(x.numpy()).size)


def _rows(subject: Subject, result: Tensor, size: int) -> list[Array]:
    """Compute the Jacobian with respect to each point, from one gradient per row."""
    np = host().namespace
    xs = [Tensor(x.raw) for x in subject.points]
    with GradientTape(persistent=True) as tape:
        tape.watch(xs)
        (y,) = subject.f(*xs)
    zero = np.zeros_like(result.numpy())
    rows: list[list[Array]] = [[] for _ in xs]
    for row in range(size):
        seed = zero.copy()
        _real_view(seed)[row] = 1
        found = tape.gradient(y, xs, like(result, seed), unconnected_gradients="zero")
        for mine, g in zip(rows, found, strict=True):
            mine.append(_real_view(g.numpy()))
    return [
        np.stack(mine) if mine else np.zeros((0, _real_size(x)), _real_view(x.numpy()).dtype)
        for mine, x in zip(rows, xs, strict=True)
    ]


def _columns(subject: Subject, i: int, size: int, delta: float | None) -> Array:
    """Compute that with respect to one point, from one difference per column."""
    np = host().namespace
    start = subject.points[i].numpy()
    parts = _real_view(start)

    def moved(column: int, step: float) -> Array:
        array = start.copy()
        _real_view(array)[column] += step
        (y,) = subject.values(subject.at(i, array))
        return _real_view(y)

    columns = []
    for column in range(parts.size):
        if delta is None:
            values = lambda step, column=column: moved(column, step)
            found = extrapolated(values, reach(parts[column]), subject.eps).derivative
        else:
            found = (moved(column, delta) - moved(column, -delta)) / (2.0 * delta)
        columns.append(found.astype(parts.dtype))
    return np.stack(columns, axis=1) if columns else np.zeros((size, 0), parts.dtype)
