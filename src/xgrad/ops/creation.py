"""New Tensors of evenly spaced numbers, diagonals, grids and triangles.

What is made from nothing goes to `device`, or to the default device, in the default dtype.
Signatures are the array API standard's (2025.12)."""

from __future__ import annotations

from math import isnan
from typing import Any

from .._arguments import as_choice, as_flag, as_int, as_number
from .._typing import ArrayLike, DType
from ..backends import as_device
from ..core.dispatch import apply1
from ..core.handle import Handle
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, NotDifferentiableError, ShapeError
from ._arguments import as_operand, as_shape, as_stack
from ._new import DeviceLike, create, dtype_on, floating_on, inferred_on
from .conversion import asarray
from .filling import full

__all__ = [
    "arange",
    "eye",
    "linspace",
    "meshgrid",
    "tril",
    "triu",
]

_STACK = primitive("stack")
_TRIL = primitive("tril")
_TRIU = primitive("triu")


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: DType = None,
    device: DeviceLike = None,
) -> Tensor:
    """Make evenly spaced numbers in ``[start, stop)``; one argument is the stop.

    Parameters
    ----------
    start, stop, step : number
        `stop` is not included; one number alone is the stop.
    dtype : dtype, optional
        Follows from the numbers by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor
        With one axis.

    Raises
    ------
    ArgumentError
        If the step is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.arange(3)
    xg.Tensor([0, 1, 2], shape=(3,), dtype=int64, device=cpu)
    """
    home = as_device(device)
    start = _number(start, "start")
    stop = None if stop is None else _number(stop, "stop")
    step = _number(step, "step")
    wanted = dtype_on(home, dtype) or inferred_on(home, (start, stop, step))
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ArgumentError(
            f"arange: step must not be 0: no number of steps leads from {start} to {stop}. Use "
            "xg.linspace for a number of values."
        )
    if start - start != 0 or stop - stop != 0 or isnan(step):  # inf - inf is NaN
        raise ArgumentError(
            f"arange: start, stop and step must be finite, but are {start}, {stop} and {step}."
        )
    return create(home, "arange", start, stop, step, dtype=wanted)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: DType = None,
    device: DeviceLike = None,
) -> Tensor:
    """Make a matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    n_rows, n_cols : int
        As many columns as rows by default.
    k : int
        The diagonal: positive above the main one, negative below.
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.

    Returns
    -------
    Tensor
        Of shape (n_rows, n_cols).

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a size is negative, or a number no int.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.eye(2)
    xg.Tensor([[1., 0.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    home = as_device(device)
    n_rows, n_cols = as_shape((n_rows, n_rows if n_cols is None else n_cols), "eye")
    k = as_int(k, "eye", "k")
    return create(home, "eye", n_rows, n_cols, k=k, dtype=floating_on(home, dtype))


def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    /,
    num: int,
    *,
    dtype: DType = None,
    device: DeviceLike = None,
    endpoint: bool = True,
) -> Tensor:
    """Make `num` evenly spaced numbers from start to stop.

    Parameters
    ----------
    start, stop : number or Tensor without axes
    num : int
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional
        The default device by default.
    endpoint : bool
        Whether stop is the last number.

    Returns
    -------
    Tensor
        Of shape (num,).

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If the number is negative, or no int.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linspace(0, 1, 3)
    xg.Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float64, device=cpu)
    """
    (num,) = as_shape((num,), "linspace", "num")
    endpoint = as_flag(endpoint, "linspace", "endpoint")
    start, stop = _end(start, "start"), _end(stop, "stop")
    end = start if isinstance(start, Handle) else stop
    if isinstance(end, Handle):
        like = asarray(end)
        home = like.device if device is None else as_device(device)
        wanted = like.dtype if dtype is None else dtype
        unit = linspace(0.0, 1.0, num, dtype=wanted, device=home, endpoint=endpoint)
        start, stop = (full((), n, dtype=wanted, device=home) for n in (start, stop))
        return start + (stop - start) * unit  # type: ignore[no-any-return]
    home = as_device(device)
    wanted = dtype_on(home, dtype) or inferred_on(home, (start, stop, 0.0))
    return create(home, "linspace", start, stop, num, dtype=wanted, endpoint=endpoint)


def meshgrid(*arrays: ArrayLike, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Make coordinate matrices from coordinate vectors.

    Parameters
    ----------
    *arrays : Tensors, Variables or arrays with one axis
    indexing : str
        ``"xy"`` (the first two axes exchanged) or ``"ij"``.

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ShapeError
        If an array has not exactly one axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> [x.shape for x in xg.meshgrid(xg.arange(2), xg.arange(3), indexing="ij")]
    [(2, 3), (2, 3)]
    """
    from .manipulation import broadcast_to, reshape

    found = [as_operand(x, "meshgrid", f"arrays[{i}]") for i, x in enumerate(arrays)]
    if any(x.ndim != 1 for x in found):
        raise ShapeError("meshgrid: every array must have exactly one axis. Use reshape(x, (-1,)).")
    as_choice(indexing, ("xy", "ij"), "meshgrid", "indexing")
    order = list(range(len(found)))
    if indexing == "xy" and len(found) > 1:
        order[0], order[1] = 1, 0
    shape = tuple(found[order.index(i)].shape[0] for i in range(len(found)))
    grids = []
    for place, x in zip(order, found, strict=True):
        sizes = tuple(-1 if i == place else 1 for i in range(len(found)))
        grids.append(broadcast_to(reshape(x, sizes), shape))
    return tuple(grids)


def tril(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """Keep the lower triangle of matrices, up to diagonal k; zeros elsewhere.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least two axes.
    k : int
        The diagonal: positive above the main one, negative below.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If x has fewer than two axes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tril(xg.ones((2, 2)))
    xg.Tensor([[1., 0.],
               [1., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_TRIL, as_stack(x, "tril"), {"k": as_int(k, "tril", "k")})  # type: ignore[no-any-return]


def triu(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """Keep the upper triangle of matrices, from diagonal k; zeros elsewhere.

    Parameters
    ----------
    x : Tensor, Variable or array
        With at least two axes.
    k : int
        The diagonal: positive above the main one, negative below.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If x has fewer than two axes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.triu(xg.ones((2, 2)))
    xg.Tensor([[1., 1.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_TRIU, as_stack(x, "triu"), {"k": as_int(k, "triu", "k")})  # type: ignore[no-any-return]


def _number(value: Any, name: str) -> Any:
    """Take the number out of a Tensor that no tape follows; a Python number is one already."""
    if isinstance(value, Handle):
        if protocols.is_followed(value):
            protocols.refuse_exit(value, "left xgrad through arange")
            raise NotDifferentiableError(
                f"arange: {name} {describe(value)} is followed by an active GradientTape, but the "
                "result has no gradient. Use xg.stop_gradient(x) or xg.linspace."
            )
        value = Tensor(value.raw)
    return as_number(value, "arange", name)


def _end(value: Any, name: str) -> Any:
    """Take a number, which may be complex; Tensors without axes stay followed."""
    if isinstance(value, Handle) and value.raw.ndim == 0:
        return value
    return value if isinstance(value, complex) else as_number(value, "linspace", name)
