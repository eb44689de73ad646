"""Keep gradients within bounds: by value, by their norm, by the norm of all of them together.

Norms are accumulated in at least float32, so that float16 does not overflow, and are never read
back to the host. A gradient may be sparse; then the norm is that of its dense array, and the result
stays sparse where clipping is a scaling."""

from __future__ import annotations

from typing import Any

from .._typing import SCALAR_TYPES, ArrayLike, Axis, Nest
from ..backends import backend_of, is_array, quiet
from ..core.casting import dtype_kind, is_inexact
from ..core.handle import Handle, Sparse
from ..core.indexed_slices import IndexedSlices
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from ..ops._arguments import as_operand
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import flatten, unflatten
from ..tree import map as tree_map
from .norms import factor_together, factor_within, norm_together, root, sum_of_squares

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]


def clip_by_value(t: Nest, lo: ArrayLike, hi: ArrayLike) -> Nest:
    """Keep every element between two bounds.

    Parameters
    ----------
    t : Tensor, Variable, array, IndexedSlices or nest of them
        None in it stays None.
    lo, hi : Tensors, arrays or Python scalars
        The bounds, which broadcast to the shape of t; where they cross, `lo` holds.

    Returns
    -------
    nest
        Of Tensors in the structure of t. IndexedSlices stay sparse, with every index listed once,
        where the bounds are Python scalars with zero between them. NaN stays NaN.

    Raises
    ------
    ShapeError
        If a bound would make t larger.
    DTypeError
        If t holds integers or truth values.

    See Also
    --------
    clip, clip_by_norm

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.clip_by_value(xg.asarray([-3.0, 0.5, 2.0]), -1.0, 1.0)
    xg.Tensor([-1. ,  0.5,  1. ], shape=(3,), dtype=float64, device=cpu)
    """
    for name, bound in (("lo", lo), ("hi", hi)):
        if type(bound) is complex:
            raise ArgumentTypeError(f"clip_by_value: {name} must be real, but is {bound}.")
    keeps_zero = type(lo) in SCALAR_TYPES and type(hi) in SCALAR_TYPES and lo <= 0 <= hi

    def clip(x: Any) -> Any:
        x = as_gradient(x, "clip_by_value")
        if isinstance(x, IndexedSlices) and keeps_zero:
            once = x.coalesce()
            return IndexedSlices(_between(once.values, lo, hi), once.indices, once.dense_shape)
        return _between(dense(x), lo, hi)

    return tree_map(clip, t)


def clip_by_norm(t: Nest, c: ArrayLike, axes: Axis = None) -> Nest:
    """Scale down what is longer than a norm.

    Parameters
    ----------
    t : Tensor, Variable, array, IndexedSlices or nest of them
        Each is clipped by its own norm. None in it stays None.
    c : float or Tensor without axes
        The largest norm, not negative.
    axes : int, tuple of int or None
        The axes that the norm sums over; None means all. Given axes, every slice along the others
        is clipped by itself.

    Returns
    -------
    nest
        In the structure of t: Tensors, and IndexedSlices where t has them and no axes are given.
        What is not longer than c, exactly c included, passes through, and so does its gradient.

    Raises
    ------
    ArgumentError, ShapeError
        If c is negative, NaN, or has axes.
    DTypeError
        If t holds integers or truth values.

    See Also
    --------
    clip_by_global_norm, clip_by_value

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.clip_by_norm(xg.asarray([3.0, 4.0]), 1.0)
    xg.Tensor([0.6, 0.8], shape=(2,), dtype=float64, device=cpu)
    """
    limit = as_limit(c, "clip_by_norm")

    def clip(x: Any) -> Any:
        x = as_gradient(x, "clip_by_norm")
        if axes is not None:
            x = dense(x)
        norm = root(sum_of_squares(dense(x), axes))
        with quiet():  # infinity times 0 is NaN on purpose
            return scaled(x, factor_within(norm, limit))

    return tree_map(clip, t)


def global_norm(ts: Nest) -> Tensor:
    """Compute the norm of several arrays together, as if they were one long vector.

    Parameters
    ----------
    ts : list or other nest of Tensor, Variable, array or IndexedSlices
        None in it is left out.

    Returns
    -------
    Tensor
        Without axes, of the widest dtype, at least float32. Its gradient where all is zero is zero.

    Raises
    ------
    ArgumentTypeError
        If `ts` is one array and no nest.
    DTypeError
        If something holds integers or truth values.

    See Also
    --------
    clip_by_global_norm

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.global_norm([xg.asarray([3.0]), None, xg.asarray([[4.0]])])
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    """
    found = _leaves(ts, "global_norm")[0]
    return norm_together([dense(x) for x in found if x is not None])  # type: ignore[no-any-return]


def clip_by_global_norm(
    ts: Nest, c: ArrayLike, use_norm: ArrayLike | None = None
) -> tuple[Nest, Tensor]:
    """Scale several gradients down together if they are longer than a norm together.

    Parameters
    ----------
    ts : list or other nest of Tensor, Variable, array or IndexedSlices
        None in it stays None.
    c : float or Tensor without axes
        The largest norm, not negative.
    use_norm : float or Tensor without axes, optional
        The norm, if it is known already.

    Returns
    -------
    clipped : nest
        In the structure of `ts`; unchanged in value if the norm is at most c, and NaN everywhere if
        it is not finite, so that a bad step is seen and not taken for a small one.
    norm : Tensor
        Before clipping, see `global_norm`.

    Raises
    ------
    ArgumentTypeError
        If `ts` is one array and no nest.
    ArgumentError, ShapeError
        If c is negative, NaN, or has axes.
    DTypeError
        If something holds integers or truth values.

    See Also
    --------
    global_norm, clip_by_norm

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks",
    ICML 2013.

    Examples
    --------
    >>> import xgrad as xg
    >>> clipped, norm = xg.clip_by_global_norm([xg.asarray([3.0]), xg.asarray([4.0])], 1.0)
    >>> norm
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    >>> clipped[1]
    xg.Tensor([0.8], shape=(1,), dtype=float64, device=cpu)
    """
    limit = as_limit(c, "clip_by_global_norm")
    found, treedef = _leaves(ts, "clip_by_global_norm")
    if use_norm is None:
        norm = norm_together([dense(x) for x in found if x is not None])
    else:
        norm = xp.asarray(use_norm)
        if norm.shape != ():
            raise ShapeError(
                f"clip_by_global_norm: use_norm {describe(norm)} must be one number. Use "
                "xg.global_norm."
            )
        if isinstance(use_norm, (int, float)) and use_norm < 0:
            raise ArgumentError(
                f"clip_by_global_norm: use_norm must not be negative, but is {use_norm}."
            )
    factor = factor_together(norm, limit)
    clipped = [None if x is None else scaled(x, factor) for x in found]
    return unflatten(treedef, clipped), norm


# -- arguments -------------------------------------------------------------------------------------


def _leaves(ts: Nest, function: str) -> tuple[list[Any], Any]:
    """Take a nest of gradients apart; one array is none."""
    if isinstance(ts, (Handle, Sparse)) or is_array(ts) or type(ts) in SCALAR_TYPES:
        raise ArgumentTypeError(
            f"{function}: ts must be a list or another nest, but is one {type(ts).__name__}. Use "
            "[t], or xg.clip_by_norm for a single array."
        )
    found, treedef = flatten(ts, none_is_leaf=True)
    return [None if x is None else as_gradient(x, function) for x in found], treedef


def as_gradient(x: Any, function: str) -> Any:
    """Take a Tensor, Variable, array or IndexedSlices of floating dtype."""
    if not isinstance(x, Sparse):
        x = as_operand(x, function, "t")
    if not is_inexact(x.dtype):
        raise DTypeError(
            f"{function}: t {describe(x)} must be floating or complex. Use astype to convert it."
        )
    return x


def as_limit(c: Any, function: str) -> Any:
    """Check a norm as far as the host knows it; elsewhere what is negative counts as zero."""
    if not (isinstance(c, Handle) or is_array(c)):
        if isinstance(c, bool) or not isinstance(c, (int, float)):
            raise ArgumentTypeError(
                f"{function}: c must be a number, but is {c!r} ({type(c).__name__})."
            )
        return _refuse_negative(float(c), function)
    x = as_operand(c, function, "c")
    if x.shape != ():
        raise ShapeError(f"{function}: c {describe(x)} must be one number without axes.")
    if dtype_kind(x.dtype) == "complex":
        raise DTypeError(f"{function}: c {describe(x)} must be real.")
    if backend_of(x.raw).on_host:
        _refuse_negative(float(x.raw), function)
        return x
    return xp.maximum(x, 0)


def _refuse_negative(c: float, function: str) -> float:
    if not c >= 0:
        raise ArgumentError(
            f"{function}: c must be a norm, but is {c}. Use a number that is not negative."
        )
    return c


# -- arithmetic ------------------------------------------------------------------------------------


def dense(x: Any) -> Any:
    """Make sparse gradients dense."""
    return x.to_dense() if isinstance(x, Sparse) else x


def _between(x: Any, lo: ArrayLike, hi: ArrayLike) -> Any:
    y = xp.clip(xp.clip(x, max=hi), min=lo)
    if y.shape != x.shape:
        raise ShapeError(
            f"clip_by_value: the bounds would broadcast t {describe(x)} to {y.shape}. Use bounds "
            "that broadcast to the shape of t, or xg.clip."
        )
    return y


def scaled(x: Any, factor: Any) -> Any:
    """Multiply x with the factor in the factor's precision, into the dtype of x."""
    if isinstance(x, IndexedSlices):
        return IndexedSlices(scaled(x.values, factor), x.indices, x.dense_shape)
    y = x * factor
    return y if y.dtype == x.dtype else xp.astype(y, x.dtype)
