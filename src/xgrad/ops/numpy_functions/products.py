"""Products: dot and its relatives, Kronecker's, cross, traces; convolution and correlation."""

from __future__ import annotations

from typing import Any

from ..._typing import DType
from ...backends import Steps
from ...core.casting import dtype_kind
from ...core.dispatch import apply
from ...core.instructions import primitive
from ...errors import ArgumentError, ShapeError
from ..einsum import einsum as einsum_of_tensors
from ..rule_namespace import rule_namespace as xp
from .diagonals import diagonal
from .operands import is_floating, tensors
from .operands import operands as without_lists
from .refused import no_counterpart
from .shapes import ravel
from .windows import sliding_window_view

__all__ = [
    "convolve",
    "correlate",
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "outer",
    "tensordot",
    "trace",
    "vdot",
]

_CONVOLVE = primitive("convolve")


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """The last axis of a with the second last of b; a product of scalars."""
    a, b = tensors(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return xp.matmul(a, b)
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


def inner(a: Any, b: Any, /) -> Any:
    """The last axis of a with the last of b."""
    a, b = tensors(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Every element of a times every element of b."""
    a, b = tensors(a, b)
    return xp.expand_dims(ravel(a), axis=1) * xp.expand_dims(ravel(b), axis=0)


def vdot(a: Any, b: Any, /) -> Any:
    """The dot product of the flattened arrays, a conjugated."""
    a, b = tensors(a, b)
    return xp.vecdot(ravel(a), ravel(b))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes."""
    if isinstance(axes, (tuple, list)) or getattr(axes, "ndim", 0) > 0:
        axes = tuple(tuple(n) if hasattr(n, "__iter__") else (n,) for n in axes)
    return xp.tensordot(*tensors(a, b), axes=axes)


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: b times each element of a, as blocks."""
    a, b = tensors(a, b)
    ndim = max(a.ndim, b.ndim)
    left, right = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    a = xp.reshape(a, tuple(n for size in left for n in (size, 1)))
    b = xp.reshape(b, tuple(n for size in right for n in (1, size)))
    return xp.reshape(a * b, tuple(m * n for m, n in zip(left, right, strict=True)))


def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    """Sums of products over axes named by letters."""
    dtype = kwargs.pop("dtype", None)
    kwargs = {key: value for key, value in kwargs.items() if key not in ("casting", "order")}
    if kwargs:
        raise no_counterpart(f"numpy.einsum with {next(iter(kwargs))}=")
    if isinstance(operands[0], str):
        operands = (operands[0], *without_lists(*operands[1:]))
    y = einsum_of_tensors(*operands)
    if dtype is None and not is_floating(y):
        # Sums of whole numbers, which are of one array, have no wider dtype here.
        (first, *others) = operands[1:] if isinstance(operands[0], str) else operands[::2][:2]
        alone = not others or isinstance(others[0], (list, tuple))
        dtype = getattr(first, "dtype", None) if alone else None
    return y if dtype is None else xp.astype(y, dtype, copy=False)


def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DType = None, out: Any = None
) -> Any:
    """The sum of a diagonal."""
    return xp.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector perpendicular to two, of three components each."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = tensors(a, b)
    a, b = xp.moveaxis(a, axisa, -1), xp.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(
            f"numpy.cross: the vectors must have 3 components, but have {a.shape[-1]} and "
            f"{b.shape[-1]}. Use x[0] * y[1] - x[1] * y[0] for vectors of the plane."
        )
    (a1, a2, a3), (b1, b2, b3) = xp.unstack(a, axis=-1), xp.unstack(b, axis=-1)
    parts = [a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1]
    return xp.stack(parts, axis=axisc)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The discrete convolution of two vectors: the coefficients of a product of polynomials."""
    a, v = _vectors("convolve", a, v)
    short = min(a.size, v.size)
    return _middle(_convolved(a, v), a.size, v.size, mode, "convolve", (short - 1) // 2)


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The discrete correlation: the convolution with the reversed conjugate of v."""
    a, v = _vectors("correlate", a, v)
    short = min(a.size, v.size)
    first = (short - 1) // 2 if v.size <= a.size else short // 2
    v = xp.conj(v) if dtype_kind(v.dtype) == "complex" else v
    return _middle(_convolved(a, xp.flip(v)), a.size, v.size, mode, "correlate", first)


def _vectors(name: str, a: Any, v: Any) -> tuple[Any, Any]:
    a, v = (xp.reshape(x, (1,)) if x.ndim == 0 else x for x in tensors(a, v))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ShapeError(
            f"numpy.{name}: a {a.shape} and v {v.shape} must be vectors that are not empty."
        )
    return a, v


def _convolved(a: Any, v: Any) -> Any:
    """The whole convolution: every window of a times the reversed v.

    Real floating numbers go through windows without a copy of all of them, which can be large."""
    if v.size > a.size:
        a, v = v, a
    m = v.size
    if a.dtype == v.dtype and dtype_kind(a.dtype) == "floating":
        steps = Steps((1,), ((m - 1, m - 1),), (1,))
        kernel = xp.reshape(xp.flip(v), (m, 1, 1))
        y = apply(_CONVOLVE, (xp.reshape(a, (1, -1, 1)), kernel), {"steps": steps, "zeros": None})
        return xp.reshape(y, (-1,))
    edge = xp.zeros((m - 1,), dtype=a.dtype, device=a.device)
    return xp.matmul(sliding_window_view(xp.concat([edge, a, edge]), m), xp.flip(v))


def _middle(y: Any, n: int, m: int, mode: str, name: str, first: int) -> Any:
    """The part of a whole convolution that a mode asks for."""
    if mode == "full":
        return y
    if mode == "same":
        return y[first : first + max(n, m)]
    if mode == "valid":
        return y[min(n, m) - 1 : max(n, m)]
    raise ArgumentError(f"numpy.{name}: mode {mode!r} is none of 'full', 'same', 'valid'.")
