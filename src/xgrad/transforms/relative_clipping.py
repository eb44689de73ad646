"""Keep gradients within bounds that depend on their size, or on that of what they change."""

from __future__ import annotations

from typing import Any

from .._typing import ArrayLike, Nest
from ..backends import quiet
from ..core.handle import Sparse
from ..core.spec import describe
from ..errors import ArgumentError, ShapeError
from ..ops._arguments import as_operand
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import difference, flatten, unflatten
from ..tree import map as tree_map
from .clipping import as_gradient, as_limit, dense, scaled
from .norms import factor_within, root, sum_of_squares

__all__ = ["adaptive_clip", "clip_by_average_norm"]


def clip_by_average_norm(t: Nest, c: ArrayLike) -> Nest:
    """Scale down what has too large a norm for its number of elements.

    As TensorFlow 1's: the average norm is the norm of all elements divided by their number.

    Parameters
    ----------
    t : Tensor, Variable, array, IndexedSlices or nest of them
        Each is clipped by itself. None in it stays None.
    c : float or Tensor without axes
        The largest average norm, not negative.

    Returns
    -------
    nest
        In the structure of t.

    Raises
    ------
    ArgumentError, ShapeError
        If c is negative, NaN, or has axes.
    DTypeError
        If t holds integers or truth values.

    See Also
    --------
    clip_by_norm, clip_by_global_norm

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.clip_by_average_norm(xg.asarray([3.0, 4.0]), 1.0)
    xg.Tensor([1.2, 1.6], shape=(2,), dtype=float64, device=cpu)
    """
    limit = as_limit(c, "clip_by_average_norm")

    def clip(x: Any) -> Any:
        x = as_gradient(x, "clip_by_average_norm")
        average = root(sum_of_squares(dense(x))) / max(x.size, 1)
        with quiet():
            return scaled(x, factor_within(average, limit))

    return tree_map(clip, t)


def adaptive_clip(grads: Nest, params: Nest, clipping: float = 0.01, epsilon: float = 1e-3) -> Nest:
    """Scale gradients down where they are large beside what they change.

    The norms are compared unit by unit: for each index of the last axis, over all other axes; a
    vector or a number is one unit. Where ``norm(g) > clipping * max(norm(w), epsilon)``, the unit's
    gradient is scaled to that [1]_.

    Parameters
    ----------
    grads : nest of Tensor, Variable, array or IndexedSlices
        None in it stays None.
    params : nest
        In the structure of `grads`.
    clipping : float
        The largest norm of a gradient, relative to that of its unit.
    epsilon : float
        The least that a unit's norm counts as, so that zeros can be left.

    Returns
    -------
    nest
        Of Tensors, in the structure of `grads`.

    Raises
    ------
    ArgumentError, ShapeError
        If the structures or shapes differ, or a number is negative.

    See Also
    --------
    clip_by_norm

    References
    ----------
    .. [1] A. Brock, S. De, S. L. Smith, K. Simonyan, "High-performance large-scale image recognition
       without normalization", ICML 2021, arXiv:2102.06171.

    Examples
    --------
    >>> import xgrad as xg
    >>> w, g = xg.asarray([[3.0, 1.0], [4.0, 0.0]]), xg.asarray([[3.0, 0.1], [4.0, 0.0]])
    >>> xg.adaptive_clip([g], [w], clipping=0.5)[0].numpy()
    array([[1.5, 0.1],
           [2. , 0. ]])
    """
    limit, least = as_limit(clipping, "adaptive_clip"), as_limit(epsilon, "adaptive_clip")
    given, treedef = flatten(grads, none_is_leaf=True)
    values, structure = flatten(params, none_is_leaf=True, like=treedef)
    if structure != treedef:
        raise ArgumentError(
            "adaptive_clip: params must have the structure of grads, but "
            f"{difference(treedef, structure)}. Use the nest that the gradients were taken for."
        )

    def clip(g: Any, value: Any) -> Any:
        g = dense(as_gradient(g, "adaptive_clip"))
        w = (
            value.to_dense()
            if isinstance(value, Sparse)
            else as_operand(value, "adaptive_clip", "w")
        )
        if g.shape != w.shape:
            raise ShapeError(
                f"adaptive_clip: the gradient {describe(g)} must have the shape of what it changes, "
                f"{describe(w)}."
            )
        axes = tuple(range(g.ndim - 1)) if g.ndim > 1 else tuple(range(g.ndim))
        size = xp.maximum(root(sum_of_squares(w, axes)), least)
        with quiet():
            return scaled(g, factor_within(root(sum_of_squares(g, axes)), size * limit))

    clipped = [None if g is None else clip(g, w) for g, w in zip(given, values, strict=True)]
    return unflatten(treedef, clipped)
